"""Witness: whoever hears the facts that nodes state, and the one fact that the world states itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from lab.env.units import NodeId

if TYPE_CHECKING:
    from lab.world.world import World


Listener: TypeAlias = "Callable[[World, NodeId, Any], None]"


class Witness(Protocol):
    """Whoever hears the facts that nodes state. Lives in the world, so that it is rewound with it."""

    @property
    def listeners(self) -> Mapping[type, Sequence[Listener]]:
        """Who hears facts of a kind, in order. What nobody hears is told to nobody."""
        ...

    def tell(self, world: "World", node: NodeId, fact: object) -> None:
        """`node` states `fact`, now."""
        ...

    def pulse(self, world: "World") -> None:
        """So many events more have begun, whatever was told in them."""
        ...


@dataclass(frozen=True, slots=True)
class PowerLost:
    """The one fact the world states itself, of the machine named: a moment before anything is gone."""
