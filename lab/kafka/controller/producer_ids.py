"""Producer ids: given to brokers by the block, so that no two producers are ever alike."""

from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.records import ProducerIdsRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse

PRODUCER_ID_BLOCK = 1_000


def allocate_producer_ids(controller: Controller, request: AllocateProducerIdsRequest) -> Decision:
    """The next block of ids, for one broker."""
    broker = controller.image.brokers.get(request.broker_id)
    if broker is None or broker.broker_epoch != request.broker_epoch:
        return Decision(AllocateProducerIdsResponse(ErrorCode.STALE_BROKER_EPOCH))
    start = max(controller.image.next_producer_id, request.least)
    return Decision(
        AllocateProducerIdsResponse(ErrorCode.NONE, start, PRODUCER_ID_BLOCK),
        [ProducerIdsRecord(start + PRODUCER_ID_BLOCK)],
    )
