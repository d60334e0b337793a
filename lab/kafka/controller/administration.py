"""Administration: moving replicas, forgetting brokers, changing settings. Each is a decision of the controller."""

from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.throttle import ThrottleConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller import eligibility, reassignment
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import ELIGIBLE_LEADER_REPLICAS
from lab.kafka.metadata.records import (
    BrokerConfigRecord,
    ConfigRecord,
    FeatureLevelRecord,
    MetadataRecord,
    PartitionChangeRecord,
    UnregisterBrokerRecord,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    OngoingReassignment,
    UnregisterBrokerRequest,
    UnregisterBrokerResponse,
    UpdateFeaturesRequest,
    UpdateFeaturesResponse,
)
from lab.kafka.protocol.messages.topics import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
    TopicResult,
)
from lab.kafka.protocol.topics import TopicPartition

KNOWN_FEATURE = (ELIGIBLE_LEADER_REPLICAS, 1)


def alter_reassignments(controller: Controller, request: AlterPartitionReassignmentsRequest) -> Decision:
    """Move replicas to other brokers, or stop doing so."""
    records: list[MetadataRecord] = []
    answers: dict[TopicPartition, tuple[ErrorCode, str]] = {}
    for partition, target in request.partitions.items():
        state = controller.image.partition(partition)
        if state is None:
            answers[partition] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no partition {partition}"
            continue
        found = reassignment.change(controller.image, state, target, controller.unclean_allowed(partition.topic))
        answers[partition] = found if isinstance(found, tuple) else (ErrorCode.NONE, "")
        if isinstance(found, PartitionChangeRecord):
            records.append(found)
    return Decision(AlterPartitionReassignmentsResponse(answers), records)


def list_reassignments(controller: Controller, request: ListPartitionReassignmentsRequest) -> Decision:
    """What is being moved."""
    found: dict[TopicPartition, OngoingReassignment] = {}
    for partition, moving in controller.image.reassignments.items():
        state = controller.image.partition(partition)
        assert state is not None
        if request.partitions is None or partition in request.partitions:
            found[partition] = OngoingReassignment(state.replicas, moving.adding, moving.removing)
    return Decision(ListPartitionReassignmentsResponse(found))


def update_features(controller: Controller, request: UpdateFeaturesRequest) -> Decision:
    """Upgrade a feature; here that is only eligible leader replicas, and there is no way back."""
    wrong = [(name, level) for name, level in request.features.items() if (name, level) != KNOWN_FEATURE]
    if wrong or not request.features:
        text = f"wanted {KNOWN_FEATURE[0]} at level {KNOWN_FEATURE[1]}, found {wrong}"
        return Decision(UpdateFeaturesResponse(ErrorCode.INVALID_UPDATE_VERSION, text))
    on = controller.image.eligible is not None
    records: list[MetadataRecord] = [] if on else [FeatureLevelRecord(*KNOWN_FEATURE)]
    return Decision(UpdateFeaturesResponse(ErrorCode.NONE), records)


def unregister(controller: Controller, request: UnregisterBrokerRequest) -> Decision:
    """A broker will not come back. What it was in sync with goes on without it."""
    if request.broker_id not in controller.image.brokers:
        text = f"there is no broker {request.broker_id}"
        return Decision(UnregisterBrokerResponse(ErrorCode.BROKER_ID_NOT_REGISTERED, text))
    controller.sessions.pop(request.broker_id, None)
    records = controller.leave_everything(request.broker_id, "unregistered", lost=True)
    records.append(UnregisterBrokerRecord(request.broker_id))
    return Decision(UnregisterBrokerResponse(ErrorCode.NONE), records)


def alter_configs(controller: Controller, request: IncrementalAlterConfigsRequest) -> Decision:
    """Set or reset settings of topics, and the brokers' throttles."""
    records: list[MetadataRecord] = []
    results: list[TopicResult] = []
    for name, values in request.topics.items():
        topic = controller.image.topics.get(name)
        if topic is None:
            results.append(TopicResult(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}"))
            continue
        try:
            TopicConfig(topic.config).changed(values)
        except InvalidConfig as wrong:
            results.append(TopicResult(name, ErrorCode.INVALID_CONFIG, str(wrong)))
            continue
        records += [
            ConfigRecord(name, setting, value)
            for setting, value in values.items()
            if topic.config.get(setting) != value
        ]
        if "min.insync.replicas" in values:
            records += eligibility.forgotten(controller.image, name)
        results.append(TopicResult(name, ErrorCode.NONE))
    for name, values in request.brokers.items():
        known = controller.image.broker_config.get(name, {})
        try:
            ThrottleConfig(known).changed(values)
        except InvalidConfig as wrong:
            results.append(TopicResult(name, ErrorCode.INVALID_CONFIG, str(wrong)))
            continue
        records += [BrokerConfigRecord(name, setting, value) for setting, value in values.items()]
        results.append(TopicResult(name, ErrorCode.NONE))
    return Decision(IncrementalAlterConfigsResponse(tuple(results)), records)
