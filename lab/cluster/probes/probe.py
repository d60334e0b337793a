"""Probe: what every question about a world looks like."""

from typing import Protocol, TypeVar

from lab.world.world import World

V_co = TypeVar("V_co", covariant=True)


class Probe(Protocol[V_co]):
    """A question about a world, as frozen data."""

    def __call__(self, world: World) -> V_co:
        """The answer, at this instant."""
        ...
