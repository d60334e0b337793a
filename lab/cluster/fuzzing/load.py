"""Which producers of a fuzz seed make their records as a load, by dice of their own."""

from dataclasses import replace

from lab.cluster.spec import ClusterSpec, ProducerSpec
from lab.world.dice import Stream

CHANCE_PERCENT = 20


def with_loads(seed: int, spec: ClusterSpec) -> ClusterSpec:
    """The spec with some producers of keyless records made to send batches of equal ones."""
    dice = Stream(f"fuzz/{seed}/load")
    producers: list[ProducerSpec] = []
    for one in spec.producers:
        drawn, size = dice.below(100), 2 + dice.below(30)
        alone = one.keys == "none" and one.data is None and one.transaction is None
        if alone and drawn < CHANCE_PERCENT and "transactional.id" not in dict(one.config):
            producers.append(replace(one, load=size, rate=one.rate * 4))
        else:
            producers.append(one)
    return replace(spec, producers=tuple(producers))
