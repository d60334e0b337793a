"""InitializeShareGroupState (83), Read… (84), Write… (85), Delete… (86), ReadShareGroupStateSummary (87): brokers ask
the share coordinator (KIP-932).

Each speaks of one share-partition; Kafka's carry several.
"""

from dataclasses import dataclass

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition

NO_OFFSET = -1


@dataclass(slots=True)
class StateBatch(Sealed):
    """Offsets from first to last, both included, in one delivery state: 0 Available, 2 Acknowledged, 4 Archived."""

    first_offset: int
    last_offset: int
    delivery_state: int
    delivery_count: int


@dataclass(slots=True)
class InitializeShareGroupStateRequest(Sealed):
    """The group coordinator: this share-partition exists. A start offset of -1 leaves the choice to its leader."""

    group_id: str
    partition: TopicPartition
    state_epoch: int
    start_offset: int = NO_OFFSET


@dataclass(slots=True)
class ReadShareGroupStateRequest(Sealed):
    """A leader begins; leaders of lower epochs are fenced from now on."""

    group_id: str
    partition: TopicPartition
    leader_epoch: int


@dataclass(slots=True)
class WriteShareGroupStateRequest(Sealed):
    """What has changed, and the start offset."""

    group_id: str
    partition: TopicPartition
    state_epoch: int
    leader_epoch: int
    start_offset: int
    state_batches: tuple[StateBatch, ...]


@dataclass(slots=True)
class DeleteShareGroupStateRequest(Sealed):
    """The share-partition exists no more."""

    group_id: str
    partition: TopicPartition


@dataclass(slots=True)
class ReadShareGroupStateSummaryRequest(Sealed):
    """How far is it? Nobody begins to lead by that."""

    group_id: str
    partition: TopicPartition


ShareStateRequest = (
    InitializeShareGroupStateRequest
    | ReadShareGroupStateRequest
    | WriteShareGroupStateRequest
    | DeleteShareGroupStateRequest
    | ReadShareGroupStateSummaryRequest
)


@dataclass(slots=True)
class ShareStateResponse:
    """The answer to each of them; only a read fills more than the error, and only a summary the leader epoch. A start
    offset of -1: not chosen yet.
    """

    error_code: ErrorCode
    state_epoch: int = 0
    start_offset: int = NO_OFFSET
    state_batches: tuple[StateBatch, ...] = ()
    leader_epoch: int = 0
