"""Beside: another future, held at the instant of this one, so that two can be looked at together."""

import time
from typing import cast

from lab.cluster.actions import ClusterAction
from lab.cluster.probes.comparison import ComparedSide, ComparisonView, compare_worlds
from lab.env import Micros, millis
from lab.world.branch import Branch
from lab.world.timeline import Timeline
from lab.world.world import World

SLICE: Micros = millis(20)
"""So much virtual time between two looks at the clock of the machine."""


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

    def keep_step(self, name: str, budget_us: int) -> bool:
        """Let the other future go on towards this instant, at most for `budget_us` of work, so that a look at both has
        little left to do; whether it has come there. One that was not looked at yet has nothing to keep step with.
        """
        there = next((one for one in self.timeline.branches if one.name == name), None)
        if there is None or self.world is None or self.branch != name:
            return True
        goal = min(self.timeline.world.now, there.latest)
        deadline = time.perf_counter_ns() + budget_us * 1_000
        while self.world.now < goal:
            if time.perf_counter_ns() >= deadline:
                return False
            self.timeline.carry_on(self.world, min(self.world.now + SLICE, goal), there)
        return True

    def _at(self, branch: Branch, instant: Micros) -> World:
        world = self.world
        if world is not None and self.branch == branch.name and world.now <= instant:
            self.timeline.carry_on(world, instant, branch)
            return world
        self.forget()
        self.branch = branch.name
        self.world = self.timeline.at(instant, branch)
        return self.world

    def forget(self) -> None:
        """Nobody looks any more."""
        if self.world is not None:
            self.world.dissolve()
        self.world = None


def _side(branch: Branch, instant: Micros, forked: Micros) -> ComparedSide:
    deeds = tuple((at, cast("ClusterAction", one).describe()) for at, one in branch.journal if forked < at <= instant)
    return ComparedSide(branch.name, instant, deeds)
