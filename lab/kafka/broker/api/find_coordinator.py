"""FindCoordinator (10): the leader of the partition that keeps a group or a transactional id; its topic is made when
first asked for.
"""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.broker.transactions import TRANSACTIONS_TOPIC
from lab.kafka.coordinator.group import group_partition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.find_coordinator import (
    GROUP,
    TRANSACTION,
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    FindCoordinatorsRequest,
    FindCoordinatorsResponse,
)
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic


@handles(FindCoordinatorRequest)
def find_coordinator(
    broker: Broker, request: FindCoordinatorRequest, context: RequestContext
) -> FindCoordinatorResponse:
    """Which broker looks after a group, or a transactional id. Share groups keep their state beside their partitions
    here, so that nobody asks for that of one.
    """
    if request.key_type not in (GROUP, TRANSACTION):
        return FindCoordinatorResponse(ErrorCode.INVALID_REQUEST)
    name = TRANSACTIONS_TOPIC if request.key_type == TRANSACTION else OFFSETS_TOPIC
    topic = broker.image.topics.get(name)
    if topic is None:
        broker.ask_controller(context.env, "create", CreateTopicsRequest((new_topic(broker, name),)))
        return FindCoordinatorResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    state = topic.partitions[group_partition(request.key, len(topic.partitions))]
    leader = broker.image.brokers.get(state.leader_id)
    if leader is None or leader.fenced:
        return FindCoordinatorResponse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return FindCoordinatorResponse(ErrorCode.NONE, leader.broker_id, leader.host)


@handles(FindCoordinatorsRequest)
def find_coordinators(
    broker: Broker, request: FindCoordinatorsRequest, context: RequestContext
) -> FindCoordinatorsResponse:
    """Each key by itself."""
    asked = {key: FindCoordinatorRequest(key, request.key_type) for key in request.keys}
    return FindCoordinatorsResponse({key: find_coordinator(broker, one, context) for key, one in asked.items()})


def new_topic(broker: Broker, name: str) -> NewTopic:
    """A topic that is made since somebody needs it: as brokers are set up, unless it is one of their own."""
    if name == OFFSETS_TOPIC:
        return _offsets_topic(broker)
    return _transactions_topic(broker) if name == TRANSACTIONS_TOPIC else NewTopic(name, -1, -1)


def _offsets_topic(broker: Broker) -> NewTopic:
    factor = min(broker.config.offsets_topic_replication_factor, len(broker.image.brokers))
    configs = {"cleanup.policy": "compact", "segment.bytes": "104857600"}
    return NewTopic(OFFSETS_TOPIC, broker.config.offsets_topic_num_partitions, factor, configs)


def _transactions_topic(broker: Broker) -> NewTopic:
    factor = min(broker.config.transaction_state_log_replication_factor, len(broker.image.brokers))
    configs = {
        "cleanup.policy": "compact",
        "compression.type": "uncompressed",
        "min.insync.replicas": str(broker.config.transaction_state_log_min_isr),
        "segment.bytes": "104857600",
    }
    return NewTopic(TRANSACTIONS_TOPIC, broker.config.transaction_state_log_num_partitions, factor, configs)
