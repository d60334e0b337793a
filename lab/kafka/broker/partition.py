"""Partition: one replica of one partition as its broker sees it, leading or following (spec 2.4 to 2.6)."""

from lab.env import Env, Micros, Packed, millis
from lab.kafka import facts
from lab.kafka.broker.fetch_session import FetchSession
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.unified_log import AppendInfo, UnifiedLog
from lab.kafka.log.validator import AppendRefused
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import AlteredPartition
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

UNKNOWN = -1


class RemoteReplica(Packed):
    """What a leader knows of one follower; `told_high_watermark`: the newest one it was sent."""

    __slots__ = (
        "broker_epoch",
        "eligible",
        "last_caught_up",
        "last_fetch",
        "last_fetch_leader_end",
        "log_end_offset",
        "log_start_offset",
        "session",
        "told_high_watermark",
        "told_log_start",
    )

    def __init__(self, caught_up: Micros) -> None:
        self.log_end_offset = UNKNOWN
        self.log_start_offset = 0
        self.last_fetch: Micros = 0
        self.last_fetch_leader_end = 0
        self.last_caught_up = caught_up
        self.broker_epoch = -1
        self.eligible = True
        self.session: FetchSession | None = None
        self.forget_told()

    def forget_told(self) -> None:
        """A new process or a new connection: what was said before may not have been heard."""
        self.told_high_watermark = UNKNOWN
        self.told_log_start = UNKNOWN


