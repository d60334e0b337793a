"""InitProducerId (22): a fresh producer id, from a block that the controller gave this broker.

We do not: transactional ids (next storey).
"""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import (
    InitProducerIdRequest,
    InitProducerIdResponse,
)


@handles(InitProducerIdRequest)
def init_producer_id(broker: Broker, request: InitProducerIdRequest, context: RequestContext) -> InitProducerIdResponse:
    """Any broker answers; while its next block is on the way the client is asked to try again."""
    producer_id = broker.next_producer_id(context.env)
    if producer_id < 0:
        return InitProducerIdResponse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    return InitProducerIdResponse(ErrorCode.NONE, producer_id, 0)
