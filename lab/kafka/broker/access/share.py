"""Share groups: READ on the group to be a member and to fetch, and on each topic; DESCRIBE to look."""

from dataclasses import replace

from lab.kafka.broker.access.asker import Asker, checks
from lab.kafka.protocol.acls import AclOperation, ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import (
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
    SharedPartition,
    ShareFetchRequest,
    ShareFetchResponse,
)
from lab.kafka.protocol.messages.share_groups import (
    DescribedShareGroup,
    ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)

GROUP, TOPIC = ResourceType.GROUP, ResourceType.TOPIC
DENIED = ErrorCode.GROUP_AUTHORIZATION_FAILED
TOPIC_DENIED = ErrorCode.TOPIC_AUTHORIZATION_FAILED


@checks(ShareGroupHeartbeatRequest)
def share_group_heartbeat(asker: Asker, request: ShareGroupHeartbeatRequest) -> object:
    """READ on the group, and DESCRIBE on each topic that is named."""
    error = asker.may_join(request.group_id, request.subscribed_topic_names)
    return ShareGroupHeartbeatResponse(error) if error else asker.go_on(request)


@checks(ShareGroupDescribeRequest)
def share_group_describe(asker: Asker, request: ShareGroupDescribeRequest) -> object:
    """DESCRIBE on each group, and on every topic that a member wants or has, or it is not described."""
    allowed = asker.among(AclOperation.DESCRIBE, GROUP, request.group_ids)
    refused = tuple(DescribedShareGroup(DENIED, one) for one in request.group_ids if one not in allowed)
    answer = asker.go_on(replace(request, group_ids=tuple(one for one in request.group_ids if one in allowed)))
    groups = tuple(
        one if _describable(asker, one) else DescribedShareGroup(TOPIC_DENIED, one.group_id) for one in answer.groups
    )
    return replace(answer, groups=(*groups, *refused))


def _describable(asker: Asker, group: DescribedShareGroup) -> bool:
    wanted = (topic for member in group.members for topic in member.subscribed_topic_names)
    assigned = (one.topic for member in group.members for one in member.assignment)
    return all(asker.may(AclOperation.DESCRIBE, TOPIC, one) for one in dict.fromkeys((*wanted, *assigned)))


@checks(ShareFetchRequest)
def share_fetch(asker: Asker, request: ShareFetchRequest) -> object:
    """READ on the group, and on each topic that is added to the session or acknowledged."""
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return ShareFetchResponse(DENIED)
    allowed, denied = asker.split(AclOperation.READ, request.partitions)
    refused = ShareFetchResponse(ErrorCode.NONE, {one: SharedPartition(TOPIC_DENIED) for one in denied})
    return asker.go_on(replace(request, partitions=allowed), refused)


@checks(ShareAcknowledgeRequest)
def share_acknowledge(asker: Asker, request: ShareAcknowledgeRequest) -> object:
    """READ on the group, and on each topic."""
    if not asker.may(AclOperation.READ, GROUP, request.group_id):
        return ShareAcknowledgeResponse(DENIED)
    allowed, denied = asker.split(AclOperation.READ, request.partitions)
    refused = ShareAcknowledgeResponse(ErrorCode.NONE, dict.fromkeys(denied, TOPIC_DENIED))
    return asker.go_on(replace(request, partitions=allowed), refused)
