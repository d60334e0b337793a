"""ShareConsumerApp: an application's poll loop around a share consumer (KIP-932).

poll() returns records that are nobody else's for a while; the application works on each and polls again. Implicit
acknowledgement: the next poll() accepts all that the last one returned. Explicit: the application says accept, release
or reject of each. Work on a record with the key `poison` fails, always.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Micros, Timer, millis
from lab.kafka import facts
from lab.kafka.clients.births import birth_of
from lab.kafka.clients.metadata import Metadata
from lab.kafka.clients.share.membership import FIND, HEARTBEAT, LEAVE, ShareMembership
from lab.kafka.clients.share.sessions import Asked, ClientSessions
from lab.kafka.config.share import ShareConsumerConfig
from lab.kafka.orders import PauseWork, ResumeWork, SetClientConfig, SetPoison, SetWork, Shutdown
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorResponse
from lab.kafka.protocol.messages.metadata import MetadataRequest, MetadataResponse
from lab.kafka.protocol.messages.share_fetch import (
    AcknowledgeType,
    ShareAcknowledgeResponse,
    SharedPartition,
    ShareFetchResponse,
)
from lab.kafka.protocol.messages.share_groups import ShareGroupHeartbeatResponse
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Response
from lab.kafka.rpc.network_client import NetworkClient, Tag

REQUEST_BYTES = 96
WORK, LOOP, CLOSED = "work", "loop", "closed"
CHUNK_US: Micros = 1_000
"""Work shorter than this a record is done in chunks, so that a fast consumer costs few events."""
FAILURES = {"release": AcknowledgeType.RELEASE, "reject": AcknowledgeType.REJECT}


@dataclass(slots=True)
class Delivered:
    """A record in the application's hands: whence, and how often it was delivered."""

    host: str
    partition: TopicPartition
    record: Record
    delivery_count: int


