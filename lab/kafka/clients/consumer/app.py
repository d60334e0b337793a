"""ConsumerApp: an application's poll loop around a consumer (spec 6.7, 6.11).

poll() returns records, the application works on each for a while, then polls again. Heartbeats have a thread
of their own. Commit policies: auto (inside the next poll as the Java client, or from a thread as librdkafka), sync
and async (after the batch), record (after each), before (at-most-once), none.
"""

from lab.env import Address, Env, Micros, Timer, millis
from lab.kafka import facts
from lab.kafka.clients.births import birth_of
from lab.kafka.clients.consumer.classic_membership import ClassicMembership
from lab.kafka.clients.consumer.commits import Commits, is_commit
from lab.kafka.clients.consumer.consumer_membership import ConsumerMembership
from lab.kafka.clients.consumer.fetcher import Fetcher
from lab.kafka.clients.consumer.membership import LEFT, STABLE, Membership
from lab.kafka.clients.metadata import Metadata
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.orders import (
    PausePartitions,
    PauseWork,
    ResumePartitions,
    ResumeWork,
    Seek,
    SetClientConfig,
    SetWork,
    Shutdown,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchResponse, IsolationLevel
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse
from lab.kafka.protocol.messages.list_offsets import ListOffsetsResponse
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochResponse
from lab.kafka.protocol.messages.offsets import (
    OffsetCommitResponse,
    OffsetFetchResponse,
)
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Response
from lab.kafka.rpc.network_client import NetworkClient, Tag

REQUEST_BYTES = 96
WORK, LOOP, CLOSED = "work", "loop", "closed"
CHUNK_US: Micros = 1_000
"""Work shorter than this a record is done in chunks, so that a fast consumer costs few events."""
CHUNK_MAX = 500
PATIENCE: Micros = millis(250)
NEVER: Micros = 1 << 62


class ConsumerApp:
    """One member of a group, and the application that it is."""

    def __init__(
        self,
        name: str,
        group_id: str,
        topics: tuple[str, ...],
        config: ConsumerConfig,
        per_record_us: Micros,
        commit: str,
        bootstrap: tuple[str, ...],
    ) -> None:
        self.name = name
        self.group_id = group_id
        self.topics = topics
        self.config = config
        self.per_record_us = per_record_us
        self.net = NetworkClient(name, config.request_timeout_us)
        self._open(bootstrap, commit)
        self.last_poll_at: Micros = 0
        self.wakes_at: Micros | None = None

    def _open(self, bootstrap: tuple[str, ...], commit: str) -> None:
        """A new consumer with the settings of now: a stranger to its group, with nothing in hand."""
        self.metadata = Metadata(bootstrap, self.topics)
        self.net.request_timeout = self.config.request_timeout_us
        modern = self.config.group_protocol.lower() == "consumer"
        kind = ConsumerMembership if modern else ClassicMembership
        self.membership: Membership = kind(self.name, self.group_id, self.topics, self.config, self.metadata, self.net)
        self.fetcher = Fetcher(self.group_id, self.name, self.config, self.metadata, self.net)
        self.commits = Commits(self.name, self.config, commit, self.membership, self.fetcher, self.net)
        self.work: list[tuple[TopicPartition, Record]] = []
        self.done = 0
        self.working = False
        self.paused = False
        self.closing = False
        self.asking_offsets = False
        self.retry_at: Micros = 0

    # --- turns ------------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Subscribe and begin to poll."""
        self.last_poll_at = env.now
        self._loop(env)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer, or an order."""
        if isinstance(body, Response):
            self._answered(env, sender, body)
        else:
            self._ordered(env, body)
        self._loop(env)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone."""
        self._lost(env, peer, self.net.lost(peer))
        self._loop(env)

    def wake(self, env: Env, timer: Timer) -> None:
        """Work is done, or something is due."""
        if timer == CLOSED:
            if self.config is self.commits.config:
                env.stop()
                return
            self.net.in_flight.clear()
            self._open(self.metadata.bootstrap, self.commits.policy)
        if timer == WORK:
            self._work_done(env)
        else:
            self.wakes_at = None
            for tag in self.net.expired(env.now):
                self._timed_out(env, tag)
        self._loop(env)

    def _loop(self, env: Env) -> None:
        """Whatever can be done now; then see when to look again."""
        self.membership.heartbeat(env)
        if self.commits.in_background and self.membership.stage == STABLE:
            self.commits.automatically(env, self.work[self.done :])
        self._refresh_metadata(env)
        if self.commits.retry(env):
            self._go_on(env)
        if self._is_busy():
            self._watch_poll_interval(env)
        elif self.closing:
            self._close(env)
            return
        else:
            self._poll(env)
        self._schedule(env)

    def _is_busy(self) -> bool:
        """Whether the application is somewhere else than in poll()."""
        return self.working or self.paused or self.commits.waiting

    def _schedule(self, env: Env) -> None:
        """A quarter of a second is often enough for what nobody announces; deadlines are kept exactly."""
        now = env.now
        first = self._answers_due(now, self._group_due(now))
        if first < NEVER and (self.wakes_at is None or first < self.wakes_at):
            self.wakes_at = first
            env.set_timer(LOOP, first)

    def _group_due(self, now: Micros) -> Micros:
        """When the group is to hear of this member again, or the application has been away for too long."""
        membership, commits = self.membership, self.commits
        stable = membership.stage == STABLE
        first = membership.heartbeat_at if stable and membership.heartbeat_at > now else NEVER
        if (self.metadata.needed or not stable) and now + PATIENCE < first:
            first = now + PATIENCE
        busy = self._is_busy()
        if busy:
            at = self.last_poll_at + self.config.max_poll_interval_us
            if now < at < first:
                first = at
        if (not busy or commits.in_background) and commits.auto and now < commits.auto_at < first:
            first = commits.auto_at
        return first

    def _answers_due(self, now: Micros, first: Micros) -> Micros:
        """When something is asked again, or has been out for too long; `first`, if that comes before."""
        for at in (self.membership.retry_at, self.retry_at, self.fetcher.next_retry(now), self.net.next_deadline()):
            if at is not None and now < at < first:
                first = at
        if self.commits.waiting:
            for at in (self.commits.deadline, self.commits.retry_at):
                if now < at < first:
                    first = at
        return first

    # --- poll() -----------------------------------------------------------------------------------

    def _poll(self, env: Env) -> None:
        """One poll(): membership, auto-commit, positions, records."""
        self.last_poll_at = env.now
        membership = self.membership
        if membership.exception or self.fetcher.exception:
            self._throw(env, membership.exception or self.fetcher.exception)
            return
        if membership.stage == LEFT:
            membership.come_back()
        if membership.assignment is not None:
            self._take_assignment(env, membership.assignment)
        if membership.rejoin and membership.stage in (STABLE, "unjoined") and membership.coordinator is not None:
            self._prepare_to_join(env)
        membership.advance(env)
        self.commits.automatically(env)
        if self.fetcher.unsettled:
            self._find_offsets(env)
        self.fetcher.update_positions(env)
        parts = self.fetcher.collect(self._handed_out())
        if self.fetcher.exception:
            if self.fetcher.corrupt is not None:
                env.tell(facts.CorruptBatchFound(*self.fetcher.corrupt))
            self._throw(env, self.fetcher.exception)
            return
        self.fetcher.send_fetches(env)
        self.work = [(part.partition, record) for part in parts for record in part.records]
        for part in parts:
            if part.hidden:
                env.tell(facts.OffsetsHidden(self.group_id, self.name, part.partition, part.hidden))
            if part.records:
                self._tell_polled(env, part.partition, part.records, part.high_watermark)
        if not self.work:
            return
        self.done = 0
        if self.commits.policy == "before":
            self.commits.send(env, self.commits.due(), wait=True)
        if not self.commits.waiting:
            self._begin_work(env)

    def _throw(self, env: Env, exception: str) -> None:
        """poll() throws, which ends the application."""
        env.tell(facts.PollFailed(self.group_id, self.name, exception))
        self._close(env)

    def _handed_out(self) -> int:
        """The most that one poll() returns. A client that hands out single records gives as many as are worked on in
        a millisecond: nothing could come between them.
        """
        if self.config.flavour.hands_out_one:
            return min(self._chunk(), CHUNK_MAX)
        return self.config.max_poll_records

    def _tell_polled(self, env: Env, partition: TopicPartition, records: list[Record], high_watermark: int) -> None:
        env.tell(
            facts.RecordsPolled(
                self.group_id, self.name, partition, tuple([record.offset for record in records]),
                tuple([birth_of(record) for record in records]), high_watermark,
            )
        )  # fmt: skip

    # --- work -------------------------------------------------------------------------------------

    def _chunk(self) -> int:
        """How many records are worked on without a look around: one, or as many as fit into a millisecond."""
        if self.commits.policy == "record":
            return 1
        return max(1, CHUNK_US // self.per_record_us) if self.per_record_us else 1 << 30

    def _begin_work(self, env: Env) -> None:
        """Work on the next record, or on as many as fit into a millisecond."""
        self.working = True
        chunk = min(len(self.work) - self.done, self._chunk())
        env.set_timer(WORK, env.now + chunk * self.per_record_us)

    def _work_done(self, env: Env) -> None:
        """Some records are finished. The last one of the batch ends with a commit, if that is the policy."""
        if not self.working:
            return
        chunk = min(len(self.work) - self.done, self._chunk())
        for partition, record in self.work[self.done : self.done + chunk]:
            self._finish(env, partition, record)
        self.done += chunk
        self.working = False
        finished = self.done >= len(self.work)
        if self.commits.policy == "record":
            partition, record = self.work[self.done - 1]
            self.commits.send(env, {partition: record.offset + 1}, wait=True)
        elif finished:
            self._all_finished(env)
        if finished:
            self.work = []
        elif not self.commits.waiting and not self.paused:
            self._begin_work(env)

    def _finish(self, env: Env, partition: TopicPartition, record: Record) -> None:
        """The work on one record is done."""
        env.tell(facts.RecordDone(self.group_id, self.name, partition, record.offset, birth_of(record), record.key))

    def _all_finished(self, env: Env) -> None:
        """All that poll() had returned is done."""
        if self.commits.policy in ("sync", "async"):
            self.commits.send(env, self.commits.due(), wait=self.commits.policy == "sync")

    def _go_on(self, env: Env) -> None:
        """commitSync has returned: go on where the policy says."""
        if self.work and self.done < len(self.work) and not self.paused:
            self._begin_work(env)

    # --- membership -------------------------------------------------------------------------------

    def _prepare_to_join(self, env: Env) -> None:
        """onJoinPrepare: with eager assignors everything is given up before the group rebalances."""
        membership = self.membership
        if env.now < membership.retry_at or membership.stage not in (STABLE, "unjoined"):
            return
        if membership.lost:
            self._give_up(env, membership.owned, lost=True)
            self.fetcher.assign(())
            membership.owned = ()
            membership.lost = False
        elif not membership.cooperative and membership.owned:
            self.commits.before_giving_up(env)
            self._give_up(env, membership.owned, lost=False)
            self.fetcher.assign(())
            membership.owned = ()

    def _give_up(self, env: Env, partitions: tuple[TopicPartition, ...], *, lost: bool) -> None:
        if partitions:
            env.tell(facts.PartitionsRevoked(self.group_id, self.name, self.membership.generation, partitions, lost))
            self.commits.forget(partitions)

    def _take_assignment(self, env: Env, assigned: tuple[TopicPartition, ...]) -> None:
        """A new generation has an assignment for us."""
        membership = self.membership
        membership.assignment = None
        revoked = tuple(one for one in membership.owned if one not in assigned)
        if revoked:
            self.commits.before_giving_up(env)
            self._give_up(env, revoked, lost=False)
        added = tuple(one for one in assigned if one not in membership.owned)
        membership.taken(env, assigned, revoked)
        self.fetcher.assign(assigned)
        self.commits.begin_interval(env)
        env.tell(
            facts.PartitionsAssigned(
                self.group_id, self.name, membership.generation, assigned, added, membership.instance_id
            )
        )

    def _watch_poll_interval(self, env: Env) -> None:
        """The heartbeat thread: an application that does not poll leaves the group."""
        late = env.now - self.last_poll_at >= self.config.max_poll_interval_us
        if late and self.membership.stage == STABLE:
            self.membership.leave(env, "max.poll.interval.ms exceeded")

    # --- offsets ----------------------------------------------------------------------------------

    def _find_offsets(self, env: Env) -> None:
        """Committed offsets of newly assigned partitions."""
        missing = self.fetcher.initializing()
        coordinator = self.membership.coordinator
        if missing and coordinator is not None and not self.asking_offsets and env.now >= self.retry_at:
            self.asking_offsets = True
            stable = self.fetcher.isolation is IsolationLevel.READ_COMMITTED
            request = self.membership.offset_fetch(missing, require_stable=stable)
            self.net.send(env, coordinator, request, REQUEST_BYTES, "offsets")

    def _offsets_found(self, env: Env, body: OffsetFetchResponse) -> None:
        self.asking_offsets = False
        if body.error_code is not ErrorCode.NONE:
            self.membership.refused(env, body.error_code, self.membership.identity)
            self.retry_at = env.now + self.config.retry_backoff_us
            return
        for partition in self.fetcher.initializing():
            one = body.offsets.get(partition)
            if partition in body.errors:
                self.retry_at = env.now + self.config.retry_backoff_us  # a transaction is about to commit it
            if one is None:
                continue
            if one.offset >= 0:
                self.fetcher.seek(env, partition, one.offset, "committed", one.leader_epoch)
                self.commits.learn(partition, one.offset)
            else:
                self.fetcher.reset(partition, "NoOffsetForPartitionException")

    # --- answers and orders -----------------------------------------------------------------------

    def _answered(self, env: Env, sender: Address, response: Response) -> None:
        tag = self.net.answered(response.correlation_id)
        body = response.body
        if tag is None:
            return
        match body:
            case FetchResponse():
                self.fetcher.fetched(env, sender, body)
            case OffsetCommitResponse():
                if self.commits.answered(env, tag, body):
                    self._go_on(env)
            case MetadataResponse():
                self.metadata.asked_at = -1
                self.metadata.update(body, env.now)
                for name in self.metadata.denied:
                    self.fetcher.denied(name)
                self.membership.metadata_came(env)
            case FindCoordinatorResponse():
                self.membership.found(env, body)
            case OffsetFetchResponse():
                self._offsets_found(env, body)
            case ListOffsetsResponse():
                self.fetcher.listed(env, body)
            case OffsetForLeaderEpochResponse():
                self.fetcher.validated(env, body)
            case _:
                self.membership.answered(env, body)

    def _ordered(self, env: Env, body: object) -> None:
        match body:
            case SetWork():
                self.per_record_us = body.per_record_us
            case PauseWork():
                self.paused = True
            case ResumeWork():
                self.paused = False
                if self.work and not self.working and self.done < len(self.work):
                    self._begin_work(env)
            case Seek():
                for partition, offset in body.offsets.items():
                    self.fetcher.seek(env, partition, offset, "seek")
            case PausePartitions() | ResumePartitions():
                for partition in body.partitions:
                    position = self.fetcher.positions.get(partition)
                    if position is not None:
                        position.paused = isinstance(body, PausePartitions)
            case SetClientConfig():
                self.config = self.config.again(dict(body.configs))
                self.closing = True
            case Shutdown():
                self.closing = True
            case _:
                raise AssertionError(body)

    def _close(self, env: Env) -> None:
        """close(): a last commit, then leave. Both go out on one connection, in order."""
        lost = self.membership.lost
        if not lost:
            self.commits.before_giving_up(env)
        self.membership.leave(env, "closed")
        self._give_up(env, self.membership.owned, lost=lost)
        env.set_timer(CLOSED, env.now + millis(20))
        self.paused = True
        self.closing = False
        self.fetcher.assign(())

    # --- what goes wrong --------------------------------------------------------------------------

    def _refresh_metadata(self, env: Env) -> None:
        metadata = self.metadata
        if metadata.asked_at >= 0:
            return
        age = env.now - metadata.updated_at if metadata.updated_at >= 0 else None
        stale = age is not None and age > self.config.metadata_max_age_us
        due = age is None or age >= self.config.retry_backoff_us
        if (metadata.needed or stale) and due:
            metadata.asked_at = env.now
            request = MetadataRequest(metadata.topics)
            self.net.send(env, metadata.someone(self.net), request, REQUEST_BYTES, "metadata")

    def _lost(self, env: Env, peer: Address, tags: list[Tag]) -> None:
        self.fetcher.host_lost(env, peer, tags)
        self.membership.connection_lost(env, tags, peer)
        for tag in tags:
            self._forget_question(env, tag)

    def _forget_question(self, env: Env, tag: Tag) -> None:
        if tag == "metadata":
            self.metadata.asked_at = -1
            self.metadata.updated_at = max(self.metadata.updated_at, env.now)
            self.metadata.needed = True
        elif tag == "offsets":
            self.asking_offsets = False
            self.retry_at = env.now + self.config.retry_backoff_us
        elif is_commit(tag):
            self.commits.unanswered(env, tag)

    def _timed_out(self, env: Env, tag: Tag) -> None:
        """An answer is too late: what it was about is asked again, of the coordinator after finding it anew."""
        if tag in ("join", "sync", "heartbeat", "offsets") or is_commit(tag):
            coordinator = self.membership.coordinator
            if coordinator is not None:
                self.membership.connection_lost(env, [tag], coordinator)
        elif tag == "find":
            self.membership.finding = False
        elif isinstance(tag, tuple):
            self.fetcher.host_lost(env, self.fetcher.host_asked(tag), [tag])
        self._forget_question(env, tag)
