"""What administrators ask: topics, partitions, settings, elections, ACLs go on to the controller; DeleteRecords and
DescribeConfigs are ours.

DeleteRecords answers when all living followers have moved their log start too, which they learn with a fetch.
"""

from lab.env import millis
from lab.kafka.broker import deleting
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.describing import Descriptions
from lab.kafka.broker.not_leading import absent
from lab.kafka.broker.purgatory import DelayedDelete
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.acls import CreateAclsRequest, DeleteAclsRequest
from lab.kafka.protocol.messages.configs import (
    AlterConfigsRequest,
    DescribeConfigsRequest,
    DescribeConfigsResponse,
    IncrementalAlterConfigsRequest,
)
from lab.kafka.protocol.messages.quorum import DescribeQuorumRequest
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    ListPartitionReassignmentsRequest,
    UnregisterBrokerRequest,
    UpdateFeaturesRequest,
)
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteTopicsRequest,
    ElectLeadersRequest,
)
from lab.kafka.protocol.topics import TopicPartition


@handles(CreateTopicsRequest)
@handles(DeleteTopicsRequest)
@handles(CreatePartitionsRequest)
@handles(AlterConfigsRequest)
@handles(IncrementalAlterConfigsRequest)
@handles(ElectLeadersRequest)
@handles(DescribeQuorumRequest)
@handles(AlterPartitionReassignmentsRequest)
@handles(ListPartitionReassignmentsRequest)
@handles(UnregisterBrokerRequest)
@handles(UpdateFeaturesRequest)
@handles(CreateAclsRequest)
@handles(DeleteAclsRequest)
def forwarded(broker: Broker, request: object, context: RequestContext) -> Later:
    """The controller decides; this broker passes the answer back (Kafka's Envelope)."""
    broker.forward(context, request)
    return PENDING


@handles(DescribeConfigsRequest)
def describe_configs(
    broker: Broker, request: DescribeConfigsRequest, context: RequestContext
) -> DescribeConfigsResponse:
    """As this broker has them in force."""
    known = Descriptions(broker.broker_id, broker.config, broker.image)
    found = {one: known.of(one, names) for one, names in request.resources.items()}
    for described in found.values():
        for entry in described.entries:
            if not request.include_synonyms:
                entry.synonyms = ()
            if not request.include_documentation:
                entry.documentation = ""
    return DescribeConfigsResponse(found)


@handles(DeleteRecordsRequest)
def delete_records(
    broker: Broker, request: DeleteRecordsRequest, context: RequestContext
) -> DeleteRecordsResponse | Later:
    """Raise the log start offset; -1 means to the high watermark (spec 1.7)."""
    results = {name: _delete(broker, name, offset, context) for name, offset in request.offsets.items()}
    required = {name: start for name, (error, start) in results.items() if not error}
    low = {name: deleting.low_watermark(broker.image, broker.partitions[name]) for name in required}
    if all(low[name] >= start for name, start in required.items()):
        return DeleteRecordsResponse({name: (results[name][0], low.get(name, -1)) for name in results})
    deadline = context.env.now + millis(request.timeout_ms)
    operation = DelayedDelete(context.sender, context.correlation_id, deadline, results, required)
    broker.wait(context.env, operation)
    return PENDING


def _delete(broker: Broker, name: TopicPartition, offset: int, context: RequestContext) -> tuple[ErrorCode, int]:
    partition = broker.partitions.get(name)
    if partition is None:
        return absent(broker.image, name), -1
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
    return ErrorCode.NONE, target
