"""ShareStates: this broker as share coordinator: the states of share-partitions, one shard a partition that it leads
of `__share_group_state`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.env import Env
from lab.kafka import facts
from lab.kafka.broker.consumer_groups import APPEND_ERRORS
from lab.kafka.broker.partition import Partition
from lab.kafka.coordinator.group import Token, group_partition
from lab.kafka.coordinator.share_state import (
    SNAPSHOT,
    UPDATE,
    ShareKey,
    ShareState,
    read_state,
    read_state_key,
    snapshot_value,
    state_key,
    update_value,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_state import (
    NO_OFFSET,
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    ShareStateRequest,
    ShareStateResponse,
    WriteShareGroupStateRequest,
)
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

STATE_TOPIC = "__share_group_state"
States = dict[ShareKey, ShareState]


@dataclass(slots=True)
class PendingState:
    """A change on its way into the log, its answer, and whether a leader's news is to be told of."""

    token: Token
    answer: ShareStateResponse
    written: WriteShareGroupStateRequest | None = None


def state_partition(group_id: str, partition: TopicPartition, count: int) -> int:
    """Which partition of `__share_group_state` keeps a share-partition (Kafka hashes the topic's id, we its name)."""
    return group_partition(f"{group_id}:{partition.topic}:{partition.partition}", count)


