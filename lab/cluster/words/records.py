"""Words of records: born, acknowledged, stored, lost; the ledger knows."""

from lab.cluster.lookup.parts import ledger_of, truth_of, truths_of
from lab.cluster.words.word import Value, word
from lab.world.world import World


@word(0, 1)
def born(world: World, producer: Value = "") -> Value:
    """How many records were made, by all producers or one."""
    return sum(truth.born for truth in truths_of(world, producer))


@word(0, 1)
def acked(world: World, producer: Value = "") -> Value:
    """How many records were acknowledged."""
    return sum(len(truth.acked) for truth in truths_of(world, producer))


@word(0, 1)
def failed(world: World, producer: Value = "") -> Value:
    """How many records failed for certain: they were never sent."""
    return sum(len(truth.failed) for truth in truths_of(world, producer))


@word(0, 1)
def unknown(world: World, producer: Value = "") -> Value:
    """How many records timed out after they had been sent: nobody told the producer whether they are stored."""
    return sum(len(truth.unknown) for truth in truths_of(world, producer))


@word(0)
def stored(world: World) -> Value:
    """How many different records the leaders' logs hold."""
    return sum(len(truth.stored) for truth in ledger_of(world).producers.values())


@word(0, 1)
def visible(world: World, partition: Value = "") -> Value:
    """How many records a consumer may read: from the log start to the high watermark."""
    found = ledger_of(world).partitions
    chosen = (
        [truth_of(world, partition)]
        if partition
        else [one for name, one in found.items() if not name.topic.startswith("__")]
    )
    return sum(max(0, truth.high_watermark - truth.log_start_offset) for truth in chosen)


@word(0, 1)
def lost(world: World, partition: Value = "") -> Value:
    """How many acknowledged records are gone, of all partitions or one."""
    return truth_of(world, partition).lost if partition else ledger_of(world).lost()


@word(0)
def ghosts(world: World) -> Value:
    """How many records are stored although their producer was told they failed, or nothing."""
    return ledger_of(world).ghosts()


@word(0)
def copies(world: World) -> Value:
    """How many records are in the log a second time."""
    return sum(truth.duplicates for truth in ledger_of(world).partitions.values())
