"""Words of reading: where a group began, and when nobody read."""

from lab.cluster.ledger.pauses import Pauses
from lab.cluster.lookup.parts import named_partition, progress_of
from lab.cluster.watch import Watch
from lab.cluster.words.word import Value, word
from lab.world.world import World


@word(2)
def began(world: World, group: Value, partition: Value) -> Value:
    """The lowest offset at which the group has begun to read a partition; -1 before it has."""
    return progress_of(world, group, partition).first


@word(2)
def unread_ms(world: World, group: Value, partition: Value) -> Value:
    """For how many milliseconds in all a partition had no reader, since one had given it up and no other taken it."""
    watch = world.witness
    assert isinstance(watch, Watch)
    pauses = next(one for one in watch.observers if isinstance(one, Pauses))
    return pauses.unread(str(group), named_partition(partition), world.now) // 1_000
