"""Coordinators: the group shards of this broker: loaded from the log, appended to it, answered when committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Address, Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker import consumer_groups
from lab.kafka.broker.consumer_groups import APPEND_ERRORS, PendingAnswer
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.purgatory import DelayedAppend
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.commits import commit_error, expired_offsets
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.consumer_records import is_consumer_key, tombstones
from lab.kafka.coordinator.group import NOBODY, Group, Token, group_partition
from lab.kafka.coordinator.groups import as_classic_group, is_over
from lab.kafka.coordinator.offset_records import (
    OFFSET_KEY,
    GroupKey,
    OffsetKey,
    StoredGroup,
    group_key,
    group_value,
    offset_key,
    offset_value,
    read_group,
    read_key,
    read_offset,
)
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.coordinator.share_group_records import is_share_record
from lab.kafka.coordinator.transactional_offsets import TransactionalOffsets, transactional_commit_error
from lab.kafka.coordinator.turn import Turn
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.group_admin import DeleteGroupsResponse, OffsetDeleteResponse
from lab.kafka.protocol.messages.groups import JoinGroupResponse, SyncGroupResponse
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
)
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

OFFSETS_TOPIC = "__consumer_offsets"
TIMER = "coordinators"


@dataclass(slots=True)
class PendingCommit:
    """A commit on its way into the log."""

    partition: TopicPartition
    reply_to: Token
    request: OffsetCommitRequest
    accepted: dict[TopicPartition, CommittedOffset]
    refused: dict[TopicPartition, ErrorCode]
    timestamp_ms: int


@dataclass(slots=True)
class PendingTransactionalCommit:
    """A commit within a transaction on its way into the log; it will hold when the transaction does."""

    reply_to: Token
    accepted: tuple[TopicPartition, ...]
    refused: dict[TopicPartition, ErrorCode]


@dataclass(slots=True)
class PendingGroup:
    """A generation on its way into the log."""

    partition: TopicPartition
    group_id: str
    stored: StoredGroup


@dataclass(slots=True)
class Outcome:
    """What an administrator is told when all of it, so many partitions, is forgotten."""

    reply_to: Token
    response: DeleteGroupsResponse | OffsetDeleteResponse
    waits_for: int = 1

    def failed(self, forgetting: "Forgetting", error: ErrorCode) -> None:
        """A part of it could not be written."""
        if isinstance(self.response, DeleteGroupsResponse):
            self.response.groups.update(dict.fromkeys(forgetting.ended, error))
        else:
            self.response.error_code = error


@dataclass(slots=True)
class Forgetting:
    """Offsets being forgotten, by group, and groups of which nothing is left then: since their time is over, or since
    an administrator wants it, who hears the `outcome`.
    """

    partition: TopicPartition
    offsets: dict[str, tuple[TopicPartition, ...]]
    ended: tuple[str, ...]
    outcome: "Outcome | None" = None


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
        """This broker is the coordinator of these groups now: replay what the log knows of them."""
        if partition.partition.topic != OFFSETS_TOPIC:
            return
        shard = self.shards[partition.partition] = GroupShard(self.config)
        batches = partition.log.read(partition.log.log_start_offset, 1 << 40, partition.log.log_end_offset)
        assert isinstance(batches, tuple), batches
        self.transactional.pop(partition.partition, None)
        for batch in batches:
            if batch.is_control or batch.is_transactional:
                self._replay_transactional(partition.partition, shard, batch)
                continue
            for record in batch.records():
                self._replay(shard, record, env.now, broker.image.topic_names)
                self._supersede(partition.partition, record)
        consumer_groups.loaded(env, shard, broker.group_configs)
        for group_id in [one for one, group in shard.groups.items() if not group.offsets and not group.protocol_type]:
            del shard.groups[group_id]
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

    def _replay(self, shard: GroupShard, record: Record, now: Micros, names: Mapping[TopicId, str]) -> None:
        """The only way offsets come to be."""
        assert record.key is not None
        if is_consumer_key(record.key):
            consumer_groups.replay(shard, record.key, record.value, names)
            return
        if is_share_record(record.key):
            return
        key = read_key(record.key)
        group = shard.groups.get(key.group_id)
        if group is None:
            group = shard.groups[key.group_id] = Group(key.group_id)
        match key:
            case OffsetKey() if record.value is None:
                group.offsets.pop(key.partition, None)
                group.committed_ms.pop(key.partition, None)
            case OffsetKey():
                assert record.value is not None
                group.offsets[key.partition], group.committed_ms[key.partition] = read_offset(record.value)
            case GroupKey() if record.value is not None:
                group = shard.groups[key.group_id] = as_classic_group(shard.groups, key.group_id)
                group.restore(read_group(record.value), now)
            case GroupKey() if isinstance(group, Group):
                # Its offsets have tombstones of their own, or belong to the consumer group that takes its place.
                shard.groups[key.group_id] = Group(
                    key.group_id, offsets=group.offsets, committed_ms=group.committed_ms
                )  # fmt: skip
            case GroupKey():
                pass

    def _supersede(self, name: TopicPartition, record: Record) -> None:
        """An offset of the log counts for more than those before it that wait; other records are of another kind."""
        transactional = self.transactional.get(name)
        if transactional is None or record.key is None or int.from_bytes(record.key[:2], "big") > OFFSET_KEY:
            return
        key = read_key(record.key)
        assert isinstance(key, OffsetKey), key
        transactional.supersede(key.group_id, key.partition)

    def _replay_transactional(self, name: TopicPartition, shard: GroupShard, batch: RecordBatch) -> None:
        """Offsets wait for their transaction's marker, here as in the memory of the coordinator before."""
        if batch.is_control:
            marker = read_marker(batch)
            if marker is not None:
                self._decide(name, shard, batch.producer_id, marker.commit)
            return
        for record in batch.records():
            assert record.key is not None
            assert record.value is not None
            key = read_key(record.key)
            assert isinstance(key, OffsetKey), key
            self._of(name).add(batch.producer_id, key.group_id, key.partition, *read_offset(record.value))

    def _of(self, name: TopicPartition) -> TransactionalOffsets:
        found = self.transactional.get(name)
        if found is None:
            found = self.transactional[name] = TransactionalOffsets()
        return found

    def _decide(
        self, name: TopicPartition, shard: GroupShard, producer_id: int, commit: bool
    ) -> dict[str, dict[TopicPartition, int]]:
        """A marker is in the log: what holds from now on, by group."""
        found: dict[str, dict[TopicPartition, int]] = {}
        for one in self._of(name).decide(producer_id, commit):
            group = shard.groups.get(one.group_id)
            if group is None:
                group = shard.groups[one.group_id] = Group(one.group_id)
            group.offsets[one.partition] = one.offset
            group.committed_ms[one.partition] = one.timestamp_ms
            found.setdefault(one.group_id, {})[one.partition] = one.offset.offset
        return found

    # --- finding a shard --------------------------------------------------------------------------

    def shard_of(self, broker: "Broker", group_id: str) -> tuple[TopicPartition, GroupShard] | ErrorCode:
        """The shard that keeps a group, if this broker is its coordinator."""
        topic = broker.image.topics.get(OFFSETS_TOPIC)
        if topic is None:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        name = TopicPartition(OFFSETS_TOPIC, group_partition(group_id, len(topic.partitions)))
        shard = self.shards.get(name)
        return (name, shard) if shard is not None else ErrorCode.NOT_COORDINATOR

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

    def commit(
        self,
        broker: "Broker",
        env: Env,
        request: OffsetCommitRequest,
        reply_to: Token,
        unknown: dict[TopicPartition, ErrorCode],
    ) -> OffsetCommitResponse | None:
        """A commit: an answer now if it is refused, else later, when it is replicated."""
        found = self.shard_of(broker, request.group_id)
        error = found if isinstance(found, ErrorCode) else commit_error(found[1].groups, request, env.now)
        if error or isinstance(found, ErrorCode):
            if error in (
                ErrorCode.ILLEGAL_GENERATION,
                ErrorCode.UNKNOWN_MEMBER_ID,
                ErrorCode.FENCED_INSTANCE_ID,
                ErrorCode.STALE_MEMBER_EPOCH,
            ):
                env.tell(facts.CommitRefused(request.group_id, request.generation_id, request.member_id, error))
            return OffsetCommitResponse(dict.fromkeys(request.offsets, error))
        refused = dict(unknown)
        accepted: dict[TopicPartition, CommittedOffset] = {}
        for partition, offset in request.offsets.items():
            if partition in unknown:
                continue
            if len(offset.metadata) > self.config.offset_metadata_max_bytes:
                refused[partition] = ErrorCode.OFFSET_METADATA_TOO_LARGE
            else:
                accepted[partition] = offset
        if not accepted:
            return OffsetCommitResponse(refused)
        if isinstance(found[1].groups.get(request.group_id), ConsumerGroup) and request.member_id:
            env.tell(facts.CommitTaken(request.group_id, request.member_id, request.generation_id))
        now_ms = env.wall_time_ms
        records = [
            Record(
                0,
                now_ms,
                offset_key(OffsetKey(request.group_id, partition)),
                offset_value(offset, now_ms),
            )
            for partition, offset in accepted.items()
        ]
        token = PendingCommit(found[0], reply_to, request, accepted, refused, now_ms)
        self.append(broker, env, found[0], records, token)
        self.schedule(env)
        return None

    def commit_in_transaction(
        self, broker: "Broker", env: Env, request: TxnOffsetCommitRequest, reply_to: Token,
        unknown: dict[TopicPartition, ErrorCode],
    ) -> TxnOffsetCommitResponse | None:  # fmt: skip
        """A commit that waits for its transaction: an answer now if it is refused, else when it is replicated."""
        found = self.shard_of(broker, request.group_id)
        if isinstance(found, ErrorCode):
            return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, found))
        name, shard = found
        pending = self._of(name).has(request.group_id)
        error = transactional_commit_error(shard.groups.get(request.group_id), request, pending=pending)
        accepted = {one: offset for one, offset in request.offsets.items() if one not in unknown}
        if error or not accepted:
            return TxnOffsetCommitResponse({one: unknown.get(one, error) for one in request.offsets})
        now_ms = env.wall_time_ms
        records = [
            Record(0, now_ms, offset_key(OffsetKey(request.group_id, one)), offset_value(offset, now_ms))
            for one, offset in accepted.items()
        ]
        batch = RecordBatch.build(
            records, producer_id=request.producer_id, producer_epoch=request.producer_epoch, transactional=True
        )
        partition = broker.partitions[name]
        end = partition.log.log_end_offset
        token = PendingTransactionalCommit(reply_to, tuple(accepted), unknown)
        broker.append_internal(env, partition, batch, token)
        if partition.log.log_end_offset > end:
            for one, offset in accepted.items():
                self._of(name).add(request.producer_id, request.group_id, one, offset, now_ms)
        return None

    def transaction_ended(self, env: Env, name: TopicPartition, producer_id: int, commit: bool) -> None:
        """A marker is replicated in a partition of the offsets topic."""
        shard = self.shards.get(name)
        if shard is not None and name in self.transactional:
            found = self._decide(name, shard, producer_id, commit)
            env.tell(facts.TransactionalOffsetsDecided(producer_id, commit, found))

    def unstable(
        self, name: TopicPartition, group_id: str, partitions: tuple[TopicPartition, ...]
    ) -> dict[TopicPartition, ErrorCode]:
        """Those for which a transaction is about to commit an offset."""
        waiting = self.transactional.get(name)
        if waiting is None:
            return {}
        return {
            one: ErrorCode.UNSTABLE_OFFSET_COMMIT for one in partitions if waiting.is_unstable(group_id, one)
        }  # fmt: skip

    def completed(self, broker: "Broker", env: Env, token: object, error: ErrorCode) -> None:
        """An append is replicated, or has failed."""
        error = APPEND_ERRORS.get(error, error)
        match token:
            case PendingCommit():
                self._committed(broker, env, token, error)
            case PendingTransactionalCommit():
                answer = {**dict.fromkeys(token.accepted, error), **token.refused}
                broker.reply(env, *token.reply_to, TxnOffsetCommitResponse(answer))
            case PendingGroup():
                shard = self.shards.get(token.partition)
                if shard is not None:
                    turn = Turn(env.now, env.wall_time_ms)
                    shard.assigned(token.group_id, token.stored, error, turn)
                    self.carry_out(broker, env, token.partition, turn)
            case Forgetting():
                self._forgotten(broker, env, token, error)
            case PendingAnswer():
                consumer_groups.answer(broker, env, token, error)
            case None:
                pass  # nobody waits for it
            case _:
                raise AssertionError(token)

    def _committed(self, broker: "Broker", env: Env, token: PendingCommit, error: ErrorCode) -> None:
        request = token.request
        shard = self.shards.get(token.partition)
        group = shard.groups.get(request.group_id) if shard is not None else None
        if group is None:
            error = error or ErrorCode.NOT_COORDINATOR
        elif not error:
            waiting = self.transactional.get(token.partition)
            for partition, offset in token.accepted.items():
                group.offsets[partition] = offset
                group.committed_ms[partition] = token.timestamp_ms
                if waiting is not None:
                    waiting.supersede(request.group_id, partition)
            env.tell(
                facts.OffsetsCommitted(
                    request.group_id, request.generation_id, request.member_id,
                    {partition: one.offset for partition, one in token.accepted.items()},
                )
            )  # fmt: skip
        answer = {**dict.fromkeys(token.accepted, error), **token.refused}
        broker.reply(env, *token.reply_to, OffsetCommitResponse(answer))

    def _forgotten(self, broker: "Broker", env: Env, token: Forgetting, error: ErrorCode) -> None:
        outcome = token.outcome
        if outcome is not None:
            if error:
                outcome.failed(token, error)
            outcome.waits_for -= 1
            if not outcome.waits_for:
                broker.reply(env, *outcome.reply_to, outcome.response)
        shard = self.shards.get(token.partition)
        if error or shard is None:
            return
        for group_id, gone in token.offsets.items():
            group = shard.groups.get(group_id)
            if group is None:
                continue
            for partition in gone:
                group.offsets.pop(partition, None)
                group.committed_ms.pop(partition, None)
            ended = group_id in token.ended and is_over(group) and not group.offsets
            if ended:
                del shard.groups[group_id]
            env.tell(facts.OffsetsForgotten(group_id, gone, ended))

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
            self._expire(broker, env)
        self.schedule(env)

    def _expire(self, broker: "Broker", env: Env) -> None:
        """Forget what nobody will ask for, and groups of which nothing is left."""
        now_ms, retention_ms = env.wall_time_ms, self.config.offsets_retention_minutes * 60_000
        for name, shard in self.shards.items():
            found: dict[str, tuple[TopicPartition, ...]] = {}
            ended: list[str] = []
            for group in shard.groups.values():
                gone = expired_offsets(group, now_ms, retention_ms)
                if gone:
                    found[group.group_id] = gone
                if is_over(group) and len(gone) == len(group.offsets):
                    ended.append(group.group_id)
            self.forget(broker, env, Forgetting(name, found, tuple(ended)))

    def topic_deleted(self, broker: "Broker", env: Env, topic: str) -> None:
        """Its committed offsets go with it."""
        for name, shard in self.shards.items():
            found = {
                group.group_id: tuple(one for one in group.offsets if one.topic == topic)
                for group in shard.groups.values()
            }
            self.forget(broker, env, Forgetting(name, {group: gone for group, gone in found.items() if gone}, ()))

    def forget(self, broker: "Broker", env: Env, forgetting: Forgetting) -> None:
        """By tombstones."""
        keys = [
            offset_key(OffsetKey(group_id, one)) for group_id, gone in forgetting.offsets.items() for one in gone
        ]  # fmt: skip
        for group_id in forgetting.ended:
            keys += consumer_groups.end_keys(self.shards[forgetting.partition].groups[group_id])
            forgetting.offsets.setdefault(group_id, ())
        if keys:
            records = [Record(0, env.wall_time_ms, key, None) for key in keys]
            self.append(broker, env, forgetting.partition, records, forgetting)
