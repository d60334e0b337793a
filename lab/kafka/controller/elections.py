"""Who leads: leader elections and changes of the in-sync replicas, as records (spec 2.9)."""

from collections.abc import Callable

from lab.kafka.controller import eligibility
from lab.kafka.metadata.image import NO_LEADER, NONE_ELIGIBLE, MetadataImage, PartitionState
from lab.kafka.metadata.records import PartitionChangeRecord

UncleanAllowed = Callable[[str], bool]


def change_without(
    image: MetadataImage, state: PartitionState, broker_id: int, unclean: bool, reason: str, *, lost: bool = False
) -> PartitionChangeRecord | None:
    """What becomes of a partition when `broker_id` may no longer lead or be in sync; `lost`: because its process
    ended uncleanly. Where nobody is eligible beside the ISR, its last member stays in it, without leading: its log
    is the only one known to be complete.
    """
    isr = tuple(one for one in state.isr if one != broker_id)
    restarted = broker_id if lost else NO_LEADER
    kept = isr if image.eligible is not None else isr or state.isr
    if state.leader_id == broker_id or (not kept and state.isr):
        return elect(image, state, kept, unclean, reason, without=broker_id, restarted=restarted)
    found = eligibility.after(image, state, kept, state.replicas, restarted)
    if len(isr) == len(state.isr) and found == eligibility.eligible_of(image, state):
        return None
    record = PartitionChangeRecord(*state.partition, reason=reason, isr=list(kept) if kept != state.isr else None)
    return eligibility.note(image, state, record, found)


def elect(
    image: MetadataImage,
    state: PartitionState,
    isr: tuple[int, ...],
    unclean: bool,
    reason: str,
    *,
    without: int = NO_LEADER,
    restarted: int = NO_LEADER,
    replicas: tuple[int, ...] | None = None,
) -> PartitionChangeRecord:
    """A new leader: the first in replica order that is in sync and active; with nobody in sync, the first that is
    eligible, else the last leader; with `unclean`, else the first that is active at all; else none. `replicas`:
    where the change gives the partition others.
    """
    order = state.replicas if replicas is None else replicas
    active = [one for one in order if one != without and image.is_active(one)]
    found = eligibility.after(image, state, isr, order, restarted)
    new_isr = None if isr == state.isr else list(isr)
    clean = next((one for one in active if one in isr), None)
    eligible = next((one for one in active if one in found.elr), None) if not isr else None
    if clean is not None:
        record = PartitionChangeRecord(*state.partition, reason=reason, isr=new_isr, leader=clean)
    elif eligible is not None:
        record = PartitionChangeRecord(*state.partition, reason="elr", isr=[eligible], leader=eligible)
        found = eligibility.elected(image, state, order, found, eligible)
    elif not isr and not found.elr and len(found.last_known_elr) == 1 and found.last_known_elr[0] in active:
        last = found.last_known_elr[0]
        record = PartitionChangeRecord(
            *state.partition, reason="last known leader", isr=[last], leader=last, recovering=True
        )
        found = NONE_ELIGIBLE
    elif unclean and active:
        record = PartitionChangeRecord(
            *state.partition, reason="unclean", isr=[active[0]], leader=active[0], recovering=True
        )
        found = NONE_ELIGIBLE
    else:
        record = PartitionChangeRecord(*state.partition, reason=reason, isr=new_isr, leader=NO_LEADER)
    return eligibility.note(image, state, record, found)


def leaderless(image: MetadataImage, unclean: UncleanAllowed, reason: str) -> list[PartitionChangeRecord]:
    """Leaders for partitions that have none and could have one."""
    found: list[PartitionChangeRecord] = []
    for state in image.all_partitions():
        if state.leader_id == NO_LEADER:
            record = elect(image, state, state.isr, unclean(state.partition.topic), reason)
            if record.leader != NO_LEADER:
                found.append(record)
    return found


def preferred(image: MetadataImage, limit: int = 1_000) -> list[PartitionChangeRecord]:
    """Leadership back to the first replica, wherever that is in sync and active."""
    return [
        PartitionChangeRecord(*state.partition, reason="preferred", leader=state.replicas[0])
        for state in image.all_partitions()
        if state.leader_id not in (NO_LEADER, state.replicas[0])
        and state.replicas[0] in state.isr
        and image.is_active(state.replicas[0])
    ][:limit]
