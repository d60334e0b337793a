"""AddPartitionsToTxn (24), AddOffsetsToTxn (25), EndTxn (26), WriteTxnMarkers (27), TxnOffsetCommit (28).

`transaction_version` stands for the versions of requests in which a client of KIP-890's second part speaks: 2 where
each end of a transaction raises the producer's epoch, 1 before that.
"""

from dataclasses import dataclass
from functools import partial

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT16,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    api,
    message,
    or_empty,
    struct,
    wire,
)
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


_PRODUCER = (
    wire("transactional_id", STRING),
    wire("producer_id", INT64),
    wire("producer_epoch", INT16),
)

ADD_PARTITIONS_TO_TXN = api(
    24, "AddPartitionsToTxn", "0-3", 3,
    message(AddPartitionsToTxnRequest, *_PRODUCER, wire("topics", ByTopic(), attribute="partitions")),
    message(
        AddPartitionsToTxnResponse,
        THROTTLE,
        wire(
            "results_by_topic",
            ByTopic(wire("partition_error_code", ERROR), partitions="results_by_partition"),
            attribute="errors",
        ),
    ),
)  # fmt: skip
"""Versions 4 and 5 are for brokers, which here talk in messages."""

ADD_OFFSETS_TO_TXN = api(
    25, "AddOffsetsToTxn", "0-4", 3,
    message(AddOffsetsToTxnRequest, *_PRODUCER, wire("group_id", STRING)),
    message(AddOffsetsToTxnResponse, THROTTLE, wire("error_code", ERROR)),
)  # fmt: skip

_COMMITTED = wire("committed", BOOL)

END_TXN = api(
    26, "EndTxn", "0-5", 3,
    (
        message(EndTxnRequest, *_PRODUCER, _COMMITTED, versions="0-4"),
        message(
            EndTxnRequest, *_PRODUCER, _COMMITTED, versions="5+", make=partial(EndTxnRequest, transaction_version=2)
        ),
    ),
    message(
        EndTxnResponse,
        THROTTLE,
        wire("error_code", ERROR),
        wire("producer_id", INT64, "5+"),
        wire("producer_epoch", INT16, "5+"),
    ),
)  # fmt: skip

_MARKER = struct(
    TxnMarker,
    wire("producer_id", INT64),
    wire("producer_epoch", INT16),
    wire("transaction_result", BOOL, attribute="commit"),
    wire("topics", ByTopic(partitions="partition_indexes"), attribute="partitions"),
    wire("coordinator_epoch", INT32),
)
_MARKED = struct(
    None,
    wire("producer_id", INT64),
    wire("topics", ByTopic(wire("error_code", ERROR))),
)

Marked = tuple[int, dict[TopicPartition, ErrorCode]]
"""What became of one producer's markers."""


def _marked(markers: tuple[Marked, ...]) -> WriteTxnMarkersResponse:
    return WriteTxnMarkersResponse(
        {(producer_id, one): error for producer_id, errors in markers for one, error in errors.items()}
    )


def _marked_parts(response: WriteTxnMarkersResponse) -> tuple[tuple[Marked, ...]]:
    found: dict[int, dict[TopicPartition, ErrorCode]] = {}
    for (producer_id, one), error in response.errors.items():
        found.setdefault(producer_id, {})[one] = error
    return (tuple(found.items()),)


WRITE_TXN_MARKERS = api(
    27, "WriteTxnMarkers", "1", 1,
    message(WriteTxnMarkersRequest, wire("markers", Array(_MARKER))),
    message(WriteTxnMarkersResponse, wire("markers", Array(_MARKED)), make=_marked, parts=_marked_parts),
)  # fmt: skip

_COMMITTED_OFFSET = struct(
    CommittedOffset,
    wire("committed_offset", INT64, attribute="offset"),
    wire("committed_leader_epoch", INT32, "2+", attribute="leader_epoch"),
    wire("committed_metadata", or_empty(), attribute="metadata"),
)
_TXN_OFFSETS = (
    wire("transactional_id", STRING),
    wire("group_id", STRING),
    wire("producer_id", INT64),
    wire("producer_epoch", INT16),
    wire("generation_id", INT32, "3+"),
    wire("member_id", STRING, "3+"),
    wire("group_instance_id", NULLABLE_STRING, "3+"),
    wire("topics", ByTopic(_COMMITTED_OFFSET), attribute="offsets"),
)

TXN_OFFSET_COMMIT = api(
    28, "TxnOffsetCommit", "0-5", 3,
    (
        message(TxnOffsetCommitRequest, *_TXN_OFFSETS, versions="0-4"),
        message(
            TxnOffsetCommitRequest,
            *_TXN_OFFSETS,
            versions="5+",
            make=partial(TxnOffsetCommitRequest, transaction_version=2),
        ),
    ),
    message(
        TxnOffsetCommitResponse,
        THROTTLE,
        wire("topics", ByTopic(wire("error_code", ERROR)), attribute="partitions"),
    ),
)  # fmt: skip
