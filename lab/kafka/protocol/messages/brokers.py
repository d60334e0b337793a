"""BrokerRegistration (62), BrokerHeartbeat (63), AlterPartition (56): a broker talking to the controller."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class BrokerRegistrationRequest:
    """`incarnation_id` is new for each process; `previous_broker_epoch` proves a clean stop (-1: none)."""

    broker_id: int
    host: str
    incarnation_id: str
    rack: str | None = None
    previous_broker_epoch: int = -1


@dataclass(slots=True)
class BrokerRegistrationResponse:
    """The broker epoch is the offset of the registration's record in the metadata log."""

    error_code: ErrorCode
    broker_epoch: int = -1


@dataclass(slots=True)
class BrokerHeartbeatRequest:
    """Every `broker.heartbeat.interval.ms`."""

    broker_id: int
    broker_epoch: int
    current_metadata_offset: int
    want_fence: bool
    want_shut_down: bool


@dataclass(slots=True)
class BrokerHeartbeatResponse:
    """What the controller thinks of this broker."""

    error_code: ErrorCode
    is_caught_up: bool = False
    is_fenced: bool = True
    should_shut_down: bool = False


@dataclass(slots=True)
class AlterPartitionChange:
    """The ISR a leader would like: (broker id, broker epoch) each."""

    leader_epoch: int
    partition_epoch: int
    new_isr: tuple[tuple[int, int], ...]
    leader_recovering: bool = False
    topic_id: TopicId = NO_TOPIC_ID


@dataclass(slots=True)
class AlterPartitionRequest:
    """A leader asks the controller to change the ISR of partitions it leads."""

    broker_id: int
    broker_epoch: int
    partitions: dict[TopicPartition, AlterPartitionChange]


@dataclass(slots=True)
class AlteredPartition:
    """The state the controller committed, or why it did not."""

    error_code: ErrorCode
    leader_id: int = -1
    leader_epoch: int = -1
    isr: tuple[int, ...] = ()
    partition_epoch: int = -1


@dataclass(slots=True)
class AlterPartitionResponse:
    """A top-level error means: nothing was looked at."""

    error_code: ErrorCode
    partitions: dict[TopicPartition, AlteredPartition]
