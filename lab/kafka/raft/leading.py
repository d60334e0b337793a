"""Leading: append, answer the voters' fetches, commit what a majority has, resign without one (spec 3.3.3)."""

from collections.abc import Sequence

from lab.env import Address, Env, millis
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import (
    BeginQuorumEpochRequest,
    EndQuorumEpochRequest,
    FetchSnapshotRequest,
    FetchSnapshotResponse,
    QuorumFetchRequest,
    QuorumFetchResponse,
)
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.raft.quorum_state import BEGIN_AGAIN, CHECK_QUORUM, LINGER, PARKED, QuorumState
from lab.kafka.raft.roles import Leader, ParkedFetch, Resigned
from lab.kafka.rpc.envelope import Response

RESPONSE_BYTES = 64

# --- appending ------------------------------------------------------------------------------------


def accumulate(state: QuorumState, env: Env, role: Leader, values: Sequence[bytes]) -> int:
    """Take values as one atomic batch, to be written when the linger is over. Returns the first one's offset."""
    now_ms = env.wall_time_ms
    base = role.next_offset
    records = [Record(0, now_ms, None, value) for value in values]
    batch = RecordBatch.build(records, base_offset=base, leader_epoch=state.epoch)
    if not role.accumulated:
        env.set_timer(LINGER, env.now + millis(state.config.controller_quorum_append_linger_ms))
    role.accumulated.append(batch)
    role.next_offset = batch.next_offset
    return base


def drain(state: QuorumState, env: Env, role: Leader) -> None:
    """The linger is over: write what has come, and let the voters have it. Raises DiskFull."""
    batches, role.accumulated = role.accumulated, []
    if batches:
        state.write(env, batches)
    for sender, parked in list(role.parked.items()):
        del role.parked[sender]
        _answer(env, sender, parked.correlation_id, _records(state, parked.request))
    advance(state, env, role)


