"""What administrators ask: topics, partitions, settings, elections go on to the controller; DeleteRecords is ours.

DeleteRecords answers once the leader has moved its log start; followers take it over with their next fetch
(the real broker waits for them).
"""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteTopicsRequest,
    ElectLeadersRequest,
    IncrementalAlterConfigsRequest,
)
from lab.kafka.protocol.topics import TopicPartition


@handles(CreateTopicsRequest)
@handles(DeleteTopicsRequest)
@handles(CreatePartitionsRequest)
@handles(IncrementalAlterConfigsRequest)
@handles(ElectLeadersRequest)
def forwarded(broker: Broker, request: object, context: RequestContext) -> Later:
    """The controller decides; this broker passes the answer back (Kafka's Envelope)."""
    broker.forward(context, request)
    return PENDING


@handles(DeleteRecordsRequest)
def delete_records(broker: Broker, request: DeleteRecordsRequest, context: RequestContext) -> DeleteRecordsResponse:
    """Raise the log start offset; -1 means to the high watermark (spec 1.7)."""
    return DeleteRecordsResponse(
        {name: _delete(broker, name, offset, context) for name, offset in request.offsets.items()}
    )


def _delete(broker: Broker, name: TopicPartition, offset: int, context: RequestContext) -> tuple[ErrorCode, int]:
    partition = broker.partitions.get(name)
    if partition is None:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1
    if not partition.leading:
        return ErrorCode.NOT_LEADER_OR_FOLLOWER, -1
    if name.topic.startswith("__"):
        return ErrorCode.INVALID_TOPIC_EXCEPTION, -1
    if not partition.config.deletes:
        return ErrorCode.POLICY_VIOLATION, -1
    log = partition.log
    target = log.high_watermark if offset == -1 else offset
    if not 0 <= target <= log.high_watermark:
        return ErrorCode.OFFSET_OUT_OF_RANGE, -1
    if target > log.log_start_offset:
        log.set_log_start_offset(target)
        partition.log_start_moved(context.env, "DeleteRecords")
    return ErrorCode.NONE, log.log_start_offset
