"""Script: what a scenario does by itself, at exact instants, on every branch of its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.cluster.actions.base import ClusterAction
from lab.env import Micros
from lab.world.world import World

Script = tuple[tuple[Micros, ClusterAction], ...]
"""Deeds and their instants, which rise."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """An entry of a script. When its time comes somebody may have changed the cluster, so that it cannot be done any
    more: then nothing happens. A person's own deed is refused before it gets into the journal.
    """

    action: ClusterAction

    def apply(self, world: World) -> None:
        """Do it if it can be done now."""
        if not self.action.refusal(world):
            self.action.apply(world)

    def describe(self) -> str:
        """As its action says."""
        return self.action.describe()

    def to_data(self) -> dict[str, Any]:
        """As its action says."""
        return self.action.to_data()


def scripted(script: Script) -> tuple[tuple[Micros, Scripted], ...]:
    """The script as a timeline takes it."""
    return tuple((at, Scripted(action)) for at, action in script)


def script_to_data(script: Script) -> tuple[tuple[Micros, Any], ...]:
    """The script as plain data, for a session's file."""
    return tuple((at, action.to_data()) for at, action in script)


def rising(times: Sequence[Micros]) -> bool:
    """Whether each instant is later than the one before it, and none before zero: an instant has one entry."""
    return all(earlier < later for earlier, later in zip((-1, *times), times, strict=False))
