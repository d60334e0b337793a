"""OffsetCommit (API 8) and OffsetFetch (API 9): where a group has got to."""

from dataclasses import dataclass, field

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class CommittedOffset:
    """The next offset to read, not the last one read; -1 where nothing was committed."""

    offset: int
    leader_epoch: int = -1
    metadata: str = ""


@dataclass(slots=True)
class OffsetCommitRequest:
    """Generation -1 with no member id is a commit from outside any membership."""

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
    """`partitions` None asks for all the group has. `require_stable`: not where a transaction is about to commit."""

    group_id: str
    partitions: tuple[TopicPartition, ...] | None = None
    require_stable: bool = False


@dataclass(slots=True)
class OffsetFetchResponse:
    """The committed offsets, or one error for the whole group; `errors`: partitions that have no answer now."""

    offsets: dict[TopicPartition, CommittedOffset]
    error_code: ErrorCode = ErrorCode.NONE
    errors: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])
