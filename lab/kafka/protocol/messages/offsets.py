"""OffsetCommit (API 8) and OffsetFetch (API 9): where a group has got to."""

from dataclasses import dataclass, field

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    ByTopic,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class CommittedOffset:
    """The next offset to read, not the last one read; -1 where nothing was committed."""

    offset: int
    leader_epoch: int = -1
    metadata: str = ""


@dataclass(slots=True)
class OffsetCommitRequest:
    """Generation -1 with no member id is a commit from outside any membership. In the consumer protocol the
    generation is the member epoch.
    """

    group_id: str
    generation_id: int
    member_id: str
    offsets: dict[TopicPartition, CommittedOffset]
    group_instance_id: str | None = None


@dataclass(slots=True)
class OffsetCommitResponse:
    """One error code a partition."""

    partitions: dict[TopicPartition, ErrorCode]


@dataclass(slots=True)
class OffsetFetchRequest:
    """`partitions` None asks for all the group has. `require_stable`: not where a transaction is about to commit. Only
    members of the consumer protocol say who they are.
    """

    group_id: str
    partitions: tuple[TopicPartition, ...] | None = None
    require_stable: bool = False
    member_id: str = ""
    member_epoch: int = -1


@dataclass(slots=True)
class OffsetFetchResponse:
    """The committed offsets, or one error for the whole group; `errors`: partitions that have no answer now."""

    offsets: dict[TopicPartition, CommittedOffset]
    error_code: ErrorCode = ErrorCode.NONE
    errors: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])


_COMMIT = struct(
    CommittedOffset,
    wire("committed_offset", INT64, attribute="offset"),
    wire("committed_leader_epoch", INT32, "6+", attribute="leader_epoch"),
    wire("committed_metadata", or_empty(), attribute="metadata"),
)

OFFSET_COMMIT = api(
    8, "OffsetCommit", "2-9", 8,
    message(
        OffsetCommitRequest,
        wire("group_id", STRING),
        wire("generation_id_or_member_epoch", INT32, attribute="generation_id"),
        wire("member_id", STRING),
        wire("group_instance_id", NULLABLE_STRING, "7+"),
        unused("retention_time_ms", INT64, -1, "2-4"),
        wire("topics", ByTopic(_COMMIT), attribute="offsets"),
    ),
    message(
        OffsetCommitResponse,
        unused("throttle_time_ms", INT32, 0, "3+"),
        wire("topics", ByTopic(wire("error_code", ERROR)), attribute="partitions"),
    ),
)  # fmt: skip
