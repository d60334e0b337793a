"""ShareGroupHeartbeat (76), ShareGroupDescribe (77), ShareFetch (78), ShareAcknowledge (79), the state requests of
brokers (83 to 87), and Describe-, Alter- and DeleteShareGroupOffsets (90 to 92): share groups (KIP-932, spec 4.7).

We do: epochs, the simple assignor, sessions, locks, delivery counts, durable state. We do not: renewed locks, the lag
beside an offset (4.2).
"""

from typing import TypeVar

from lab.kafka.broker.access.operations import tell_operations
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.share.sharing import Sharing, sharing_of
from lab.kafka.protocol.messages.share_fetch import (
    ShareAcknowledgeRequest,
    ShareAcknowledgeResponse,
    ShareFetchRequest,
    ShareFetchResponse,
)
from lab.kafka.protocol.messages.share_groups import (
    ShareGroupDescribeRequest,
    ShareGroupDescribeResponse,
    ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
)
from lab.kafka.protocol.messages.share_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsResponse,
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse,
)
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ReadShareGroupStateSummaryRequest,
    ShareStateRequest,
    WriteShareGroupStateRequest,
)

A = TypeVar("A")


def _now_or_later(sharing: Sharing, context: RequestContext, answer: A | None) -> A | Later:
    """An answer, or none yet; and whatever that set going is waited for."""
    sharing.schedule(context.env)
    return PENDING if answer is None else answer


@handles(ShareGroupHeartbeatRequest)
def share_group_heartbeat(
    broker: Broker, request: ShareGroupHeartbeatRequest, context: RequestContext
) -> ShareGroupHeartbeatResponse | Later:
    """By the group's coordinator; at once, unless it changes the group."""
    sharing = sharing_of(broker)
    answer = sharing.groups.heartbeat(broker, context.env, request, context.client, context.token)
    return _now_or_later(sharing, context, answer)


@handles(ShareGroupDescribeRequest)
def share_group_describe(
    broker: Broker, request: ShareGroupDescribeRequest, context: RequestContext
) -> ShareGroupDescribeResponse:
    """Each group by its coordinator."""
    groups = sharing_of(broker).groups
    found = tuple(groups.describe(broker, group_id) for group_id in request.group_ids)
    if request.include_authorized_operations:
        tell_operations(broker, context, found)
    topics = (one.topic for group in found for member in group.members for one in member.assignment)
    return ShareGroupDescribeResponse(found, {topic: broker.image.topic_id(topic) for topic in topics})


@handles(ShareFetchRequest)
def share_fetch(broker: Broker, request: ShareFetchRequest, context: RequestContext) -> ShareFetchResponse | Later:
    """By the leaders of the partitions; when there is a record, or the time is over."""
    sharing = sharing_of(broker)
    answer = sharing.leader.fetch(broker, context.env, request, context.client_id, context.token)
    return _now_or_later(sharing, context, answer)


@handles(ShareAcknowledgeRequest)
def share_acknowledge(
    broker: Broker, request: ShareAcknowledgeRequest, context: RequestContext
) -> ShareAcknowledgeResponse | Later:
    """When it is written."""
    sharing = sharing_of(broker)
    answer = sharing.leader.acknowledge(broker, context.env, request, context.client_id, context.token)
    return _now_or_later(sharing, context, answer)


@handles(DescribeShareGroupOffsetsRequest)
def describe_share_group_offsets(
    broker: Broker, request: DescribeShareGroupOffsetsRequest, context: RequestContext
) -> DescribeShareGroupOffsetsResponse | Later:
    """When the share coordinators have said."""
    sharing = sharing_of(broker)
    answer = sharing.administration.describe(broker, context.env, request, context.token)
    return _now_or_later(sharing, context, answer)


@handles(AlterShareGroupOffsetsRequest)
def alter_share_group_offsets(
    broker: Broker, request: AlterShareGroupOffsetsRequest, context: RequestContext
) -> AlterShareGroupOffsetsResponse | Later:
    """By the group's coordinator, when it is stored."""
    sharing = sharing_of(broker)
    answer = sharing.administration.alter(broker, context.env, request, context.token)
    return _now_or_later(sharing, context, answer)


@handles(DeleteShareGroupOffsetsRequest)
def delete_share_group_offsets(
    broker: Broker, request: DeleteShareGroupOffsetsRequest, context: RequestContext
) -> DeleteShareGroupOffsetsResponse | Later:
    """By the group's coordinator, when it is forgotten."""
    sharing = sharing_of(broker)
    answer = sharing.administration.forget(broker, context.env, request, context.token)
    return _now_or_later(sharing, context, answer)


@handles(InitializeShareGroupStateRequest)
@handles(ReadShareGroupStateRequest)
@handles(WriteShareGroupStateRequest)
@handles(DeleteShareGroupStateRequest)
@handles(ReadShareGroupStateSummaryRequest)
def share_state(broker: Broker, request: ShareStateRequest, context: RequestContext) -> Later:
    """By the share coordinator; what changes the state when that is replicated."""
    sharing_of(broker).state_asked(broker, context.env, request, context.token)
    return PENDING
