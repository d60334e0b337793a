"""RaftReplica: one voter as its process sees it: messages and timers in, committed batches and a role out."""

from collections.abc import Sequence

from lab.env import Address, Env, Timer
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import (
    BeginQuorumEpochRequest,
    BeginQuorumEpochResponse,
    EndQuorumEpochRequest,
    EndQuorumEpochResponse,
    FetchSnapshotRequest,
    FetchSnapshotResponse,
    OffsetAndEpoch,
    QuorumFetchRequest,
    QuorumFetchResponse,
    VoteRequest,
    VoteResponse,
)
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.raft import following, leading, voting
from lab.kafka.raft.election_state import ElectionState
from lab.kafka.raft.quorum_state import (
    BEGIN_AGAIN,
    CHECK_QUORUM,
    DEADLINE,
    LINGER,
    PARKED,
    RETRY,
    QuorumState,
)
from lab.kafka.raft.raft_log import RaftLog
from lab.kafka.raft.roles import Candidate, Follower, Leader, Prospective, Resigned, Role, Unattached
from lab.kafka.raft.voters import Voters
from lab.kafka.rpc.envelope import Request, Response

RESPONSE_BYTES = 64


class RaftReplica:
    """One voter. After each turn the process above takes what `committed` gives and asks whether it `leads`."""

    __slots__ = ("state",)

    def __init__(
        self, env: Env, replica_id: int, voters: Voters, partition: TopicPartition, config: BrokerConfig
    ) -> None:
        """Opens what the disk holds. Raises DiskFull."""
        log = RaftLog(env.disk, partition, config, env.wall_time_ms)
        election = ElectionState(env.disk, log.log.folder)
        self.state = QuorumState(replica_id, voters, config, log, election)

    # --- for the process above --------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """What this voter is."""
        return self.state.role

    @property
    def epoch(self) -> int:
        """The newest epoch it has heard of."""
        return self.state.epoch

    @property
    def leader_id(self) -> int:
        """Who leads in that epoch, as far as this voter knows; else -1."""
        return self.state.leader_id

    @property
    def leads(self) -> bool:
        """Whether it is the leader, and may propose."""
        return isinstance(self.state.role, Leader)

    @property
    def serves(self) -> bool:
        """Whether it leads and all of earlier epochs is committed: so nothing is undecided but its own."""
        role = self.state.role
        return isinstance(role, Leader) and self.high_watermark > role.epoch_start_offset

    @property
    def end(self) -> OffsetAndEpoch:
        """The last epoch and the end offset of its log."""
        return self.state.log.end

    @property
    def end_offset(self) -> int:
        """One past the last record of its log."""
        return self.state.log.end_offset

    @property
    def high_watermark(self) -> int:
        """All below is committed; -1 before anybody has told."""
        return self.state.log.high_watermark

    @property
    def next_offset(self) -> int:
        """Where the next proposal goes."""
        role = self.state.role
        return role.next_offset if isinstance(role, Leader) else self.state.log.end_offset

    def propose(self, env: Env, values: Sequence[bytes]) -> int:
        """Have values written as one atomic batch, which only a leader may. Returns the first one's offset."""
        role = self.state.role
        assert isinstance(role, Leader), role
        return leading.accumulate(self.state, env, role, values)

    def committed(self, offset: int) -> tuple[RecordBatch, ...]:
        """Committed batches from an offset on that this log still has."""
        return self.state.log.read(offset, 1 << 40, max(self.high_watermark, 0))

    def uncommitted(self) -> tuple[RecordBatch, ...]:
        """Batches in the log of which nobody knows yet whether they will stay."""
        log = self.state.log
        return log.read(max(log.high_watermark, log.start_offset), 1 << 40, log.end_offset)

    def snapshot_needed(self, offset: int) -> OffsetAndEpoch | None:
        """The snapshot to begin with, for whoever has applied all below `offset`: a new one always takes it, others
        where the log has not got all of the rest. None: read on in the log.
        """
        log = self.state.log
        return log.latest_snapshot if offset == 0 or offset < log.start_offset else None

    def snapshot_values(self, snapshot_id: OffsetAndEpoch) -> list[bytes]:
        """What a snapshot says."""
        return self.state.log.snapshot_values(snapshot_id)

    def take_snapshot(self, env: Env, values: Sequence[bytes], end_offset: int) -> None:
        """Keep all that is committed below `end_offset` as these values. Raises DiskFull."""
        taken = self.state.log.take_snapshot(values, end_offset, env.wall_time_ms)
        env.tell(facts.QuorumSnapshotTaken(self.state.replica_id, *taken))

    def resign(self, env: Env) -> bool:
        """An orderly end: hand leadership over, if this is a leader with somebody to follow it. Returns whether
        the process should stay until somebody does.
        """
        role = self.state.role
        if not isinstance(role, Leader) or not role.progress:
            return False
        leading.drain(self.state, env, role)
        leading.resign(self.state, env, role)
        self._pursue(env)
        return True

    # --- turns ------------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """The first turn of this process."""
        self.state.start(env)
        self._pursue(env)

    def receive(self, env: Env, sender: Address, body: Request | Response) -> None:
        """A request of another voter, or its answer. Raises DiskFull."""
        led = self.state.role
        useful = True
        if isinstance(body, Response):
            useful = self._answered(env, body)
        else:
            answer = self._asked(env, sender, body.correlation_id, body.body)
            if answer is not None:
                size = RESPONSE_BYTES + _payload(answer)
                env.send(sender, Response(body.correlation_id, answer), size)
        self._dethroned(env, led)
        if useful:
            self._pursue(env)
        else:
            self.state.retry_after_error(env)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A voter's connection is gone, and with it what was asked over it."""
        role = self.state.role
        if isinstance(role, Leader):
            role.parked.pop(peer, None)
        if self.state.net.lost(peer):
            self.state.retry_after_loss(env)

    def wake(self, env: Env, timer: Timer) -> None:
        """A timer of `TIMERS`. Raises DiskFull."""
        state, role = self.state, self.state.role
        if timer == RETRY:
            state.net.expired(env.now)
        elif timer == DEADLINE:
            self._deadline(env)
        elif isinstance(role, Leader):
            self._lead_on(env, role, timer)
        self._pursue(env)

    def _lead_on(self, env: Env, role: Leader, timer: Timer) -> None:
        state = self.state
        match timer:
            case _ if timer == LINGER:
                leading.drain(state, env, role)
            case _ if timer == PARKED:
                leading.expire_parked(state, env, role)
            case _ if timer == CHECK_QUORUM:
                leading.check_quorum(state, env, role)
            case _ if timer == BEGIN_AGAIN:
                leading.begin_again(state, env, role)
            case _:
                raise AssertionError(timer)

    def _deadline(self, env: Env) -> None:
        """What the role waited for has not come."""
        state = self.state
        match state.role:
            case Follower() as role:
                if following.deadline(state, env, role):
                    state.become_prospective(env)
            case Prospective():
                voting.give_up(state, env)
            case Candidate(backing_off=False) as role:
                voting.back_off(state, env, role)
            case Candidate() | Unattached() | Resigned():
                state.become_prospective(env)
            case Leader():
                pass

    def _pursue(self, env: Env) -> None:
        """Ask for whatever the role still wants; what is out already is not asked twice."""
        state = self.state
        match state.role:
            case Prospective() | Candidate() as role:
                voting.ask_for_votes(state, env, role)
            case Leader() as role:
                leading.make_known(state, env, role)
            case Resigned() as role:
                leading.say_farewell(state, env, role)
            case Follower() as role:
                following.fetch(state, env, role)
            case Unattached():
                pass

    def _dethroned(self, env: Env, before: Role) -> None:
        """Who led until this turn lets go of those who wait for it."""
        if isinstance(before, Leader) and before is not self.state.role:
            leading.refuse_parked(self.state, env, before)

    # --- requests and answers ---------------------------------------------------------------------

    def _asked(self, env: Env, sender: Address, correlation_id: int, body: object) -> object | None:
        state = self.state
        match body:
            case VoteRequest():
                return voting.vote_asked(state, env, body)
            case QuorumFetchRequest():
                return leading.fetch_asked(state, env, sender, correlation_id, body)
            case BeginQuorumEpochRequest():
                return following.begun(state, env, body)
            case EndQuorumEpochRequest():
                return following.ended(state, env, body)
            case FetchSnapshotRequest():
                return leading.snapshot_asked(state, body)
            case _:
                raise AssertionError(body)

    def _answered(self, env: Env, response: Response) -> bool:
        """Returns whether to go on at once."""
        state = self.state
        state.losses = 0
        tag = state.net.answered(response.correlation_id)
        body = response.body
        assert isinstance(
            body,
            VoteResponse | QuorumFetchResponse | BeginQuorumEpochResponse | EndQuorumEpochResponse
            | FetchSnapshotResponse,
        ), body  # fmt: skip
        state.observe(env, body.leader_epoch, body.leader_id)
        if tag is None or tag[1:3] != (state.role.name, state.epoch):
            return True  # nobody waits for it any more: the time is over, or it was asked in another role
        voter_id = tag[3]
        match body:
            case VoteResponse():
                if body.error_code is ErrorCode.NONE:
                    voting.vote_answered(state, env, voter_id, body)
            case QuorumFetchResponse() | FetchSnapshotResponse():
                return self._fetched(env, body)
            case EndQuorumEpochResponse():
                if isinstance(state.role, Resigned):
                    state.role.acknowledged[voter_id] = None
            case BeginQuorumEpochResponse():
                pass
        return True

    def _fetched(self, env: Env, body: QuorumFetchResponse | FetchSnapshotResponse) -> bool:
        state, role = self.state, self.state.role
        assert isinstance(role, Follower), role
        if body.error_code is ErrorCode.NOT_LEADER_OR_FOLLOWER:
            state.become_unattached(env, state.epoch, state.election.voted_id)
            return True
        if isinstance(body, QuorumFetchResponse):
            return following.fetched(state, env, role, body)
        return following.snapshot_fetched(state, env, role, body)


def _payload(answer: object) -> int:
    if isinstance(answer, QuorumFetchResponse):
        return sum(batch.size for batch in answer.records)
    return len(answer.unaligned_records) if isinstance(answer, FetchSnapshotResponse) else 0
