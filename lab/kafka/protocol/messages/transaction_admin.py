"""DescribeProducers (61), DescribeTransactions (65), ListTransactions (66): what administrators ask (KIP-664)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    ERROR,
    INT16,
    INT32,
    INT64,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    api,
    explained,
    message,
    struct,
    unused,
    wire,
)
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
    transaction_timeout_ms: int = 0
    transaction_start_time_ms: int = 0
    producer_id: int = 0
    producer_epoch: int = 0
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


_PRODUCER = struct(
    ActiveProducer,
    wire("producer_id", INT64),
    wire("producer_epoch", INT32),
    wire("last_sequence", INT32),
    wire("last_timestamp", INT64, attribute="last_timestamp_ms"),
    wire("coordinator_epoch", INT32),
    wire("current_txn_start_offset", INT64),
)
_PRODUCERS = struct(
    DescribedProducers,
    wire("error_code", explained()),
    wire("active_producers", Array(_PRODUCER)),
)

DESCRIBE_PRODUCERS = api(
    61, "DescribeProducers", "0", 0,
    message(
        DescribeProducersRequest, wire("topics", ByTopic(partitions="partition_indexes"), attribute="partitions")
    ),
    message(DescribeProducersResponse, THROTTLE, wire("topics", ByTopic(_PRODUCERS), attribute="partitions")),
)  # fmt: skip

_TRANSACTION = struct(
    DescribedTransaction,
    wire("error_code", ERROR),
    wire("transactional_id", STRING),
    wire("transaction_state", STRING),
    wire("transaction_timeout_ms", INT32),
    wire("transaction_start_time_ms", INT64),
    wire("producer_id", INT64),
    wire("producer_epoch", INT16),
    wire("topics", ByTopic(topic="topic"), attribute="partitions"),
)

DESCRIBE_TRANSACTIONS = api(
    65, "DescribeTransactions", "0", 0,
    message(DescribeTransactionsRequest, wire("transactional_ids", Array(STRING))),
    message(
        DescribeTransactionsResponse,
        THROTTLE,
        wire("transaction_states", Array(_TRANSACTION), attribute="transactions"),
    ),
)  # fmt: skip

_LISTED = struct(
    ListedTransaction,
    wire("transactional_id", STRING),
    wire("producer_id", INT64),
    wire("transaction_state", STRING),
)

LIST_TRANSACTIONS = api(
    66, "ListTransactions", "0-1", 0,
    message(
        ListTransactionsRequest,
        wire("state_filters", Array(STRING)),
        wire("producer_id_filters", Array(INT64)),
        wire("duration_filter", INT64, "1+", attribute="duration_filter_ms", default=-1),
    ),
    message(
        ListTransactionsResponse,
        THROTTLE,
        unused("error_code", ERROR, ErrorCode.NONE),
        wire("unknown_state_filters", Array(STRING)),
        wire("transaction_states", Array(_LISTED), attribute="transactions"),
    ),
)  # fmt: skip
