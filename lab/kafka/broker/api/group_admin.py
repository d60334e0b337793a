"""ListGroups (16), DeleteGroups (42), OffsetDelete (47): groups as administrators see and clear them (spec 4.8)."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.forgetting import Forgetting, Outcome, forget
from lab.kafka.broker.share.sharing import sharing_of
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.groups import AnyGroup, is_over
from lab.kafka.coordinator.share_group import ShareGroup
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
from lab.kafka.protocol.topics import TopicPartition


@handles(ListGroupsRequest)
def list_groups(broker: Broker, request: ListGroupsRequest, context: RequestContext) -> ListGroupsResponse:
    """Those whose coordinator this broker is."""
    found = [_listed(group) for shard in broker.coordinators.shards.values() for group in shard.groups.values()]
    shared = broker.sharing.groups.shards if broker.sharing is not None else {}
    found += [
        ListedGroup(group.group_id, "share", group.state, "share")
        for groups in shared.values() for group in groups.values()
    ]  # fmt: skip
    states, types = _small(request.states_filter), _small(request.types_filter)
    return ListGroupsResponse(
        tuple(
            one
            for one in found
            if (not states or one.group_state.lower() in states) and (not types or one.group_type in types)
        )
    )


def _small(words: tuple[str, ...]) -> tuple[str, ...]:
    """The Java client writes types with capitals, as it tells them to people; brokers do not."""
    return tuple(word.lower() for word in words)


def _listed(group: AnyGroup) -> ListedGroup:
    kind = "consumer" if isinstance(group, ConsumerGroup) else "classic"
    return ListedGroup(group.group_id, group.protocol_type, group.state, kind)


@handles(DeleteGroupsRequest)
def delete_groups(
    broker: Broker, request: DeleteGroupsRequest, context: RequestContext
) -> DeleteGroupsResponse | Later:
    """Groups and all their offsets, answered when the last tombstones are committed."""
    response = DeleteGroupsResponse({})
    doomed: dict[TopicPartition, dict[str, tuple[TopicPartition, ...]]] = {}
    shared: list[str] = []
    for group_id in request.group_ids:
        found = _doomed(broker, group_id)
        response.groups[group_id] = found if isinstance(found, ErrorCode) else ErrorCode.NONE
        if isinstance(found, ErrorCode):
            continue
        if isinstance(found[1], ShareGroup):
            shared.append(group_id)
        else:
            doomed.setdefault(found[0], {})[group_id] = tuple(found[1].offsets)
    waits_for = len(doomed) + len(shared)
    if not waits_for:
        return response
    outcome = Outcome(context.token, response, waits_for)
    for partition, gone in doomed.items():
        forget(broker, context.env, Forgetting(partition, gone, tuple(gone), outcome))
    if shared:
        sharing = sharing_of(broker)
        for group_id in shared:
            sharing.administration.end(broker, context.env, group_id, outcome)
        sharing.schedule(context.env)
    return PENDING


def _doomed(broker: Broker, group_id: str) -> tuple[TopicPartition, AnyGroup | ShareGroup] | ErrorCode:
    """A group that may be deleted, and the partition that keeps it."""
    found = broker.coordinators.shard_of(broker, group_id)
    if isinstance(found, ErrorCode):
        return found
    name, shard = found
    shared = broker.sharing.groups.shards.get(name, {}).get(group_id) if broker.sharing is not None else None
    if shared is not None:
        return ErrorCode.NON_EMPTY_GROUP if shared.members else (name, shared)
    group = shard.groups.get(group_id)
    if group is None:
        return ErrorCode.GROUP_ID_NOT_FOUND
    return (name, group) if is_over(group) else ErrorCode.NON_EMPTY_GROUP


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
        one: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if broker.image.partition(one) is None
        else ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if one.topic in read else ErrorCode.NONE
        for one in request.partitions
    }  # fmt: skip
    response = OffsetDeleteResponse(ErrorCode.NONE, answer)
    gone = tuple(one for one, error in answer.items() if not error and one in group.offsets)
    if not gone:
        return response
    outcome = Outcome(context.token, response)
    forgetting = Forgetting(found[0], {group.group_id: gone}, (), outcome)
    forget(broker, context.env, forgetting)
    return PENDING
