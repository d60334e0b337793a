"""Coordinators: the group shards of this broker: loaded from the log, appended to it, answered when committed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker import consumer_groups, forgetting, loading, offset_commits
from lab.kafka.broker.consumer_groups import APPEND_ERRORS, PendingAnswer
from lab.kafka.broker.forgetting import Forgetting, Outcome
from lab.kafka.broker.offset_commits import PendingCommit, PendingTransactionalCommit
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedAppend
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.consumer_records import tombstones
from lab.kafka.coordinator.group import NOBODY, group_partition
from lab.kafka.coordinator.offset_records import GroupKey, StoredGroup, group_key, group_value
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.coordinator.transactional_offsets import TransactionalOffsets
from lab.kafka.coordinator.turn import Turn
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import JoinGroupResponse, SyncGroupResponse
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

OFFSETS_TOPIC = "__consumer_offsets"
TIMER = "coordinators"


@dataclass(slots=True)
class PendingGroup:
    """A generation on its way into the log."""

    partition: TopicPartition
    group_id: str
    stored: StoredGroup


WAITING = (PendingCommit, PendingTransactionalCommit, PendingAnswer, Outcome)
"""What somebody may wait for."""


class Coordinators:
    """Shards by partition of `__consumer_offsets`; only those that this broker leads."""

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.shards: dict[TopicPartition, GroupShard] = {}
        self.transactional: dict[TopicPartition, TransactionalOffsets] = {}
        self.wakes_at: Micros | None = None
        self.expiry_at: Micros = 0

    # --- gaining and losing -----------------------------------------------------------------------

    def on_leader(self, broker: "Broker", env: Env, partition: Partition) -> None:
        """This broker is the coordinator of these groups now: replay what the log knows of them. One that it was
        already, in an epoch before, sends away who waits here: the log knows nothing of them.
        """
        if partition.partition.topic != OFFSETS_TOPIC:
            return
        self.on_not_leader(broker, env, partition.partition)
        shard = self.shards[partition.partition] = GroupShard(self.config)
        loading.load(broker, env, partition, shard)
        env.tell(
            facts.GroupsLoaded(
                partition.partition,
                {
                    group.group_id: (
                        group.generation,
                        {name: one.offset for name, one in group.offsets.items()},
                    )
                    for group in shard.groups.values()
                },
            )
        )
        turn = Turn(env.now, env.wall_time_ms)
        shard.begin(turn)
        self.carry_out(broker, env, partition.partition, turn)

    def on_not_leader(self, broker: "Broker", env: Env, name: TopicPartition) -> None:
        """Somebody else is the coordinator: those who wait here are sent away."""
        self.transactional.pop(name, None)
        shard = self.shards.pop(name, None)
        if shard is None:
            return
        for group in shard.groups.values():
            if isinstance(group, ConsumerGroup):
                continue  # nobody is parked in it; who waits for the log hears from there
            for member in group.members.values():
                if member.joining is not None:
                    broker.reply(
                        env,
                        *member.joining,
                        JoinGroupResponse(ErrorCode.NOT_COORDINATOR, member_id=member.member_id),
                    )
                if member.syncing is not None:
                    broker.reply(env, *member.syncing, SyncGroupResponse(ErrorCode.NOT_COORDINATOR))

    def hang_up(self, broker: "Broker", sender: Address) -> None:
        """A connection is gone. Its member stays as joined or synced as it was, but is not answered: the next
        process of that name opens a connection of the same name, and numbers its requests alike.
        """
        for shard in self.shards.values():
            for group in shard.groups.values():
                if isinstance(group, ConsumerGroup):
                    continue
                for member in group.members.values():
                    if member.joining is not None and member.joining[0] == sender:
                        member.joining = NOBODY
                    if member.syncing is not None and member.syncing[0] == sender:
                        member.syncing = NOBODY
        for operation in broker.purgatory.operations.values():
            token = operation.token if isinstance(operation, DelayedAppend) else None
            waiting = token.outcome if isinstance(token, Forgetting) else token
            if isinstance(waiting, WAITING) and waiting.reply_to[0] == sender:
                waiting.reply_to = NOBODY

    # --- finding a shard --------------------------------------------------------------------------

    def shard_of(self, broker: "Broker", group_id: str) -> tuple[TopicPartition, GroupShard] | ErrorCode:
        """The shard that keeps a group, if this broker is its coordinator."""
        topic = broker.image.topics.get(OFFSETS_TOPIC)
        if topic is None:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        name = TopicPartition(OFFSETS_TOPIC, group_partition(group_id, len(topic.partitions)))
        shard = self.shards.get(name)
        return (name, shard) if shard is not None else ErrorCode.NOT_COORDINATOR

    def transactional_offsets(self, name: TopicPartition) -> TransactionalOffsets:
        """Those of a shard that wait for the marker of their transaction."""
        found = self.transactional.get(name)
        if found is None:
            found = self.transactional[name] = TransactionalOffsets()
        return found

    # --- what shards decide -----------------------------------------------------------------------

    def carry_out(self, broker: "Broker", env: Env, name: TopicPartition, turn: Turn) -> None:
        """Tell, log and answer what a shard decided; then see when it wants to be woken."""
        for fact in turn.facts:
            env.tell(fact)
        for group_id in turn.ended:
            keys = [one.encoded_key() for one in tombstones(group_id)]
            self.append(broker, env, name, [Record(0, env.wall_time_ms, key, None) for key in keys], None)
        for group_id, stored in turn.log:
            self._log_group(broker, env, name, group_id, stored)
        for (sender, correlation_id), response in turn.replies:
            broker.reply(env, sender, correlation_id, response)
        self.schedule(env)

    def _log_group(self, broker: "Broker", env: Env, name: TopicPartition, group_id: str, stored: StoredGroup) -> None:
        record = Record(0, env.wall_time_ms, group_key(GroupKey(group_id)), group_value(stored))
        self.append(broker, env, name, [record], PendingGroup(name, group_id, stored))

    def append(self, broker: "Broker", env: Env, name: TopicPartition, records: list[Record], token: object) -> None:
        """Log records; `completed` hears how that ends."""
        broker.append_internal(env, broker.partitions[name], RecordBatch.build(records), token)

    def completed(self, broker: "Broker", env: Env, token: object, error: ErrorCode) -> None:
        """An append is replicated, or has failed."""
        error = APPEND_ERRORS.get(error, error)
        match token:
            case PendingCommit():
                offset_commits.committed(broker, env, token, error)
            case PendingTransactionalCommit():
                offset_commits.committed_in_transaction(broker, env, token, error)
            case PendingGroup():
                shard = self.shards.get(token.partition)
                if shard is not None:
                    turn = Turn(env.now, env.wall_time_ms)
                    shard.assigned(token.group_id, token.stored, error, turn)
                    self.carry_out(broker, env, token.partition, turn)
            case Forgetting():
                forgetting.forgotten(broker, env, token, error)
            case PendingAnswer():
                consumer_groups.answer(broker, env, token, error)
            case None:
                pass  # nobody waits for it
            case _:
                raise AssertionError(token)

    # --- time -------------------------------------------------------------------------------------

    def schedule(self, env: Env) -> None:
        """See to it that the next deadline is not missed."""
        deadlines = [at for shard in self.shards.values() if (at := shard.next_deadline()) is not None]
        if any(shard.groups for shard in self.shards.values()):
            if self.expiry_at <= env.now:
                self.expiry_at = env.now + millis(self.config.offsets_retention_check_interval_ms)
            deadlines.append(self.expiry_at)
        if not deadlines:
            return
        at = min(deadlines)
        if self.wakes_at is None or at < self.wakes_at:
            self.wakes_at = at
            env.set_timer(TIMER, at)

    def wake(self, broker: "Broker", env: Env) -> None:
        """Some deadline has come."""
        self.wakes_at = None
        expiry_is_due = self.expiry_at <= env.now
        for name, shard in list(self.shards.items()):
            turn = Turn(env.now, env.wall_time_ms)
            shard.on_deadline(turn)
            self.carry_out(broker, env, name, turn)
            consumer_groups.expire(broker, env, name, shard)
        if expiry_is_due:
            forgetting.forget_expired(broker, env)
        self.schedule(env)
