"""ListOffsets (2): earliest, latest, the youngest record, or the first one at least so young."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.broker.not_leading import absent
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import IsolationLevel
from lab.kafka.protocol.messages.list_offsets import (
    EARLIEST,
    EARLIEST_LOCAL,
    LATEST,
    LATEST_TIERED,
    MAX_TIMESTAMP,
    ListedOffset,
    ListOffsetsRequest,
    ListOffsetsResponse,
)
from lab.kafka.protocol.topics import TopicPartition


@handles(ListOffsetsRequest)
def list_offsets(broker: Broker, request: ListOffsetsRequest, context: RequestContext) -> ListOffsetsResponse:
    """Answered by the leader of each partition (spec 1.10)."""
    if not request.isolation_level.known:
        wrong = ListedOffset(ErrorCode.UNKNOWN_SERVER_ERROR)
        return ListOffsetsResponse(dict.fromkeys(request.partitions, wrong))
    return ListOffsetsResponse(
        {name: _listed(broker, name, request.isolation_level, *asked) for name, asked in request.partitions.items()}
    )


def _listed(
    broker: Broker, name: TopicPartition, isolation: IsolationLevel, timestamp: int, epoch: int
) -> ListedOffset:
    partition = broker.partitions.get(name)
    if partition is None:
        return ListedOffset(absent(broker.image, name))
    error = partition.leader_error(epoch)
    if error:
        return ListedOffset(error)
    log = partition.log
    if timestamp == EARLIEST:
        return ListedOffset(ErrorCode.NONE, -1, log.log_start_offset, log.epochs.latest)
    if log.high_watermark < partition.epoch_start_offset:
        return ListedOffset(ErrorCode.OFFSET_NOT_AVAILABLE)
    end = log.last_stable_offset if isolation is IsolationLevel.READ_COMMITTED else log.high_watermark
    if timestamp == LATEST:
        return ListedOffset(ErrorCode.NONE, -1, end, partition.leader_epoch)
    if timestamp == EARLIEST_LOCAL:
        return ListedOffset(ErrorCode.NONE, -1, log.log_start_offset, log.epochs.latest)
    if timestamp == LATEST_TIERED:
        return ListedOffset(ErrorCode.NONE)  # nothing is tiered here
    if timestamp < MAX_TIMESTAMP:
        return ListedOffset(ErrorCode.UNSUPPORTED_VERSION)
    found = log.offset_for_timestamp(timestamp, end) if timestamp >= 0 else log.offset_of_max_timestamp()
    return ListedOffset(ErrorCode.NONE, *found) if found is not None else ListedOffset(ErrorCode.NONE)
