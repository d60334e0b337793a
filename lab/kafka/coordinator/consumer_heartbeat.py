"""ConsumerGroupHeartbeat decided: what a member says, and what it is answered (spec 4.6)."""

from dataclasses import replace

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator import migration
from lab.kafka.coordinator.assignors import offered
from lab.kafka.coordinator.client import Client
from lab.kafka.coordinator.consumer_group import ConsumerMember, MemberState, Partitions
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.topic_patterns import wrong_pattern
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH,
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

# --- what may be asked ----------------------------------------------------------------------------


def request_error(request: ConsumerGroupHeartbeatRequest, config: BrokerConfig) -> ErrorCode:
    """What is wrong with a request whoever sends it."""
    joins = request.member_epoch == JOIN_EPOCH
    subscribes = bool(request.subscribed_topic_names) or bool(request.subscribed_topic_regex)
    wrong = (
        not request.group_id
        or not request.member_id
        or request.instance_id == ""
        or request.rack_id == ""
        or (request.member_epoch == LEAVE_STATIC_EPOCH and request.instance_id is None)
        or request.member_epoch < LEAVE_STATIC_EPOCH
        or (joins and (request.rebalance_timeout_ms < 0 or bool(request.topic_partitions) or not subscribes))
    )
    if wrong:
        return ErrorCode.INVALID_REQUEST
    if request.server_assignor and request.server_assignor not in offered(config):
        return ErrorCode.UNSUPPORTED_ASSIGNOR
    if request.subscribed_topic_regex and wrong_pattern(request.subscribed_topic_regex):
        return ErrorCode.INVALID_REGULAR_EXPRESSION
    return ErrorCode.NONE


def epoch_error(member: ConsumerMember, epoch: int, owned: Partitions | None) -> ErrorCode:
    """Whether a member speaks as who it is. The epoch before is taken, if the answer that told the new one may have
    been lost; and zero always, as KIP-848 has it (Kafka refused it until KAFKA-19233).
    """
    if epoch in (JOIN_EPOCH, member.epoch):
        return ErrorCode.NONE
    lost_answer = epoch == member.previous_epoch and owned is not None and all(one in member.assigned for one in owned)
    return ErrorCode.NONE if epoch < member.epoch and lost_answer else ErrorCode.FENCED_MEMBER_EPOCH


# --- a heartbeat ----------------------------------------------------------------------------------


def heartbeat(
    draft: Draft, request: ConsumerGroupHeartbeatRequest, client: Client, *, exists: bool
) -> ConsumerGroupHeartbeatResponse:
    """What a member is answered; records and facts are in the draft. `exists`: there was such a group before."""
    error = request_error(request, draft.config)
    if not error and not exists and request.member_epoch != JOIN_EPOCH:
        error = ErrorCode.GROUP_ID_NOT_FOUND
    if error:
        return ConsumerGroupHeartbeatResponse(error)
    if request.member_epoch < JOIN_EPOCH:
        return _leave(draft, request)
    before = _member(draft, request)
    if isinstance(before, ErrorCode):
        return ConsumerGroupHeartbeatResponse(before)
    joins = request.member_epoch == JOIN_EPOCH
    changed = draft.describe(before, _as_it_says(before, request, client))
    after = draft.advance(before.member_id, changed, () if joins else request.topic_partitions)
    draft.hear(after)
    told = joins or request.is_full or after.assigned != before.assigned
    return ConsumerGroupHeartbeatResponse(
        ErrorCode.NONE, after.member_id, after.epoch, draft.group_config.consumer_heartbeat_interval_ms,
        after.assigned if told else None,
    )  # fmt: skip


def _member(draft: Draft, request: ConsumerGroupHeartbeatRequest) -> ConsumerMember | ErrorCode:
    """Who speaks. A newcomer has nothing yet; a static member that is back has what it had."""
    group = draft.group
    joins = request.member_epoch == JOIN_EPOCH
    found = group.members.get(request.member_id)
    if request.instance_id is not None:
        found = group.static_member(request.instance_id)
        if found is not None and found.member_id != request.member_id:
            if not joins:
                return ErrorCode.FENCED_INSTANCE_ID
            if found.is_away or found.classic is not None:
                return draft.replace_static(found, request.member_id)
            return ErrorCode.UNRELEASED_INSTANCE_ID
    if found is None and not joins:
        return ErrorCode.UNKNOWN_MEMBER_ID
    if found is None:
        full = len(group.members) >= draft.config.group_consumer_max_size
        return ErrorCode.GROUP_MAX_SIZE_REACHED if full else ConsumerMember(request.member_id)
    return epoch_error(found, request.member_epoch, request.topic_partitions) or found


def _as_it_says(before: ConsumerMember, request: ConsumerGroupHeartbeatRequest, client: Client) -> ConsumerMember:
    """The member as it now says it is. Whatever it was, it speaks the consumer protocol."""
    topics, regex = request.subscribed_topic_names, request.subscribed_topic_regex
    timeout_ms = request.rebalance_timeout_ms
    return replace(
        before, client_id=client.client_id, client_host=client.client_host,
        instance_id=request.instance_id or before.instance_id,
        rebalance_timeout_ms=before.rebalance_timeout_ms if timeout_ms < 0 else timeout_ms,
        topics=before.topics if topics is None else tuple(sorted(topics)),
        regex=before.regex if regex is None else regex,
        assignor=before.assignor if request.server_assignor is None else request.server_assignor,
        classic=None,
    )  # fmt: skip


def _leave(draft: Draft, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse:
    """For good, or (a static member) to be back within a session: nobody gets what it had until then."""
    group = draft.group
    member = group.members.get(request.member_id)
    if request.instance_id is not None:
        member = group.static_member(request.instance_id)
        if member is not None and member.member_id != request.member_id:
            return ConsumerGroupHeartbeatResponse(ErrorCode.FENCED_INSTANCE_ID)
    if member is None:
        return ConsumerGroupHeartbeatResponse(ErrorCode.UNKNOWN_MEMBER_ID)
    if request.member_epoch == LEAVE_EPOCH:
        migration.remove(draft, {member.member_id: "leaves"})
    else:
        group.revocations.pop(member.member_id, None)
        away = replace(member, state=MemberState.STABLE, epoch=LEAVE_STATIC_EPOCH, previous_epoch=member.epoch)
        draft.put(replace(away, pending_revocation=()))
    return ConsumerGroupHeartbeatResponse(ErrorCode.NONE, request.member_id, request.member_epoch)


OVERDUE = (
    "was silent for its session timeout",
    "did not revoke within its rebalance timeout",
    "did not join again within its rebalance timeout",
    "did not ask for its assignment within its rebalance timeout",
)
"""What a member has not done, in the order of a group's clocks."""


def expire(draft: Draft) -> None:
    """Members whose time is over for something, until the group is one of the classic protocol: there each has a full
    session again.
    """
    for member in list(draft.group.members.values()):
        late = _overdue(draft, member.member_id)
        if late and draft.classic is None:
            migration.remove(draft, {member.member_id: late})


def _overdue(draft: Draft, member_id: str) -> str:
    clocks = zip(draft.group.clocks, OVERDUE, strict=True)
    return next((reason for clock, reason in clocks if clock.get(member_id, draft.now + 1) <= draft.now), "")
