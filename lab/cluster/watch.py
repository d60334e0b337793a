"""Watch: whoever listens to the facts of a world, in one place inside it.

The ledger, the invariants and the key moments are all observers. They live in the world and are
checkpointed with it, because an observer outside would remember a future that was rewound.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from lab.env import NodeId
from lab.world.witness import Listener
from lab.world.world import World

Hearing = Callable[[Any, World, NodeId, Any], None]
F = TypeVar("F", bound=Hearing)


def hears(*kinds: type) -> Callable[[F], F]:
    """Mark a method of an Observer as the one to call for these kinds of facts."""

    def mark(method: F) -> F:
        method.__dict__["hears"] = kinds
        return method

    return mark


class Observer:
    """Somebody who hears facts: methods `(world, node, fact)` marked with `@hears(Kind)`."""

    hearing: ClassVar[tuple[tuple[type, str], ...]] = ()

    def __init_subclass__(cls) -> None:
        found = {
            name: kinds
            for base in reversed(cls.__mro__)
            for name, method in vars(base).items()
            if (kinds := getattr(method, "hears", None))
        }
        cls.hearing = tuple((kind, name) for name, kinds in found.items() for kind in kinds)

    def pulse(self, world: World) -> None:
        """Every few thousand events, for who watches what is told by no fact."""


class Watch:
    """The witness of a world: passes each fact to the observers that asked for its kind, in order."""

    def __init__(self, observers: "list[Observer]") -> None:
        self.observers = observers
        self.listeners = self._by_kind()

    def insert_before(self, last: "Observer", more: "Sequence[Observer]") -> None:
        """More observers, in front of one that hears everything after them."""
        at = self.observers.index(last)
        self.observers = [*self.observers[:at], *more, *self.observers[at:]]
        self.listeners = self._by_kind()

    def tell(self, world: World, node: NodeId, fact: object) -> None:
        """Called by the world for each fact a node states."""
        for listener in self.listeners.get(type(fact), ()):
            listener(world, node, fact)

    def pulse(self, world: World) -> None:
        """Called by the world now and then, and passed on to those who look at how it goes on."""
        for observer in self.observers:
            observer.pulse(world)

    def invite(self, guest: Observer) -> None:
        """Pass facts to `guest` too, after everybody else. A guest is no part of the world: a restored one has none."""
        for kind, name in guest.hearing:
            self.listeners.setdefault(kind, []).append(getattr(guest, name))

    def dismiss(self, guest: Observer) -> None:
        """Pass nothing to `guest` any more."""
        for kind, name in guest.hearing:
            self.listeners[kind].remove(getattr(guest, name))

    def _by_kind(self) -> dict[type, list[Listener]]:
        table: dict[type, list[Listener]] = {}
        for observer in self.observers:
            for kind, name in observer.hearing:
                table.setdefault(kind, []).append(getattr(observer, name))
        return table

    # The table is made of bound methods: derived, so left out of checkpoints.
    def __getstate__(self) -> "list[Observer]":
        return self.observers

    def __setstate__(self, observers: "list[Observer]") -> None:
        self.observers = observers
        self.listeners = self._by_kind()
