"""ShareGroupHeartbeat (76), ShareGroupDescribe (77), ShareFetch (78), ShareAcknowledge (79), and the state requests of
brokers (83 to 86): share groups (KIP-932, spec 4.7).

We do: epochs, the simple assignor, sessions, locks, delivery counts, durable state. We do not: describing and altering
offsets (90, 91), renewed locks (4.2).
"""

from lab.kafka.broker.access.operations import tell_operations
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.share.sharing import sharing_of
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
from lab.kafka.protocol.messages.share_state import (
    DeleteShareGroupStateRequest,
    InitializeShareGroupStateRequest,
    ReadShareGroupStateRequest,
    ShareStateRequest,
    WriteShareGroupStateRequest,
)


@handles(ShareGroupHeartbeatRequest)
def share_group_heartbeat(
    broker: Broker, request: ShareGroupHeartbeatRequest, context: RequestContext
) -> ShareGroupHeartbeatResponse | Later:
    """By the group's coordinator; at once, unless it changes the group."""
    sharing = sharing_of(broker)
    token = context.sender, context.correlation_id
    answer = sharing.groups.heartbeat(broker, context.env, request, context.client_id, token)
    sharing.schedule(context.env)
    return PENDING if answer is None else answer


@handles(ShareGroupDescribeRequest)
def share_group_describe(
    broker: Broker, request: ShareGroupDescribeRequest, context: RequestContext
) -> ShareGroupDescribeResponse:
    """Each group by its coordinator."""
    groups = sharing_of(broker).groups
    found = tuple(groups.describe(broker, group_id) for group_id in request.group_ids)
    if request.include_authorized_operations:
        tell_operations(broker, context, found)
    topics = (one.topic for group in found for *_, assigned in group.members for one in assigned)
    return ShareGroupDescribeResponse(found, {topic: broker.image.topic_id(topic) for topic in topics})


@handles(ShareFetchRequest)
def share_fetch(broker: Broker, request: ShareFetchRequest, context: RequestContext) -> ShareFetchResponse | Later:
    """By the leaders of the partitions; when there is a record, or the time is over."""
    sharing = sharing_of(broker)
    token = context.sender, context.correlation_id
    answer = sharing.leader.fetch(broker, context.env, request, context.client_id, token)
    sharing.schedule(context.env)
    return PENDING if answer is None else answer


@handles(ShareAcknowledgeRequest)
def share_acknowledge(
    broker: Broker, request: ShareAcknowledgeRequest, context: RequestContext
) -> ShareAcknowledgeResponse | Later:
    """When it is written."""
    sharing = sharing_of(broker)
    token = context.sender, context.correlation_id
    answer = sharing.leader.acknowledge(broker, context.env, request, context.client_id, token)
    sharing.schedule(context.env)
    return PENDING if answer is None else answer


@handles(InitializeShareGroupStateRequest)
@handles(ReadShareGroupStateRequest)
@handles(WriteShareGroupStateRequest)
@handles(DeleteShareGroupStateRequest)
def share_state(broker: Broker, request: ShareStateRequest, context: RequestContext) -> Later:
    """By the share coordinator; what changes the state when that is replicated."""
    sharing_of(broker).state_asked(broker, context.env, request, (context.sender, context.correlation_id))
    return PENDING
