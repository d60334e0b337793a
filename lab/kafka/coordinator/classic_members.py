"""Members of the classic protocol in a consumer group: JoinGroup, SyncGroup, Heartbeat and LeaveGroup, as such a group
answers them (KIP-848, spec 4.6).

Nobody leads and nobody waits for the others: a member's generation is its epoch, JoinGroup is its next step towards
its target, SyncGroup tells what that was, and Heartbeat says when there is another one to take.
"""

from dataclasses import replace

from lab.env import millis
from lab.kafka.coordinator.consumer_group import ConsumerMember, MemberState
from lab.kafka.coordinator.consumer_records import ClassicMemberMetadata
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.migration import downgrade, existing, goes_back, remove
from lab.kafka.coordinator.shard import Joining, join_request_error
from lab.kafka.protocol.consumer_protocol import (
    PROTOCOL_TYPE,
    Subscription,
    decode_subscription,
    embedded_version,
    encode_assignment,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import (
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    LeaveGroupResponse,
    LeftMember,
    SyncGroupRequest,
    SyncGroupResponse,
)
from lab.kafka.protocol.primitives import Malformed

# --- joining --------------------------------------------------------------------------------------


def join(draft: Draft, joining: Joining) -> JoinGroupResponse:
    """A member comes, or comes again for its next step. There is no leader, so none computes an assignment."""
    request = joining.request
    member_id = request.member_id or joining.fresh_id
    subscription = _subscription(draft, request, member_id)
    if isinstance(subscription, ErrorCode):
        return JoinGroupResponse(subscription)
    if not request.member_id and request.group_instance_id is None and request.takes_member_id:
        return JoinGroupResponse(ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id)
    there = draft.group.static_member(request.group_instance_id) if request.group_instance_id is not None else None
    before = _member(draft, request, member_id, there)
    if isinstance(before, ErrorCode):
        return JoinGroupResponse(before)
    classic = ClassicMemberMetadata(request.session_timeout_ms, request.protocols)
    said = replace(
        before, client_id=joining.client.client_id, client_host=joining.client.client_host,
        instance_id=request.group_instance_id or before.instance_id,
        rebalance_timeout_ms=request.rebalance_timeout_ms, topics=tuple(sorted(subscription.topics)), regex="",
        classic=classic,
    )  # fmt: skip
    changed = draft.describe(before, said)
    after = draft.advance(member_id, changed, existing(draft, subscription.owned))
    draft.hear(after)
    draft.group.joins.pop(member_id, None)
    draft.group.syncs[member_id] = draft.now + millis(request.rebalance_timeout_ms)
    if there is not None and there.classic is None:
        _go_back(draft, f"{joining.client.client_id} takes the place of another protocol's")
    return JoinGroupResponse(
        ErrorCode.NONE, after.epoch, request.protocols[0][0], "", member_id, protocol_type=PROTOCOL_TYPE
    )


def _subscription(draft: Draft, request: JoinGroupRequest, member_id: str) -> Subscription | ErrorCode:
    """What the member wants and has: under each name of an assignor it says the same. Or what is wrong."""
    group, config = draft.group, draft.config
    error = join_request_error(request, config)
    if error is not None:
        return error
    if member_id not in group.members and len(group.members) >= config.group_consumer_max_size:
        return ErrorCode.GROUP_MAX_SIZE_REACHED
    if request.protocol_type != PROTOCOL_TYPE or not group.supports(request.protocols):
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    try:
        return decode_subscription(request.protocols[0][1], member_id, request.group_instance_id)
    except Malformed:
        return ErrorCode.UNKNOWN_SERVER_ERROR


def _member(
    draft: Draft, request: JoinGroupRequest, member_id: str, there: ConsumerMember | None
) -> ConsumerMember | ErrorCode:
    """Who joins. `there`: the static member of its instance id, of whatever protocol, whose place a new process takes
    without being asked whether that one has gone.
    """
    if request.group_instance_id is None:
        return draft.group.members.get(member_id) or ConsumerMember(member_id)
    if not request.member_id:
        return ConsumerMember(member_id) if there is None else draft.replace_static(there, member_id)
    if there is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    return there if there.member_id == member_id else ErrorCode.FENCED_INSTANCE_ID


def _go_back(draft: Draft, reason: str) -> None:
    """The last member of the consumer protocol has been replaced by one of the classic: if all have what they are to
    have, nothing else changes.
    """
    members = list(draft.group.members.values())
    if goes_back(draft.config, members):
        at_rest = all(one.state is MemberState.STABLE and one.epoch == draft.group.epoch for one in members)
        downgrade(draft, members, "" if at_rest else reason)


# --- syncing, living, leaving ---------------------------------------------------------------------


def sync(draft: Draft, request: SyncGroupRequest) -> SyncGroupResponse:
    """What the member has after its last step."""
    member = _known(draft, request.member_id, request.group_instance_id, request.generation_id)
    if isinstance(member, ErrorCode):
        return SyncGroupResponse(member)
    assert member.classic is not None, member
    name, metadata = member.classic.protocols[0]
    if request.protocol_type not in (None, PROTOCOL_TYPE) or request.protocol_name not in (None, name):
        return SyncGroupResponse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    # Whoever is to give something up has joined already; it gives up first.
    if member.epoch < draft.group.epoch and member.state is not MemberState.UNREVOKED_PARTITIONS:
        return SyncGroupResponse(_asked_to_join(draft, member))
    draft.hear(member)
    draft.group.syncs.pop(member.member_id, None)
    assignment = encode_assignment(member.assigned, embedded_version(metadata))
    return SyncGroupResponse(ErrorCode.NONE, assignment, request.protocol_type, request.protocol_name)


def heartbeat(draft: Draft, request: HeartbeatRequest) -> HeartbeatResponse:
    """A member lives. It is asked to join again when the group has gone on, when it has to give something up and to say
    that it has, and when what it waits for is free.
    """
    member = _known(draft, request.member_id, request.group_instance_id, request.generation_id)
    if isinstance(member, ErrorCode):
        return HeartbeatResponse(member)
    draft.hear(member)
    released = member.state is MemberState.UNRELEASED_PARTITIONS and not draft.group.awaits_release(member)
    behind = member.epoch < draft.group.epoch
    if behind or released or member.state is MemberState.UNREVOKED_PARTITIONS:
        return HeartbeatResponse(_asked_to_join(draft, member))
    return HeartbeatResponse(ErrorCode.NONE)


def _asked_to_join(draft: Draft, member: ConsumerMember) -> ErrorCode:
    deadline = draft.now + millis(member.rebalance_timeout_ms)
    draft.group.joins.setdefault(member.member_id, deadline)
    return ErrorCode.REBALANCE_IN_PROGRESS


def _known(draft: Draft, member_id: str, instance: str | None, generation: int) -> ConsumerMember | ErrorCode:
    """A member of the classic protocol in this generation."""
    found = _identified(draft, member_id, instance)
    if isinstance(found, ErrorCode):
        return found
    if found.member_id != member_id:
        return ErrorCode.FENCED_INSTANCE_ID
    if found.classic is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    return found if found.epoch == generation else ErrorCode.ILLEGAL_GENERATION


def leave(draft: Draft, request: LeaveGroupRequest) -> LeaveGroupResponse:
    """Members leave by themselves; an administrator removes any, of whatever protocol, static ones by their instance.
    All that go are one new epoch.
    """
    answers: list[LeftMember] = []
    gone: dict[str, str] = {}
    for leaving in request.members:
        member_id, instance, reason = leaving
        member = _identified(draft, member_id, instance)
        error = member if isinstance(member, ErrorCode) else ErrorCode.NONE
        if isinstance(member, ConsumerMember):
            gone[member.member_id] = reason or "left"
        answers.append(LeftMember(member_id, instance, error))
    if gone:
        remove(draft, gone)
    return LeaveGroupResponse(ErrorCode.NONE, tuple(answers))


def _identified(draft: Draft, member_id: str, instance: str | None) -> ConsumerMember | ErrorCode:
    """A member by its id, or (static) by its instance id and perhaps no other."""
    group = draft.group
    found = group.members.get(member_id) if instance is None else group.static_member(instance)
    if found is None:
        return ErrorCode.UNKNOWN_MEMBER_ID
    return found if member_id in (found.member_id, "") else ErrorCode.FENCED_INSTANCE_ID
