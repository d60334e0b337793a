"""ListOffsets (2): the offset for a time, or for one of the ends of a log."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import IsolationLevel
from lab.kafka.protocol.schema import ERROR, INT32, INT64, ByTopic, Fixed, Struct, api, message, struct, unused, wire
from lab.kafka.protocol.topics import TopicPartition

LATEST = -1
EARLIEST = -2
MAX_TIMESTAMP = -3
EARLIEST_LOCAL, LATEST_TIERED = -4, -5


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


def _asked(current_leader_epoch: int, timestamp: int) -> tuple[int, int]:
    return timestamp, current_leader_epoch


_ASKED = Struct(
    _asked,
    (wire("current_leader_epoch", INT32, "4+", default=-1), wire("timestamp", INT64)),
    parts=lambda asked: asked[::-1],
)
_LISTED = struct(
    ListedOffset,
    wire("error_code", ERROR),
    wire("timestamp", INT64, attribute="timestamp_ms"),
    wire("offset", INT64),
    wire("leader_epoch", INT32, "4+", default=-1),
)

LIST_OFFSETS = api(
    2, "ListOffsets", "1-10", 6,
    message(
        ListOffsetsRequest,
        wire("replica_id", INT32),
        wire("isolation_level", Fixed("b", IsolationLevel), "2+", default=IsolationLevel.READ_UNCOMMITTED),
        wire("topics", ByTopic(_ASKED), attribute="partitions"),
        unused("timeout_ms", INT32, 0, "10+"),
    ),
    message(
        ListOffsetsResponse,
        unused("throttle_time_ms", INT32, 0, "2+"),
        wire("topics", ByTopic(_LISTED), attribute="partitions"),
    ),
)  # fmt: skip
