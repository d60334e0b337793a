"""Words of what is safe where, whose records are gone, and how long records have waited."""

from lab.cluster.fuzzing.rest import owed as owed_at_rest
from lab.cluster.lookup.parts import ledger_of, progress_of, replica_at, truth_of
from lab.cluster.words.word import Value, word
from lab.world.world import World


@word(1, 2)
def on_disk(world: World, partition: Value, broker: Value = "") -> Value:
    """Up to which offset a log would survive a loss of power now: the leader's, or a broker's."""
    return replica_at(world, partition, broker).log.flushed_offset()


@word(1)
def gone(world: World, producer: Value) -> Value:
    """How many records a producer was acknowledged that are stored no longer; what retention deleted does not count."""
    truth = ledger_of(world).producers.get(str(producer))
    return len(truth.acked) - truth.acked.common(truth.stored) if truth is not None else 0


@word(0)
def owed(world: World) -> Value:
    """What a cluster without faults and new records owes still: equal replicas, groups at the end; "" if nothing."""
    return owed_at_rest(world)


@word(2)
def waiting_ms(world: World, group: Value, partition: Value) -> Value:
    """How many milliseconds the oldest visible record has waited that the group has not committed; 0 if none waits."""
    truth = truth_of(world, partition)
    next_ = max(progress_of(world, group, partition).committed, truth.log_start_offset, 0)
    return (world.now - truth.appended_at[next_]) // 1_000 if next_ < truth.high_watermark else 0
