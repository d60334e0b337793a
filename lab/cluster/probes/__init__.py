"""What may be seen: one file a subject, each with its question (a probe) and its answer (a view).

A probe is frozen data, `PartitionLens("orders-1")`; called with a world it answers with a frozen view
and changes nothing. Being data, it is its own cache key. Views use names, never engine objects:
partitions are `orders-1`, brokers `broker-2`.
"""

from typing import Protocol, TypeVar

from lab.world.world import World

V_co = TypeVar("V_co", covariant=True)


class Probe(Protocol[V_co]):
    """A question about a world, as frozen data."""

    def __call__(self, world: World) -> V_co:
        """The answer, at this instant."""
        ...
