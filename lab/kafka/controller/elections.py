"""Who leads: leader elections and changes of the in-sync replicas, as records (spec 2.9)."""

from collections.abc import Callable

from lab.kafka.metadata.image import NO_LEADER, MetadataImage, PartitionState
from lab.kafka.metadata.records import PartitionChangeRecord

UncleanAllowed = Callable[[str], bool]


def change_without(
    image: MetadataImage, state: PartitionState, broker_id: int, unclean: bool, reason: str
) -> PartitionChangeRecord | None:
    """What becomes of a partition when `broker_id` may no longer lead or be in sync. The last member of an
    ISR stays in it, without leading: its log is the only one known to be complete.
    """
    isr = tuple(one for one in state.isr if one != broker_id)
    if state.leader_id != broker_id and len(isr) == len(state.isr):
        return None
    kept = isr or state.isr
    if state.leader_id != broker_id:
        return PartitionChangeRecord(*state.partition, reason=reason, isr=list(kept))
    return elect(image, state, kept, unclean, reason, without=broker_id)


def elect(
    image: MetadataImage,
    state: PartitionState,
    isr: tuple[int, ...],
    unclean: bool,
    reason: str,
    without: int = NO_LEADER,
) -> PartitionChangeRecord:
    """A new leader: the first in replica order that is in sync and active; with `unclean`, else the first that
    is active at all; else none.
    """
    active = [one for one in state.replicas if one != without and image.is_active(one)]
    clean = next((one for one in active if one in isr), None)
    new_isr = None if isr == state.isr else list(isr)
    if clean is not None:
        return PartitionChangeRecord(*state.partition, reason=reason, isr=new_isr, leader=clean)
    if unclean and active:
        return PartitionChangeRecord(
            *state.partition, reason="unclean", isr=[active[0]], leader=active[0], recovering=True
        )
    return PartitionChangeRecord(*state.partition, reason=reason, isr=new_isr, leader=NO_LEADER)


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
