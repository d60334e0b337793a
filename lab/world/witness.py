"""Witness: whoever hears the facts that nodes state, and the one fact that the world states itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lab.env.units import NodeId

if TYPE_CHECKING:
    from lab.world.world import World


class Witness(Protocol):
    """Whoever hears the facts that nodes state. Lives in the world, so that it is rewound with it."""

    def tell(self, world: "World", node: NodeId, fact: object) -> None:
        """`node` states `fact`, now."""
        ...

    def hears(self, kind: type) -> bool:
        """Whether a fact of this kind makes a difference to anybody."""
        ...

    def pulse(self, world: "World") -> None:
        """So many events more have begun, whatever was told in them."""
        ...


@dataclass(frozen=True, slots=True)
class PowerLost:
    """The one fact the world states itself, of the machine named: a moment before anything is gone."""
