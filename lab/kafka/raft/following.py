"""Following: fetch from the leader, cut what it does not have, take its snapshot where its log begins later."""

from lab.env import Env, millis
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import (
    NO_NODE,
    BeginQuorumEpochRequest,
    BeginQuorumEpochResponse,
    EndQuorumEpochRequest,
    EndQuorumEpochResponse,
    FetchSnapshotRequest,
    FetchSnapshotResponse,
    QuorumFetchRequest,
    QuorumFetchResponse,
)
from lab.kafka.raft.quorum_state import DEADLINE, QuorumState
from lab.kafka.raft.roles import Download, Follower, Unattached

MAX_BYTES = 8_388_608
MAX_WAIT_MS = 500

# --- fetching -------------------------------------------------------------------------------------


def fetch(state: QuorumState, env: Env, role: Follower) -> None:
    """Ask for the next records, or for the next slice of a snapshot. One such request is out at a time."""
    epoch, offset = state.log.end
    if role.download is not None:
        position = len(role.download.data)
        body: object = FetchSnapshotRequest(
            state.replica_id, state.epoch, role.download.snapshot_id, position, MAX_BYTES
        )
    else:
        body = QuorumFetchRequest(state.replica_id, state.epoch, offset, epoch, MAX_BYTES, MAX_WAIT_MS)
    state.ask(env, state.election.leader_id, body)


def fetched(state: QuorumState, env: Env, role: Follower, response: QuorumFetchResponse) -> bool:
    """The leader's answer, in the epoch that asked. Returns whether to ask again at once. Raises DiskFull."""
    if response.error_code is not ErrorCode.NONE:
        return False
    _heard(env, role)
    if response.diverging_epoch is not None:
        _truncate(state, env, response.diverging_epoch)
    elif response.snapshot_id is not None:
        role.download = Download(response.snapshot_id)
    else:
        if response.records:
            state.write(env, list(response.records))
        state.commit(env, response.high_watermark)
    return True


def _heard(env: Env, role: Follower) -> None:
    role.heard = True
    role.heard_at = env.now


def deadline(state: QuorumState, env: Env, role: Follower) -> bool:
    """The fetch time-out may be over. Returns whether the leader has really been silent for so long."""
    until = role.heard_at + millis(state.config.controller_quorum_fetch_timeout_ms)
    if until > env.now:
        env.set_timer(DEADLINE, until)
    return until <= env.now


def _truncate(state: QuorumState, env: Env, diverging_epoch: tuple[int, int]) -> None:
    """Cut what the leader of this epoch does not have: it was never committed."""
    before = state.log.end_offset
    offset = state.log.end_of(diverging_epoch)
    state.log.truncate(offset, env.wall_time_ms)
    env.tell(facts.QuorumTruncated(state.replica_id, offset, before))


def snapshot_fetched(state: QuorumState, env: Env, role: Follower, response: FetchSnapshotResponse) -> bool:
    """A slice of the leader's snapshot. Returns whether to ask again at once. Raises DiskFull."""
    download = role.download
    if response.error_code is not ErrorCode.NONE or download is None:
        role.download = None
        return False
    _heard(env, role)
    download.data += response.unaligned_records
    if len(download.data) == response.size:
        role.download = None
        state.log.take_over(download.snapshot_id, download.data, env.wall_time_ms)
        env.tell(facts.QuorumSnapshotLoaded(state.replica_id, *download.snapshot_id))
    return True


# --- what a leader says ---------------------------------------------------------------------------


def begun(state: QuorumState, env: Env, request: BeginQuorumEpochRequest) -> BeginQuorumEpochResponse:
    """A leader makes itself known."""
    if request.leader_epoch < state.epoch:
        return BeginQuorumEpochResponse(ErrorCode.FENCED_LEADER_EPOCH, state.leader_id, state.epoch)
    state.observe(env, request.leader_epoch, request.leader_id)
    return BeginQuorumEpochResponse(ErrorCode.NONE, state.leader_id, state.epoch)


def ended(state: QuorumState, env: Env, request: EndQuorumEpochRequest) -> EndQuorumEpochResponse:
    """The leader resigns: the first successor stands at once, without waiting for the fetch time-out."""
    if request.leader_epoch < state.epoch:
        return EndQuorumEpochResponse(ErrorCode.FENCED_LEADER_EPOCH, state.leader_id, state.epoch)
    state.observe(env, request.leader_epoch, NO_NODE)
    led = isinstance(state.role, Follower) and state.election.leader_id == request.leader_id
    if led or isinstance(state.role, Unattached):
        _succeed(state, env, request.preferred_successors)
    return EndQuorumEpochResponse(ErrorCode.NONE, state.leader_id, state.epoch)


def _succeed(state: QuorumState, env: Env, successors: tuple[int, ...]) -> None:
    known = state.replica_id in successors
    position = successors.index(state.replica_id) if known else len(successors)
    state.become_unattached(env, state.epoch, state.election.voted_id, state.succession(position, len(successors)))
    if position == 0:
        state.become_prospective(env)
