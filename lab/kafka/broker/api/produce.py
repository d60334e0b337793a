"""Produce (0): append, and answer when `acks` says so (spec 2.7).

We do: acks 0, 1, all; min.insync.replicas before and after the append; time-outs; KIP-951's current leader; writes
in transactions, which may have to wait for the coordinator (KIP-890). We do not: quotas.
"""

from lab.env import millis
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import HANG_UP, NO_REPLY, PENDING, Later, RequestContext, handles
from lab.kafka.broker.not_leading import absent, endpoints, leader_of
from lab.kafka.broker.purgatory import DelayedProduce
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import (
    NoBatch,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
)
from lab.kafka.protocol.records import TRANSACTIONAL, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

NONE = ErrorCode.NONE
NO_START_TOLD = (ErrorCode.CORRUPT_MESSAGE, ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE)
"""With other refusals of a batch Kafka tells where the log begins."""


@handles(ProduceRequest)
def produce(broker: Broker, request: ProduceRequest, context: RequestContext) -> ProduceResponse | Later:
    """Append each partition's batch, and wait for replication if acks=all."""
    if request.transactional_id is not None:
        transactions = broker.transactions(context.env)
        batches = {name: batch for name, batch in request.data.items() if isinstance(batch, RecordBatch)}
        if transactions.verify_write(broker, context, request, batches):
            return PENDING
    return produce_verified(broker, request, context, {})


def produce_verified(
    broker: Broker, request: ProduceRequest, context: RequestContext, refused: dict[TopicPartition, ErrorCode]
) -> ProduceResponse | Later:
    """All but what the transaction's coordinator has `refused`."""
    responses: dict[TopicPartition, PartitionProduceResponse] = {}
    required: dict[TopicPartition, int] = {}
    for name, batch in request.data.items():
        if request.acks not in (-1, 0, 1):
            responses[name] = PartitionProduceResponse(ErrorCode.INVALID_REQUIRED_ACKS)
        elif isinstance(batch, NoBatch):
            responses[name] = PartitionProduceResponse(ErrorCode.INVALID_RECORD, error_message=batch.reason)
        elif name in refused:
            responses[name] = PartitionProduceResponse(refused[name])
        else:
            responses[name] = _append(
                broker, name, batch, request.acks, context, required,
                transactional=request.transactional_id is not None,
            )  # fmt: skip
    response = ProduceResponse(responses)
    leaders = [one.current_leader[0] for one in responses.values() if one.current_leader is not None]
    if leaders:
        response.node_endpoints = endpoints(broker.image, leaders)
    if request.acks == 0:
        # Who hears nothing would go on sending to the wrong broker: Kafka makes it look for the right one.
        return HANG_UP if any(one.error_code for one in responses.values()) else NO_REPLY
    if request.acks != -1 or not required:
        return response
    return _wait(broker, request, context, response, required)


def _append(
    broker: Broker,
    name: TopicPartition,
    batch: RecordBatch,
    acks: int,
    context: RequestContext,
    required: dict[TopicPartition, int],
    *,
    transactional: bool,
) -> PartitionProduceResponse:
    if name.topic.startswith("__"):
        known = name.topic in broker.image.topics
        return PartitionProduceResponse(
            ErrorCode.INVALID_TOPIC_EXCEPTION if known else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        )
    if batch.attributes & TRANSACTIONAL and not transactional:
        return PartitionProduceResponse(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    partition = broker.partitions.get(name)
    if partition is None or not partition.leading:
        error = absent(broker.image, name) if partition is None else ErrorCode.NOT_LEADER_OR_FOLLOWER
        leader = leader_of(broker.config, broker.image, name, partition)
        return PartitionProduceResponse(error, current_leader=leader)
    info = partition.append_as_leader(context.env, batch, acks)
    if isinstance(info, AppendRefused):
        start = -1 if info.error_code in NO_START_TOLD else partition.log.log_start_offset
        return PartitionProduceResponse(
            info.error_code, -1, -1, start, record_errors=info.record_errors, error_message=info.message
        )
    if info.batch is not None:
        broker.appended(context.env, partition, info)
    if partition.log.high_watermark <= info.last_offset:
        required[name] = info.last_offset + 1
    return PartitionProduceResponse(NONE, info.base_offset, info.log_append_time_ms, partition.log.log_start_offset)


def _wait(
    broker: Broker,
    request: ProduceRequest,
    context: RequestContext,
    response: ProduceResponse,
    required: dict[TopicPartition, int],
) -> Later:
    operation = DelayedProduce(
        context.sender,
        context.correlation_id,
        context.env.now + millis(request.timeout_ms),
        response,
        required,
        {name: broker.partitions[name].leader_epoch for name in required},
    )
    number = broker.wait(context.env, operation)
    for name in required:
        broker.partitions[name].waiting_produces[number] = None
    return PENDING
