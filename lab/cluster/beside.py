"""Beside: another future, held at the instant of this one, so that two can be looked at together."""

from typing import cast

from lab.cluster.actions import ClusterAction
from lab.cluster.probes.comparison import ComparedSide, ComparisonView, compare_worlds
from lab.env import Micros
from lab.world.branch import Branch
from lab.world.timeline import Timeline
from lab.world.world import World


class Beside:
    """Keeps the second world from one look to the next: as long as time goes on, it goes on with it."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.branch = ""
        self.world: World | None = None

    def compare(self, name: str, partition: str) -> ComparisonView:
        """The current branch against another of the kept ones, at this instant or as far as the other reaches."""
        live, here = self.timeline.world, self.timeline.branch
        there = next(one for one in self.timeline.branches if one.name == name)
        other = self._at(there, min(live.now, there.latest))
        forked = self.timeline.shared_until(there)
        sides = (_side(here, live.now, forked), _side(there, other.now, forked))
        return compare_worlds(live, other, sides, forked, partition)

    def _at(self, branch: Branch, time: Micros) -> World:
        world = self.world
        if world is not None and self.branch == branch.name and world.now <= time:
            self.timeline.carry_on(world, time, branch)
            return world
        self.forget()
        self.branch = branch.name
        self.world = self.timeline.at(time, branch)
        return self.world

    def forget(self) -> None:
        """Nobody looks any more."""
        if self.world is not None:
            self.world.dissolve()
        self.world = None


def _side(branch: Branch, time: Micros, forked: Micros) -> ComparedSide:
    deeds = tuple((at, cast("ClusterAction", one).describe()) for at, one in branch.journal if forked < at <= time)
    return ComparedSide(branch.name, time, deeds)
