"""ShareFetch (78) and ShareAcknowledge (79): records are acquired, and what became of them is told (KIP-932)."""

from dataclasses import dataclass, field
from enum import IntEnum

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import batches_in
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.schema import (
    ERROR,
    INT16,
    INT32,
    INT64,
    NULLABLE_STRING,
    RECORDS,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    Converted,
    Fixed,
    Struct,
    Versions,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
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


_BY_ID = Versions.of("0+")
_NODE = struct(
    None, wire("node_id", INT32), wire("host", STRING), wire("port", INT32), unused("rack", NULLABLE_STRING, None)
)


def _acknowledged(
    first_offset: int, last_offset: int, acknowledge_types: tuple[AcknowledgeType, ...]
) -> tuple[AcknowledgementBatch, ...]:
    """Either one type for all the offsets, or one an offset."""
    if len(acknowledge_types) == 1:
        return (AcknowledgementBatch(first_offset, last_offset, acknowledge_types[0]),)
    if len(acknowledge_types) != last_offset - first_offset + 1:
        wanted = f"1 or {last_offset - first_offset + 1} acknowledge types wanted"
        raise Malformed(f"{wanted} for offsets {first_offset} to {last_offset}, {len(acknowledge_types)} found")
    return tuple(
        AcknowledgementBatch(first_offset + number, first_offset + number, one)
        for number, one in enumerate(acknowledge_types)
    )


Batches = tuple[AcknowledgementBatch, ...]


def _batches(found: tuple[Batches, ...]) -> Batches:
    return tuple(one for batches in found for one in batches)


_BATCH = Struct(
    _acknowledged,
    (
        wire("first_offset", INT64),
        wire("last_offset", INT64),
        wire("acknowledge_types", Array(Fixed("b", AcknowledgeType))),
    ),
    parts=lambda batches: (batches[0].first_offset, batches[-1].last_offset, (batches[0].acknowledge_type,)),
)
_ACKNOWLEDGED = wire(
    "acknowledgement_batches",
    Converted(Array(_BATCH), _batches, lambda batches: tuple((one,) for one in batches)),
)
_LEADER = struct(None, wire("leader_id", INT32), wire("leader_epoch", INT32))
_NOBODY = (-1, -1)
_CURRENT_LEADER = Converted(
    _LEADER, lambda leader: None if leader == _NOBODY else leader, lambda leader: leader or _NOBODY
)
_ACQUIRED = struct(
    AcquiredRecords, wire("first_offset", INT64), wire("last_offset", INT64), wire("delivery_count", INT16)
)


_SHARED = struct(
    SharedPartition,
    wire("error_code", ERROR),
    unused("error_message", NULLABLE_STRING, None),
    wire("acknowledge_error_code", ERROR),
    unused("acknowledge_error_message", NULLABLE_STRING, None),
    wire("current_leader", _CURRENT_LEADER),
    wire("records", Converted(RECORDS, batches_in, lambda batches: b"".join(batch.data for batch in batches))),
    wire("acquired_records", Array(_ACQUIRED), attribute="acquired"),
)

SHARE_FETCH = api(
    78, "ShareFetch", "1", 0,
    message(
        ShareFetchRequest,
        wire("group_id", or_empty()),
        wire("member_id", or_empty()),
        wire("share_session_epoch", INT32),
        wire("max_wait_ms", INT32),
        unused("min_bytes", INT32, 1),
        wire("max_bytes", INT32),
        wire("max_records", INT32),
        unused("batch_size", INT32, 0),
        wire("topics", ByTopic(_ACKNOWLEDGED, topic="topic_id", ids=_BY_ID), attribute="partitions"),
        wire("forgotten_topics_data", ByTopic(topic="topic_id", ids=_BY_ID), attribute="forgotten"),
    ),
    message(
        ShareFetchResponse,
        THROTTLE,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        wire("acquisition_lock_timeout_ms", INT32),
        wire("responses", ByTopic(_SHARED, topic="topic_id", ids=_BY_ID)),
        unused("node_endpoints", Array(_NODE), ()),
    ),
    by_topic_id=_BY_ID,
)  # fmt: skip


def _error(error_code: ErrorCode) -> ErrorCode:
    return error_code


_OUTCOME = Struct(
    _error,
    (
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        unused("current_leader", _LEADER, _NOBODY),
    ),
    parts=lambda error_code: (error_code,),
)

SHARE_ACKNOWLEDGE = api(
    79, "ShareAcknowledge", "1", 0,
    message(
        ShareAcknowledgeRequest,
        wire("group_id", or_empty()),
        wire("member_id", or_empty()),
        wire("share_session_epoch", INT32),
        wire("topics", ByTopic(_ACKNOWLEDGED, topic="topic_id", ids=_BY_ID), attribute="partitions"),
    ),
    message(
        ShareAcknowledgeResponse,
        THROTTLE,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        wire("responses", ByTopic(_OUTCOME, topic="topic_id", ids=_BY_ID), attribute="partitions"),
        unused("node_endpoints", Array(_NODE), ()),
    ),
    by_topic_id=_BY_ID,
)  # fmt: skip
