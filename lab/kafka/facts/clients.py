"""Facts of clients: what an application made, was promised, was given, did."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class RecordBorn:
    """A producer app made a record. `birth` numbers this producer's records 0, 1, 2 … and travels in
    the record's header `birth` as `<producer>:<birth>`.
    """

    producer: str
    birth: int
    topic: str
    key: bytes | None


@dataclass(slots=True)
class RecordsBorn:
    """A producer app under load made a batch of equal records at once."""

    producer: str
    births: range
    topic: str


@dataclass(slots=True)
class RecordsAcked:
    """A batch was acknowledged to the producer app: these births, stored from `base_offset` (-1 unknown)."""

    producer: str
    partition: TopicPartition
    births: Sequence[int]
    base_offset: int
    acks: int
    duplicate: bool = False


@dataclass(slots=True)
class RecordsFailed:
    """The producer app was told an error. `unknown`: the batch had been sent, so it may be stored."""

    producer: str
    partition: TopicPartition
    births: Sequence[int]
    error: str
    unknown: bool


@dataclass(slots=True)
class BatchRetried:
    """A producer sends a batch again."""

    producer: str
    partition: TopicPartition
    births: Sequence[int]
    attempt: int
    error: str


@dataclass(slots=True)
class ProducerIdGiven:
    """A broker has handed out a producer id."""

    producer_id: int


@dataclass(slots=True)
class ProducerIdTaken:
    """A producer without a transactional id was answered with its producer id, which is its own from now on."""

    producer: str
    producer_id: int


@dataclass(slots=True)
class RecordsPolled:
    """poll() returned records of one partition to a consumer app: offsets and birth headers."""

    group_id: str
    member: str
    partition: TopicPartition
    offsets: tuple[int, ...]
    births: tuple[str, ...]
    high_watermark: int


@dataclass(slots=True)
class RecordDone:
    """A consumer app has finished its work on one record."""

    group_id: str
    member: str
    partition: TopicPartition
    offset: int
    birth: str
    key: bytes | None


@dataclass(slots=True)
class PartitionsAssigned:
    """A consumer took these partitions: all it now owns, and which of them are new."""

    group_id: str
    member: str
    generation_id: int
    owned: tuple[TopicPartition, ...]
    added: tuple[TopicPartition, ...]
    group_instance_id: str | None = None


@dataclass(slots=True)
class PartitionsRevoked:
    """A consumer gave partitions up. `lost`: it was thrown out, and could not commit first."""

    group_id: str
    member: str
    generation_id: int
    revoked: tuple[TopicPartition, ...]
    lost: bool


@dataclass(slots=True)
class PositionReset:
    """A consumer's position jumped. `reason`: committed, earliest, latest, seek, out of range, truncated …"""

    group_id: str
    member: str
    partition: TopicPartition
    offset: int
    reason: str


@dataclass(slots=True)
class CommitAcknowledged:
    """A consumer heard that its commit was stored."""

    group_id: str
    member: str
    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class CommitFailed:
    """A consumer's commit was refused for good."""

    group_id: str
    member: str
    error: str


@dataclass(slots=True)
class PollFailed:
    """poll() threw an exception (Kafka's name for it) that no application catches: it closes and ends."""

    group_id: str
    member: str
    exception: str


@dataclass(slots=True)
class LeftGroup:
    """A consumer left by itself. `reason`: closed, max.poll.interval.ms exceeded …"""

    group_id: str
    member: str
    reason: str


@dataclass(slots=True)
class RowRefused:
    """A data file's row was malformed and skipped."""

    producer: str
    path: str
    line: int
    reason: str


@dataclass(slots=True)
class AdminResult:
    """An administrator's request has ended; `error` is empty when it worked."""

    request: str
    error: str
    text: str
