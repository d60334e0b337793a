"""ShareLeader: this broker as leader of share-partitions: who gets which records, and what becomes of them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros, millis
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedShareFetch
from lab.kafka.broker.share.partition import Limits, Saving, SharePartition
from lab.kafka.broker.share.persister import Persister
from lab.kafka.broker.share.sessions import ShareSession, ShareSessions
from lab.kafka.coordinator.group import Token
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    Acknowledgements,
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
    SharedPartition,
    ShareFetchRequest,
    ShareFetchResponse,
)
from lab.kafka.protocol.messages.share_state import (
    NO_OFFSET,
    ReadShareGroupStateRequest,
    ShareStateResponse,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

SharedKey = tuple[str, TopicPartition]


@dataclass(slots=True)
class Acknowledging:
    """The acknowledgements of one request. `left`: partitions whose are being written. `reply_to`: who waits for
    nothing else; `fetch`: the number of the waiting fetch they came with.
    """

    left: int = 0
    errors: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])
    reply_to: Token | None = None
    fetch: int = 0


class ShareLeader:
    """Share-partitions that somebody has fetched since this broker leads them."""

    def __init__(self, persister: Persister) -> None:
        self.persister = persister
        self.partitions: dict[SharedKey, SharePartition] = {}
        self.sessions = ShareSessions()
        self.acknowledging: dict[int, Acknowledging] = {}
        self.next_number = 0

    def limits(self, broker: "Broker", group_id: str) -> Limits:
        """The brokers' settings, and the group's lock duration."""
        config = broker.config
        return Limits(
            config.group_share_delivery_count_limit,
            millis(broker.group_configs.of(group_id).share_record_lock_duration_ms),
            config.group_share_partition_max_record_locks,
        )

    # --- ShareFetch -------------------------------------------------------------------------------

    def fetch(
        self, broker: "Broker", env: Env, request: ShareFetchRequest, client_id: str, token: Token
    ) -> ShareFetchResponse | None:
        """Take acknowledgements, then acquire. None: answered later, when there is a record or time is over."""
        if request.share_session_epoch == INITIAL_EPOCH and not self.sessions.of_group(request.group_id):
            self._forget(request.group_id)
        session = self.sessions.take(request, token[0], client_id)
        if isinstance(session, ErrorCode):
            return ShareFetchResponse(session)
        final = request.share_session_epoch == FINAL_EPOCH
        operation = DelayedShareFetch(
            *token, env.now + (0 if final else millis(request.max_wait_ms)), session.group_id, session.member_id,
            session.client_id, request.max_records, request.max_bytes, () if final else _turned(session),
        )  # fmt: skip
        number = broker.wait(env, operation)
        for name in operation.partitions:
            partition = broker.partitions.get(name)
            if partition is not None:
                partition.waiting_fetches[number] = None
        operation.acknowledging = self._acknowledge(
            broker, env, session, request.partitions, Acknowledging(fetch=number)
        )
        if final:
            self._release(broker, env, session)
        self.try_fetch(broker, env, number, operation, over=final or request.max_wait_ms <= 0)
        return None

    def try_fetch(
        self, broker: "Broker", env: Env, number: int, operation: DelayedShareFetch, *, over: bool = False
    ) -> None:
        """Answer a fetch if there is something to say. `over`: its time is; only acknowledgements are waited for."""
        operation.over = operation.over or over
        written = self.acknowledging.get(operation.acknowledging)
        if written is not None and written.left:
            return
        response = self._acquired(broker, env, operation)
        if not response.responses and not operation.over:
            return
        if written is not None:
            del self.acknowledging[operation.acknowledging]
            for name, error in written.errors.items():
                response.responses.setdefault(name, SharedPartition()).acknowledge_error_code = error
        del broker.purgatory.operations[number]
        for name in operation.partitions:
            partition = broker.partitions.get(name)
            if partition is not None:
                partition.waiting_fetches.pop(number, None)
        broker.reply(env, operation.sender, operation.correlation_id, response)

    def _acquired(self, broker: "Broker", env: Env, operation: DelayedShareFetch) -> ShareFetchResponse:
        limits = self.limits(broker, operation.group_id)
        response = ShareFetchResponse(ErrorCode.NONE, {}, limits.lock // 1_000)
        records, size = operation.max_records, operation.max_bytes
        for name in operation.partitions:
            partition = broker.partitions.get(name)
            if partition is None or not partition.leading:
                response.responses[name] = _refused(partition)
                continue
            shared = self._shared(broker, env, operation.group_id, partition)
            if shared.ready and records > 0 and size > 0 and shared.acquirable(partition.log, limits):
                acquired, batches = shared.acquire(
                    env, partition.log, operation.member_id, operation.client_id, records, size, limits
                )
                if acquired:
                    response.responses[name] = SharedPartition(records=tuple(batches), acquired=tuple(acquired))
                    records -= sum(one.last_offset - one.first_offset + 1 for one in acquired)
                    size -= sum(batch.size for batch in batches)
        return response

    def _shared(self, broker: "Broker", env: Env, group_id: str, partition: Partition) -> SharePartition:
        """The share-partition; asked for for the first time, its state is read first."""
        key = group_id, partition.partition
        found = self.partitions.get(key)
        if found is None:
            found = self.partitions[key] = SharePartition(*key, partition.leader_epoch)
            self.persister.ask(broker, env, ReadShareGroupStateRequest(*key, partition.leader_epoch))
        return found

    def _forget(self, group_id: str) -> None:
        """The first of a group comes: an administrator may have moved it while nobody was there, so what was known is
        read anew (Kafka forgets it when the last session has ended).
        """
        for key, shared in list(self.partitions.items()):
            if key[0] == group_id and shared.saving is None and not shared.unsaved:
                del self.partitions[key]

    # --- acknowledgements -------------------------------------------------------------------------

    def acknowledge(
        self, broker: "Broker", env: Env, request: ShareAcknowledgeRequest, client_id: str, token: Token
    ) -> ShareAcknowledgeResponse | None:
        """ShareAcknowledge: answered when it is written."""
        session = self.sessions.take(request, token[0], client_id)
        if isinstance(session, ErrorCode):
            return ShareAcknowledgeResponse(session)
        number = self._acknowledge(broker, env, session, request.partitions, Acknowledging(reply_to=token))
        if request.share_session_epoch == FINAL_EPOCH:
            self._release(broker, env, session)
        if not number:
            return ShareAcknowledgeResponse(ErrorCode.NONE)
        self._answer(broker, env, number)
        return None

    def _acknowledge(
        self, broker: "Broker", env: Env, session: ShareSession, said: Acknowledgements, waiting: Acknowledging
    ) -> int:
        """Begin to write what was said. Returns the number under which `waiting` is kept; 0 if nothing was said."""
        if not any(said.values()):
            return 0
        self.next_number += 1
        number = self.next_number
        self.acknowledging[number] = waiting
        limits = self.limits(broker, session.group_id)
        begun: list[SharePartition] = []
        for name, batches in said.items():
            if not batches:
                continue
            shared = self.partitions.get((session.group_id, name))
            partition = broker.partitions.get(name)
            if partition is None:
                waiting.errors[name] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            elif not partition.leading:
                waiting.errors[name] = ErrorCode.NOT_LEADER_OR_FOLLOWER
            elif shared is None:
                waiting.errors[name] = ErrorCode.INVALID_RECORD_STATE
            else:
                waiting.errors[name] = shared.acknowledge(session.member_id, batches, number, limits)
                if not waiting.errors[name]:
                    waiting.left += 1
                    begun.append(shared)
        for shared in begun:
            self._save(broker, env, shared)
        return number

    def _release(self, broker: "Broker", env: Env, session: ShareSession) -> None:
        """A session has ended: what its member held goes to others."""
        for (group_id, _), shared in list(self.partitions.items()):
            if group_id == session.group_id:
                shared.release(session.member_id, self.limits(broker, group_id))
                self._save(broker, env, shared)

    def _save(self, broker: "Broker", env: Env, shared: SharePartition) -> None:
        """Write the next news, unless a write is under way. All that waits goes in one."""
        if shared.saving is not None or not shared.unsaved:
            return
        shared.saving = shared.unsaved.pop(0)
        self.persister.ask(
            broker, env,
            WriteShareGroupStateRequest(
                shared.group_id, shared.partition, shared.state_epoch, shared.leader_epoch,
                shared.in_flight.start_offset, tuple(shared.saving.batches),
            ),
        )  # fmt: skip

    def _answer(self, broker: "Broker", env: Env, number: int) -> None:
        """Some of a request's acknowledgements are decided; perhaps all."""
        waiting = self.acknowledging.get(number)
        if waiting is None or waiting.left:
            return
        if waiting.reply_to is not None:
            del self.acknowledging[number]
            broker.reply(env, *waiting.reply_to, ShareAcknowledgeResponse(ErrorCode.NONE, waiting.errors))
        elif waiting.fetch:
            operation = broker.purgatory.operations.get(waiting.fetch)
            if isinstance(operation, DelayedShareFetch):
                self.try_fetch(broker, env, waiting.fetch, operation)
            else:
                del self.acknowledging[number]  # its connection is gone

    # --- what the share coordinator says ----------------------------------------------------------

    def read(self, broker: "Broker", env: Env, request: ReadShareGroupStateRequest, answer: ShareStateResponse) -> None:
        """A share-partition can begin; or cannot, and the next fetch tries again."""
        key = request.group_id, request.partition
        shared, partition = self.partitions.get(key), broker.partitions.get(request.partition)
        if shared is None or shared.ready or shared.leader_epoch != request.leader_epoch or partition is None:
            return
        if answer.error_code:
            del self.partitions[key]
            self._look_again(broker, env, request.partition)
            return
        start, initial = answer.start_offset, answer.start_offset == NO_OFFSET
        if initial:
            log, config = partition.log, broker.group_configs.of(request.group_id)
            earliest = config.share_auto_offset_reset == "earliest"
            start = log.log_start_offset if earliest else log.high_watermark
        shared.restore(env, answer.state_epoch, start, answer.state_batches, initial=initial)
        self._look_again(broker, env, request.partition)

    def written(
        self, broker: "Broker", env: Env, request: WriteShareGroupStateRequest, answer: ShareStateResponse
    ) -> None:
        """A write has ended. A leader that was fenced has no business with these records any more."""
        key = request.group_id, request.partition
        shared = self.partitions.get(key)
        if shared is None or shared.saving is None or shared.leader_epoch != request.leader_epoch:
            return
        error = answer.error_code
        saving, shared.saving = shared.saving, None
        shared.written(env, saving, error)
        if error in (ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.FENCED_STATE_EPOCH):
            self._drop(broker, env, key, ErrorCode.NOT_LEADER_OR_FOLLOWER)
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        else:
            self._save(broker, env, shared)
        self._decided(broker, env, saving, request.partition, error)
        self._look_again(broker, env, request.partition)

    def _decided(self, broker: "Broker", env: Env, saving: Saving, name: TopicPartition, error: ErrorCode) -> None:
        waiting = self.acknowledging.get(saving.number)
        if waiting is not None:
            waiting.left -= 1
            waiting.errors[name] = error
            self._answer(broker, env, saving.number)

    def _look_again(self, broker: "Broker", env: Env, name: TopicPartition) -> None:
        """There may be records for those who wait, the longest first."""
        partition = broker.partitions.get(name)
        for number in list(partition.waiting_fetches) if partition is not None else ():
            operation = broker.purgatory.operations.get(number)
            if isinstance(operation, DelayedShareFetch):
                self.try_fetch(broker, env, number, operation)

    # --- leadership, connections, time ------------------------------------------------------------

    def _drop(self, broker: "Broker", env: Env, key: SharedKey, error: ErrorCode) -> None:
        shared = self.partitions.pop(key, None)
        if shared is not None:
            for saving in [*([shared.saving] if shared.saving is not None else []), *shared.unsaved]:
                self._decided(broker, env, saving, key[1], error)

    def role_changed(self, broker: "Broker", env: Env, name: TopicPartition) -> None:
        """Another leads, or this broker anew: what was in memory is of no use, another may have written since."""
        for key in [key for key in self.partitions if key[1] == name]:
            self._drop(broker, env, key, ErrorCode.NOT_LEADER_OR_FOLLOWER)
        self._look_again(broker, env, name)

    def hang_up(self, broker: "Broker", env: Env, sender: Address) -> None:
        """A connection is gone: its sessions end, and others get what their members held (KAFKA-19015)."""
        for waiting in self.acknowledging.values():
            if waiting.reply_to is not None and waiting.reply_to[0] == sender:
                waiting.reply_to = ("", -1)
        for session in self.sessions.hang_up(sender):
            self._release(broker, env, session)

    def next_deadline(self) -> Micros | None:
        """When the first lock expires."""
        found = [at for one in self.partitions.values() if (at := one.next_deadline()) is not None]
        return min(found, default=None)

    def wake(self, broker: "Broker", env: Env) -> None:
        """Locks whose time is over."""
        for (group_id, _), shared in list(self.partitions.items()):
            if shared.expire(env, self.limits(broker, group_id)):
                self._save(broker, env, shared)
                self._look_again(broker, env, shared.partition)


def _turned(session: ShareSession) -> tuple[TopicPartition, ...]:
    """A session's partitions, each time beginning with the next."""
    partitions = tuple(session.partitions)
    first = session.epoch % len(partitions) if partitions else 0
    return partitions[first:] + partitions[:first]


def _refused(partition: Partition | None) -> SharedPartition:
    if partition is None:
        return SharedPartition(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    leader = partition.leader_id, partition.leader_epoch
    return SharedPartition(ErrorCode.NOT_LEADER_OR_FOLLOWER, current_leader=leader)
