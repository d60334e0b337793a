"""Fuzz: seeds, each a cluster under random faults with every invariant watched; then it must come to rest.

A failure is shrunk to the few actions that matter and saved; seed, claim and command are printed.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from lab.cluster.actions.base import action_from
from lab.cluster.build import build
from lab.cluster.invariants import Violated
from lab.cluster.refused import wanted
from lab.cluster.rest import contradiction, difference, mending, starting, unrest
from lab.cluster.saved import spec_from, spec_to_data
from lab.cluster.shrink import ddmin
from lab.cluster.swarm import SAFETY_S, Plan, Timed, plan
from lab.env import Micros, seconds
from lab.world.timeline import Timeline
from lab.world.world import WorldStopped

VERSION = 1
OUT = Path("out/fuzz")
SECOND: Micros = seconds(1)
REST_WITHIN_S = 180
"""Virtual seconds a healed cluster may take; the longest time-out of a drawn client is one minute."""
STORM = 40_000
"""Events in one virtual second that no drawn cluster needs: somebody spins."""
SHRINK_S = 60.0
"""Real seconds to look for a smaller failure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a run, and when."""

    claim: str
    time: Micros
    event_number: int

    @property
    def kind(self) -> str:
        """The claim without its numbers: shrinking must not wander off to another failure."""
        if self.claim.startswith("no rest"):
            return re.sub(r"[^a-z ]+", "", self.claim)
        return self.claim.split(":", 1)[0]


class Run:
    """One plan on a timeline. `timeline` stays where it ended, to be looked at and rewound."""

    def __init__(self, drawn: Plan) -> None:
        self.plan = drawn
        self.timeline = Timeline(lambda: build(drawn.spec))

    def failure(self) -> Failure | None:
        """Run it all; what failed first."""
        claim = ""
        try:
            claim = self._safety() or self._rest()
        except (WorldStopped, AssertionError) as stopped:
            claim = _claim_of(stopped)
        world = self.timeline.world
        return Failure(claim, world.now, world.event_number) if claim else None

    def _safety(self) -> str:
        for at, action in self.plan.actions:
            storm = self._run_until(at - 1)
            if storm:
                return storm
            if not action.refusal(self.timeline.world):
                self.timeline.do(action)
        last = self.plan.actions[-1][0] if self.plan.actions else 0
        return self._run_until(max(last, seconds(SAFETY_S)))

    def _rest(self) -> str:
        timeline = self.timeline
        for action in mending(timeline.world):
            if not action.refusal(timeline.world):
                timeline.do(action)
        owed = ""
        for _ in range(REST_WITHIN_S):
            for action in starting(timeline.world):
                timeline.do(action)
            storm = self._run_until(timeline.world.now + SECOND)
            if storm:
                return storm
            owed = unrest(timeline.world)
            if not owed:
                return self._at_rest()
        return f"no rest {REST_WITHIN_S} s after all was healed: {owed}"

    def _at_rest(self) -> str:
        world = self.timeline.world
        if found := difference(world):
            return f"replicas at rest are not equal: {found}"
        found = contradiction(world)
        return f"a record has one end: {found}" if found else ""

    def _run_until(self, time: Micros) -> str:
        timeline = self.timeline
        while timeline.world.now < time:
            until = min(time, timeline.world.now + SECOND)
            if timeline.run_until(until, STORM) >= STORM:
                return f"a storm: {STORM:,} events within a second"
        return ""


def _claim_of(stopped: Exception) -> str:
    cause = stopped.__cause__ if isinstance(stopped, WorldStopped) else stopped
    return str(cause) if isinstance(cause, Violated) else f"{type(cause).__name__}: {cause}"


# --- the command ----------------------------------------------------------------------------------


def main(seeds: int, first: int, seconds: float | None) -> int:
    """Run seeds one after the other; 1 at the first failure, after saving it, else 0."""
    begun = monotonic()
    events = 0
    count = 0
    for seed in range(first, first + seeds):
        if seconds is not None and monotonic() - begun > seconds:
            break
        run = Run(plan(seed))
        found = run.failure()
        events += run.timeline.world.event_number
        count += 1
        if found is not None:
            _report(run.plan, found)
            return 1
    spent = monotonic() - begun
    print(f"{count} seeds held in {spent:.1f} s: {events:,} events, every invariant watched")
    return 0


def _report(drawn: Plan, found: Failure) -> None:
    print(f"seed {drawn.seed} fails at {found.time / 1e6:.6f} s, event {found.event_number:,}")
    print(f"  {found.claim}")
    print(f"  again: lab fuzz --first {drawn.seed} --seeds 1")
    least, claim = shrunk(drawn, found, SHRINK_S)
    path = save(least, claim, OUT)
    print(f"  {len(drawn.actions)} actions shrunk to {len(least.actions)}, saved in {path}:")
    for at, action in least.actions:
        print(f"    {at / 1e6:10.6f} s  {action.describe()}")
    print(f"  then at {claim.time / 1e6:.6f} s: {claim.claim}")


def shrunk(drawn: Plan, found: Failure, within_s: float) -> tuple[Plan, Failure]:
    """The same failure with as few actions as `within_s` real seconds allow."""
    until = monotonic() + within_s
    best = drawn, found

    def fails(actions: Sequence[Timed]) -> bool:
        nonlocal best
        if monotonic() > until:
            return False
        smaller = replace(drawn, actions=tuple(actions))
        failure = Run(smaller).failure()
        if failure is None or failure.kind != found.kind:
            return False
        best = smaller, failure
        return True

    ddmin(drawn.actions, fails)
    return best


# --- files ----------------------------------------------------------------------------------------


def save(drawn: Plan, found: Failure, folder: Path) -> Path:
    """Keep a failing run as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{drawn.seed}.json"
    data = {
        "version": VERSION,
        "seed": drawn.seed,
        "claim": found.claim,
        "time_us": found.time,
        "spec": spec_to_data(drawn.spec),
        "actions": [[at, action.to_data()] for at, action in drawn.actions],
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Plan:
    """A saved run. Raises Refused when the file is not one."""
    data = json.loads(path.read_text(encoding="utf-8"))
    wanted(data.get("version") == VERSION, f"{path}: wanted version {VERSION}", data.get("version"))
    actions = tuple((at, action_from(action)) for at, action in data["actions"])
    return Plan(data["seed"], spec_from(data["spec"]), actions)


def replay(path: Path) -> Failure | None:
    """Run a saved failure again; None if it holds now."""
    return Run(load(path)).failure()
