"""DescribeProducers (61), DescribeTransactions (65), ListTransactions (66): what administrators ask (KIP-664)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class DescribeProducersRequest:
    """Who writes to these partitions, as a broker that has a replica of them knows it."""

    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class ActiveProducer:
    """One producer id in one log; -1 stands for what is not known, or not there: `current_txn_start_offset` of a
    producer that has no transaction open.
    """

    producer_id: int
    producer_epoch: int
    last_sequence: int
    last_timestamp_ms: int
    coordinator_epoch: int
    current_txn_start_offset: int


@dataclass(slots=True)
class DescribedProducers:
    """One partition's, in the order in which they came to be."""

    error_code: ErrorCode
    active_producers: tuple[ActiveProducer, ...] = ()


@dataclass(slots=True)
class DescribeProducersResponse:
    """One answer a partition."""

    partitions: dict[TopicPartition, DescribedProducers]


@dataclass(slots=True)
class DescribeTransactionsRequest:
    """Where these transactional ids stand, asked of their coordinator."""

    transactional_ids: tuple[str, ...]


@dataclass(slots=True)
class DescribedTransaction:
    """One transactional id. `transaction_start_time_ms` -1: none is under way."""

    error_code: ErrorCode
    transactional_id: str
    transaction_state: str = ""
    transaction_timeout_ms: int = -1
    transaction_start_time_ms: int = -1
    producer_id: int = -1
    producer_epoch: int = -1
    partitions: tuple[TopicPartition, ...] = ()


@dataclass(slots=True)
class DescribeTransactionsResponse:
    """In the order asked."""

    transactions: tuple[DescribedTransaction, ...]


@dataclass(slots=True)
class ListTransactionsRequest:
    """Of the broker that is asked; no filter means all, `duration_filter_ms` those that have been open for longer."""

    state_filters: tuple[str, ...] = ()
    producer_id_filters: tuple[int, ...] = ()
    duration_filter_ms: int = -1


@dataclass(slots=True)
class ListedTransaction:
    """One transactional id that this broker coordinates."""

    transactional_id: str
    producer_id: int
    transaction_state: str


@dataclass(slots=True)
class ListTransactionsResponse:
    """States that do not exist are named, and leave out nobody."""

    transactions: tuple[ListedTransaction, ...]
    unknown_state_filters: tuple[str, ...] = ()
