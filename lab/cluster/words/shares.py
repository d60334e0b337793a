"""Words of share groups: which records are whose, and what became of them."""

from lab.cluster.ledger.births import split_birth
from lab.cluster.ledger.shares import ShareHistory
from lab.cluster.lookup.parts import ledger_of, named_partition
from lab.cluster.lookup.shares import find_share_group, find_share_partition, share_partitions, shares_of
from lab.cluster.refused import Refused
from lab.cluster.words.word import Value, word
from lab.kafka.broker.share.in_flight import ACQUIRED, AVAILABLE, InFlightBatch
from lab.kafka.broker.share.partition import SharePartition
from lab.world.world import World


def _history(world: World, group: Value) -> ShareHistory:
    return shares_of(world).get(str(group)) or ShareHistory()


def _partition(world: World, group: Value, partition: Value) -> SharePartition:
    found = find_share_partition(world, str(group), named_partition(partition))
    if found is None:
        raise Refused(f"nobody leads {partition} for the share group {group}")
    return found


def _runs(world: World, group: Value, partition: Value) -> list[InFlightBatch]:
    chosen = [_partition(world, group, partition)] if partition else share_partitions(world, str(group))
    return [run for one in chosen for run in one.in_flight.runs]


@word(2)
def share_start(world: World, group: Value, partition: Value) -> Value:
    """The start offset (SPSO) of a partition in a share group: all below is finished."""
    return _partition(world, group, partition).in_flight.start_offset


@word(2)
def share_end(world: World, group: Value, partition: Value) -> Value:
    """The end offset (SPEO): nothing from there on was ever delivered."""
    return _partition(world, group, partition).in_flight.end_offset


@word(1, 2)
def acquired(world: World, group: Value, partition: Value = "") -> Value:
    """How many records the members of a share group hold, in all partitions or one."""
    return sum(len(run) for run in _runs(world, group, partition) if run.state == ACQUIRED)


@word(1, 2)
def available(world: World, group: Value, partition: Value = "") -> Value:
    """How many records came back to a share group and wait to be delivered again."""
    return sum(len(run) for run in _runs(world, group, partition) if run.state == AVAILABLE)


@word(1)
def archived(world: World, group: Value) -> Value:
    """How many records a share group has given up: rejected, or delivered as often as the limit says."""
    return sum(len(one) for one in _history(world, group).archived.values())


@word(1)
def redelivered(world: World, group: Value) -> Value:
    """How many times a share group was given a record that it had been given before."""
    return _history(world, group).redelivered


@word(1)
def expired(world: World, group: Value) -> Value:
    """How many acquired records a share group's members kept longer than the lock."""
    return _history(world, group).expired


@word(1)
def failures(world: World, group: Value) -> Value:
    """How many times the work of a share group's members failed."""
    return _history(world, group).failed


@word(2)
def delivery_count(world: World, group: Value, birth: Value) -> Value:
    """How often a record in flight, named by its birth like shop:7, was delivered; 0 if it is not in flight."""
    producer, number = split_birth(str(birth)) if str(birth).rpartition(":")[2].isdigit() else ("", -1)
    if number < 0:
        raise Refused(f"wanted a birth like shop:7, found {birth!r}")
    for one in share_partitions(world, str(group)):
        births = ledger_of(world).partition(one.partition).births
        for run in one.in_flight.runs:
            for offset in range(run.first, min(run.end, len(births))):
                if births[offset] == f"{producer}:{number}":
                    return run.delivery_count
    return 0


@word(1)
def acquired_by(world: World, member: Value) -> Value:
    """How many records are acquired by a share consumer."""
    return sum(
        len(run)
        for group in shares_of(world) for one in share_partitions(world, group) for run in one.in_flight.runs
        if run.state == ACQUIRED and run.member_id.rpartition("-")[0] == member
    )  # fmt: skip


@word(1)
def sharing(world: World, group: Value) -> Value:
    """How many members of a share group have partitions to share."""
    found = find_share_group(world, str(group))
    return sum(bool(one.assigned) for one in found[1].members.values()) if found is not None else 0
