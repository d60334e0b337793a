"""InitProducerId (22): a fresh producer id, from a block that the controller gave this broker.
With a transactional id, its coordinator answers: that is in `transactions`.
"""

from lab.kafka.broker.api.transactions import init_transactional
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import (
    InitProducerIdRequest,
    InitProducerIdResponse,
)


@handles(InitProducerIdRequest)
def init_producer_id(broker: Broker, request: InitProducerIdRequest, context: RequestContext) -> object:
    """Any broker answers; while its next block is on the way the client is asked to try again."""
    if (request.producer_id < 0) != (request.producer_epoch < 0):
        return InitProducerIdResponse(ErrorCode.INVALID_REQUEST)
    if request.transactional_id is not None:
        return init_transactional(broker, request, context)
    producer_id = broker.producer_ids.take(broker, context.env)
    if producer_id < 0:
        return InitProducerIdResponse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    return InitProducerIdResponse(ErrorCode.NONE, producer_id, 0)
