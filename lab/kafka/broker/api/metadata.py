"""Metadata (3): brokers that serve, and who leads what, as this broker has heard (spec 3.11)."""

from lab.kafka.broker.access.operations import allowed_on_cluster, allowed_operations
from lab.kafka.broker.api.find_coordinator import new_topic
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.config.truncation import FENCED_EPOCH
from lab.kafka.metadata.image import PartitionState, TopicImage
from lab.kafka.protocol.acls import ResourceType
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.metadata import (
    MetadataRequest,
    MetadataResponse,
    PartitionMetadata,
    TopicMetadata,
)
from lab.kafka.protocol.messages.topics import CreateTopicsRequest
from lab.kafka.protocol.topics import valid_topic_name


@handles(MetadataRequest)
def metadata(broker: Broker, request: MetadataRequest, context: RequestContext) -> MetadataResponse:
    """Never asks the controller: a broker answers from its own image, which may be old."""
    image = broker.image
    names = request.topics if request.topics is not None else () if request.topic_ids else tuple(image.topics)
    known = [image.topic_names[one] for one in request.topic_ids if one in image.topic_names]
    topics = {name: _topic(broker, name) for name in (*names, *known)}
    if request.allow_auto_topic_creation and broker.config.auto_create_topics_enable:
        _create(broker, [name for name in names if name not in image.topics], context)
    unknown_ids = tuple(one for one in request.topic_ids if one not in image.topic_names)
    brokers = {one.broker_id: one.host for one in image.brokers.values() if not one.fenced}
    # Any broker forwards what is for the controller, so that a client may take any for it. Kafka draws one.
    racks = {one: rack for one, rack in image.racks.items() if one in brokers}
    answer = MetadataResponse(brokers, topics, min(brokers, default=-1), unknown_ids=unknown_ids, racks=racks)
    if request.include_topic_authorized_operations:
        for name, one in topics.items():
            one.authorized_operations = allowed_operations(broker, context, ResourceType.TOPIC, name)
    if request.include_cluster_authorized_operations:
        answer.cluster_authorized_operations = allowed_on_cluster(broker, context)
    return answer


def _create(broker: Broker, names: list[str], context: RequestContext) -> None:
    """Have them made. Clients hear UNKNOWN_TOPIC_OR_PARTITION until they are, and ask again."""
    new = tuple(new_topic(broker, name) for name in names if not valid_topic_name(name))
    if new:
        broker.ask_controller(context.env, "create", CreateTopicsRequest(new))


def _topic(broker: Broker, name: str) -> TopicMetadata:
    topic: TopicImage | None = broker.image.topics.get(name)
    if topic is None:
        wrong = bool(valid_topic_name(name))
        error = ErrorCode.INVALID_TOPIC_EXCEPTION if wrong else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return TopicMetadata(error, name, {})
    partitions = {state.partition: partition_metadata(broker, state) for state in topic.partitions.values()}
    return TopicMetadata(ErrorCode.NONE, name, partitions, name.startswith("__"), topic.topic_id)


def partition_metadata(broker: Broker, state: PartitionState) -> PartitionMetadata:
    """One partition as this broker knows it."""
    brokers = broker.image.brokers
    leader = brokers.get(state.leader_id)
    error = ErrorCode.NONE if leader is not None and not leader.fenced else ErrorCode.LEADER_NOT_AVAILABLE
    offline = tuple(one for one in state.replicas if one not in brokers or brokers[one].fenced)
    # KIP-320 brought epochs into this answer. A client that is told none neither sends nor checks any.
    epoch = state.leader_epoch if broker.config.replica_truncation_rule == FENCED_EPOCH else -1
    return PartitionMetadata(error, state.leader_id, epoch, state.replicas, state.isr, offline)
