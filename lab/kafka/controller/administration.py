"""Administration: leaders elected, replicas moved, brokers forgotten, features upgraded, since somebody asks for it."""

from lab.kafka.controller import brokers, elections, eligibility, reassignment
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import ELIGIBLE_LEADER_REPLICAS, NO_LEADER
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
from lab.kafka.protocol.messages.topics import ElectionType, ElectLeadersRequest, ElectLeadersResponse
from lab.kafka.protocol.topics import TopicPartition

KNOWN_FEATURE = (ELIGIBLE_LEADER_REPLICAS, 1)


def elect_leaders(controller: Controller, request: ElectLeadersRequest) -> Decision:
    """Preferred or unclean elections asked for by an administrator."""
    partitions = request.partitions
    if partitions is None:
        partitions = tuple(state.partition for state in controller.image.all_partitions())
    if not request.election_type.known:
        wrong = ErrorCode.INVALID_REQUEST
        return Decision(ElectLeadersResponse(dict.fromkeys(partitions, wrong), wrong))
    records: list[MetadataRecord] = []
    answers: dict[TopicPartition, ErrorCode] = {}
    for partition in partitions:
        found = _election(controller, partition, request.election_type is ElectionType.UNCLEAN)
        if isinstance(found, PartitionChangeRecord):
            records.append(found)
            answers[partition] = ErrorCode.NONE
        elif found is not ErrorCode.ELECTION_NOT_NEEDED or request.partitions is not None:
            answers[partition] = found
    told = dict.fromkeys(one.topic for one in answers)
    named = request.partitions is not None or all(one in told for one in controller.image.topics)
    return Decision(ElectLeadersResponse(answers, topics=() if named else tuple(controller.image.topics)), records)


def _election(controller: Controller, partition: TopicPartition, unclean: bool) -> PartitionChangeRecord | ErrorCode:
    state = controller.image.partition(partition)
    if state is None:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if unclean:
        if state.leader_id != NO_LEADER:
            return ErrorCode.ELECTION_NOT_NEEDED
        record = elections.elect(controller.image, state, state.isr, True, "elected")
        return record if record.leader != NO_LEADER else ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
    first = state.replicas[0]
    if state.leader_id == first:
        return ErrorCode.ELECTION_NOT_NEEDED
    if first not in state.isr or not controller.image.is_active(first):
        return ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
    return PartitionChangeRecord(*partition, reason="preferred", leader=first)


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
    records = brokers.leave_everything(controller, request.broker_id, "unregistered", lost=True)
    records.append(UnregisterBrokerRecord(request.broker_id))
    return Decision(UnregisterBrokerResponse(ErrorCode.NONE), records)
