"""throughput: simulated records a second, where batches are large."""

from collections.abc import Iterator

from lab.bench.measurement import Figure, Say, group, told
from lab.bench.processor import cpu_seconds
from lab.bench.teaching import BULK_RATE, bulk_spec
from lab.cluster.build import build
from lab.env import seconds

WARM_UP = seconds(1)
STRETCH = seconds(2)


@group("throughput")
def measure(say: Say) -> Iterator[Figure]:
    """Records of 100 bytes, made, replicated three times, acknowledged and consumed: nothing is skipped."""
    for batch in (100, 1_000):
        say(f"batches of {batch} records")
        world = build(bulk_spec(batch))
        world.run_until(WARM_UP)
        spent = cpu_seconds(lambda world=world: world.run_until(WARM_UP + STRETCH))
        yield told(f"records, {batch} a batch", "1/CPU s", 2 * BULK_RATE * STRETCH / 1e6 / spent)
