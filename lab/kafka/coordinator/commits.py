"""Which commits may be logged, and which committed offsets nobody will ask for any more (spec 4.2.6, 4.3.1)."""

from lab.env import Micros
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import COMPLETING, EMPTY, STABLE, Group
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import OffsetCommitRequest
from lab.kafka.protocol.topics import TopicPartition


def commit_error(groups: dict[str, AnyGroup], request: OffsetCommitRequest, now: Micros) -> ErrorCode:
    """Why a commit may not be logged. A commit from outside of any membership makes a simple group."""
    group = groups.get(request.group_id)
    if group is None:
        if request.generation_id >= 0:
            return ErrorCode.GROUP_ID_NOT_FOUND
        groups[request.group_id] = Group(request.group_id)
        return ErrorCode.NONE
    if request.generation_id < 0 and group.state == EMPTY:
        return ErrorCode.NONE
    if isinstance(group, ConsumerGroup):
        return member_error(group, request.member_id, request.generation_id)
    outside = request.generation_id < 0 and not request.member_id and request.group_instance_id is None
    if outside:
        return ErrorCode.UNKNOWN_MEMBER_ID  # somebody else's group is alive
    error = group.member_error(request.member_id, request.group_instance_id, request.generation_id)
    if error is not None:
        return error
    if group.state == COMPLETING:
        return ErrorCode.REBALANCE_IN_PROGRESS
    group.members[request.member_id].heard(now)
    return ErrorCode.NONE


def member_error(group: ConsumerGroup, member_id: str, member_epoch: int) -> ErrorCode:
    """Whether this is a member of a consumer group, in its newest epoch, or generation as it may say."""
    member = group.members.get(member_id)
    if member is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    if member.epoch == member_epoch:
        return ErrorCode.NONE
    return ErrorCode.STALE_MEMBER_EPOCH if member.classic is None else ErrorCode.ILLEGAL_GENERATION


def expired_offsets(group: AnyGroup, now_ms: int, retention_ms: int) -> tuple[TopicPartition, ...]:
    """Offsets to forget: of an empty group when it has been empty for so long; of a group without a protocol,
    and of topics that a stable group no longer subscribes to, when they were committed so long ago. In the consumer
    protocol it is always the age of the commit that counts.
    """
    if isinstance(group, ConsumerGroup):
        return _committed_long_ago(group, group.subscribed_topics(), now_ms - retention_ms)
    if group.state == EMPTY and group.protocol_type:
        gone = now_ms - group.state_timestamp_ms >= retention_ms
        return tuple(group.offsets) if gone else ()
    stable = group.state == STABLE and group.protocol_type == "consumer"
    if group.state != EMPTY and not stable:
        return ()
    return _committed_long_ago(group, group.subscribed_topics() if stable else {}, now_ms - retention_ms)


def _committed_long_ago(group: AnyGroup, wanted: dict[str, None], latest_ms: int) -> tuple[TopicPartition, ...]:
    return tuple(
        partition
        for partition, committed_ms in group.committed_ms.items()
        if committed_ms <= latest_ms and partition.topic not in wanted
    )
