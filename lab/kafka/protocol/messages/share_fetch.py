"""ShareFetch (78) and ShareAcknowledge (79): records are acquired, and what became of them is told (KIP-932)."""

from dataclasses import dataclass, field
from enum import IntEnum

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition

INITIAL_EPOCH, FINAL_EPOCH = 0, -1


class AcknowledgeType(IntEnum):
    """What became of a record. GAP: there is no record at this offset any more."""

    GAP = 0
    ACCEPT = 1
    RELEASE = 2
    REJECT = 3


@dataclass(slots=True)
class AcknowledgementBatch(Sealed):
    """Offsets from first to last, both included, with one type for all of them."""

    first_offset: int
    last_offset: int
    acknowledge_type: AcknowledgeType


Acknowledgements = dict[TopicPartition, tuple[AcknowledgementBatch, ...]]


@dataclass(slots=True)
class ShareFetchRequest(Sealed):
    """`share_session_epoch` 0 opens a session, -1 ends it; between, `partitions` are those to add to the session, or
    to acknowledge records of, and `forgotten` those to take out.
    """

    group_id: str
    member_id: str
    share_session_epoch: int
    max_wait_ms: int
    max_bytes: int
    max_records: int
    partitions: Acknowledgements
    forgotten: tuple[TopicPartition, ...] = ()


@dataclass(slots=True)
class AcquiredRecords(Sealed):
    """Offsets from first to last, both included, acquired for the asker; how often they were delivered, with this."""

    first_offset: int
    last_offset: int
    delivery_count: int


@dataclass(slots=True)
class SharedPartition:
    """One partition's answer. `records` may hold more than is acquired: only `acquired` is the asker's."""

    error_code: ErrorCode = ErrorCode.NONE
    acknowledge_error_code: ErrorCode = ErrorCode.NONE
    records: tuple[RecordBatch, ...] = ()
    acquired: tuple[AcquiredRecords, ...] = ()
    current_leader: tuple[int, int] | None = None


@dataclass(slots=True)
class ShareFetchResponse:
    """Answers for the partitions that had something to say."""

    error_code: ErrorCode
    responses: dict[TopicPartition, SharedPartition] = field(default_factory=dict[TopicPartition, SharedPartition])
    acquisition_lock_timeout_ms: int = 0

    @property
    def size(self) -> int:
        """About how many bytes this takes on the wire."""
        batches = [batch.size for one in self.responses.values() for batch in one.records]
        return 32 + 64 * len(self.responses) + sum(batches)


@dataclass(slots=True)
class ShareAcknowledgeRequest(Sealed):
    """Acknowledgements without asking for more. The session must exist; -1 ends it."""

    group_id: str
    member_id: str
    share_session_epoch: int
    partitions: Acknowledgements


@dataclass(slots=True)
class ShareAcknowledgeResponse:
    """An error code a partition."""

    error_code: ErrorCode
    partitions: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])
