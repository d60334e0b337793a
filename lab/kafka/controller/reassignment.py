"""Reassignment: a partition's replicas move to other brokers without a record being lost (spec 2.11).

First the new replicas are added to the old ones, and copy. When every target is in sync, the others go.
"""

from collections.abc import Sequence
from dataclasses import replace

from lab.kafka.controller import elections, eligibility
from lab.kafka.metadata.image import NO_LEADER, MetadataImage, PartitionState, Reassignment
from lab.kafka.metadata.records import PartitionChangeRecord
from lab.kafka.protocol.errors import ErrorCode

Refusal = tuple[ErrorCode, str]
IDLE = Reassignment((), ())


def change(
    image: MetadataImage, state: PartitionState, target: tuple[int, ...] | None, unclean: bool
) -> PartitionChangeRecord | Refusal | None:
    """What an AlterPartitionReassignments makes of a partition: a record, why not, or None if nothing changes."""
    if target is None:
        return _cancel(image, state, unclean)
    wrong = _wrong_target(image, target)
    if wrong:
        return ErrorCode.INVALID_REPLICA_ASSIGNMENT, wrong
    return _begin(image, state, target)


def _wrong_target(image: MetadataImage, target: tuple[int, ...]) -> str:
    if not target or len(dict.fromkeys(target)) != len(target):
        return f"wanted different brokers, at least one, found {list(target)}"
    unknown = [one for one in target if one not in image.brokers]
    return f"wanted registered brokers, found {unknown}" if unknown else ""


def _begin(image: MetadataImage, state: PartitionState, target: tuple[int, ...]) -> PartitionChangeRecord | None:
    """The targets first, then those that are to go. What only changes order, or only drops replicas while all
    others are in sync, is done at once.
    """
    under_way = image.reassignments.get(state.partition, IDLE)
    removing = tuple(sorted(one for one in state.replicas if one not in target)) or under_way.removing
    adding = tuple(sorted(one for one in target if one not in state.replicas)) or under_way.adding
    merged = (*target, *(one for one in state.replicas if one not in target))
    if merged == state.replicas and under_way == Reassignment(adding, removing):
        return None
    record = PartitionChangeRecord(
        *state.partition, reason="reassign", replicas=list(merged),
        adding_replicas=list(adding), removing_replicas=list(removing),
    )  # fmt: skip
    at_once = finish(image, state, target, state.isr, "reassigned at once")
    return at_once or eligibility.note(image, state, record)


def _cancel(image: MetadataImage, state: PartitionState, unclean: bool) -> PartitionChangeRecord | Refusal:
    """The added replicas go again. Whoever of the old ones is in sync keeps the partition."""
    moving = image.reassignments.get(state.partition)
    if moving is None:
        return ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, f"{state.partition} is not being reassigned"
    replicas = tuple(one for one in state.replicas if one not in moving.adding)
    isr = tuple(one for one in state.isr if one in replicas)
    if not isr and not unclean:
        return ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"none of {list(replicas)} is in sync"
    return _settled(image, state, replicas, isr, unclean, "cancelled")


def progress(image: MetadataImage, state: PartitionState, isr: Sequence[int]) -> PartitionChangeRecord | None:
    """With this ISR a reassignment may be complete: the record that ends it; None while it goes on."""
    moving = image.reassignments.get(state.partition)
    if moving is None:
        return None
    return finish(image, state, tuple(one for one in state.replicas if one not in moving.removing), isr)


def finish(
    image: MetadataImage, state: PartitionState, target: tuple[int, ...], isr: Sequence[int],
    reason: str = "reassigned",
) -> PartitionChangeRecord | None:  # fmt: skip
    """The end, once every target is in sync: only they are left, and one of them leads."""
    if any(one not in isr for one in target):
        return None
    return _settled(image, state, target, tuple(one for one in isr if one in target), False, reason)


def _settled(
    image: MetadataImage, state: PartitionState, replicas: tuple[int, ...], isr: tuple[int, ...], unclean: bool,
    reason: str,
) -> PartitionChangeRecord:  # fmt: skip
    """The replicas as they stay. Fewer of them are a new leader epoch even for the leader that stays: a
    follower that was dropped shall not be believed.
    """
    if state.leader_id != NO_LEADER and state.leader_id not in isr:
        record = elections.elect(image, state, isr, unclean, reason, replicas=replicas)
    else:
        same = state.leader_id if len(replicas) < len(state.replicas) else None
        record = PartitionChangeRecord(*state.partition, reason=reason, leader=same)
        if isr != state.isr:
            record.isr = list(isr)
        record = eligibility.note(image, state, replace(record, replicas=list(replicas)))
    moving = image.reassignments.get(state.partition)
    record = replace(record, replicas=list(replicas))
    return record if moving is None else replace(record, adding_replicas=[], removing_replicas=[])
