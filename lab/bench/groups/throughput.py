"""throughput: simulated records a second, where batches are large."""

from collections.abc import Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_least, group, told
from lab.bench.processor import cpu_seconds
from lab.bench.teaching import BULK_RATE, bulk_spec, load_spec
from lab.cluster.build import build
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.spec import ClusterSpec
from lab.env import seconds

WARM_UP = seconds(1)
STRETCH = seconds(2)
STRETCHES = 3
LOAD = 1_000


@group("throughput")
def measure(say: Say) -> Iterator[Figure]:
    """Records of 100 bytes, replicated three times, each CRC verified, acknowledged: made one by one, or as a load."""
    for batch in (100, 1_000):
        say(f"batches of {batch} records, made one by one and consumed")
        world = build(bulk_spec(batch))
        world.run_until(WARM_UP)
        spent = cpu_seconds(lambda world=world: world.run_until(WARM_UP + STRETCH))
        yield told(f"records made one by one, {batch} a batch", "1/CPU s", 2 * BULK_RATE * STRETCH / 1e6 / spent)
    say(f"a load of equal records, {LOAD} a batch")
    yield at_least("records of a load", "1/CPU s", _acknowledged(load_spec(LOAD)), 1_500_000)


def _acknowledged(spec: ClusterSpec) -> float:
    """Acknowledged records a second of processor time: the ledger has counted them."""
    world = build(spec)
    world.run_until(WARM_UP)
    rates: list[float] = []
    for _ in range(STRETCHES):
        before = sum(len(one.acked) for one in ledger_of(world).producers.values())
        spent = cpu_seconds(lambda: world.run_until(world.now + STRETCH // 4))
        acked = sum(len(one.acked) for one in ledger_of(world).producers.values()) - before
        rates.append(acked / spent)
    return median(rates)