class ShareStates:
    """States by shard. They change as soon as a record is appended; answers wait until it is replicated."""

    def __init__(self) -> None:
        self.shards: dict[TopicPartition, States] = {}

    def on_leader(self, partition: Partition) -> None:
        """Replay what the log knows."""
        states = self.shards[partition.partition] = {}
        log = partition.log
        batches = log.read(log.log_start_offset, 1 << 40, log.log_end_offset)
        assert isinstance(batches, tuple), batches
        for batch in batches:
            for record in batch.records():
                _replay(states, record)

    def on_not_leader(self, name: TopicPartition) -> None:
        """Somebody else keeps these."""
        self.shards.pop(name, None)

    # --- requests ---------------------------------------------------------------------------------

    def handle(self, broker: "Broker", env: Env, request: ShareStateRequest, token: Token) -> ShareStateResponse | None:
        """An answer now, or None: later, when it is in the log."""
        topic = broker.image.topics.get(STATE_TOPIC)
        if topic is None:
            return ShareStateResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
        key = request.group_id, request.partition
        name = TopicPartition(STATE_TOPIC, state_partition(*key, len(topic.partitions)))
        states = self.shards.get(name)
        if states is None:
            return ShareStateResponse(ErrorCode.NOT_COORDINATOR)
        known = states.get(key)
        match request:
            case InitializeShareGroupStateRequest():
                if known is not None and known.state_epoch >= request.state_epoch:
                    return ShareStateResponse(ErrorCode.NONE)  # asked twice
                if known is not None:
                    env.tell(facts.ShareStateReset(*key))
                state = ShareState(request.state_epoch, -1, request.start_offset)
                answer = ShareStateResponse(ErrorCode.NONE)
                return self._log(broker, env, name, key, SNAPSHOT, state, PendingState(token, answer))
            case ReadShareGroupStateRequest():
                return self._read(broker, env, name, key, known, request, token)
            case WriteShareGroupStateRequest():
                return self._write(broker, env, name, key, known, request, token)
            case DeleteShareGroupStateRequest():
                if known is None:
                    return ShareStateResponse(ErrorCode.NONE)
                env.tell(facts.ShareStateReset(*key))
                return self._forget(broker, env, name, [key], token)
            case ReadShareGroupStateSummaryRequest():
                found = known or ShareState(0, 0, NO_OFFSET)
                return ShareStateResponse(
                    ErrorCode.NONE, found.state_epoch, found.start_offset, leader_epoch=max(found.leader_epoch, 0)
                )

    def _read(
        self, broker: "Broker", env: Env, name: TopicPartition, key: ShareKey, known: ShareState | None,
        request: ReadShareGroupStateRequest, token: Token,
    ) -> ShareStateResponse | None:  # fmt: skip
        """A newer leader is noted before it is answered, so that the one before it can write no more."""
        if known is None:
            return ShareStateResponse(ErrorCode.NONE)
        if request.leader_epoch < known.leader_epoch:
            return ShareStateResponse(ErrorCode.FENCED_LEADER_EPOCH)
        answer = ShareStateResponse(ErrorCode.NONE, known.state_epoch, known.start_offset, known.batches)
        if request.leader_epoch == known.leader_epoch:
            return answer
        update = ShareState(known.state_epoch, request.leader_epoch, -1, (), known.snapshot_epoch)
        return self._log(broker, env, name, key, UPDATE, update, PendingState(token, answer))

    def _write(
        self, broker: "Broker", env: Env, name: TopicPartition, key: ShareKey, known: ShareState | None,
        request: WriteShareGroupStateRequest, token: Token,
    ) -> ShareStateResponse | None:  # fmt: skip
        if known is not None and request.leader_epoch < known.leader_epoch:
            return ShareStateResponse(ErrorCode.FENCED_LEADER_EPOCH)
        if known is not None and request.state_epoch < known.state_epoch:
            return ShareStateResponse(ErrorCode.FENCED_STATE_EPOCH)
        pending = PendingState(token, ShareStateResponse(ErrorCode.NONE), request)
        news = ShareState(
            request.state_epoch, request.leader_epoch, request.start_offset, request.state_batches,
            known.snapshot_epoch if known is not None else 0,
        )  # fmt: skip
        if known is None:
            return self._log(broker, env, name, key, SNAPSHOT, news, pending)
        if known.updates >= broker.config.share_coordinator_snapshot_update_records_per_snapshot:
            whole = replace(known.updated(news), snapshot_epoch=known.snapshot_epoch + 1, updates=0)
            return self._log(broker, env, name, key, SNAPSHOT, whole, pending)
        return self._log(broker, env, name, key, UPDATE, news, pending)

    # --- the log ----------------------------------------------------------------------------------

    def _log(
        self, broker: "Broker", env: Env, name: TopicPartition, key: ShareKey, kind: int, state: ShareState,
        pending: PendingState,
    ) -> None:  # fmt: skip
        now_ms = env.wall_time_ms
        value = snapshot_value(state, now_ms) if kind == SNAPSHOT else update_value(state)
        self._append(broker, env, name, [Record(0, now_ms, state_key(kind, key), value)], pending)

    def _forget(self, broker: "Broker", env: Env, name: TopicPartition, keys: list[ShareKey], token: Token) -> None:
        now_ms = env.wall_time_ms
        records = [Record(0, now_ms, state_key(kind, key), None) for key in keys for kind in (SNAPSHOT, UPDATE)]
        self._append(broker, env, name, records, PendingState(token, ShareStateResponse(ErrorCode.NONE)))

    def _append(
        self, broker: "Broker", env: Env, name: TopicPartition, records: list[Record], pending: PendingState
    ) -> None:
        """The states follow the log: what is refused changes nothing."""
        partition = broker.partitions[name]
        before = partition.log.log_end_offset
        broker.append_internal(env, partition, RecordBatch.build(records), pending)
        states = self.shards.get(name)
        if states is not None and partition.log.log_end_offset > before:
            for record in records:
                _replay(states, record)
            self._tell(env, pending, replicated=False)

    def logged(self, broker: "Broker", env: Env, pending: PendingState, error: ErrorCode) -> ShareStateResponse:
        """An append is replicated, or has failed: the answer to send."""
        if error:
            return ShareStateResponse(APPEND_ERRORS.get(error, error))
        self._tell(env, pending, replicated=True)
        return pending.answer

    def _tell(self, env: Env, pending: PendingState, *, replicated: bool) -> None:
        told = pending.written
        if told is not None:
            batches = tuple((one.first_offset, one.last_offset + 1, one.delivery_state) for one in told.state_batches)
            env.tell(
                facts.ShareStateStored(
                    told.group_id, told.partition, told.leader_epoch, told.start_offset, batches, replicated
                )
            )

    def topic_deleted(self, broker: "Broker", env: Env, topic: str) -> None:
        """What groups knew of it goes with it: a topic of the same name begins anew."""
        for name, states in list(self.shards.items()):
            gone = [key for key in states if key[1].topic == topic]
            if gone:
                self._forget(broker, env, name, gone, ("", -1))


def _replay(states: States, record: Record) -> None:
    assert record.key is not None
    kind, key = read_state_key(record.key)
    if record.value is None:
        states.pop(key, None)
        return
    news = read_state(kind, record.value)
    known = states.get(key)
    states[key] = news if kind == SNAPSHOT or known is None else known.updated(news)
