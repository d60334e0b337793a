"""Consumer groups of this broker's shards: a request is decided on a draft, logged, and answered when committed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker.group_configs import GroupConfigs
from lab.kafka.broker.purgatory import DelayedAppend
from lab.kafka.coordinator import consumer_heartbeat, migration
from lab.kafka.coordinator.assignors import offered
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.consumer_group import ConsumerGroup, MemberState
from lab.kafka.coordinator.consumer_records import GroupEpoch, read_record, tombstones
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.group import EMPTY, Group, Token
from lab.kafka.coordinator.groups import AnyGroup, as_classic_group, as_consumer_group
from lab.kafka.coordinator.offset_records import GroupKey, group_key, group_value
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.coordinator.turn import Turn
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    CLASSIC_MEMBER,
    CONSUMER_MEMBER,
    JOIN_EPOCH,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedConsumerGroup,
    DescribedMember,
)
from lab.kafka.protocol.messages.groups import (
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    SyncGroupResponse,
)
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.broker.broker import Broker

RETRY: Micros = millis(500)
"""So long a coordinator waits when the log does not take what time has decided."""

APPEND_ERRORS = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
}
"""What a failed append becomes for a group's member (spec 4.2.6)."""


Answer = ConsumerGroupHeartbeatResponse | JoinGroupResponse | SyncGroupResponse | HeartbeatResponse | LeaveGroupResponse
"""What a consumer group answers its members, of either protocol."""
Found = tuple[TopicPartition, GroupShard]
"""A shard, and the partition that keeps it."""
R = TypeVar("R")
A = TypeVar("A", bound=Answer)
TAKEN = (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS)
"""Answers with other errors refuse a request: then nothing has happened."""


@dataclass(slots=True)
class PendingAnswer:
    """An answer that waits until what it says is committed."""

    reply_to: Token
    response: Answer


# --- requests -------------------------------------------------------------------------------------


