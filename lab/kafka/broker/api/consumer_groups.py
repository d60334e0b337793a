"""ConsumerGroupHeartbeat (68) and ConsumerGroupDescribe (69): the consumer group protocol of KIP-848.

We do: server-side assignors, static members, patterns, conversion of groups, empty or not. We do not: racks.
"""

from lab.kafka.broker import consumer_groups
from lab.kafka.broker.access.operations import tell_operations
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
    DescribedConsumerGroup,
)


@handles(ConsumerGroupHeartbeatRequest)
def consumer_group_heartbeat(
    broker: Broker, request: ConsumerGroupHeartbeatRequest, context: RequestContext
) -> ConsumerGroupHeartbeatResponse | Later:
    """Answered once what it says is in the log."""
    token = context.token
    answer = consumer_groups.heartbeat(broker, context.env, request, context.client, token)
    return PENDING if answer is None else answer


@handles(ConsumerGroupDescribeRequest)
def consumer_group_describe(
    broker: Broker, request: ConsumerGroupDescribeRequest, context: RequestContext
) -> ConsumerGroupDescribeResponse:
    """Each group by its coordinator. A group without a name fails Kafka at all of them: its answer has no name either,
    which is none that can be written.
    """
    if not all(request.group_ids):
        wrong = ErrorCode.UNKNOWN_SERVER_ERROR
        return ConsumerGroupDescribeResponse(tuple(DescribedConsumerGroup(wrong, one) for one in request.group_ids))
    groups = tuple(_describe(broker, group_id) for group_id in request.group_ids)
    if request.include_authorized_operations:
        tell_operations(broker, context, groups)
    members = [member for group in groups for member in group.members]
    topics = [one.topic for member in members for one in (*member.assignment, *member.target_assignment)]
    return ConsumerGroupDescribeResponse(groups, {topic: broker.image.topic_id(topic) for topic in topics})


def _describe(broker: Broker, group_id: str) -> DescribedConsumerGroup:
    found = broker.coordinators.shard_of(broker, group_id)
    if isinstance(found, ErrorCode):
        return DescribedConsumerGroup(found, group_id)
    return consumer_groups.describe(found[1], group_id)
