"""OffsetForLeaderEpoch (23): where an epoch ended, for consumers that check their position (KIP-320)."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.broker.not_leading import absent
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from lab.kafka.protocol.topics import TopicPartition


@handles(OffsetForLeaderEpochRequest)
def offset_for_leader_epoch(
    broker: Broker, request: OffsetForLeaderEpochRequest, context: RequestContext
) -> OffsetForLeaderEpochResponse:
    """Answered by the leader of each partition."""
    return OffsetForLeaderEpochResponse(
        {name: _one(broker, name, *asked) for name, asked in request.partitions.items()}
    )


def _one(broker: Broker, name: TopicPartition, current_epoch: int, epoch: int) -> EpochEndOffset:
    partition = broker.partitions.get(name)
    if partition is None:
        return EpochEndOffset(absent(broker.image, name))
    error = partition.leader_error(current_epoch)
    if error:
        return EpochEndOffset(error)
    return EpochEndOffset(ErrorCode.NONE, *partition.log.end_offset_for_epoch(epoch))
