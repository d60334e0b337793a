"""ConsumerApp: an application's poll loop around a consumer (spec 6.7, 6.11).

poll() returns records, the application works on each for a while, then polls again. Heartbeats have a thread
of their own. Commit policies: auto (inside the next poll, as the Java client), sync and async (after the
batch), record (after each), before (at-most-once), none.
"""

from lab.env import Address, Env, Micros, Timer, millis
from lab.kafka import facts
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
from lab.kafka.protocol.messages.fetch import FetchResponse
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse
from lab.kafka.protocol.messages.groups import (
    HeartbeatResponse,
    JoinGroupResponse,
    SyncGroupResponse,
)
from lab.kafka.protocol.messages.list_offsets import ListOffsetsResponse
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochResponse
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
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
BIRTH = "birth"


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
        self.commit_policy = commit
        self.metadata = Metadata(bootstrap, topics)
        self.net = NetworkClient(name)
        self.membership = Membership(name, group_id, topics, config, self.metadata, self.net)
        self.fetcher = Fetcher(group_id, name, config, self.metadata, self.net)
        self.work: list[tuple[TopicPartition, Record]] = []
        self.done = 0
        self.working = False
        self.paused = False
        self.closing = False
        self.waiting_for_commit = False
        self.committing: dict[TopicPartition, int] = {}
        self.commit_deadline: Micros = 0
        self.uncommitted: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.asking_offsets = False
        self.retry_at: Micros = 0
        self.auto_commit_at: Micros = 0
        self.last_poll_at: Micros = 0
        self.wakes_at: Micros | None = None

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
            env.stop()
            return
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
        self._refresh_metadata(env)
        self._watch_poll_interval(env)
        if not self.working and not self.paused and not self.waiting_for_commit:
            if self.closing:
                self._close(env)
                return
            self._poll(env)
        self._schedule(env)

    def _schedule(self, env: Env) -> None:
        """A quarter of a second is often enough for what nobody announces; deadlines are kept exactly."""
        now = env.now
        found = [now + millis(250)] if self.metadata.needed or self.membership.stage != STABLE else []
        if self.membership.stage == STABLE:
            found.append(self.membership.heartbeat_at)
        if self.waiting_for_commit:
            found.append(self.commit_deadline)
        if self.working or self.paused or self.waiting_for_commit:
            found.append(self.last_poll_at + millis(self.config.max_poll_interval_ms))
        elif self._auto and self.auto_commit_at:
            found.append(self.auto_commit_at)
        found += [
            self.membership.retry_at,
            self.retry_at,
            self.fetcher.next_retry(now) or 0,
            self.net.next_deadline() or 0,
        ]
        later = [at for at in found if at > now]
        if later and (self.wakes_at is None or min(later) < self.wakes_at):
            self.wakes_at = min(later)
            env.set_timer(LOOP, self.wakes_at)

    @property
    def _auto(self) -> bool:
        return self.commit_policy == "auto" and self.config.enable_auto_commit

    # --- poll() -----------------------------------------------------------------------------------

    def _poll(self, env: Env) -> None:
        """One poll(): membership, auto-commit, positions, records."""
        self.last_poll_at = env.now
        membership = self.membership
        exception = membership.exception or self.fetcher.exception
        if exception:
            env.tell(facts.PollFailed(self.group_id, self.name, exception))
            self._close(env)
            return
        if membership.stage == LEFT:
            membership.come_back()
        self._take_assignment(env)
        if membership.rejoin and membership.stage in (STABLE, "unjoined") and membership.coordinator is not None:
            self._prepare_to_join(env)
        membership.advance(env)
        if self._auto and self.auto_commit_at and env.now >= self.auto_commit_at:
            self.auto_commit_at = env.now + millis(self.config.auto_commit_interval_ms)
            self._commit(env, self._positions())
        self._find_offsets(env)
        self.fetcher.update_positions(env)
        parts = self.fetcher.collect()
        self.fetcher.send_fetches(env)
        self.work = [(part.partition, record) for part in parts for record in part.records]
        for part in parts:
            self._tell_polled(env, part.partition, part.records, part.high_watermark)
        if not self.work:
            return
        self.done = 0
        if self.commit_policy == "before":
            self._commit(env, self._positions(), wait=True)
        if not self.waiting_for_commit:
            self._begin_work(env)

    def _tell_polled(self, env: Env, partition: TopicPartition, records: list[Record], high_watermark: int) -> None:
        env.tell(
            facts.RecordsPolled(
                self.group_id, self.name, partition, tuple([record.offset for record in records]),
                tuple([birth_of(record) for record in records]), high_watermark,
            )
        )  # fmt: skip

    # --- work -------------------------------------------------------------------------------------

    def _begin_work(self, env: Env) -> None:
        """Work on the next record, or on as many as fit into a millisecond."""
        self.working = True
        chunk = min(
            len(self.work) - self.done,
            max(1, CHUNK_US // self.per_record_us) if self.per_record_us else 1 << 30,
        )
        if self.commit_policy == "record":
            chunk = 1
        env.set_timer(WORK, env.now + chunk * self.per_record_us)

    def _work_done(self, env: Env) -> None:
        """Some records are finished. The last one of the batch ends with a commit, if that is the policy."""
        if not self.working:
            return
        chunk = min(
            len(self.work) - self.done,
            max(1, CHUNK_US // self.per_record_us) if self.per_record_us else 1 << 30,
        )
        if self.commit_policy == "record":
            chunk = 1
        for partition, record in self.work[self.done : self.done + chunk]:
            env.tell(facts.RecordDone(self.group_id, self.name, partition, record.offset, birth_of(record), record.key))
        self.done += chunk
        self.working = False
        finished = self.done >= len(self.work)
        if self.commit_policy == "record":
            partition, record = self.work[self.done - 1]
            self._commit(env, {partition: record.offset + 1}, wait=True)
        elif finished and self.commit_policy in ("sync", "async"):
            self._commit(env, self._positions(), wait=self.commit_policy == "sync")
        if finished:
            self.work = []
        elif not self.waiting_for_commit and not self.paused:
            self._begin_work(env)

    def _positions(self) -> dict[TopicPartition, int]:
        """What poll() has returned up to, where that is news to the coordinator."""
        return {
            partition: position.offset
            for partition, position in self.fetcher.positions.items()
            if position.offset >= 0
            and position.stage != "initializing"
            and self.committed.get(partition) != position.offset
        }

    # --- commits ----------------------------------------------------------------------------------

    def _commit(self, env: Env, offsets: dict[TopicPartition, int], *, wait: bool = False) -> None:
        """Send a commit; `wait`: the application does nothing else until it is answered (commitSync). Between two
        generations there is nothing to commit in: the coordinator would take it for a member of the old one.
        """
        if not offsets:
            return
        if self.membership.stage != STABLE:
            self._commit_impossible(env)
            return
        if wait and not self.waiting_for_commit:
            self.commit_deadline = env.now + millis(self.config.default_api_timeout_ms)
        coordinator = self.membership.coordinator
        if coordinator is None:
            self._keep_commit(env, offsets, wait=wait)
            return
        request = OffsetCommitRequest(
            self.group_id,
            self.membership.generation,
            self.membership.member_id,
            {one: CommittedOffset(offset, self._epoch(one)) for one, offset in offsets.items()},
            self.membership.instance_id,
        )
        self.waiting_for_commit = wait
        self.committing = offsets if wait else self.committing
        tag = ("commit", tuple(offsets.items()), wait, self.membership.identity)
        self.net.send(env, coordinator, request, REQUEST_BYTES, tag, millis(self.config.request_timeout_ms))

    def _keep_commit(self, env: Env, offsets: dict[TopicPartition, int], *, wait: bool) -> None:
        """Until a coordinator is found."""
        if not wait:
            self.uncommitted |= offsets
            return
        self.waiting_for_commit = True
        self.committing = offsets
        self.retry_at = env.now + millis(self.config.retry_backoff_ms)
        self.membership.advance(env)

    def _commit_impossible(self, env: Env) -> None:
        error = ErrorCode.UNKNOWN_MEMBER_ID if self.membership.lost else ErrorCode.REBALANCE_IN_PROGRESS
        env.tell(facts.CommitFailed(self.group_id, self.name, error.name))

    def _epoch(self, partition: TopicPartition) -> int:
        position = self.fetcher.positions.get(partition)
        return position.offset_epoch if position is not None else -1

    def _commit_answered(
        self,
        env: Env,
        tag: tuple[str, tuple[tuple[TopicPartition, int], ...], bool, tuple[str, int]],
        body: OffsetCommitResponse,
    ) -> None:
        _, offsets, waited, sent_as = tag
        errors = [error for error in body.partitions.values() if error]
        if not errors:
            self.committed.update(offsets)
            for partition, offset in offsets:
                position = self.fetcher.positions.get(partition)
                if position is not None:
                    position.committed = offset
            env.tell(facts.CommitAcknowledged(self.group_id, self.name, dict(offsets)))
        else:
            self.membership.refused(env, errors[0], sent_as)
            self._commit_failed(env, errors[0], waited)
            if waited and self.waiting_for_commit and errors[0].retriable:
                return
        if waited:
            self._commit_settled(env)

    def _commit_failed(self, env: Env, error: ErrorCode, waited: bool) -> None:
        if waited and error.retriable:
            self.retry_at = env.now + millis(self.config.retry_backoff_ms)
        elif self._auto and error.retriable:
            self.auto_commit_at = env.now + millis(self.config.retry_backoff_ms)
        else:
            env.tell(facts.CommitFailed(self.group_id, self.name, error.name))

    def _commit_settled(self, env: Env) -> None:
        """commitSync has returned: go on where the policy says."""
        self.waiting_for_commit = False
        self.committing = {}
        if self.work and self.done < len(self.work) and not self.paused:
            self._begin_work(env)

    def _retry_commit(self, env: Env) -> None:
        """commitSync tries again until it is answered, membership is lost, or default.api.timeout.ms is over."""
        if not self.uncommitted and not self.waiting_for_commit:
            return
        if self.uncommitted and self.membership.coordinator is not None:
            offsets, self.uncommitted = self.uncommitted, {}
            self._commit(env, offsets)
        if self.waiting_for_commit and env.now >= self.commit_deadline:
            self.net.forget(*(one.tag for one in self.net.in_flight.values() if _waits(one.tag)))
            env.tell(facts.CommitFailed(self.group_id, self.name, ErrorCode.REQUEST_TIMED_OUT.name))
            self._commit_settled(env)
        if not self.waiting_for_commit or env.now < self.retry_at:
            return
        if any(type(one.tag) is tuple and one.tag[0] == "commit" for one in self.net.in_flight.values()):
            return
        if self.membership.stage != STABLE:
            self._commit_impossible(env)
            self._commit_settled(env)
        else:
            self._commit(env, self.committing, wait=True)

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
            self._commit_before_revoking(env)
            self._give_up(env, membership.owned, lost=False)
            self.fetcher.assign(())
            membership.owned = ()

    def _commit_before_revoking(self, env: Env) -> None:
        """On the same connection as the JoinGroup that follows, so it is handled before that."""
        if self._auto or self.commit_policy in ("sync", "async"):
            self._commit(env, self._positions())

    def _give_up(self, env: Env, partitions: tuple[TopicPartition, ...], *, lost: bool) -> None:
        if partitions:
            env.tell(facts.PartitionsRevoked(self.group_id, self.name, self.membership.generation, partitions, lost))
            for partition in partitions:
                self.committed.pop(partition, None)
                self.uncommitted.pop(partition, None)

    def _take_assignment(self, env: Env) -> None:
        """A new generation has an assignment for us."""
        membership = self.membership
        if membership.assignment is None:
            return
        assigned, membership.assignment = membership.assignment, None
        if membership.cooperative:
            revoked = tuple(one for one in membership.owned if one not in assigned)
            if revoked:
                self._commit_before_revoking(env)
                self._give_up(env, revoked, lost=False)
                membership.rejoin = True
        added = tuple(one for one in assigned if one not in membership.owned)
        membership.owned = assigned
        self.fetcher.assign(assigned)
        self.auto_commit_at = env.now + millis(self.config.auto_commit_interval_ms)
        env.tell(
            facts.PartitionsAssigned(
                self.group_id, self.name, membership.generation, assigned, added, membership.instance_id
            )
        )

    def _watch_poll_interval(self, env: Env) -> None:
        """The heartbeat thread: an application that does not poll leaves the group."""
        busy = self.working or self.paused or self.waiting_for_commit
        if not busy or self.membership.stage != STABLE:
            return
        if env.now - self.last_poll_at >= millis(self.config.max_poll_interval_ms):
            self.membership.leave(env, "max.poll.interval.ms exceeded")

    # --- offsets ----------------------------------------------------------------------------------

    def _find_offsets(self, env: Env) -> None:
        """Committed offsets of newly assigned partitions."""
        missing = self.fetcher.initializing()
        coordinator = self.membership.coordinator
        if missing and coordinator is not None and not self.asking_offsets and env.now >= self.retry_at:
            self.asking_offsets = True
            request = OffsetFetchRequest(self.group_id, missing)
            self.net.send(
                env,
                coordinator,
                request,
                REQUEST_BYTES,
                "offsets",
                millis(self.config.request_timeout_ms),
            )

    def _offsets_found(self, env: Env, body: OffsetFetchResponse) -> None:
        self.asking_offsets = False
        if body.error_code is not ErrorCode.NONE:
            self.membership.refused(env, body.error_code, self.membership.identity)
            self.retry_at = env.now + millis(self.config.retry_backoff_ms)
            return
        for partition in self.fetcher.initializing():
            one = body.offsets.get(partition)
            if one is None:
                continue
            if one.offset >= 0:
                self.fetcher.seek(env, partition, one.offset, "committed", one.leader_epoch)
                self.committed[partition] = one.offset
                self.fetcher.positions[partition].committed = one.offset
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
                self._commit_answered(env, tag, body)
            case HeartbeatResponse():
                self.membership.heard(env, body)
            case MetadataResponse():
                self.metadata.asked_at = -1
                self.metadata.update(body, env.now)
                self.membership.metadata_came(env)
                self.membership.notice_new_partitions()
            case FindCoordinatorResponse():
                self.membership.found(env, body)
            case JoinGroupResponse():
                self.membership.joined(env, body)
            case SyncGroupResponse():
                self.membership.synced(env, body)
            case OffsetFetchResponse():
                self._offsets_found(env, body)
            case ListOffsetsResponse():
                self.fetcher.listed(env, body)
            case OffsetForLeaderEpochResponse():
                self.fetcher.validated(env, body)
            case _:
                pass  # a LeaveGroup's answer changes nothing

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
                self.config = ConsumerConfig({**self.config.overrides, **dict(body.configs)})
                self.fetcher.config = self.membership.config = self.config
            case Shutdown():
                self.closing = True
            case _:
                raise AssertionError(body)

    def _close(self, env: Env) -> None:
        """close(): a last commit, then leave. Both go out on one connection, in order."""
        lost = self.membership.lost
        if not lost and (self._auto or self.commit_policy in ("sync", "async")):
            self._commit(env, self._positions())
        self.membership.leave(env, "closed")
        self._give_up(env, self.membership.owned, lost=lost)
        env.set_timer(CLOSED, env.now + millis(20))
        self.paused = True
        self.closing = False
        self.fetcher.assign(())

    # --- what goes wrong --------------------------------------------------------------------------

    def _refresh_metadata(self, env: Env) -> None:
        metadata = self.metadata
        age = env.now - metadata.updated_at if metadata.updated_at >= 0 else None
        stale = age is not None and age > millis(self.config.metadata_max_age_ms)
        due = age is None or age >= millis(self.config.retry_backoff_ms)
        if metadata.asked_at < 0 and (metadata.needed or stale) and due:
            metadata.asked_at = env.now
            self.net.send(
                env, metadata.someone(self.net), MetadataRequest(metadata.topics), REQUEST_BYTES, "metadata",
                millis(self.config.request_timeout_ms),
            )  # fmt: skip
        self._retry_commit(env)

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
            self.retry_at = env.now + millis(self.config.retry_backoff_ms)
        elif isinstance(tag, tuple) and tag[0] == "commit":
            self._commit_failed(env, ErrorCode.NETWORK_EXCEPTION, waited=_waits(tag))

    def _timed_out(self, env: Env, tag: Tag) -> None:
        """An answer is too late: what it was about is asked again, of the coordinator after finding it anew."""
        if tag in ("join", "sync", "heartbeat", "offsets") or (isinstance(tag, tuple) and tag[0] == "commit"):
            coordinator = self.membership.coordinator
            if coordinator is not None:
                self.membership.connection_lost(env, [tag], coordinator)
        elif tag == "find":
            self.membership.finding = False
        elif isinstance(tag, tuple):
            self.fetcher.host_lost(env, self.fetcher.host_asked(tag), [tag])
        self._forget_question(env, tag)


def _waits(tag: Tag) -> bool:
    """Whether the application waits for this request: a commitSync."""
    match tag:
        case ("commit", _, True, _):
            return True
        case _:
            return False


def birth_of(record: Record) -> str:
    """The birth a record's header tells; empty if it has none."""
    for header in record.headers:
        if header.key == BIRTH and header.value is not None:
            return header.value.decode()
    return ""
