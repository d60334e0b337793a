"""Refusals: what a controller that is not active answers, in the words of each request."""

from lab.env import NodeId
from lab.kafka.metadata.fetch import FetchMetadataRefused, FetchMetadataRequest
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlterPartitionRequest,
    AlterPartitionResponse,
    BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
)
from lab.kafka.protocol.messages.envelope import EnvelopeResponse
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse


def refusal(request: object, leader: NodeId) -> object:
    """NOT_CONTROLLER; a broker that wants metadata hears who may lead (`leader`, "" for nobody)."""
    error = ErrorCode.NOT_CONTROLLER
    match request:
        case FetchMetadataRequest():
            return FetchMetadataRefused(leader)
        case BrokerRegistrationRequest():
            return BrokerRegistrationResponse(error)
        case BrokerHeartbeatRequest():
            return BrokerHeartbeatResponse(error)
        case AlterPartitionRequest():
            return AlterPartitionResponse(error, {})
        case AllocateProducerIdsRequest():
            return AllocateProducerIdsResponse(error)
        case _:
            return EnvelopeResponse(error)
