"""Administration: moving replicas, forgetting brokers, upgrading features. Each is a decision of the controller."""

from lab.kafka.controller import eligibility, reassignment
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import ELIGIBLE_LEADER_REPLICAS
from lab.kafka.metadata.records import (
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
    records = [] if on else eligibility.switched_on(controller.image, controller.config.min_insync_replicas)
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
