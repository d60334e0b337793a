"""Facts of transactions: what coordinators decide, what partitions are told, what producers hear."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class TransactionStateChanged:
    """A coordinator's decision about a transaction is in `__transaction_state`, replicated (Kafka's state names)."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    state: str
    partitions: tuple[TopicPartition, ...]
    reason: str


@dataclass(slots=True)
class TransactionsLoaded:
    """A new coordinator has replayed its partition: transactional id -> (producer id, epoch, state)."""

    partition: TopicPartition
    transactions: dict[str, tuple[int, int, str]]


@dataclass(slots=True)
class TransactionExpired:
    """A coordinator has forgotten a transactional id that was not used for too long."""

    transactional_id: str


@dataclass(slots=True)
class MarkersWritten:
    """A leader told the coordinator what became of a transaction's marker in a partition."""

    transactional_id: str
    partition: TopicPartition
    error_code: ErrorCode


@dataclass(slots=True)
class LastStableOffsetMoved:
    """A replica that has transactions has another high watermark: this is its last stable offset now."""

    partition: TopicPartition
    last_stable_offset: int
    high_watermark: int
    leader_epoch: int
    leading: bool


@dataclass(slots=True)
class OffsetsHidden:
    """A consumer's position passes offsets that its application never sees: markers, and aborted records where it reads
    committed. Half-open ranges.
    """

    group_id: str
    member: str
    partition: TopicPartition
    ranges: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class TransactionalOffsetsDecided:
    """A marker is replicated in a partition of `__consumer_offsets`: what a producer had committed there in its
    transaction holds now, or never will. Group -> partition -> offset.
    """

    producer_id: int
    committed: bool
    offsets: dict[str, dict[TopicPartition, int]]


@dataclass(slots=True)
class ProducerInitialized:
    """A transactional producer is told who it is: initTransactions has returned, or its epoch was raised."""

    producer: str
    transactional_id: str
    producer_id: int
    producer_epoch: int


@dataclass(slots=True)
class TransactionBegan:
    """A producer's application called beginTransaction. Nobody but the producer hears of it."""

    producer: str
    transactional_id: str


@dataclass(slots=True)
class TransactionEnded:
    """commitTransaction or abortTransaction has returned."""

    producer: str
    transactional_id: str
    committed: bool


@dataclass(slots=True)
class TransactionFailed:
    """A producer may only abort what it has begun; or, if `fatal`, only close (Kafka's error names)."""

    producer: str
    transactional_id: str
    error: str
    fatal: bool
