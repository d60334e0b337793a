"""Online migration: a group goes over to the other protocol with its members in it (KIP-848, spec 4.6).

It does when the first member of the consumer protocol comes, and back when the last one has gone. The classic members
notice no more than a rebalance. `group.consumer.migration.policy` says which of the two may be; an empty group may
always.
"""

from collections.abc import Mapping

from lab.env import millis
from lab.kafka import facts
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.coordinator.consumer_group import ConsumerMember, Partitions
from lab.kafka.coordinator.consumer_records import (
    ClassicMemberMetadata,
    ConsumerRecord,
    CurrentAssignment,
    GroupEpoch,
    MemberMetadata,
    MemberTarget,
    ResolvedPattern,
    SubscriptionMetadata,
    TargetEpoch,
    Value,
)
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.group import STABLE, Group, Member
from lab.kafka.protocol.consumer_protocol import (
    PROTOCOL_TYPE,
    decode_subscription,
    embedded_version,
    encode_assignment,
    read_assignment,
)
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.primitives import Malformed

UPWARD, BACK = ("bidirectional", "upgrade"), ("bidirectional", "downgrade")
"""The policies that let groups go over to the consumer protocol, and back."""

# --- to the consumer protocol ---------------------------------------------------------------------


def upgrade(draft: Draft, classic: Group) -> ErrorCode:
    """Into the draft, an empty group, come the members of a classic one: as they are, at rest in their generation, with
    what the log says they were last assigned. NONE, or why it cannot be. Whoever has given up some of that, or does not
    know of it yet, says so when it joins again.
    """
    config = draft.config
    consumers = classic.protocol_type == PROTOCOL_TYPE and len(classic.members) <= config.group_consumer_max_size
    if not consumers or config.group_consumer_migration_policy.lower() not in UPWARD:
        return ErrorCode.GROUP_ID_NOT_FOUND
    try:
        members = [_translated(draft, classic, one) for one in classic.members.values()]
    except Malformed:
        return ErrorCode.GROUP_ID_NOT_FOUND
    assigned = [partition for one in members for partition in one.assigned]
    if len(dict.fromkeys(assigned)) < len(assigned):
        return ErrorCode.UNKNOWN_SERVER_ERROR  # Kafka's answer where an assignor has given a partition twice
    has = {one.member_id: (one.client_id, one.assigned) for one in members}
    draft.facts.append(facts.GroupConverted(classic.group_id, "consumer", classic.generation, has))
    for one in members:
        draft.log(one.metadata(), one.member_id)
    draft.log(GroupEpoch(classic.generation))
    for one in members:
        draft.log(MemberTarget(one.assigned), one.member_id)
    draft.log(TargetEpoch(classic.generation))
    for one in members:
        draft.put(one)
        draft.hear(one)
    return ErrorCode.NONE


def _translated(draft: Draft, classic: Group, member: Member) -> ConsumerMember:
    """A classic member as one of a consumer group. Raises Malformed, also where an assignor has told its members
    something of its own, which would be lost.
    """
    assigned, user_data = read_assignment(member.assignment)
    if user_data:
        raise Malformed("an assignment: wanted no user data")
    # In its first rebalance a group has no protocol yet; all that a member offers have the same subscription.
    metadata = member.metadata(classic.protocol) or member.protocols[0][1]
    subscription = decode_subscription(metadata, member.member_id, member.group_instance_id)
    return ConsumerMember(
        member.member_id, member.client_id, member.client_host, member.group_instance_id, member.rebalance_timeout_ms,
        tuple(sorted(subscription.topics)), epoch=classic.generation, previous_epoch=classic.generation,
        assigned=existing(draft, assigned),
        classic=ClassicMemberMetadata(member.session_timeout_ms, member.protocols),
    )  # fmt: skip


def existing(draft: Draft, partitions: Partitions) -> Partitions:
    """Those of topics that there are."""
    return tuple(one for one in partitions if one.topic in draft.topics)


# --- back to the classic protocol -----------------------------------------------------------------


def remove(draft: Draft, reasons: Mapping[str, str]) -> None:
    """Members, by id and why, are out of the group; the others will share what they had. If none of these needs the
    consumer protocol any more, they go back and rebalance in their own way.
    """
    group = draft.group
    gone = [group.members[member_id] for member_id in reasons]
    others = [one for one in group.members.values() if one.member_id not in reasons]
    reason = ", ".join(f"{one.client_id} {reasons[one.member_id]}" for one in gone)
    if others and all(one.classic is None for one in gone) and goes_back(draft.config, others):
        for one in gone:
            draft.facts.append(
                facts.MemberRemoved(group.group_id, one.member_id, one.client_id, reasons[one.member_id])
            )
        downgrade(draft, others, reason)
        return
    for one in gone:
        draft.drop(one, reasons[one.member_id])
    draft.bump(reason)


def goes_back(config: BrokerConfig, members: list[ConsumerMember]) -> bool:
    """Whether these members would be a classic group if they were alone."""
    allowed = config.group_consumer_migration_policy.lower() in BACK and len(members) <= config.group_max_size
    return allowed and all(one.classic is not None for one in members)


def downgrade(draft: Draft, members: list[ConsumerMember], reason: str) -> None:
    """These members are a classic group from now on, in the epoch there was; what they are to have is what they were
    last assigned. `reason`: why they rebalance; empty if they need not. Then the group has no leader yet: by that the
    next coordinator knows, who cannot ask who has left.
    """
    group = draft.group
    made = Group(group.group_id, STABLE, group.epoch, PROTOCOL_TYPE, offsets=group.offsets)
    made.committed_ms = group.committed_ms
    for one in members:
        assert one.classic is not None, one
        member = Member(
            one.member_id, one.client_id, one.client_host, one.instance_id, one.classic.session_timeout_ms,
            one.rebalance_timeout_ms, one.classic.protocols, draft.now + millis(one.classic.session_timeout_ms),
            is_new=False,
        )  # fmt: skip
        made.members[one.member_id] = member
        if one.instance_id is not None:
            made.static_members[one.instance_id] = one.member_id
    made.leader = "" if reason else members[0].member_id
    made.protocol = made.vote()
    for member in made.members.values():
        version = embedded_version(member.metadata(made.protocol))
        member.assignment = encode_assignment(group.target.get(member.member_id, ()), version)
    draft.rebalances = reason
    draft.conclude()
    gets = {one.member_id: (one.client_id, group.target.get(one.member_id, ())) for one in members}
    draft.facts.append(facts.GroupConverted(group.group_id, "classic", group.epoch, gets))
    draft.records += _end(draft)
    draft.classic = made


def _end(draft: Draft) -> list[ConsumerRecord]:
    """Tombstones of all that a consumer group with members consists of, in Kafka's order."""
    group = draft.group

    def of(kind: type[Value], *ids: str) -> list[ConsumerRecord]:
        return [ConsumerRecord(kind, group.group_id, one, None) for one in ids]

    return [
        *of(CurrentAssignment, *group.members), *of(MemberTarget, *group.members), *of(TargetEpoch, ""),
        *of(MemberMetadata, *group.members), *of(SubscriptionMetadata, ""), *of(ResolvedPattern, *group.resolved),
        *of(GroupEpoch, ""),
    ]  # fmt: skip
