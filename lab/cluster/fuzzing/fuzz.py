"""Fuzz: seeds, each a cluster under random faults with every invariant watched; then it must come to rest.

A failure is shrunk to what matters and kept as a scenario that opens where it fails; seed, claim and command are
printed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import cast

from lab.cluster.actions.base import ClusterAction
from lab.cluster.build import build
from lab.cluster.fuzzing.rest import mending, owed, starting, unrest
from lab.cluster.fuzzing.shrink import fewer_actions, fewer_clients, rounder_times
from lab.cluster.fuzzing.swarm import SAFETY_S, Plan, plan
from lab.cluster.invariants import Violated
from lab.cluster.session.script import Script
from lab.env import Micros, seconds
from lab.world.timeline import Timeline
from lab.world.world import WorldStopped

SECOND: Micros = seconds(1)
REST_WITHIN_S = 180
"""Virtual seconds a healed cluster may take; the longest time-out of a drawn client is one minute."""
SHRINK_S = 60.0
"""Real seconds to look for a smaller failure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a run, and when. `at_rest`: nothing stopped the world, but it owes something still."""

    claim: str
    time: Micros
    event_number: int
    at_rest: bool = False

    @property
    def kind(self) -> str:
        """The claim without its numbers: shrinking must not wander off to another failure."""
        if self.claim.startswith("no rest"):
            return re.sub(r"[^a-z ]+", "", self.claim)
        return self.claim.split(":", 1)[0]


class Run:
    """One plan on a timeline."""

    def __init__(self, drawn: Plan) -> None:
        self.plan = drawn
        self._built: Timeline | None = None

    @property
    def timeline(self) -> Timeline:
        """It stays where it ended, to be looked at and rewound. Raises WorldStopped if setting the cluster up fails."""
        if self._built is None:
            self._built = Timeline(lambda: build(self.plan.spec))
        return self._built

    @property
    def deeds(self) -> Script:
        """All that was done from outside, mending included, each at its exact instant."""
        journal = self._built.branch.journal if self._built is not None else ()
        return tuple((at, cast("ClusterAction", action)) for at, action in journal)

    def failure(self) -> Failure | None:
        """Run it all, from the set-up on; what failed first."""
        try:
            world = self.timeline.world
            self._safety()
            claim = self._rest()
        except WorldStopped as stopped:
            return Failure(_claim_of(stopped), stopped.time, stopped.event_number)
        return Failure(claim, world.now, world.event_number, at_rest=True) if claim else None

    def _safety(self) -> None:
        for at, action in self.plan.actions:
            self.timeline.run_until(at - 1)
            if not action.refusal(self.timeline.world):
                self.timeline.do(action)
        last = self.plan.actions[-1][0] if self.plan.actions else 0
        self.timeline.run_until(max(last, seconds(SAFETY_S)))

    def _rest(self) -> str:
        timeline = self.timeline
        for action in mending(timeline.world):
            if not action.refusal(timeline.world):
                timeline.do(action)
        left = ""
        for _ in range(REST_WITHIN_S):
            for action in starting(timeline.world):
                timeline.do(action)
            timeline.run_until(timeline.world.now + SECOND)
            left = unrest(timeline.world)
            if not left:
                return owed(timeline.world)
        return f"no rest {REST_WITHIN_S} s after all was healed: {left}"


def _claim_of(stopped: WorldStopped) -> str:
    cause = stopped.__cause__
    return str(cause) if isinstance(cause, Violated) else f"{type(cause).__name__}: {cause}"


# --- the command ----------------------------------------------------------------------------------

Keep = Callable[[Run, Failure], Path]
"""Writes a failed run to a file; where, is its answer."""


def main(seeds: int, first: int, seconds: float | None, keep: Keep) -> int:
    """Run seeds one after the other; 1 at the first failure, after keeping it, else 0."""
    begun = monotonic()
    events = 0
    count = 0
    for seed in range(first, first + seeds):
        if seconds is not None and monotonic() - begun > seconds:
            break
        run = Run(plan(seed))
        found = run.failure()
        if found is not None:
            _report(run.plan, found, keep)
            return 1
        events += run.timeline.world.event_number
        count += 1
    spent = monotonic() - begun
    print(f"{count} seeds held in {spent:.1f} s: {events:,} events, every invariant watched")
    return 0


def _report(drawn: Plan, found: Failure, keep: Keep) -> None:
    print(f"seed {drawn.seed} fails at {found.time / 1e6:.6f} s, event {found.event_number:,}")
    print(f"  {found.claim}")
    print(f"  again: lab fuzz --first {drawn.seed} --seeds 1")
    least, claim = shrunk(drawn, found, SHRINK_S)
    path = keep(least, claim)
    print(f"  {len(drawn.actions)} actions shrunk to {len(least.plan.actions)}:")
    for at, action in least.plan.actions:
        print(f"    {at / 1e6:10.6f} s  {action.describe()}")
    print(f"  then at {claim.time / 1e6:.6f} s: {claim.claim}")
    print(f"  look at it: lab {path}")
    print(f"  play it again: lab play {path}")


def shrunk(drawn: Plan, found: Failure, within_s: float) -> tuple[Run, Failure]:
    """The same failure with as few actions and clients, at as round times, as `within_s` real seconds allow."""
    until = monotonic() + within_s
    best: tuple[Run, Failure] | None = None

    def fails(smaller: Plan) -> bool:
        nonlocal best
        if best is not None and monotonic() > until:
            return False
        run = Run(smaller)
        failure = run.failure()
        if failure is None or failure.kind != found.kind:
            return False
        best = run, failure
        return True

    again = fails(drawn)
    assert again, f"seed {drawn.seed} fails once and not twice"
    for smaller in (fewer_actions, fewer_clients, rounder_times):
        assert best is not None
        smaller(best[0].plan, fails)
    assert best is not None
    return best
