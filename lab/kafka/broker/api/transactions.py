"""AddPartitionsToTxn (24), AddOffsetsToTxn (25), EndTxn (26), WriteTxnMarkers (27): transactions (spec 5.3)."""

from lab.kafka.broker.api.offsets import commit_verified
from lab.kafka.broker.api.produce import produce_verified
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.broker.transactions import refused
from lab.kafka.broker.verification import Verified
from lab.kafka.coordinator.group import group_partition
from lab.kafka.coordinator.transaction.shard import Transition
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.producer_ids import InitProducerIdRequest, InitProducerIdResponse
from lab.kafka.protocol.messages.transactions import (
    AddOffsetsToTxnRequest,
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    WriteTxnMarkersRequest,
)
from lab.kafka.protocol.topics import TopicPartition


def init_transactional(broker: Broker, request: InitProducerIdRequest, context: RequestContext) -> object:
    """InitProducerId of a producer with a transactional id, answered by its coordinator."""
    assert request.transactional_id is not None
    found = broker.transactions(context.env).shard_of(broker, request.transactional_id)
    if isinstance(found, ErrorCode):
        return InitProducerIdResponse(found)
    name, shard = found
    fresh_id = broker.producer_ids.take(broker, context.env) if shard.wants_producer_id(request) else -1
    if fresh_id < 0 and shard.wants_producer_id(request):
        return InitProducerIdResponse(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    decided = shard.init_producer_id(request, fresh_id, context.env.wall_time_ms, context.token)
    return _carried_out(broker, context, name, decided)


@handles(AddPartitionsToTxnRequest)
def add_partitions_to_txn(broker: Broker, request: AddPartitionsToTxnRequest, context: RequestContext) -> object:
    """A producer adds partitions; a leader of one asks whether it is in. One that is not known refuses all."""
    found = broker.transactions(context.env).shard_of(broker, request.transactional_id)
    if isinstance(found, ErrorCode):
        return refused(request, found)
    name, shard = found
    if request.verify_only:
        return AddPartitionsToTxnResponse(shard.verify(request))
    unknown = [one for one in request.partitions if broker.image.partition(one) is None]
    if unknown:
        return AddPartitionsToTxnResponse({
            one: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if one in unknown else ErrorCode.OPERATION_NOT_ATTEMPTED
            for one in request.partitions
        })  # fmt: skip
    answer = AddPartitionsToTxnResponse(dict.fromkeys(request.partitions, ErrorCode.NONE))
    decided = shard.add_partitions(request, answer, context.env.wall_time_ms, context.token, request)
    if isinstance(decided, ErrorCode):
        return refused(request, decided)
    return _carried_out(broker, context, name, decided)


@handles(AddOffsetsToTxnRequest)
def add_offsets_to_txn(broker: Broker, request: AddOffsetsToTxnRequest, context: RequestContext) -> object:
    """The partition that keeps the group's offsets is added like any other, also before its topic is made: by whoever
    asks for the group's coordinator, which comes next.
    """
    found = broker.transactions(context.env).shard_of(broker, request.transactional_id)
    topic = broker.image.topics.get(OFFSETS_TOPIC)
    if isinstance(found, ErrorCode):
        return AddOffsetsToTxnResponse(found)
    name, shard = found
    count = broker.config.offsets_topic_num_partitions if topic is None else len(topic.partitions)
    partition = TopicPartition(OFFSETS_TOPIC, group_partition(request.group_id, count))
    add = AddPartitionsToTxnRequest(
        request.transactional_id, request.producer_id, request.producer_epoch, (partition,)
    )  # fmt: skip
    answer = AddOffsetsToTxnResponse(ErrorCode.NONE)
    decided = shard.add_partitions(add, answer, context.env.wall_time_ms, context.token, request)
    if isinstance(decided, ErrorCode):
        return AddOffsetsToTxnResponse(decided)
    return _carried_out(broker, context, name, decided)


@handles(EndTxnRequest)
def end_txn(broker: Broker, request: EndTxnRequest, context: RequestContext) -> object:
    """Answered when the decision is replicated; the markers follow."""
    if not request.transactional_id:
        return refused(request, ErrorCode.INVALID_REQUEST)
    found = broker.transactions(context.env).shard_of(broker, request.transactional_id)
    if isinstance(found, ErrorCode):
        return refused(request, found)
    name, shard = found
    wanted = request.transaction_version >= 2 and shard.wants_producer_id(request)
    fresh_id = broker.producer_ids.take(broker, context.env) if wanted else -1
    if wanted and fresh_id < 0:
        return refused(request, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    decided = shard.end(request, fresh_id, context.env.wall_time_ms, context.token)
    return _carried_out(broker, context, name, decided)


@handles(WriteTxnMarkersRequest)
def write_txn_markers(broker: Broker, request: WriteTxnMarkersRequest, context: RequestContext) -> Later:
    """From a coordinator: end the transactions in partitions that are led here."""
    broker.transactions(context.env).write_markers(broker, context.env, request, context.token)
    return PENDING


@handles(Verified)
def verified(broker: Broker, body: Verified, context: RequestContext) -> object:
    """A write that waited for the coordinator goes on."""
    if isinstance(body.request, TxnOffsetCommitRequest):
        return commit_verified(broker, body.request, context, body.errors)
    return produce_verified(broker, body.request, context, body.errors)


def _carried_out(broker: Broker, context: RequestContext, name: TopicPartition, decided: object) -> object:
    if not isinstance(decided, Transition):
        return decided
    broker.transactions(context.env).carry_out(broker, context.env, name, decided)
    return PENDING
