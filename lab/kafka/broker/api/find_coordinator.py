"""FindCoordinator (10): the leader of the group's partition of `__consumer_offsets`, made when first asked for."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.coordinator.group import group_partition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
)
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic


@handles(FindCoordinatorRequest)
def find_coordinator(
    broker: Broker, request: FindCoordinatorRequest, context: RequestContext
) -> FindCoordinatorResponse:
    """Which broker looks after a group."""
    topic = broker.image.topics.get(OFFSETS_TOPIC)
    if topic is None:
        _create(broker, context)
        return FindCoordinatorResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    state = topic.partitions[group_partition(request.key, len(topic.partitions))]
    leader = broker.image.brokers.get(state.leader_id)
    if leader is None or leader.fenced:
        return FindCoordinatorResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return FindCoordinatorResponse(ErrorCode.NONE, leader.broker_id, leader.host)


def _create(broker: Broker, context: RequestContext) -> None:
    factor = min(broker.config.offsets_topic_replication_factor, len(broker.image.brokers))
    configs = {"cleanup.policy": "compact", "segment.bytes": "104857600"}
    topic = NewTopic(OFFSETS_TOPIC, broker.config.offsets_topic_num_partitions, factor, configs)
    broker.ask_controller(context.env, "create", CreateTopicsRequest((topic,)))
