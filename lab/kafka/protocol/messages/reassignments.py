"""AlterPartitionReassignments (45), ListPartitionReassignments (46), UpdateFeatures (57), UnregisterBroker (64)."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class AlterPartitionReassignmentsRequest:
    """Partition -> the broker ids that are to hold it, the preferred leader first; None cancels what is under way."""

    partitions: dict[TopicPartition, tuple[int, ...] | None]
    allow_replication_factor_change: bool = True


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
