"""ListGroups (16), DeleteGroups (42), OffsetDelete (47): groups as administrators see and clear them (spec 4.8)."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.coordinators import Forgetting
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.groups import AnyGroup, is_over
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.group_admin import (
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    ListedGroup,
    ListGroupsRequest,
    ListGroupsResponse,
    OffsetDeleteRequest,
    OffsetDeleteResponse,
)


@handles(ListGroupsRequest)
def list_groups(broker: Broker, request: ListGroupsRequest, context: RequestContext) -> ListGroupsResponse:
    """Those whose coordinator this broker is."""
    found = (_listed(group) for shard in broker.coordinators.shards.values() for group in shard.groups.values())
    return ListGroupsResponse(
        tuple(
            one
            for one in found
            if (not request.states_filter or one.group_state in request.states_filter)
            and (not request.types_filter or one.group_type in request.types_filter)
        )
    )


def _listed(group: AnyGroup) -> ListedGroup:
    kind = "consumer" if isinstance(group, ConsumerGroup) else "classic"
    return ListedGroup(group.group_id, group.protocol_type, group.state, kind)


@handles(DeleteGroupsRequest)
def delete_groups(
    broker: Broker, request: DeleteGroupsRequest, context: RequestContext
) -> DeleteGroupsResponse | Later:
    """The group and all its offsets, answered when the tombstones are committed."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return DeleteGroupsResponse(found)
    group = found[1].groups.get(request.group_id)
    if group is None:
        return DeleteGroupsResponse(ErrorCode.GROUP_ID_NOT_FOUND)
    if not is_over(group):
        return DeleteGroupsResponse(ErrorCode.NON_EMPTY_GROUP)
    reply_to = context.sender, context.correlation_id
    gone = {group.group_id: tuple(group.offsets)}
    forgetting = Forgetting(found[0], gone, (group.group_id,), reply_to, DeleteGroupsResponse(ErrorCode.NONE))
    broker.coordinators.forget(broker, context.env, forgetting)
    return PENDING


@handles(OffsetDeleteRequest)
def offset_delete(
    broker: Broker, request: OffsetDeleteRequest, context: RequestContext
) -> OffsetDeleteResponse | Later:
    """Only of topics that no member reads."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return OffsetDeleteResponse(found, {})
    group = found[1].groups.get(request.group_id)
    if group is None:
        return OffsetDeleteResponse(ErrorCode.GROUP_ID_NOT_FOUND, {})
    if group.members and group.protocol_type != "consumer":
        return OffsetDeleteResponse(ErrorCode.NON_EMPTY_GROUP, {})
    read = group.subscribed_topics()
    answer = {
        one: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if one.topic in read else ErrorCode.NONE for one in request.partitions
    }
    response = OffsetDeleteResponse(ErrorCode.NONE, answer)
    gone = tuple(one for one in request.partitions if one.topic not in read and one in group.offsets)
    if not gone:
        return response
    reply_to = context.sender, context.correlation_id
    forgetting = Forgetting(found[0], {group.group_id: gone}, (), reply_to, response)
    broker.coordinators.forget(broker, context.env, forgetting)
    return PENDING
