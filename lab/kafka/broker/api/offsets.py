"""OffsetCommit (8), OffsetFetch (9), TxnOffsetCommit (28): answered by the group's coordinator; a commit only once it
is replicated.
"""

from lab.kafka.broker import offset_commits
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.broker.verification import NO_SEQUENCE
from lab.kafka.coordinator.commits import member_error
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchesRequest,
    OffsetFetchesResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
)
from lab.kafka.protocol.messages.transactions import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from lab.kafka.protocol.topics import TopicPartition

UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@handles(OffsetCommitRequest)
def offset_commit(
    broker: Broker, request: OffsetCommitRequest, context: RequestContext
) -> OffsetCommitResponse | Later:
    """Into `__consumer_offsets`; partitions that this broker does not know of are refused by themselves."""
    unknown = {name: UNKNOWN for name in request.offsets if broker.image.partition(name) is None}
    if unknown and len(unknown) == len(request.offsets):
        return OffsetCommitResponse(unknown)
    token = context.token
    answer = offset_commits.commit(broker, context.env, request, token, unknown)
    return PENDING if answer is None else answer


@handles(OffsetFetchRequest)
def offset_fetch(broker: Broker, request: OffsetFetchRequest, context: RequestContext) -> OffsetFetchResponse:
    """-1 where nothing was committed."""
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return OffsetFetchResponse({}, found)
    group = found[1].groups.get(request.group_id)
    if request.member_id and isinstance(group, ConsumerGroup):
        error = member_error(group, request.member_id, request.member_epoch)
        if error:
            return OffsetFetchResponse({}, error)
    known = group.offsets if group is not None else {}
    wanted = request.partitions if request.partitions is not None else tuple(known)
    errors: dict[TopicPartition, ErrorCode] = {}
    if request.require_stable:
        errors = offset_commits.unstable(broker.coordinators, found[0], request.group_id, wanted)
    offsets = {name: known.get(name, CommittedOffset(-1)) for name in wanted if name not in errors}
    return OffsetFetchResponse(offsets, errors=errors)


@handles(OffsetFetchesRequest)
def offset_fetches(broker: Broker, request: OffsetFetchesRequest, context: RequestContext) -> OffsetFetchesResponse:
    """Each group by itself."""
    return OffsetFetchesResponse({one.group_id: offset_fetch(broker, one, context) for one in request.groups})


@handles(TxnOffsetCommitRequest)
def txn_offset_commit(
    broker: Broker, request: TxnOffsetCommitRequest, context: RequestContext
) -> TxnOffsetCommitResponse | Later:
    """Into the log, as part of a transaction, which the partition must belong to (KIP-890)."""
    if not request.group_id:
        return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, ErrorCode.INVALID_GROUP_ID))
    found = broker.coordinators.shard_of(broker, request.group_id)
    if isinstance(found, ErrorCode):
        return TxnOffsetCommitResponse(dict.fromkeys(request.offsets, found))
    name = found[0]
    producer = request.producer_id, request.producer_epoch
    known = broker.partitions[name].log.producers.has_open(*producer)
    if not known and broker.transactions(context.env).verify(broker, context, request, {name: NO_SEQUENCE}, *producer):
        return PENDING
    return commit_verified(broker, request, context, {})


def commit_verified(
    broker: Broker, request: TxnOffsetCommitRequest, context: RequestContext, refused: dict[TopicPartition, ErrorCode]
) -> TxnOffsetCommitResponse | Later:
    """`refused`: whether the partition of the log that keeps the group is no part of the transaction."""
    error = next(iter(refused.values()), None)
    if error is not None:
        again = error is ErrorCode.NOT_ENOUGH_REPLICAS  # what a produced batch would be told, to be tried again
        return TxnOffsetCommitResponse(
            dict.fromkeys(request.offsets, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS if again else error)
        )
    unknown = {one: UNKNOWN for one in request.offsets if broker.image.partition(one) is None}
    token = context.token
    answer = offset_commits.commit_in_transaction(broker, context.env, request, token, unknown)
    return PENDING if answer is None else answer
