"""Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54), DescribeQuorum (55), FetchSnapshot (59): a quorum's own talk.

Voters also fetch from their leader. In Kafka that is an ordinary Fetch of the quorum's only partition; here it
is an object of its own, without topics, because a broker that is also a voter must know which log is meant.
"""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    UINT16,
    UUID,
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

METADATA_TOPIC = "__cluster_metadata"
METADATA_PARTITION = TopicPartition(METADATA_TOPIC, 0)
NO_NODE = -1
"""The id of nobody: no leader is known, no vote was given."""
OffsetAndEpoch = tuple[int, int]
"""An end offset, and the epoch of the record before it."""


@dataclass(slots=True)
class VoteRequest:
    """A candidate wants a vote in `candidate_epoch`; with `pre_vote` only to know whether it would get it (KIP-996)."""

    candidate_epoch: int
    candidate_id: int
    last_offset_epoch: int
    last_offset: int
    pre_vote: bool = False


@dataclass(slots=True)
class VoteResponse:
    """`vote_granted`, and whom the voter knows as leader of which epoch."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int
    vote_granted: bool = False


@dataclass(slots=True)
class BeginQuorumEpochRequest:
    """A new leader makes itself known."""

    leader_id: int
    leader_epoch: int


@dataclass(slots=True)
class BeginQuorumEpochResponse:
    """Whom the voter knows as leader of which epoch."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int


@dataclass(slots=True)
class EndQuorumEpochRequest:
    """A leader resigns; the first of its successors should stand at once, the others a little later."""

    leader_id: int
    leader_epoch: int
    preferred_successors: tuple[int, ...]


@dataclass(slots=True)
class EndQuorumEpochResponse:
    """Whom the voter knows as leader of which epoch."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int


@dataclass(slots=True)
class QuorumFetchRequest:
    """A voter asks its leader for what comes after its own log."""

    replica_id: int
    current_leader_epoch: int
    fetch_offset: int
    last_fetched_epoch: int
    max_bytes: int
    max_wait_ms: int


@dataclass(slots=True)
class QuorumFetchResponse:
    """Batches; or where the logs part (epoch, end offset); or the snapshot to fetch instead (end offset, epoch)."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int
    high_watermark: int = -1
    records: tuple[RecordBatch, ...] = ()
    diverging_epoch: tuple[int, int] | None = None
    snapshot_id: OffsetAndEpoch | None = None


@dataclass(slots=True)
class FetchSnapshotRequest:
    """The bytes of a snapshot from `position` on, at most `max_bytes`."""

    replica_id: int
    current_leader_epoch: int
    snapshot_id: OffsetAndEpoch
    position: int
    max_bytes: int


@dataclass(slots=True)
class FetchSnapshotResponse:
    """A slice of the snapshot's file, cut anywhere, and how long the file is."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int
    snapshot_id: OffsetAndEpoch
    size: int = 0
    position: int = 0
    unaligned_records: bytes = b""


@dataclass(slots=True)
class DescribeQuorumRequest:
    """Who votes, who leads, how far everybody is: of the one partition that is kept by a quorum, if that is what was
    asked about.
    """

    partitions: tuple[TopicPartition, ...] = (METADATA_PARTITION,)


@dataclass(slots=True)
class QuorumReplica:
    """One replica as the leader sees it; times in milliseconds of the leader's date, -1 unknown."""

    replica_id: int
    log_end_offset: int
    last_fetch_timestamp_ms: int = -1
    last_caught_up_timestamp_ms: int = -1


@dataclass(slots=True)
class DescribeQuorumResponse:
    """The quorum as its leader knows it. `unknown`: what was asked about instead, of which there is nothing to tell."""

    error_code: ErrorCode
    leader_id: int = NO_NODE
    leader_epoch: int = 0
    high_watermark: int = -1
    current_voters: tuple[QuorumReplica, ...] = ()
    observers: tuple[QuorumReplica, ...] = ()
    unknown: tuple[TopicPartition, ...] = ()


def unknown_quorum(request: DescribeQuorumRequest) -> DescribeQuorumResponse | None:
    """The answer to whoever asks about anything else, or about more, than the one partition that there is."""
    if request.partitions == (METADATA_PARTITION,):
        return None
    return DescribeQuorumResponse(ErrorCode.NONE, unknown=request.partitions)


Described = tuple[int, ErrorCode, int, int, int, tuple[QuorumReplica, ...], tuple[QuorumReplica, ...]]
"""The fields of the answer, as they stand for a partition of a topic."""
UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def _quorum(error_code: ErrorCode, topics: tuple[tuple[str, tuple[Described, ...]], ...]) -> DescribeQuorumResponse:
    named = [(topic, one) for topic, partitions in topics for one in partitions]
    known = next((one for _, one in named if one[1] is not UNKNOWN), None)
    if known is not None:
        return DescribeQuorumResponse(*known[1:])
    return DescribeQuorumResponse(error_code, unknown=tuple(TopicPartition(topic, one[0]) for topic, one in named))


def _quorum_parts(response: DescribeQuorumResponse) -> tuple[object, ...]:
    if response.error_code:
        return response.error_code, ()
    if response.unknown:
        topics: dict[str, list[Described]] = {}
        for topic, partition in response.unknown:
            topics.setdefault(topic, []).append((partition, UNKNOWN, 0, 0, 0, (), ()))
        return ErrorCode.NONE, tuple((topic, tuple(rows)) for topic, rows in topics.items())
    described = (
        0, response.error_code, response.leader_id, response.leader_epoch, response.high_watermark,
        response.current_voters, response.observers,
    )  # fmt: skip
    return ErrorCode.NONE, ((METADATA_TOPIC, (described,)),)


_REPLICA = struct(
    QuorumReplica,
    wire("replica_id", INT32),
    unused("replica_directory_id", UUID, bytes(16), "2+"),
    wire("log_end_offset", INT64),
    wire("last_fetch_timestamp", INT64, "1+", attribute="last_fetch_timestamp_ms", default=-1),
    wire("last_caught_up_timestamp", INT64, "1+", attribute="last_caught_up_timestamp_ms", default=-1),
)
_PARTITION = struct(
    None,
    wire("partition_index", INT32),
    wire("error_code", explained("2+")),
    wire("leader_id", INT32),
    wire("leader_epoch", INT32),
    wire("high_watermark", INT64),
    wire("current_voters", Array(_REPLICA)),
    wire("observers", Array(_REPLICA)),
)
_LISTENER = struct(None, wire("name", STRING), wire("host", STRING), wire("port", UINT16))
_NODE = struct(None, wire("node_id", INT32), wire("listeners", Array(_LISTENER)))


def _asked(topics: dict[TopicPartition, tuple[()]]) -> DescribeQuorumRequest:
    return DescribeQuorumRequest(tuple(topics))


DESCRIBE_QUORUM = api(
    55, "DescribeQuorum", "0-2", 0,
    message(
        DescribeQuorumRequest,
        wire("topics", ByTopic(struct(None), topic="topic_name")),
        make=_asked,
        parts=lambda request: (dict.fromkeys(request.partitions, ()),),
    ),
    message(
        DescribeQuorumResponse,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None, "2+"),
        wire("topics", Array(struct(None, wire("topic_name", STRING), wire("partitions", Array(_PARTITION))))),
        unused("nodes", Array(_NODE), (), "2+"),
        make=_quorum,
        parts=_quorum_parts,
    ),
)  # fmt: skip
