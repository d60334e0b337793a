"""Facts about share groups (KIP-932): what share-partition leaders decide, and what their consumers see."""

from dataclasses import dataclass

from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class SharePartitionLoaded:
    """A leader has read the state of a share-partition. `unfinished`: offsets below `end_offset` that are neither
    acknowledged nor archived, as (first, one past the last, delivery count). `initial`: nothing was stored.
    """

    group_id: str
    partition: TopicPartition
    leader_epoch: int
    start_offset: int
    end_offset: int
    unfinished: tuple[tuple[int, int, int], ...]
    initial: bool


@dataclass(slots=True)
class RecordsAcquired:
    """A leader gave offsets from `first` to before `end` to a member alone, the `delivery_count`th time."""

    group_id: str
    member_id: str
    client_id: str
    partition: TopicPartition
    leader_epoch: int
    first: int
    end: int
    delivery_count: int


@dataclass(slots=True)
class RecordsSettled:
    """Offsets are no member's any more: Available again, Acknowledged or Archived. `reason`: accepted, released,
    rejected, gap, expired (the lock), closed (the session). What a member said is in the log by now.
    """

    group_id: str
    partition: TopicPartition
    leader_epoch: int
    first: int
    end: int
    state: str
    reason: str
    delivery_count: int


@dataclass(slots=True)
class ShareStartMoved:
    """All below `start_offset` is acknowledged or archived. `reason`: settled, or retention."""

    group_id: str
    partition: TopicPartition
    leader_epoch: int
    start_offset: int
    reason: str


@dataclass(slots=True)
class ShareStateStored:
    """The share coordinator has written a leader's news of a share-partition: (first, one past the last, delivery
    state). Not `replicated`: it may come to be, whatever the leader is told.
    """

    group_id: str
    partition: TopicPartition
    leader_epoch: int
    start_offset: int
    batches: tuple[tuple[int, int, int], ...]
    replicated: bool


@dataclass(slots=True)
class ShareStateReset:
    """The share coordinator was told to forget what it knows of a share-partition, or to begin anew elsewhere."""

    group_id: str
    partition: TopicPartition


@dataclass(slots=True)
class ShareGroupChanged:
    """A group coordinator moved a share group to another epoch. `assignment`: client id -> partitions."""

    group_id: str
    state: str
    group_epoch: int
    assignment: dict[str, tuple[TopicPartition, ...]]
    reason: str


@dataclass(slots=True)
class RecordsDelivered:
    """poll() returned records to a share consumer: offsets and birth headers."""

    group_id: str
    member: str
    partition: TopicPartition
    offsets: tuple[int, ...]
    births: tuple[str, ...]


@dataclass(slots=True)
class RecordFailed:
    """A share consumer's work on one record has failed."""

    group_id: str
    member: str
    partition: TopicPartition
    offset: int
    birth: str
    delivery_count: int


@dataclass(slots=True)
class AcknowledgementFailed:
    """A share consumer heard, or must assume, that what it said of these records was not taken."""

    group_id: str
    member: str
    partition: TopicPartition
    error: str
