"""Topics: create 19, delete 20, delete records 21, create partitions 37, elect leaders 43."""

from dataclasses import dataclass, field

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class NewTopic:
    """Counts of -1: as the brokers are set up. `assignments`: partition -> broker ids, where the caller wants to
    place replicas by hand.
    """

    name: str
    num_partitions: int
    replication_factor: int
    configs: dict[str, str] = field(default_factory=dict[str, str])
    assignments: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])


@dataclass(slots=True)
class CreateTopicsRequest:
    """Sent to any broker, which forwards it to the active controller."""

    topics: tuple[NewTopic, ...]
    validate_only: bool = False


@dataclass(slots=True)
class TopicResult:
    """The outcome for one topic, with a sentence where it failed. `topic_id` where topics are made or deleted."""

    name: str
    error_code: ErrorCode
    error_message: str | None = None
    topic_id: TopicId = NO_TOPIC_ID


@dataclass(slots=True)
class CreateTopicsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class DeleteTopicsRequest:
    """By name, or by id."""

    names: tuple[str, ...]
    topic_ids: tuple[TopicId, ...] = ()


@dataclass(slots=True)
class DeleteTopicsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class CreatePartitionsRequest:
    """Topic -> the new total number of partitions, which must be larger than now."""

    topics: dict[str, int]


@dataclass(slots=True)
class CreatePartitionsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class DeleteRecordsRequest:
    """Raise the log start offset; -1 means to the high watermark."""

    offsets: dict[TopicPartition, int]
    timeout_ms: int = 30_000


@dataclass(slots=True)
class DeleteRecordsResponse:
    """Partition -> (error, low watermark)."""

    partitions: dict[TopicPartition, tuple[ErrorCode, int]]


@dataclass(slots=True)
class ElectLeadersRequest:
    """`unclean` False elects the preferred leaders. `partitions` None: all."""

    unclean: bool
    partitions: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ElectLeadersResponse:
    """One error code a partition."""

    partitions: dict[TopicPartition, ErrorCode]