class Partition(Packed):
    """One replica. `become_leader` and `become_follower` are the only ways to be either. `watchers`: the sessions in
    which others fetch from here. `touched`: where a follower notes that its next fetch has something to say of it.
    """

    __slots__ = (
        "broker_id",
        "epoch_start_offset",
        "in_sync_replicas",
        "lag_max",
        "leader_epoch",
        "leader_id",
        "leading",
        "log",
        "partition",
        "partition_epoch",
        "pending_isr",
        "recovering",
        "remotes",
        "replicas",
        "topic_id",
        "touched",
        "waiting_fetches",
        "waiting_produces",
        "watchers",
    )

    def __init__(self, broker_id: int, log: UnifiedLog, lag_max_ms: int, topic_id: TopicId) -> None:
        self.broker_id = broker_id
        self.topic_id = topic_id
        self.log = log
        self.partition: TopicPartition = log.partition
        self.lag_max = millis(lag_max_ms)
        self.leading = False
        self.leader_id = -1
        self.leader_epoch = -1
        self.partition_epoch = -1
        self.replicas: tuple[int, ...] = ()
        self.in_sync_replicas: tuple[int, ...] = ()
        self.pending_isr: tuple[int, ...] | None = None
        self.recovering = False
        self.remotes: dict[int, RemoteReplica] = {}
        self.epoch_start_offset = 0
        self.waiting_produces: dict[int, None] = {}
        self.waiting_fetches: dict[int, None] = {}
        self.watchers: dict[int, FetchSession] = {}
        self.touched: dict[TopicPartition, None] | None = None

    @property
    def config(self) -> TopicConfig:
        """The topic's settings."""
        return self.log.config

    @property
    def maximal_isr(self) -> tuple[int, ...]:
        """The ISR with a pending expansion in, and a pending shrink not out: whatever the controller answers, the
        high watermark was right.
        """
        pending = self.pending_isr
        if pending is None:
            return self.in_sync_replicas
        return tuple(dict.fromkeys((*self.in_sync_replicas, *pending)))

    @property
    def min_isr(self) -> int:
        """`min.insync.replicas`, but never more than there are replicas."""
        return min(self.log.config.min_insync_replicas, len(self.replicas))

    def _too_few_in_sync(self) -> bool:
        """Fewer than `min_isr`; asked with every batch, and answered without working that out where it is plain."""
        count = len(self.in_sync_replicas)
        return count < self.log.config.min_insync_replicas and count < len(self.replicas)

    # --- becoming (spec 2.5) ----------------------------------------------------------------------

    def become_leader(self, env: Env, state: PartitionState) -> None:
        """The controller says this broker leads."""
        new_epoch = state.leader_epoch > self.leader_epoch
        self._install(state)
        if not new_epoch and self.leading:
            self._follow_assignment(env)
            self._advance_high_watermark(env)
            return
        self.leading = True
        self.epoch_start_offset = self.log.log_end_offset
        self.log.begin_epoch(state.leader_epoch)
        self.remotes = {
            one: RemoteReplica(env.now if one in state.isr else 0) for one in state.replicas if one != self.broker_id
        }
        env.tell(facts.BecameLeader(self.partition, state.leader_epoch, self.log.log_end_offset, self.in_sync_replicas))
        self._advance_high_watermark(env)

    def _follow_assignment(self, env: Env) -> None:
        """A reassignment brings followers, and takes them away, within an epoch."""
        remotes = self.remotes
        if len(remotes) + 1 == len(self.replicas) and all(one in self.replicas for one in remotes):
            return
        self.remotes = {
            one: remotes.get(one) or RemoteReplica(env.now if one in self.in_sync_replicas else 0)
            for one in self.replicas if one != self.broker_id
        }  # fmt: skip

    def become_follower(self, env: Env, state: PartitionState) -> bool:
        """The controller says another leads, or nobody. Returns whether the epoch or leader is new."""
        changed = state.leader_epoch > self.leader_epoch or self.leading or self.leader_id != state.leader_id
        self._install(state)
        self.leading = False
        self.remotes = {}
        if changed:
            env.tell(facts.BecameFollower(self.partition, state.leader_epoch, state.leader_id, self.log.log_end_offset))
        return changed

    def _install(self, state: PartitionState) -> None:
        self.replicas = state.replicas
        self.in_sync_replicas = state.isr
        self.pending_isr = None
        self.leader_id = state.leader_id
        self.leader_epoch = state.leader_epoch
        self.partition_epoch = state.partition_epoch
        self.recovering = state.recovering
        self._isr_changed()

    # --- appending --------------------------------------------------------------------------------

    def append_as_leader(
        self, env: Env, batch: RecordBatch, acks: int, *, from_client: bool = True
    ) -> AppendInfo | AppendRefused:
        """Append what a client or a coordinator brings. Raises DiskFull."""
        if not self.leading:
            # A coordinator may still be at work while its broker learns that another leads.
            return AppendRefused(ErrorCode.NOT_LEADER_OR_FOLLOWER, "another broker leads")
        if acks == -1 and self._too_few_in_sync():
            return AppendRefused(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"{len(self.in_sync_replicas)} in sync, min.insync.replicas is {self.min_isr}",
            )
        end = self.log.log_end_offset
        info = self.log.append_as_leader(batch, self.leader_epoch, env.wall_time_ms, from_client=from_client)
        if isinstance(info, AppendInfo) and info.batch is not None:
            self._left_behind(end)
            if env.hears(facts.Appended):
                env.tell(facts.Appended(self.partition, info.batch, self.leader_epoch))
            if info.rolled:
                env.tell(facts.SegmentRolled(self.partition, info.base_offset))
            high_watermark = self.log.high_watermark
            self._advance_high_watermark(env)
            info.committed = self.log.high_watermark > high_watermark
        return info

    def append_as_follower(self, env: Env, batch: RecordBatch) -> None:
        """Append what the leader sent. Raises DiskFull."""
        rolled = self.log.append_as_follower(batch, env.wall_time_ms)
        self._touch()
        env.tell(facts.Copied(self.partition, batch, self.leader_epoch))
        if rolled:
            env.tell(facts.SegmentRolled(self.partition, batch.base_offset))

    def follow_high_watermark(self, env: Env, leader_high_watermark: int) -> None:
        """A follower takes the leader's high watermark, as far as its own log reaches."""
        log = self.log
        if leader_high_watermark > log.high_watermark < log.log_end_offset:
            high_watermark = min(leader_high_watermark, log.log_end_offset)
            log.set_high_watermark(high_watermark)
            self.changed()
            env.tell(facts.HighWatermarkLearnt(self.partition, high_watermark, log.log_end_offset, self.leader_epoch))
            if log.producers.transactional:
                self._tell_stable(env)

    def _tell_stable(self, env: Env) -> None:
        log = self.log
        env.tell(
            facts.LastStableOffsetMoved(
                self.partition, log.last_stable_offset, log.high_watermark, self.leader_epoch, self.leading
            )
        )

    def truncate(self, env: Env, offset: int) -> None:
        """Cut the end off, because the leader's log says otherwise."""
        end, high_watermark = self.log.log_end_offset, self.log.high_watermark
        self.log.truncate_to(offset, env.wall_time_ms)
        self._touch()
        if offset < end:
            env.tell(facts.Truncated(self.partition, offset, end, high_watermark))

    def log_start_moved(self, env: Env, reason: str) -> None:
        """The log begins later than it did: by retention, by DeleteRecords, or as the leader says."""
        self.changed()
        self._touch()
        env.tell(facts.LogStartMoved(self.partition, self.log.log_start_offset, reason))

    # --- what followers tell (spec 2.4) -----------------------------------------------------------

    def fetched_by(
        self, env: Env, replica_id: int, offset: int, broker_epoch: int, session: FetchSession | None = None,
        log_start_offset: int = 0,
    ) -> bool:  # fmt: skip
        """A follower fetched from `offset`, so it has all below. Returns whether the ISR should grow by it."""
        remote = self.remotes.get(replica_id)
        if remote is None:
            return False
        remote.session = session
        end = self.log.log_end_offset
        if offset >= end:
            remote.last_caught_up = env.now
        elif offset >= remote.last_fetch_leader_end:
            remote.last_caught_up = max(remote.last_caught_up, remote.last_fetch)
        remote.last_fetch_leader_end = end
        remote.last_fetch = env.now
        remote.log_start_offset = log_start_offset
        if remote.broker_epoch != broker_epoch:
            remote.forget_told()
            remote.broker_epoch = broker_epoch
        moved = remote.log_end_offset != offset
        remote.log_end_offset = offset
        if moved:
            self._advance_high_watermark(env)
        return (
            replica_id not in self.in_sync_replicas
            and self.pending_isr is None
            and offset >= self.log.high_watermark
            and offset >= self.epoch_start_offset
        )

    @property
    def awaited(self) -> bool:
        """Whether any request may wait for something to happen here."""
        return bool(self.waiting_fetches or self.waiting_produces or self.watchers)

    def _left_behind(self, end: int) -> None:
        """The log has grown beyond `end`. A follower that had got so far, and has since asked for more in a session
        without naming this partition again, was caught up when it last did.
        """
        self.changed()
        for remote in self.remotes.values():
            session = remote.session
            if session is not None and remote.log_end_offset == end:
                remote.last_caught_up = remote.last_fetch = session.last_fetch
                remote.last_fetch_leader_end = end

    def changed(self) -> None:
        """Those who watch this partition may have something to hear."""
        for session in self.watchers.values():
            session.stale[self.partition] = None

    def _touch(self) -> None:
        """The next fetch has something else to say of this partition."""
        if self.touched is not None:
            self.touched[self.partition] = None

    def _isr_changed(self) -> None:
        """Also a follower that has nothing new to say is looked at until it is in sync."""
        self.changed()
        for session in self.watchers.values():
            asked = session.request
            if (
                session.follower
                and asked.replica_id not in self.in_sync_replicas
                and self.partition in asked.partitions
            ):
                session.outside[self.partition] = None

    def _advance_high_watermark(self, env: Env) -> None:
        """To the slowest of those that must have a record for it to be committed."""
        log = self.log
        end = log.log_end_offset
        if end == log.high_watermark or not self.leading:
            return
        if self._too_few_in_sync():
            return  # KAFKA-15583: below min.insync.replicas nothing is committed, not even for acks=1
        if self.remotes:
            end = self._replicated(env, end)
        if end > log.high_watermark:
            log.set_high_watermark(end)
            self.changed()
            if env.hears(facts.HighWatermarkMoved):
                env.tell(facts.HighWatermarkMoved(self.partition, end, log.log_end_offset, self.leader_epoch))
            if log.producers.transactional:
                self._tell_stable(env)

    def _replicated(self, env: Env, end: int) -> int:
        """Up to where all have the log, of which this replica has all up to `end`."""
        required = self.in_sync_replicas if self.pending_isr is None else self.maximal_isr
        for replica_id, remote in self.remotes.items():
            if remote.log_end_offset < end and (
                replica_id in required
                or (remote.eligible and remote.log_end_offset >= 0
                    and env.now - remote.last_caught_up <= self.lag_max)
            ):  # fmt: skip
                end = remote.log_end_offset
        return end

    def note_active(self, env: Env, active: dict[int, None]) -> None:
        """Which brokers may be in sync at all: the high watermark waits for no other."""
        for replica_id, remote in self.remotes.items():
            remote.eligible = replica_id in active
        self._advance_high_watermark(env)

    # --- the in-sync replicas (spec 2.6) ----------------------------------------------------------

    def lagging(self, now: Micros) -> tuple[int, ...]:
        """Members of the ISR that have not been caught up for replica.lag.time.max.ms."""
        if not self.leading or self.pending_isr is not None:
            return ()
        end = self.log.log_end_offset
        return tuple(
            one for one in self.in_sync_replicas
            if one != self.broker_id and (remote := self.remotes.get(one)) is not None
            and remote.log_end_offset != end and now - remote.last_caught_up > self.lag_max
        )  # fmt: skip

    def propose_isr(self, isr: tuple[int, ...]) -> None:
        """Asked the controller for another ISR."""
        self.pending_isr = isr

    def settle_isr(self, env: Env, answer: AlteredPartition) -> bool:
        """The controller's answer. Returns whether to ask again."""
        if self.pending_isr is None:
            return False
        match answer.error_code:
            case ErrorCode.NONE if answer.leader_epoch > self.leader_epoch:
                pass  # a reassignment has ended with this change: metadata says who the replicas are now
            case ErrorCode.NONE:
                if answer.partition_epoch > self.partition_epoch:
                    self.in_sync_replicas = answer.isr
                    self.partition_epoch = answer.partition_epoch
                    self.recovering = False
                    self._isr_changed()
                    env.tell(facts.IsrCommitted(self.partition, answer.isr, answer.partition_epoch, self.leader_epoch))
                self.pending_isr = None
                self._advance_high_watermark(env)
            case ErrorCode.INELIGIBLE_REPLICA:
                self.pending_isr = None
                self._advance_high_watermark(env)
            case (
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode.UNKNOWN_TOPIC_ID
                | ErrorCode.FENCED_LEADER_EPOCH
                | ErrorCode.INVALID_UPDATE_VERSION
                | ErrorCode.INVALID_REQUEST
                | ErrorCode.NEW_LEADER_ELECTED
            ):
                pass  # the pending one stays until metadata says what is true
            case _:
                return True
        return False

    # --- epochs -----------------------------------------------------------------------------------

    def leader_error(self, current_leader_epoch: int) -> ErrorCode:
        """Why this replica does not answer one that wants the leader of that epoch; NONE if it does."""
        error = self.epoch_error(current_leader_epoch)
        return ErrorCode.NOT_LEADER_OR_FOLLOWER if not error and not self.leading else error

    def epoch_error(self, current_leader_epoch: int) -> ErrorCode:
        """Whether the asker believes in this leader's epoch; -1 does not say."""
        if current_leader_epoch < 0 or current_leader_epoch == self.leader_epoch:
            return ErrorCode.NONE
        if current_leader_epoch < self.leader_epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        return ErrorCode.UNKNOWN_LEADER_EPOCH
