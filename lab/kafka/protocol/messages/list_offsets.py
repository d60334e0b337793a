"""ListOffsets (API 2): the offset for a time, or for one of the ends of a log."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import IsolationLevel
from lab.kafka.protocol.topics import TopicPartition

LATEST = -1
EARLIEST = -2
MAX_TIMESTAMP = -3


@dataclass(slots=True)
class ListOffsetsRequest:
    """`partitions`: partition -> (timestamp in ms or one of the constants above, current leader epoch or -1)."""

    replica_id: int
    partitions: dict[TopicPartition, tuple[int, int]]
    isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED


@dataclass(slots=True)
class ListedOffset:
    """Offset -1 with no error: no record is that young."""

    error_code: ErrorCode
    timestamp_ms: int = -1
    offset: int = -1
    leader_epoch: int = -1


@dataclass(slots=True)
class ListOffsetsResponse:
    """One answer a partition."""

    partitions: dict[TopicPartition, ListedOffset]
