"""Reconciliation: a member's next step from what it has to what it is to have (spec 4.6).

What goes is given up first, what comes is taken only when its owner has given it up. There is no barrier: each member
goes its own way, at its own heartbeats.
"""

from collections.abc import Mapping
from dataclasses import replace

from lab.kafka.coordinator.consumer_group import ConsumerMember, MemberState, Partitions
from lab.kafka.protocol.topics import TopicPartition, all_by_topic


def reconciled(
    member: ConsumerMember,
    target: Partitions,
    target_epoch: int,
    owned: Partitions | None,
    held_by_others: Mapping[TopicPartition, None],
) -> ConsumerMember:
    """The member after one step; itself, if there is none to take. `owned`: what it says it has, None if it does not
    say.
    """
    match member.state:
        case MemberState.STABLE if member.epoch == target_epoch:
            return member
        case MemberState.UNREVOKED_PARTITIONS if _owns_any(owned, member.pending_revocation):
            return member
        case _:
            return _next(member, target, target_epoch, owned, held_by_others)


def _owns_any(owned: Partitions | None, partitions: Partitions) -> bool:
    return owned is None or any(one in partitions for one in owned)


def _next(
    member: ConsumerMember,
    target: Partitions,
    target_epoch: int,
    owned: Partitions | None,
    held_by_others: Mapping[TopicPartition, None],
) -> ConsumerMember:
    kept = tuple(one for one in member.assigned if one in target)
    revoked = tuple(one for one in member.assigned if one not in target)
    if revoked and _owns_any(owned, revoked):
        return replace(
            member, state=MemberState.UNREVOKED_PARTITIONS, previous_epoch=member.epoch,
            assigned=kept, pending_revocation=revoked,
        )  # fmt: skip
    wanted = [one for one in target if one not in kept]
    free = tuple(one for one in wanted if one not in held_by_others)
    state = MemberState.STABLE if len(free) == len(wanted) else MemberState.UNRELEASED_PARTITIONS
    found = replace(
        member, state=state, epoch=target_epoch, previous_epoch=member.epoch,
        assigned=all_by_topic((*kept, *free)), pending_revocation=(),
    )  # fmt: skip
    return member if replace(found, previous_epoch=member.previous_epoch) == member else found
