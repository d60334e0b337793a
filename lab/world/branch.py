"""Branch: one line of history, and what is kept with it rather than in its worlds."""

from dataclasses import dataclass, field
from typing import NamedTuple

from lab.env.units import Micros, NodeId
from lab.world.checkpoint import Checkpoint
from lab.world.world import Moment, WorldAction

TRUNK = "main"
"""The first branch, which has no parent."""


class Told(NamedTuple):
    """A fact that was told by `node` during an event."""

    event_number: int
    time: Micros
    node: NodeId
    fact: object


@dataclass(slots=True)
class Branch:
    """One line of history. `journal` holds all of it from time zero, the parent's part included.

    `told`: the facts somebody wanted kept, each once, however often it is run again. They lie beside the worlds
    because they are history, and a checkpoint must not grow with that.
    """

    name: str
    parent: str
    fork_time: Micros
    journal: list[tuple[Micros, WorldAction]] = field(default_factory=list[tuple[Micros, WorldAction]])
    checkpoints: list[Checkpoint] = field(default_factory=list[Checkpoint])
    moments: list[Moment] = field(default_factory=list[Moment])
    told: list[Told] = field(default_factory=list[Told])
    latest: Micros = 0
    latest_event: int = 0

    @property
    def taken(self) -> int:
        """How many checkpoints were taken along it, those included that are no longer kept."""
        return self.checkpoints[-1].number + 1 if self.checkpoints else 0

    def forked(self, name: str, now: Micros, event_number: int) -> "Branch":
        """A new branch with this one's past up to an event."""
        return Branch(
            name=name,
            parent=self.name,
            fork_time=now,
            journal=[entry for entry in self.journal if entry[0] <= now],
            checkpoints=[one for one in self.checkpoints if one.event_number <= event_number and one.time <= now],
            moments=[one for one in self.moments if one.event_number <= event_number],
            told=[one for one in self.told if one.event_number <= event_number],
            latest=now,
            latest_event=event_number,
        )
