"""AddPartitionsToTxn 24, AddOffsetsToTxn 25, EndTxn 26, WriteTxnMarkers 27, TxnOffsetCommit 28: transactions.

`transaction_version` stands for the versions of requests in which a client of KIP-890's second part speaks: 2 where
each end of a transaction raises the producer's epoch, 1 before that.
"""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class AddPartitionsToTxnRequest:
    """These partitions are part of the transaction from now on. `verify_only`: a partition's leader asks whether they
    are, and changes nothing.
    """

    transactional_id: str
    producer_id: int
    producer_epoch: int
    partitions: tuple[TopicPartition, ...]
    verify_only: bool = False


@dataclass(slots=True)
class AddPartitionsToTxnResponse:
    """One error code a partition."""

    errors: dict[TopicPartition, ErrorCode]


@dataclass(slots=True)
class AddOffsetsToTxnRequest:
    """The partition of `__consumer_offsets` that keeps the group is part of the transaction."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    group_id: str


@dataclass(slots=True)
class AddOffsetsToTxnResponse:
    """Whether it is."""

    error_code: ErrorCode


@dataclass(slots=True)
class EndTxnRequest:
    """Commit, or abort."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    committed: bool
    transaction_version: int = 1


@dataclass(slots=True)
class EndTxnResponse:
    """With version 2, as whom the producer goes on."""

    error_code: ErrorCode
    producer_id: int = -1
    producer_epoch: int = -1


@dataclass(slots=True)
class TxnMarker:
    """What to write into each of these partitions."""

    producer_id: int
    producer_epoch: int
    commit: bool
    coordinator_epoch: int
    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class WriteTxnMarkersRequest:
    """A coordinator to a leader of partitions."""

    markers: tuple[TxnMarker, ...]


@dataclass(slots=True)
class WriteTxnMarkersResponse:
    """One error code a producer id and partition."""

    errors: dict[tuple[int, TopicPartition], ErrorCode]


@dataclass(slots=True)
class TxnOffsetCommitRequest:
    """Offsets that hold when the transaction is committed. Generation and member are the consumer's (KIP-447)."""

    transactional_id: str
    group_id: str
    producer_id: int
    producer_epoch: int
    offsets: dict[TopicPartition, CommittedOffset]
    generation_id: int = -1
    member_id: str = ""
    group_instance_id: str | None = None
    transaction_version: int = 1


@dataclass(slots=True)
class TxnOffsetCommitResponse:
    """One error code a partition."""

    partitions: dict[TopicPartition, ErrorCode]
