"""Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54), DescribeQuorum (55), FetchSnapshot (59): a quorum's own talk.

Voters also fetch from their leader. In Kafka that is an ordinary Fetch of the quorum's only partition; here it
is an object of its own, without topics, because a broker that is also a voter must know which log is meant.
"""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch

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
    """Who votes, who leads, how far everybody is."""


@dataclass(slots=True)
class QuorumReplica:
    """One replica as the leader sees it; times in milliseconds of the leader's date, -1 unknown."""

    replica_id: int
    log_end_offset: int
    last_fetch_timestamp_ms: int = -1
    last_caught_up_timestamp_ms: int = -1


@dataclass(slots=True)
class DescribeQuorumResponse:
    """The quorum as its leader knows it."""

    error_code: ErrorCode
    leader_id: int = NO_NODE
    leader_epoch: int = 0
    high_watermark: int = -1
    current_voters: tuple[QuorumReplica, ...] = ()
    observers: tuple[QuorumReplica, ...] = ()
