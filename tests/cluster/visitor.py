"""A visitor: somebody who knows nothing, and does to a scenario's cluster whatever its menus offer."""

from typing import TypeVar

from lab.cluster.build import kind_of
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.probes.topology import group_names
from lab.cluster.refused import Refused
from lab.cluster.session.offers import Field, Offer
from lab.cluster.session.session import Session
from lab.env import Micros, millis, seconds

T = TypeVar("T")

PAUSES: tuple[Micros, ...] = tuple(map(millis, (2, 50, 300, 1_000, 3_000, 8_000)))
NUMBERS = ("-1", "0", "1", "2", "3", "7", "12", "50", "100", "137", "300")
WORDS = ("", "x", "orders", "orders-0", "broker-1", "1", "-1", "0", "true")
LEFT_ALONE = ("add_load", "open_doors", "send_file")
"""What takes minutes, or wants a file or a socket."""


class Visitor:
    """One visit, always the same for a seed."""

    def __init__(self, seed: int, session: Session) -> None:
        self.draw = Draw(seed, "visitor")
        self.session = session
        self.done: list[str] = []

    def visit(self, deeds: int) -> None:
        """So many attempts with some time between them, and then a while to look on."""
        for _ in range(deeds):
            if self.session.violation:
                return
            self._try_something()
            self.session.run_for(PAUSES[self.draw.dice.below(len(PAUSES))])
        self.session.run_for(seconds(10))

    def _try_something(self) -> None:
        kind, name = self._one_of(self._things())
        offers = [one for one in self.session.offers(kind, name) if not one.disabled and one.name not in LEFT_ALONE]
        if not offers:
            return
        offer = self._one_of(offers)
        try:
            action = offer.action or offer.make(self._filled(offer))
            self.session.post(action)
        except Refused:
            return
        self.done.append(f"{self.session.now / 1e6:.3f} s {action.describe()}")

    def _things(self) -> list[tuple[str, str]]:
        world, partitions = self.session.world, self.session.partition_names()
        return [
            ("cluster", "cluster"),
            *((kind_of(host), name) for name, host in world.hosts.items()),
            *(("group", one) for one in group_names(world)),
            *(("partition", one) for one in partitions),
            *(("topic", one) for one in dict.fromkeys(name.rpartition("-")[0] for name in partitions)),
        ]

    def _filled(self, offer: Offer) -> dict[str, str]:
        """The form as it opens, with some of it changed, well or badly."""
        return {field.name: self._said(field) for field in offer.form}

    def _said(self, field: Field) -> str:
        if field.choices:
            return self.draw.of(*field.choices) if self.draw.percent(60) else field.default
        if field.kind == "int":
            return self.draw.of(*NUMBERS) if self.draw.percent(50) else field.default
        return self.draw.of(*WORDS) if self.draw.percent(10) else field.default

    def _one_of(self, found: list[T]) -> T:
        return found[self.draw.dice.below(len(found))]
