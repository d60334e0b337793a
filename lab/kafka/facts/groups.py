"""Facts of group coordinators: states, assignments, commits."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class GroupStateChanged:
    """A coordinator moved a group to another state (Kafka's state names)."""

    group_id: str
    state: str
    generation_id: int
    members: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class OffsetsCommitted:
    """A commit is in the `__consumer_offsets` log, replicated, and is being acknowledged."""

    group_id: str
    generation_id: int
    member_id: str
    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class OffsetsForgotten:
    """A coordinator forgot committed offsets that expired or whose topic is gone; `ended`: and the group."""

    group_id: str
    partitions: tuple[TopicPartition, ...]
    ended: bool


@dataclass(slots=True)
class CommitRefused:
    """A coordinator refused a commit."""

    group_id: str
    generation_id: int
    member_id: str
    error_code: ErrorCode


@dataclass(slots=True)
class GroupsLoaded:
    """A new coordinator has replayed its partition of `__consumer_offsets`: group -> (generation, offsets)."""

    partition: TopicPartition
    groups: dict[str, tuple[int, dict[TopicPartition, int]]]
