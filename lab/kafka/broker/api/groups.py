"""JoinGroup (11), Heartbeat (12), LeaveGroup (13), SyncGroup (14), DescribeGroups (15): the classic protocol.

We do: MEMBER_ID_REQUIRED, static members, initial delay, votes; members of this protocol in consumer groups (KIP-848).
"""

from lab.kafka.broker import consumer_groups
from lab.kafka.broker.access.operations import tell_operations
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.coordinator import classic_members
from lab.kafka.coordinator.shard import Joining
from lab.kafka.coordinator.turn import Turn
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    DescribedGroup,
    DescribeGroupsRequest,
    DescribeGroupsResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)


@handles(JoinGroupRequest)
def join_group(broker: Broker, request: JoinGroupRequest, context: RequestContext) -> JoinGroupResponse | Later:
    """Parked until the generation is complete."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return JoinGroupResponse(found, member_id=request.member_id)
    env = context.env
    fresh_id = f"{request.group_instance_id or context.client_id}-{env.dice.below(1 << 30):08x}-{env.now:x}"
    token = context.token
    joining = Joining(request, context.client, token, fresh_id)
    group = consumer_groups.with_members(found, request.group_id)
    if group is not None:
        return consumer_groups.serve(broker, env, found, group, classic_members.join, joining, token) or PENDING
    turn = Turn(env.now, env.wall_time_ms)
    found[1].join(joining, turn)
    broker.coordinators.carry_out(broker, env, found[0], turn)
    return PENDING


@handles(SyncGroupRequest)
def sync_group(broker: Broker, request: SyncGroupRequest, context: RequestContext) -> SyncGroupResponse | Later:
    """Parked until the leader's assignment is in the log."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return SyncGroupResponse(found)
    token = context.token
    group = consumer_groups.with_members(found, request.group_id)
    if group is not None:
        return consumer_groups.serve(broker, context.env, found, group, classic_members.sync, request, token) or PENDING
    turn = Turn(context.env.now, context.env.wall_time_ms)
    found[1].sync(request, token, turn)
    broker.coordinators.carry_out(broker, context.env, found[0], turn)
    return PENDING


@handles(HeartbeatRequest)
def heartbeat(broker: Broker, request: HeartbeatRequest, context: RequestContext) -> HeartbeatResponse | Later:
    """Answered at once; in a consumer group when all is committed that it may tell of."""
    if not request.group_id:
        return HeartbeatResponse(ErrorCode.INVALID_GROUP_ID)
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return HeartbeatResponse(found)
    group = consumer_groups.with_members(found, request.group_id)
    if group is not None:
        token = context.token
        decide = classic_members.heartbeat
        return consumer_groups.serve(broker, context.env, found, group, decide, request, token) or PENDING
    return HeartbeatResponse(found[1].heartbeat(request, context.env.now))


@handles(LeaveGroupRequest)
def leave_group(broker: Broker, request: LeaveGroupRequest, context: RequestContext) -> LeaveGroupResponse | Later:
    """The others rebalance at once instead of after a session time-out."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return LeaveGroupResponse(found)
    group = consumer_groups.with_members(found, request.group_id)
    if group is not None:
        token = context.token
        return (
            consumer_groups.serve(broker, context.env, found, group, classic_members.leave, request, token) or PENDING
        )
    turn = Turn(context.env.now, context.env.wall_time_ms)
    response = found[1].leave(request, turn)
    broker.coordinators.carry_out(broker, context.env, found[0], turn)
    return response


@handles(DescribeGroupsRequest)
def describe_groups(broker: Broker, request: DescribeGroupsRequest, context: RequestContext) -> DescribeGroupsResponse:
    """Each group by its coordinator."""
    groups = tuple(_describe(broker, group_id) for group_id in request.group_ids)
    if request.include_authorized_operations:
        tell_operations(broker, context, groups)
    return DescribeGroupsResponse(groups)


def _describe(broker: Broker, group_id: str) -> DescribedGroup:
    found = broker.coordinators.shard_of(broker, group_id)
    if isinstance(found, ErrorCode):
        return DescribedGroup(found, group_id, "", "", "", -1, ())
    return found[1].describe(group_id)