def advance(state: QuorumState, env: Env, role: Leader) -> None:
    """Commit what a majority of the voters has, this leader counted, once a record of its own epoch is among it."""
    ends = [*(one.end_offset for one in role.progress.values()), state.log.end_offset]
    ends.sort(reverse=True)
    offset = ends[len(ends) // 2]
    if offset > role.epoch_start_offset:
        state.commit(env, offset)


# --- answering fetches ----------------------------------------------------------------------------


def fetch_asked(
    state: QuorumState, env: Env, sender: Address, correlation_id: int, request: QuorumFetchRequest
) -> QuorumFetchResponse | None:
    """The answer to a voter's fetch; None while it waits for records."""
    role = state.role
    wrong = epoch_error(state, request.current_leader_epoch)
    if wrong or not isinstance(role, Leader):
        return _refused(state, wrong)
    snapshot_id = state.log.snapshot_for(request.fetch_offset, request.last_fetched_epoch)
    diverging = state.log.parts_from(request.fetch_offset, request.last_fetched_epoch)
    _heard(state, env, role, request.replica_id)
    if snapshot_id is not None:
        return QuorumFetchResponse(ErrorCode.NONE, state.leader_id, state.epoch, snapshot_id=snapshot_id)
    if diverging is not None:
        return QuorumFetchResponse(ErrorCode.NONE, state.leader_id, state.epoch, diverging_epoch=diverging)
    _fetched(state, env, role, request)
    if request.fetch_offset < state.log.end_offset or request.max_wait_ms == 0:
        return _records(state, request)
    deadline = env.now + millis(request.max_wait_ms)
    if not role.parked:
        env.set_timer(PARKED, deadline)
    role.parked[sender] = ParkedFetch(correlation_id, request, deadline)
    return None


def epoch_error(state: QuorumState, current_leader_epoch: int) -> ErrorCode:
    """Why a request that a leader answers is not answered here."""
    if current_leader_epoch < state.epoch:
        return ErrorCode.FENCED_LEADER_EPOCH
    if current_leader_epoch > state.epoch:
        return ErrorCode.UNKNOWN_LEADER_EPOCH
    return ErrorCode.NONE if isinstance(state.role, Leader) else ErrorCode.NOT_LEADER_OR_FOLLOWER


def _refused(state: QuorumState, error: ErrorCode) -> QuorumFetchResponse:
    return QuorumFetchResponse(error, state.leader_id, state.epoch)


def _heard(state: QuorumState, env: Env, role: Leader, replica_id: int) -> None:
    """A voter is there; with this one perhaps a majority."""
    if replica_id in role.progress:
        role.progress[replica_id].fetched_at = env.now
        role.told[replica_id] = None
        role.fetched[replica_id] = None
        if len(role.fetched) + 1 >= state.voters.majority:
            role.fetched.clear()
            role.majority_at = env.now


def _fetched(state: QuorumState, env: Env, role: Leader, request: QuorumFetchRequest) -> None:
    """What a voter asks for it does not have; all before is on its disk."""
    progress = role.progress.get(request.replica_id)
    if progress is not None:
        progress.end_offset = request.fetch_offset
        if request.fetch_offset >= state.log.end_offset:
            progress.caught_up_at = env.now
        advance(state, env, role)


def _records(state: QuorumState, request: QuorumFetchRequest) -> QuorumFetchResponse:
    records = state.log.read(request.fetch_offset, request.max_bytes, state.log.end_offset)
    return QuorumFetchResponse(ErrorCode.NONE, state.leader_id, state.epoch, state.log.high_watermark, records)


def _answer(env: Env, sender: Address, correlation_id: int, body: QuorumFetchResponse) -> None:
    size = RESPONSE_BYTES + sum(batch.size for batch in body.records)
    env.send(sender, Response(correlation_id, body), size)


def expire_parked(state: QuorumState, env: Env, role: Leader) -> None:
    """Fetches that have waited long enough hear that there is nothing new, but for the high watermark."""
    for sender, parked in list(role.parked.items()):
        if parked.deadline <= env.now:
            del role.parked[sender]
            _answer(env, sender, parked.correlation_id, _records(state, parked.request))
    if role.parked:
        env.set_timer(PARKED, min(one.deadline for one in role.parked.values()))


def refuse_parked(state: QuorumState, env: Env, role: Leader) -> None:
    """Whoever waited here has to look for another leader."""
    for sender, parked in role.parked.items():
        _answer(env, sender, parked.correlation_id, _refused(state, ErrorCode.NOT_LEADER_OR_FOLLOWER))


def snapshot_asked(state: QuorumState, request: FetchSnapshotRequest) -> FetchSnapshotResponse:
    """A slice of a snapshot."""
    wrong = epoch_error(state, request.current_leader_epoch)
    if not wrong and request.snapshot_id not in state.log.snapshots:
        wrong = ErrorCode.SNAPSHOT_NOT_FOUND
    if wrong:
        return FetchSnapshotResponse(wrong, state.leader_id, state.epoch, request.snapshot_id)
    size, data = state.log.snapshot_bytes(request.snapshot_id, request.position, request.max_bytes)
    if not 0 <= request.position < size:
        out = ErrorCode.POSITION_OUT_OF_RANGE
        return FetchSnapshotResponse(out, state.leader_id, state.epoch, request.snapshot_id)
    return FetchSnapshotResponse(
        ErrorCode.NONE, state.leader_id, state.epoch, request.snapshot_id, size, request.position, data
    )


# --- being heard ----------------------------------------------------------------------------------


def make_known(state: QuorumState, env: Env, role: Leader) -> None:
    """Tell all who have not fetched in this epoch that it has begun. Who does not hear it is told again later."""
    for voter_id in role.progress:
        if voter_id not in role.told:
            role.told[voter_id] = None
            state.ask(env, voter_id, BeginQuorumEpochRequest(state.replica_id, state.epoch))


def begin_again(state: QuorumState, env: Env, role: Leader) -> None:
    """Who has not fetched for half a fetch time-out is told again."""
    half = millis(state.config.controller_quorum_fetch_timeout_ms) // 2
    role.told = {one: None for one, progress in role.progress.items() if env.now - progress.fetched_at <= half}
    env.set_timer(BEGIN_AGAIN, env.now + half)
    make_known(state, env, role)


def check_quorum(state: QuorumState, env: Env, role: Leader) -> None:
    """A leader that has lost touch with the majority knows that another may lead by now."""
    until = role.majority_at + state.check_quorum
    if until <= env.now:
        resign(state, env, role)
    else:
        env.set_timer(CHECK_QUORUM, until)


def resign(state: QuorumState, env: Env, role: Leader) -> None:
    """Lead no more."""
    state.become_resigned(env)
    refuse_parked(state, env, role)


def say_farewell(state: QuorumState, env: Env, role: Resigned) -> None:
    """Tell all who have not heard that this epoch is over."""
    for voter_id in state.voters.others(state.replica_id):
        if voter_id not in role.acknowledged:
            state.ask(env, voter_id, EndQuorumEpochRequest(state.replica_id, state.epoch, role.successors))
