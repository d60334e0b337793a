"""OffsetCommit (8) and OffsetFetch (9): answered by the group's coordinator; a commit only once it is replicated."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import PENDING, Later, RequestContext, handles
from lab.kafka.coordinator.commits import member_error
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import (
    CommittedOffset,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
)

UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@handles(OffsetCommitRequest)
def offset_commit(
    broker: Broker, request: OffsetCommitRequest, context: RequestContext
) -> OffsetCommitResponse | Later:
    """Into `__consumer_offsets`; partitions that this broker does not know of are refused by themselves."""
    unknown = {name: UNKNOWN for name in request.offsets if broker.image.partition(name) is None}
    if unknown and len(unknown) == len(request.offsets):
        return OffsetCommitResponse(unknown)
    token = context.sender, context.correlation_id
    answer = broker.coordinators.commit(broker, context.env, request, token, unknown)
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
    return OffsetFetchResponse({name: known.get(name, CommittedOffset(-1)) for name in wanted})
