"""QuorumState: one voter: its log, what it must remember, and its role, with the ways from one role to another."""

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.protocol.messages.quorum import NO_NODE
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.raft.election_state import ElectionState
from lab.kafka.raft.raft_log import RaftLog
from lab.kafka.raft.roles import Candidate, Follower, Leader, Progress, Prospective, Resigned, Role, Unattached
from lab.kafka.raft.voters import CHANNEL, Voters
from lab.kafka.rpc.network_client import NetworkClient

DEADLINE, CHECK_QUORUM, BEGIN_AGAIN, LINGER, PARKED, RETRY = (
    "raft-deadline", "raft-majority", "raft-begin", "raft-linger", "raft-parked", "raft-retry",
)  # fmt: skip
TIMERS = dict.fromkeys((DEADLINE, CHECK_QUORUM, BEGIN_AGAIN, LINGER, PARKED, RETRY))
BACKOFF_BASE_MS = 100
RECONNECT_MS = 50
RECONNECT_MAX_MS = 500
"""How long a voter's network client waits before it connects again; no settings in Kafka either."""
LEADER_CHANGE_KEY = b"\x00\x00\x00\x02"
"""Version 0 and Kafka's number of LEADER_CHANGE."""
REQUEST_BYTES = 96


class QuorumState:
    """What one voter is. Its role changes only here; each change is on the disk before anybody hears of it."""

    __slots__ = ("config", "election", "log", "losses", "net", "replica_id", "retries", "role", "voters")

    def __init__(
        self, replica_id: int, voters: Voters, config: BrokerConfig, log: RaftLog, election: ElectionState
    ) -> None:
        self.replica_id = replica_id
        self.voters = voters
        self.config = config
        self.log = log
        self.election = election
        self.role: Role = Unattached()
        self.net = NetworkClient(CHANNEL, millis(config.controller_quorum_request_timeout_ms))
        self.retries = 0
        self.losses = 0

    @property
    def epoch(self) -> int:
        """The newest epoch this voter has heard of."""
        return self.election.epoch

    @property
    def leader_id(self) -> int:
        """The leader of that epoch, where this voter knows one that has not resigned; else -1."""
        return NO_NODE if isinstance(self.role, Resigned) else self.election.leader_id

    # --- becoming ---------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Go on from what the disk says (spec 3.3.1)."""
        entries = tuple(self.log.log.epochs.entries)
        env.tell(facts.QuorumLogLoaded(self.replica_id, self.log.end_offset, entries))
        election = self.election
        if len(self.voters.members) == 1:
            self.become_candidate(env)
        elif election.epoch < self.log.last_epoch:
            self.become_unattached(env, self.log.last_epoch)
        elif election.leader_id == self.replica_id:
            self.become_resigned(env)
        elif election.leader_id >= 0:
            self.become_follower(env, election.epoch, election.leader_id)
        elif election.voted_id == self.replica_id:
            self._stand(env)
        else:
            self.become_unattached(env, election.epoch, election.voted_id)

    def become_unattached(self, env: Env, epoch: int, voted_id: int = NO_NODE, within: Micros | None = None) -> None:
        """No leader is known. `within`: how long to wait for one, where it is not the election time-out."""
        self.election.write(env.disk, epoch, NO_NODE, voted_id)
        self.role = Unattached()
        self._changed(env, self.election_timeout(env) if within is None else within)

    def become_follower(self, env: Env, epoch: int, leader_id: int) -> None:
        """Fetch from this leader."""
        assert leader_id != self.replica_id, epoch
        voted_id = self.election.voted_id if epoch == self.epoch else NO_NODE
        self.election.write(env.disk, epoch, leader_id, voted_id)
        self.role = Follower()
        self.retries = 0
        self._changed(env, millis(self.config.controller_quorum_fetch_timeout_ms))

    def become_prospective(self, env: Env) -> None:
        """Ask for votes that bind nobody. The epoch stays, so that nobody is disturbed by one who cannot win."""
        if self.election.leader_id == self.replica_id:
            self.election.write(env.disk, self.epoch, NO_NODE, self.election.voted_id)
        self.role = Prospective({self.replica_id: True})
        self._changed(env, self.election_timeout(env))

    def become_candidate(self, env: Env) -> None:
        """A new epoch, and the first vote for oneself."""
        self.retries += 1
        self.election.write(env.disk, self.epoch + 1, NO_NODE, self.replica_id)
        env.tell(facts.QuorumVoteGranted(self.replica_id, self.epoch, self.replica_id))
        self._stand(env)

    def _stand(self, env: Env) -> None:
        self.role = Candidate({self.replica_id: True})
        self._changed(env, self.election_timeout(env))
        if self.voters.majority == 1:
            self.become_leader(env)

    def become_leader(self, env: Env) -> None:
        """The epoch begins in the log with a LeaderChange; nothing is committed before that is (Raft 5.4.2)."""
        self.election.write(env.disk, self.epoch, self.replica_id, self.election.voted_id)
        start = self.log.end_offset
        progress = {one: Progress() for one in self.voters.others(self.replica_id)}
        self.role = role = Leader(start, start, progress, env.now, majority_at=env.now)
        self.retries = 0
        env.cancel_timer(DEADLINE)
        self._tell_role(env)
        change = Record(0, env.wall_time_ms, LEADER_CHANGE_KEY, b"")
        self.write(env, [RecordBatch.build([change], base_offset=start, leader_epoch=self.epoch, control=True)])
        role.next_offset = self.log.end_offset
        if not progress:
            self.commit(env, self.log.end_offset)
        else:
            env.set_timer(CHECK_QUORUM, env.now + self.check_quorum)
            env.set_timer(BEGIN_AGAIN, env.now + millis(self.config.controller_quorum_fetch_timeout_ms) // 2)

    def become_resigned(self, env: Env) -> None:
        """Lead no longer in this epoch, and name as successors those who are furthest."""
        progress = self.role.progress if isinstance(self.role, Leader) else {}
        successors = tuple(sorted(progress, key=lambda one: -progress[one].end_offset))
        self.role = Resigned(successors or self.voters.others(self.replica_id))
        self._changed(env, self.election_timeout(env))

    def _changed(self, env: Env, within: Micros) -> None:
        env.set_timer(DEADLINE, env.now + within)
        self._tell_role(env)

    def _tell_role(self, env: Env) -> None:
        env.tell(facts.QuorumRoleChanged(self.replica_id, self.role.name, self.epoch, self.leader_id))

    # --- hearing of others ------------------------------------------------------------------------

    def observe(self, env: Env, epoch: int, leader_id: int) -> None:
        """Somebody knows of this epoch, and perhaps of its leader: whoever hears of a higher one steps into it."""
        known = leader_id >= 0 and leader_id != self.replica_id
        if epoch > self.epoch:
            if known:
                self.become_follower(env, epoch, leader_id)
            else:
                self.become_unattached(env, epoch)
        elif epoch == self.epoch and known and self.election.leader_id < 0:
            self.become_follower(env, epoch, leader_id)

    def grant(self, env: Env, candidate_id: int) -> None:
        """Give the vote of this epoch away, durably."""
        self.election.write(env.disk, self.epoch, NO_NODE, candidate_id)
        env.tell(facts.QuorumVoteGranted(self.replica_id, self.epoch, candidate_id))
        if isinstance(self.role, Unattached):
            env.set_timer(DEADLINE, env.now + self.election_timeout(env))

    # --- the log ----------------------------------------------------------------------------------

    def write(self, env: Env, batches: list[RecordBatch]) -> None:
        """Append, flush, and say so. Raises DiskFull."""
        self.log.append(batches, env.wall_time_ms)
        leading = isinstance(self.role, Leader)
        for one in batches:
            env.tell(facts.QuorumAppended(self.replica_id, one.base_offset, one.next_offset, one.leader_epoch, leading))

    def commit(self, env: Env, offset: int) -> None:
        """The high watermark is at least here."""
        if self.log.commit(offset):
            leading = isinstance(self.role, Leader)
            moved = facts.QuorumHighWatermarkMoved(self.replica_id, self.log.high_watermark, self.epoch, leading)
            env.tell(moved)

    # --- how long ---------------------------------------------------------------------------------

    def election_timeout(self, env: Env) -> Micros:
        """The base and up to as much again, by chance: so that seldom two stand at once."""
        base = self.config.controller_quorum_election_timeout_ms
        return millis(base + env.dice.below(base))

    def backoff(self, env: Env) -> Micros:
        """How long a candidate waits that has lost: longer, the oftener it stood."""
        most = self.config.controller_quorum_election_backoff_max_ms
        return millis(min(BACKOFF_BASE_MS * env.dice.below(1 << min(self.retries, 16)), most))

    def succession(self, position: int, count: int) -> Micros:
        """How long the successor at a position waits when its leader has resigned; the first stands at once."""
        most = self.config.controller_quorum_election_backoff_max_ms
        return millis(min(most, (most >> max(count - 1, 0)) << (position - 1))) if position > 0 else 0

    @property
    def check_quorum(self) -> Micros:
        """A leader that no majority fetches from for so long resigns."""
        return millis(self.config.controller_quorum_fetch_timeout_ms) * 3 // 2

    # --- asking -----------------------------------------------------------------------------------

    def ask(self, env: Env, replica_id: int, body: object) -> None:
        """Send a request to another voter, unless one of the kind is out to it in this epoch and role."""
        tag = (type(body).__name__, self.role.name, self.epoch, replica_id)
        if any(one.tag == tag for one in self.net.in_flight.values()):
            return
        self.net.send(env, self.voters.address(replica_id), body, REQUEST_BYTES, tag)
        self.retry_by(env, env.now + self.net.request_timeout)

    def retry_by(self, env: Env, at: Micros) -> None:
        """Look again at what has no answer, at the latest then."""
        deadline = self.net.next_deadline()
        env.set_timer(RETRY, at if deadline is None else min(at, deadline))

    def retry_after_loss(self, env: Env) -> None:
        """A connection was lost or refused: try again, later each time until somebody answers."""
        backoff = min(RECONNECT_MS << min(self.losses, 8), RECONNECT_MAX_MS)
        self.losses += 1
        env.set_timer(RETRY, env.now + millis(backoff))

    def retry_after_error(self, env: Env) -> None:
        """An answer was of no use: ask again after retry.backoff.ms."""
        env.set_timer(RETRY, env.now + millis(self.config.controller_quorum_retry_backoff_ms))
