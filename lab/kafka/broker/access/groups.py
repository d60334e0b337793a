"""Groups: READ to be a member and to commit, DESCRIBE to look, DELETE; and of the topics what they are read by."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedConsumerGroup,
    DescribedMember,
)
from lab.kafka.protocol.messages.find_coordinator import (
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    FindCoordinatorsRequest,
    FindCoordinatorsResponse,
)
from lab.kafka.protocol.messages.group_admin import (
    DeleteGroupsRequest,
    DeleteGroupsResponse,
    ListGroupsRequest,
    OffsetDeleteRequest,
    OffsetDeleteResponse,
)
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
from lab.kafka.protocol.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchesRequest,
    OffsetFetchesResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
)

GROUP, TOPIC = ResourceType.GROUP, ResourceType.TOPIC
DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED
MEMBERSHIP: dict[type, Callable[[Any], object]] = {
    JoinGroupRequest: lambda request: JoinGroupResponse(DENIED, member_id=request.member_id),
    SyncGroupRequest: lambda _: SyncGroupResponse(DENIED),
    HeartbeatRequest: lambda _: HeartbeatResponse(DENIED),
    LeaveGroupRequest: lambda _: LeaveGroupResponse(DENIED),
}
"""Of each request of a member the answer to one who may not be one."""


@checks(JoinGroupRequest)
@checks(SyncGroupRequest)
@checks(HeartbeatRequest)
@checks(LeaveGroupRequest)
def membership(asker: Asker, request: Any) -> object:
    """READ on the group."""
    if asker.may(AclOperation.READ, GROUP, request.group_id):
        return asker.go_on(request)
    return MEMBERSHIP[type(request)](request)


@checks(ConsumerGroupHeartbeatRequest)
def consumer_group_heartbeat(asker: Asker, request: ConsumerGroupHeartbeatRequest) -> object:
    """READ on the group, and DESCRIBE on each topic that is named. A pattern is not looked at."""
    error = asker.may_join(request.group_id, request.subscribed_topic_names)
    return ConsumerGroupHeartbeatResponse(error) if error else asker.go_on(request)


@checks(FindCoordinatorRequest)
def find_coordinator(asker: Asker, request: FindCoordinatorRequest) -> object:
    """DESCRIBE on the group, or on the transactional id."""
    error = _unfindable(asker, request.key, request.key_type)
    return FindCoordinatorResponse(error) if error else asker.go_on(request)


@checks(FindCoordinatorsRequest)
def find_coordinators(asker: Asker, request: FindCoordinatorsRequest) -> object:
    """As of one."""
    errors = {key: _unfindable(asker, key, request.key_type) for key in request.keys}
    refused = {key: FindCoordinatorResponse(error) for key, error in errors.items() if error}
    allowed = tuple(key for key in request.keys if key not in refused)
    return asker.go_on(replace(request, keys=allowed), FindCoordinatorsResponse(refused))


def _unfindable(asker: Asker, key: str, key_type: int) -> ErrorCode:
    if key_type == TRANSACTION:
        allowed = asker.may(AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, key)
        return ErrorCode.NONE if allowed else ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    return ErrorCode.NONE if asker.may(AclOperation.DESCRIBE, GROUP, key) else DENIED


@checks(OffsetCommitRequest)
def offset_commit(asker: Asker, request: OffsetCommitRequest) -> object:
    """READ on the group, and on each topic."""
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return OffsetCommitResponse(dict.fromkeys(request.offsets, DENIED))
    allowed, denied = asker.split(AclOperation.READ, request.offsets)
    refused = OffsetCommitResponse(dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, offsets=allowed), refused) if allowed else refused


@checks(OffsetFetchRequest)
def offset_fetch(asker: Asker, request: OffsetFetchRequest) -> object:
    """DESCRIBE on the group, and on each topic: of all that the group has others are left out."""
    if not asker.may(AclOperation.DESCRIBE, GROUP, request.group_id):
        return OffsetFetchResponse({}, DENIED)
    if request.partitions is None:
        answer = asker.go_on(request)
        offsets, _ = asker.split(AclOperation.DESCRIBE, answer.offsets)
        errors, _ = asker.split(AclOperation.DESCRIBE, answer.errors)
        return replace(answer, offsets=offsets, errors=errors)
    allowed, denied = asker.split(AclOperation.DESCRIBE, dict.fromkeys(request.partitions))
    refused = OffsetFetchResponse({}, errors=dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, partitions=tuple(allowed)), refused)


@checks(OffsetFetchesRequest)
def offset_fetches(asker: Asker, request: OffsetFetchesRequest) -> object:
    """As of one."""
    found = {one.group_id: offset_fetch(asker, one) for one in request.groups}
    return OffsetFetchesResponse({name: one for name, one in found.items() if isinstance(one, OffsetFetchResponse)})


@checks(DescribeGroupsRequest)
def describe_groups(asker: Asker, request: DescribeGroupsRequest) -> object:
    """DESCRIBE on each group."""
    allowed = asker.among(AclOperation.DESCRIBE, GROUP, request.group_ids)
    denied = [one for one in request.group_ids if one not in allowed]
    refused = tuple(DescribedGroup(DENIED, one, "", "", "", -1, ()) for one in denied)
    narrowed = replace(request, group_ids=tuple(one for one in request.group_ids if one in allowed))
    return asker.go_on(narrowed, DescribeGroupsResponse(refused))


@checks(ConsumerGroupDescribeRequest)
def consumer_group_describe(asker: Asker, request: ConsumerGroupDescribeRequest) -> object:
    """DESCRIBE on each group, and on every topic that its members subscribe to or have, or it is not described."""
    allowed = asker.among(AclOperation.DESCRIBE, GROUP, request.group_ids)
    refused = tuple(DescribedConsumerGroup(DENIED, one) for one in request.group_ids if one not in allowed)
    answer = asker.go_on(replace(request, group_ids=tuple(one for one in request.group_ids if one in allowed)))
    groups = tuple(
        one if all(_describable(asker, member) for member in one.members)
        else DescribedConsumerGroup(TOPIC_DENIED, one.group_id)
        for one in answer.groups
    )  # fmt: skip
    return replace(answer, groups=(*groups, *refused))


def _describable(asker: Asker, member: DescribedMember) -> bool:
    held = [one.topic for one in (*member.assignment, *member.target_assignment)]
    topics = dict.fromkeys((*held, *member.subscribed_topic_names))
    return all(asker.may(AclOperation.DESCRIBE, TOPIC, one) for one in topics)


@checks(ListGroupsRequest)
def list_groups(asker: Asker, request: ListGroupsRequest) -> object:
    """All with DESCRIBE on the cluster, else those with DESCRIBE on the group."""
    answer = asker.go_on(request)
    if asker.may(AclOperation.DESCRIBE, ResourceType.CLUSTER):
        return answer
    seen = asker.among(AclOperation.DESCRIBE, GROUP, (one.group_id for one in answer.groups))
    return replace(answer, groups=tuple(one for one in answer.groups if one.group_id in seen))


@checks(DeleteGroupsRequest)
def delete_groups(asker: Asker, request: DeleteGroupsRequest) -> object:
    """DELETE on each group."""
    allowed = asker.among(AclOperation.DELETE, GROUP, request.group_ids)
    refused = DeleteGroupsResponse({one: DENIED for one in request.group_ids if one not in allowed})
    return asker.go_on(replace(request, group_ids=tuple(allowed)), refused)


@checks(OffsetDeleteRequest)
def offset_delete(asker: Asker, request: OffsetDeleteRequest) -> object:
    """DELETE on the group, and READ on each topic."""
    if not asker.may(AclOperation.DELETE, GROUP, request.group_id):
        return OffsetDeleteResponse(DENIED, {})
    allowed, denied = asker.split(AclOperation.READ, dict.fromkeys(request.partitions))
    refused = OffsetDeleteResponse(ErrorCode.NONE, dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, partitions=tuple(allowed)), refused)
