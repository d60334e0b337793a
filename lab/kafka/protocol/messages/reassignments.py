"""AlterPartitionReassignments (45), ListPartitionReassignments (46), UpdateFeatures (57), UnregisterBroker (64)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    NULLABLE_STRING,
    THROTTLE,
    Array,
    ByTopic,
    Versions,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class AlterPartitionReassignmentsRequest:
    """Partition -> the broker ids that are to hold it, the preferred leader first; None cancels what is under way."""

    partitions: dict[TopicPartition, tuple[int, ...] | None]


@dataclass(slots=True)
class AlterPartitionReassignmentsResponse:
    """Partition -> (error, a sentence where it failed); or one error for all."""

    partitions: dict[TopicPartition, tuple[ErrorCode, str]]
    error_code: ErrorCode = ErrorCode.NONE


@dataclass(slots=True)
class ListPartitionReassignmentsRequest:
    """`partitions` None: all that are under way."""

    partitions: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class OngoingReassignment:
    """`replicas` are the targets, then those that are to go."""

    replicas: tuple[int, ...]
    adding_replicas: tuple[int, ...]
    removing_replicas: tuple[int, ...]


@dataclass(slots=True)
class ListPartitionReassignmentsResponse:
    """Only partitions that are being reassigned."""

    partitions: dict[TopicPartition, OngoingReassignment]
    error_code: ErrorCode = ErrorCode.NONE


@dataclass(slots=True)
class UpdateFeaturesRequest:
    """Feature -> the level to upgrade it to."""

    features: dict[str, int]


@dataclass(slots=True)
class UpdateFeaturesResponse:
    """The outcome, and a sentence where it failed."""

    error_code: ErrorCode
    error_message: str = ""


@dataclass(slots=True)
class UnregisterBrokerRequest:
    """Forget a broker for good."""

    broker_id: int


@dataclass(slots=True)
class UnregisterBrokerResponse:
    """The outcome."""

    error_code: ErrorCode
    error_message: str = ""


TIMEOUT_MS = 60_000
"""How long a caller waits for the controller, which decides at once."""
_OUTCOME = struct(None, wire("error_code", ERROR), wire("error_message", or_empty()))
_TARGET = wire("replicas", Array(INT32, nullable=Versions.of("0+")))

ALTER_PARTITION_REASSIGNMENTS = api(
    45, "AlterPartitionReassignments", "0", 0,
    message(
        AlterPartitionReassignmentsRequest,
        unused("timeout_ms", INT32, TIMEOUT_MS),
        wire("topics", ByTopic(_TARGET), attribute="partitions"),
    ),
    message(
        AlterPartitionReassignmentsResponse,
        THROTTLE,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        wire("responses", ByTopic(_OUTCOME), attribute="partitions"),
    ),
)  # fmt: skip

_ONGOING = struct(
    OngoingReassignment,
    wire("replicas", Array(INT32)),
    wire("adding_replicas", Array(INT32)),
    wire("removing_replicas", Array(INT32)),
)

LIST_PARTITION_REASSIGNMENTS = api(
    46, "ListPartitionReassignments", "0", 0,
    message(
        ListPartitionReassignmentsRequest,
        unused("timeout_ms", INT32, TIMEOUT_MS),
        wire(
            "topics", ByTopic(partitions="partition_indexes", nullable=Versions.of("0+")), attribute="partitions"
        ),
    ),
    message(
        ListPartitionReassignmentsResponse,
        THROTTLE,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        wire("topics", ByTopic(_ONGOING), attribute="partitions"),
    ),
)  # fmt: skip