def heartbeat(
    broker: "Broker", env: Env, request: ConsumerGroupHeartbeatRequest, client: Client, reply_to: Token
) -> ConsumerGroupHeartbeatResponse | None:
    """An answer now, or none because it comes when the log has what it says."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return ConsumerGroupHeartbeatResponse(found)
    name, shard = found
    there = shard.groups.get(request.group_id)
    if isinstance(there, Group) and there.state != EMPTY:
        draft = _draft(broker, env, ConsumerGroup(there.group_id))
        draft.group.offsets, draft.group.committed_ms = there.offsets, there.committed_ms
        joins = request.member_epoch == JOIN_EPOCH
        error = migration.upgrade(draft, there) if joins else ErrorCode.GROUP_ID_NOT_FOUND
        if error:
            return ConsumerGroupHeartbeatResponse(error)
    else:
        draft = _draft(broker, env, as_consumer_group(shard.groups, request.group_id))
    response = consumer_heartbeat.heartbeat(draft, request, client, exists=isinstance(there, ConsumerGroup))
    return _conclude(broker, env, name, shard, draft, response, reply_to)


def with_members(found: Found, group_id: str) -> ConsumerGroup | None:
    """The consumer group of this id, if anybody is in it: then members of the classic protocol are in it, too."""
    group = found[1].groups.get(group_id)
    return group if isinstance(group, ConsumerGroup) and group.members else None


def serve(
    broker: "Broker", env: Env, found: Found, group: ConsumerGroup, decide: Callable[[Draft, R], A], request: R,
    reply_to: Token,
) -> A | None:  # fmt: skip
    """A request of the classic protocol to a consumer group: an answer now, or none because it comes later."""
    draft = _draft(broker, env, group)
    return _conclude(broker, env, *found, draft, decide(draft, request), reply_to)


def _conclude(
    broker: "Broker", env: Env, name: TopicPartition, shard: GroupShard, draft: Draft, response: A, reply_to: Token
) -> A | None:
    if response.error_code not in TAKEN:
        return response
    error = _take(broker, env, name, shard, draft)
    if error:
        return refused(response, error)
    return _when_committed(broker, env, name, reply_to, response)


def fence(
    broker: "Broker", env: Env, name: TopicPartition, group_id: str, epoch: int, client_ids: tuple[str, ...],
    reason: str,
) -> None:  # fmt: skip
    """Whoever has heard of an epoch up to this one is not of this group any more; of these clients, nobody is."""
    shard = broker.coordinators.shards[name]
    group = shard.groups[group_id]
    assert isinstance(group, ConsumerGroup), group
    draft = _draft(broker, env, group)
    if draft.group.epoch < epoch:
        draft.log(GroupEpoch(epoch))
    for member in list(draft.group.members.values()):
        if member.client_id in client_ids:
            draft.drop(member, reason)
    draft.bump(reason)
    _take(broker, env, name, shard, draft)


def _draft(broker: "Broker", env: Env, group: ConsumerGroup) -> Draft:
    own = broker.group_configs.of(group.group_id)
    return Draft(group.draft(), broker.config, own, env.now, broker.image.topics, group.state)


def _take(broker: "Broker", env: Env, name: TopicPartition, shard: GroupShard, draft: Draft) -> ErrorCode:
    """The draft becomes the group, if the log takes what it decides."""
    if draft.classic is None:
        draft.conclude()
    group_id, now_ms = draft.group.group_id, env.wall_time_ms
    records = [Record(0, now_ms, *one.encoded(broker.image.topic_id)) for one in draft.records]
    there = shard.groups.get(group_id)
    if isinstance(there, Group) and there.protocol_type:
        records.insert(0, Record(0, now_ms, group_key(GroupKey(group_id)), None))
    if draft.classic is not None:
        draft.classic.state_timestamp_ms = now_ms
        records.append(Record(0, now_ms, group_key(GroupKey(group_id)), group_value(draft.classic.stored())))
    partition = broker.partitions[name]
    info = None
    if records:
        info = partition.append_as_leader(env, RecordBatch.build(records), -1, from_client=False)
        if isinstance(info, AppendRefused):
            return APPEND_ERRORS.get(info.error_code, info.error_code)
    _replace(broker, env, name, shard, draft)
    if info is not None:
        broker.appended(env, partition, info)
    broker.coordinators.schedule(env)
    return ErrorCode.NONE


def _replace(broker: "Broker", env: Env, name: TopicPartition, shard: GroupShard, draft: Draft) -> None:
    """The log has it: the draft takes the place of what was there, or a classic group does."""
    group_id = draft.group.group_id
    there = shard.groups.get(group_id)
    turn = Turn(env.now, env.wall_time_ms)
    if isinstance(there, Group):
        if not there.members:
            env.tell(facts.GroupConverted(group_id, "consumer"))
        shard.hand_over(there, turn)
    shard.groups[group_id] = draft.group if draft.classic is None else draft.classic
    for fact in draft.facts:
        env.tell(fact)
    if draft.classic is not None:
        shard.begin(turn, draft.rebalances)
    broker.coordinators.carry_out(broker, env, name, turn)


def _when_committed(broker: "Broker", env: Env, name: TopicPartition, reply_to: Token, response: A) -> A | None:
    """Also an answer that logs nothing may tell of something that is in the log and not committed yet."""
    partition = broker.partitions[name]
    end = partition.log.log_end_offset
    if partition.log.high_watermark >= end:
        return response
    deadline = env.now + millis(broker.config.offsets_commit_timeout_ms)
    operation = DelayedAppend(name, end, partition.leader_epoch, deadline, PendingAnswer(reply_to, response))
    partition.waiting_produces[broker.wait(env, operation)] = None
    return None


def answer(broker: "Broker", env: Env, pending: PendingAnswer, error: ErrorCode) -> None:
    """It is committed, or will not be."""
    broker.reply(env, *pending.reply_to, refused(pending.response, error) if error else pending.response)


def refused(response: A, error: ErrorCode) -> A:
    """An answer of the same kind that says nothing but the error."""
    return type(response)(error)


def describe(shard: GroupShard, group_id: str) -> DescribedConsumerGroup:
    """What an administrator sees."""
    group = shard.groups.get(group_id)
    if not isinstance(group, ConsumerGroup):
        return DescribedConsumerGroup(ErrorCode.GROUP_ID_NOT_FOUND, group_id)
    members = tuple(
        DescribedMember(
            one.member_id, one.client_id, one.client_host, one.instance_id, one.epoch, one.topics, one.regex,
            one.assigned, group.target.get(one.member_id, ()),
            CONSUMER_MEMBER if one.classic is None else CLASSIC_MEMBER,
        )
        for one in group.members.values()
    )  # fmt: skip
    assignor = group.protocol or offered(shard.config)[0]
    return DescribedConsumerGroup(
        ErrorCode.NONE, group_id, group.state, group.epoch, group.assignment_epoch, assignor, members
    )


# --- the log --------------------------------------------------------------------------------------


def replay(shard: GroupShard, key: bytes, value: bytes | None, names: Mapping[TopicId, str]) -> None:
    """One record of a consumer group; `names`: the topics there are now."""
    record = read_record(key, value, names)
    group_id = record.group_id
    if record.value is not None:
        group = shard.groups[group_id] = as_consumer_group(shard.groups, group_id)
        group.replay(record)
    elif record.kind is GroupEpoch:
        # Its offsets have tombstones of their own, or belong to the classic group that takes its place.
        shard.groups[group_id] = as_classic_group(shard.groups, group_id)
    elif isinstance(group := shard.groups.get(group_id), ConsumerGroup):
        group.replay(record)


def loaded(env: Env, shard: GroupShard, configs: GroupConfigs) -> None:
    """All is read: members have a full session, and full time for what they have to revoke."""
    for group in shard.groups.values():
        if not isinstance(group, ConsumerGroup):
            continue
        session = millis(configs.of(group.group_id).consumer_session_timeout_ms)
        group.sessions = dict.fromkeys(group.members, env.now + session)
        group.revocations = {
            one.member_id: env.now + millis(one.rebalance_timeout_ms)
            for one in group.members.values()
            if one.state is MemberState.UNREVOKED_PARTITIONS
        }
        known = {
            one.member_id: (one.client_id, one.epoch, (*one.assigned, *one.pending_revocation))
            for one in group.members.values()
        }
        env.tell(facts.ConsumerGroupLoaded(group.group_id, group.epoch, known))


def end_keys(group: AnyGroup) -> list[bytes]:
    """The keys whose tombstones end a group that has no members."""
    if isinstance(group, Group):
        return [group_key(GroupKey(group.group_id))]
    return [one.encoded_key() for one in tombstones(group.group_id)]


# --- time -----------------------------------------------------------------------------------------


def expire(broker: "Broker", env: Env, name: TopicPartition, shard: GroupShard) -> None:
    """Members that were silent, or did not revoke in time."""
    for group in list(shard.groups.values()):
        if not isinstance(group, ConsumerGroup) or min(group.deadlines(), default=env.now + 1) > env.now:
            continue
        draft = _draft(broker, env, group)
        consumer_heartbeat.expire(draft)
        if _take(broker, env, name, shard, draft):
            _try_again(group, env.now)


def _try_again(group: ConsumerGroup, now: Micros) -> None:
    """The log did not take it."""
    for table in group.clocks:
        for member_id, at in table.items():
            table[member_id] = max(at, now + RETRY)