class ShareConsumerApp:
    """One member of a share group, and the application that it is."""

    def __init__(
        self, name: str, group_id: str, topics: tuple[str, ...], config: ShareConsumerConfig, per_record_us: Micros,
        poison: str, on_failure: str, bootstrap: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.name = name
        self.group_id = group_id
        self.topics = topics
        self.config = config
        self.per_record_us = per_record_us
        self.poison = poison
        self.on_failure = on_failure
        self.metadata = Metadata(bootstrap, topics)
        self.net = NetworkClient(name, config.request_timeout_us)
        self.membership = ShareMembership(group_id, topics, config, self.metadata, self.net)
        self.sessions = ClientSessions(group_id, config, self.metadata, self.net)
        self.buffered: list[Delivered] = []
        self.work: list[Delivered] = []
        self.done = 0
        self.working = False
        self.paused = False
        self.closing = False
        self.wakes_at: Micros | None = None

    # --- turns ------------------------------------------------------------------------------------

    def start(self, env: Env) -> None:
        """Subscribe and begin to poll."""
        self._loop(env)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """An answer, or an order."""
        if isinstance(body, Response):
            self._answered(env, body)
        else:
            self._ordered(body)
        self._loop(env)

    def disconnected(self, env: Env, peer: Address) -> None:
        """A broker is gone."""
        for tag in self.net.lost(peer):
            self._unanswered(env, tag)
        if peer in self.sessions.sessions:
            self._session_over(env, peer, "NETWORK_EXCEPTION", ())
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
                self._unanswered(env, tag)
        self._loop(env)

    def _loop(self, env: Env) -> None:
        """Whatever can be done now; then see when to look again."""
        self.membership.advance(env)
        self.sessions.member_id = self.membership.member_id
        self._refresh_metadata(env)
        if self.membership.fatal and not self.paused:
            env.tell(facts.PollFailed(self.group_id, self.name, self.membership.fatal))
            self._close(env)
        elif not self.working and not self.paused:
            if self.closing:
                self._close(env)
                return
            self._poll(env)
        self._schedule(env)

    def _schedule(self, env: Env) -> None:
        now = env.now
        found = [self.membership.heartbeat_at, self.net.next_deadline() or 0, self.sessions.next_retry(now)]
        if self.metadata.needed or not self.membership.joined:
            found.append(now + millis(250))
        later = [at for at in found if at > now]
        if later and (self.wakes_at is None or min(later) < self.wakes_at):
            self.wakes_at = min(later)
            env.set_timer(LOOP, self.wakes_at)

    # --- poll() -----------------------------------------------------------------------------------

    def _poll(self, env: Env) -> None:
        """One poll(): what the last one returned is acknowledged; what was fetched is returned, or more is fetched."""
        if self.done < len(self.work):
            self._begin_work(env)
            return
        if self.config.share_acknowledgement_mode == "implicit":
            for one in self.work:
                self.sessions.at(one.host).say(one.partition, one.record.offset, AcknowledgeType.ACCEPT)
        self.work, self.done = [], 0
        if not self.buffered:
            self.sessions.fetch(env, self.membership.assignment)
        self.sessions.acknowledge(env)
        if self.buffered:
            most = self.config.max_poll_records
            self.work, self.buffered = self.buffered[:most], self.buffered[most:]
            self._tell_delivered(env)
            self._begin_work(env)

    def _tell_delivered(self, env: Env) -> None:
        parts: dict[TopicPartition, list[Delivered]] = {}
        for one in self.work:
            parts.setdefault(one.partition, []).append(one)
        for partition, part in parts.items():
            env.tell(
                facts.RecordsDelivered(
                    self.group_id, self.name, partition, tuple([one.record.offset for one in part]),
                    tuple([birth_of(one.record) for one in part]),
                )
            )  # fmt: skip

    # --- work -------------------------------------------------------------------------------------

    def _chunk(self) -> int:
        """How many records the next timer is about: one, or as many as fit into a millisecond."""
        left = len(self.work) - self.done
        return min(left, max(1, CHUNK_US // self.per_record_us)) if self.per_record_us else left

    def _begin_work(self, env: Env) -> None:
        self.working = True
        env.set_timer(WORK, env.now + self._chunk() * self.per_record_us)

    def _work_done(self, env: Env) -> None:
        """Some records are finished, or have failed. The application says so, if it says anything."""
        if not self.working:
            return
        self.working = False
        chunk = self._chunk()
        for one in self.work[self.done : self.done + chunk]:
            failed = bool(self.poison) and (one.record.key or b"").decode(errors="replace") == self.poison
            if failed and self.on_failure == "crash":
                self._tell_failed(env, one)
                self.paused = True
                env.stop()
                return
            self._finish(env, one, failed=failed)
        self.done += chunk

    def _finish(self, env: Env, one: Delivered, *, failed: bool) -> None:
        record = one.record
        if failed:
            self._tell_failed(env, one)
        else:
            env.tell(
                facts.RecordDone(self.group_id, self.name, one.partition, record.offset, birth_of(record), record.key)
            )
        if self.config.share_acknowledgement_mode == "explicit":
            kind = FAILURES[self.on_failure] if failed else AcknowledgeType.ACCEPT
            self.sessions.at(one.host).say(one.partition, record.offset, kind)

    def _tell_failed(self, env: Env, one: Delivered) -> None:
        record = one.record
        env.tell(
            facts.RecordFailed(
                self.group_id, self.name, one.partition, record.offset, birth_of(record), one.delivery_count
            )
        )

    # --- answers and orders -----------------------------------------------------------------------

    def _answered(self, env: Env, response: Response) -> None:
        tag = self.net.answered(response.correlation_id)
        body = response.body
        if tag is None:
            return
        match body:
            case ShareFetchResponse():
                self._fetched(env, tag, body)
            case ShareAcknowledgeResponse():
                self._acknowledged(env, tag, body)
            case ShareGroupHeartbeatResponse():
                if tag == HEARTBEAT:
                    self.membership.heard(env, body)
            case FindCoordinatorResponse():
                self.membership.found(env, body)
            case MetadataResponse():
                self.metadata.asked_at = -1
                self.metadata.update(body, env.now)
            case _:
                raise AssertionError(body)

    def _fetched(self, env: Env, tag: Asked, body: ShareFetchResponse) -> None:
        _, host, said = tag
        self.sessions.at(host).busy = False
        if body.error_code is not ErrorCode.NONE:
            self._session_over(env, host, body.error_code.name, said)
            return
        for partition, one in body.responses.items():
            if one.acknowledge_error_code is not ErrorCode.NONE:
                self._tell_refused(env, partition, one.acknowledge_error_code.name)
            if one.error_code is ErrorCode.NONE:
                self._take(env, host, partition, one)
                continue
            if one.current_leader is None or not self.metadata.learn_leader(partition, one.current_leader):
                self.metadata.needed = True
                self.sessions.pause(env, host)

    def _take(self, env: Env, host: str, partition: TopicPartition, one: SharedPartition) -> None:
        """Records that are ours. What was acquired and is not there (compaction, a transaction's marker) is a gap,
        and what cannot be read is rejected."""
        acquired = {
            offset: part.delivery_count
            for part in one.acquired for offset in range(part.first_offset, part.last_offset + 1)
        }  # fmt: skip
        for batch in one.records:
            try:
                records = () if batch.is_control else self._checked(batch).records()
            except Malformed:
                rejected = [one for one in acquired if batch.base_offset <= one <= batch.last_offset]
                for offset in rejected:
                    del acquired[offset]
                    self.sessions.at(host).say(partition, offset, AcknowledgeType.REJECT)
                if rejected:
                    env.tell(facts.CorruptBatchFound(partition, rejected[0]))
                continue
            for record in records:
                count = acquired.pop(record.offset, None)
                if count is not None:
                    self.buffered.append(Delivered(host, partition, record, count))
        for offset in acquired:
            self.sessions.at(host).say(partition, offset, AcknowledgeType.GAP)

    def _checked(self, batch: RecordBatch) -> RecordBatch:
        """The batch, if it is what its writer meant, or nobody asks. Raises Malformed."""
        if self.config.check_crcs and not batch.valid_crc():
            raise Malformed(f"a batch at {batch.base_offset}: its CRC is wrong")
        return batch

    def _acknowledged(self, env: Env, tag: Asked, body: ShareAcknowledgeResponse) -> None:
        _, host, said = tag
        self.sessions.at(host).busy = False
        if body.error_code is not ErrorCode.NONE:
            self._session_over(env, host, body.error_code.name, said)
            return
        for partition, error in body.partitions.items():
            if error is not ErrorCode.NONE:
                self._tell_refused(env, partition, error.name)

    def _session_over(self, env: Env, host: str, error: str, said: tuple[TopicPartition, ...]) -> None:
        """What this broker had given us is no longer ours; what is in the application's hands is finished in vain."""
        unsent = self.sessions.reset(host)
        self.sessions.pause(env, host)
        for partition in dict.fromkeys((*said, *unsent)):
            self._tell_refused(env, partition, error)
        self.buffered = [one for one in self.buffered if one.host != host]
        self.metadata.needed = True

    def _tell_refused(self, env: Env, partition: TopicPartition, error: str) -> None:
        env.tell(facts.AcknowledgementFailed(self.group_id, self.name, partition, error))

    def _unanswered(self, env: Env, tag: Tag) -> None:
        """The connection broke, or the answer is too late."""
        self.membership.unanswered(env, tag)
        if tag == "metadata":
            self.metadata.asked_at = -1
            self.metadata.updated_at = max(self.metadata.updated_at, env.now)
            self.metadata.needed = True
        elif tag not in (FIND, HEARTBEAT, LEAVE):
            asked: Asked = tag
            self._session_over(env, asked[1], "NETWORK_EXCEPTION", asked[2])

    def _ordered(self, body: object) -> None:
        match body:
            case SetWork():
                self.per_record_us = body.per_record_us
            case SetPoison():
                self.poison = body.key
            case PauseWork():
                self.paused = True
            case ResumeWork():
                self.paused = False
            case SetClientConfig():
                self.config = ShareConsumerConfig({**self.config.overrides, **dict(body.configs)})
                self.membership.config = self.sessions.config = self.config
                self.net.request_timeout = self.config.request_timeout_us
            case Shutdown():
                self.closing = True
            case _:
                raise AssertionError(body)

    def _close(self, env: Env) -> None:
        """close(): what is finished is acknowledged, the sessions end, so others get the rest; then leave."""
        if self.config.share_acknowledgement_mode == "implicit":
            for one in self.work[: self.done]:
                self.sessions.at(one.host).say(one.partition, one.record.offset, AcknowledgeType.ACCEPT)
        self.sessions.acknowledge(env, close=True)
        self.membership.leave(env)
        env.tell(facts.LeftGroup(self.group_id, self.name, "closed"))
        env.set_timer(CLOSED, env.now + millis(20))
        self.paused = True
        self.closing = False

    # --- metadata ---------------------------------------------------------------------------------

    def _refresh_metadata(self, env: Env) -> None:
        metadata = self.metadata
        age = env.now - metadata.updated_at if metadata.updated_at >= 0 else None
        stale = age is not None and age > self.config.metadata_max_age_us
        due = age is None or age >= self.config.retry_backoff_us
        if metadata.asked_at < 0 and (metadata.needed or stale) and due:
            metadata.asked_at = env.now
            request = MetadataRequest(metadata.topics)
            self.net.send(env, metadata.someone(self.net), request, REQUEST_BYTES, "metadata")
