"""Consumer groups of this broker's shards: a heartbeat is decided on a draft, logged, and answered when committed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker.group_configs import GroupConfigs
from lab.kafka.broker.purgatory import DelayedAppend
from lab.kafka.coordinator import consumer_heartbeat
from lab.kafka.coordinator.assignors import offered
from lab.kafka.coordinator.consumer_group import ConsumerGroup, MemberState
from lab.kafka.coordinator.consumer_records import GroupEpoch, read_record, tombstones
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.group import EMPTY, Group, Token
from lab.kafka.coordinator.groups import AnyGroup, as_classic_group, as_consumer_group
from lab.kafka.coordinator.offset_records import GroupKey, group_key
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedConsumerGroup,
    DescribedMember,
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


@dataclass(slots=True)
class PendingHeartbeat:
    """An answer that waits until what it says is committed."""

    reply_to: Token
    response: ConsumerGroupHeartbeatResponse


# --- heartbeats -----------------------------------------------------------------------------------


def heartbeat(
    broker: "Broker", env: Env, request: ConsumerGroupHeartbeatRequest, client_id: str, reply_to: Token
) -> ConsumerGroupHeartbeatResponse | None:
    """An answer now, or none because it comes when the log has what it says."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return ConsumerGroupHeartbeatResponse(found)
    name, shard = found
    there = shard.groups.get(request.group_id)
    if isinstance(there, Group) and there.state != EMPTY:
        # A group of the classic protocol with members in it: Kafka's answer where migration is switched off.
        return ConsumerGroupHeartbeatResponse(ErrorCode.GROUP_ID_NOT_FOUND)
    draft = _draft(broker, env, as_consumer_group(shard.groups, request.group_id))
    response = consumer_heartbeat.heartbeat(draft, request, client_id, exists=isinstance(there, ConsumerGroup))
    if response.error_code:
        return response
    error = _take(broker, env, name, shard, draft)
    if error:
        return ConsumerGroupHeartbeatResponse(error)
    return _when_committed(broker, env, name, PendingHeartbeat(reply_to, response))


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
    draft.conclude()
    group_id = draft.group.group_id
    records = [Record(0, env.wall_time_ms, *one.encoded(broker.image.topic_id)) for one in draft.records]
    there = shard.groups.get(group_id)
    if isinstance(there, Group) and there.protocol_type:
        records.insert(0, Record(0, env.wall_time_ms, group_key(GroupKey(group_id)), None))
    partition = broker.partitions[name]
    info = None
    if records:
        info = partition.append_as_leader(env, RecordBatch.build(records), -1, from_client=False)
        if isinstance(info, AppendRefused):
            return APPEND_ERRORS.get(info.error_code, info.error_code)
    if isinstance(there, Group):
        env.tell(facts.GroupConverted(group_id, "consumer"))
    shard.groups[group_id] = draft.group
    for fact in draft.facts:
        env.tell(fact)
    if info is not None:
        broker.appended(env, partition, info)
    broker.coordinators.schedule(env)
    return ErrorCode.NONE


def _when_committed(
    broker: "Broker", env: Env, name: TopicPartition, pending: PendingHeartbeat
) -> ConsumerGroupHeartbeatResponse | None:
    """Also an answer that logs nothing may tell of something that is in the log and not committed yet."""
    partition = broker.partitions[name]
    end = partition.log.log_end_offset
    if partition.log.high_watermark >= end:
        return pending.response
    deadline = env.now + millis(broker.config.offsets_commit_timeout_ms)
    operation = DelayedAppend(name, end, partition.leader_epoch, deadline, pending)
    partition.waiting_produces[broker.wait(env, operation)] = None
    return None


def answer(broker: "Broker", env: Env, pending: PendingHeartbeat, error: ErrorCode) -> None:
    """It is committed, or will not be."""
    response = pending.response
    if error:
        response = ConsumerGroupHeartbeatResponse(error)
    broker.reply(env, *pending.reply_to, response)


def describe(shard: GroupShard, group_id: str) -> DescribedConsumerGroup:
    """What an administrator sees."""
    group = shard.groups.get(group_id)
    if not isinstance(group, ConsumerGroup):
        return DescribedConsumerGroup(ErrorCode.GROUP_ID_NOT_FOUND, group_id)
    members = tuple(
        DescribedMember(
            one.member_id, one.client_id, one.instance_id, one.epoch, one.topics, one.regex, one.assigned,
            group.target.get(one.member_id, ()),
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
    for table in (group.sessions, group.revocations):
        for member_id, at in table.items():
            table[member_id] = max(at, now + RETRY)
