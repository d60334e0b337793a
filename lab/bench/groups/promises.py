"""promises: what watching every invariant costs."""

from collections.abc import Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_most, group
from lab.bench.processor import cpu_seconds
from lab.bench.teaching import teaching_spec
from lab.cluster.build import build
from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.watch import Watch
from lab.env import seconds
from lab.world.world import World

STRETCH = seconds(5)
PAIRS = 15


@group("promises")
def measure(say: Say) -> Iterator[Figure]:
    """The same stretch of the same world, with the invariants and without; both keep the ledger."""
    say("with and without the invariants, in turns")
    watched, alone = build(teaching_spec()), build(teaching_spec())
    witness = alone.witness
    assert isinstance(witness, Watch)
    alone.witness = Watch([one for one in witness.observers if not isinstance(one, Invariant | Fates)])
    ratios = [_stretch(watched, number) / _stretch(alone, number) for number in range(PAIRS)]
    assert watched.event_number == alone.event_number, "watching must change nothing"
    yield at_most("cost of all invariants", "%", 100 * (median(ratios) - 1), 30)


def _stretch(world: World, number: int) -> float:
    return cpu_seconds(lambda: world.run_until((number + 1) * STRETCH))
