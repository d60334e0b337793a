"""In-sync replicas: a leader asks for another set of them, and is refused or believed (spec 2.6)."""

from lab.kafka.controller import eligibility, reassignment
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import PartitionState
from lab.kafka.metadata.records import MetadataRecord, PartitionChangeRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlteredPartition,
    AlterPartitionChange,
    AlterPartitionRequest,
    AlterPartitionResponse,
)
from lab.kafka.protocol.topics import TopicPartition


def alter_partition(controller: Controller, request: AlterPartitionRequest) -> Decision:
    """A leader asks for another ISR."""
    broker = controller.image.brokers.get(request.broker_id)
    if broker is None or broker.broker_epoch != request.broker_epoch:
        return Decision(AlterPartitionResponse(ErrorCode.STALE_BROKER_EPOCH, {}))
    records: list[MetadataRecord] = []
    answers: dict[TopicPartition, AlteredPartition] = {}
    for partition, change in request.partitions.items():
        error = _isr_error(controller, request.broker_id, partition, change)
        if error:
            answers[partition] = AlteredPartition(error)
            continue
        state = controller.image.partition(partition)
        assert state is not None
        isr = tuple(broker_id for broker_id, _ in change.new_isr)
        record = reassignment.progress(controller.image, state, isr)
        if record is None:
            record = PartitionChangeRecord(*partition, reason="isr", isr=list(isr))
            record = eligibility.note(controller.image, state, record)
        record.recovering = change.leader_recovering
        records.append(record)
        answers[partition] = _altered(controller, state, record)
    return Decision(AlterPartitionResponse(ErrorCode.NONE, answers), records)


def _altered(controller: Controller, state: PartitionState, record: PartitionChangeRecord) -> AlteredPartition:
    """What the leader is told. The end of a reassignment may have made another one leader, or begun an epoch."""
    epoch = state.leader_epoch + (record.leader is not None)
    if record.leader not in (None, state.leader_id):
        return AlteredPartition(ErrorCode.NEW_LEADER_ELECTED)
    isr = tuple(record.isr) if record.isr is not None else state.isr
    return AlteredPartition(ErrorCode.NONE, state.leader_id, epoch, isr, state.partition_epoch + 1)


def _isr_error(
    controller: Controller, sender: int, partition: TopicPartition, change: AlterPartitionChange
) -> ErrorCode:
    """The checks in Kafka's order."""
    state = controller.image.partition(partition)
    members = [broker_id for broker_id, _ in change.new_isr]
    if change.topic_id and change.topic_id != controller.image.topic_id(partition.topic):
        return ErrorCode.UNKNOWN_TOPIC_ID
    if state is None:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if change.leader_epoch > state.leader_epoch or change.partition_epoch > state.partition_epoch:
        return ErrorCode.NOT_CONTROLLER
    if change.leader_epoch < state.leader_epoch:
        return ErrorCode.FENCED_LEADER_EPOCH
    if sender != state.leader_id:
        return ErrorCode.INVALID_REQUEST
    if change.partition_epoch < state.partition_epoch:
        return ErrorCode.INVALID_UPDATE_VERSION
    known = all(one in state.replicas for one in members) and len(dict.fromkeys(members)) == len(members)
    if not known or state.leader_id not in members:
        return ErrorCode.INVALID_REQUEST
    if change.leader_recovering and (len(members) > 1 or not state.recovering):
        return ErrorCode.INVALID_REQUEST
    for broker_id, epoch in change.new_isr:
        broker = controller.image.brokers.get(broker_id)
        if broker is None or not broker.active or (epoch >= 0 and epoch != broker.broker_epoch):
            return ErrorCode.INELIGIBLE_REPLICA
    return ErrorCode.NONE
