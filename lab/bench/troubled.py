"""The troubled world: a cluster that is never left in peace, run straight through or through checkpoints.

Whether two runs of it are equal is asked with one hash over everything in the world.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

import lab
from lab.cluster.build import build
from lab.cluster.fuzzing.swarm import Timed, trouble
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Micros, seconds
from lab.world.checkpoint import Checkpoint
from lab.world.digest import digest
from lab.world.world import World

RESTORE_EVERY = 5_000
ROUND: Micros = seconds(90)
PLANS = 12
TOLD = 5
"""How often a run in a process of its own says how far it is."""
FAULTS = 20
"""Plans with fewer faults and mendings than this leave the cluster in peace for too long."""


def troubled_spec() -> ClusterSpec:
    """Three brokers, two producers of different caution, a group of three that loses members soon."""
    return ClusterSpec(
        seed=5,
        topics=(TopicSpec("orders", 4, 3, (("min.insync.replicas", "2"),)),),
        producers=(
            ProducerSpec("checkout", "orders", 60, "cycle:6"),
            ProducerSpec("web", "orders", 40, "zipf:20", config=(("acks", "1"),)),
        ),
        consumers=tuple(
            ConsumerSpec(f"pay-{name}", "pay", ("orders",), 1_000, config=(("session.timeout.ms", "6000"),))
            for name in "abc"
        ),
        broker_config=(("replica.lag.time.max.ms", "5000"),),
    )


def troubles() -> list[tuple[Timed, ...]]:
    """The faults of the first fuzz seeds that have three brokers and much trouble."""
    plans = (trouble(seed) for seed in range(1_000))
    found = (one.actions for one in plans if one.spec.brokers == 3 and len(one.actions) >= FAULTS)
    return [next(found) for _ in range(PLANS)]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run in a process of its own came to."""

    digest: str
    events: int
    faults: int
    cpu_s: float


def _nothing(events: int) -> None:
    """Nobody wants to hear how far a run is."""


@dataclass(slots=True)
class Run:
    """One run up to `events` events. `restored`: through a checkpoint every 5,000 of them."""

    events: int
    restored: bool
    world: World
    heard: Callable[[int], None] = _nothing
    faults: int = 0

    def go(self) -> None:
        """Round after round, each with the faults of another plan."""
        rounds = troubles()
        number = 0
        while not self._done():
            begun = self.world.now
            for at, action in rounds[number % len(rounds)]:
                self._until(begun + at)
                if not self._done() and not action.refusal(self.world):
                    self.world.apply(action)
                    self.faults += 1
            self._until(begun + ROUND)
            number += 1

    def _done(self) -> bool:
        return self.world.event_number >= self.events

    def _until(self, time: Micros) -> None:
        while not self._done() and self.world.now < time:
            stop = min(self.events, (self.world.event_number // RESTORE_EVERY + 1) * RESTORE_EVERY)
            self.world.run_until(time, stop - self.world.event_number)
            if self.world.event_number == stop:
                self.heard(stop)
                if self.restored:
                    self.world = Checkpoint(self.world).restore()


def run(events: int, *, restored: bool, heard: Callable[[int], None] = _nothing) -> Run:
    """A finished run."""
    one = Run(events, restored, build(troubled_spec()), heard)
    one.go()
    return one


# --- in a process of its own ----------------------------------------------------------------------


def elsewhere(events: int, hash_seed: str, *, restored: bool = False, heard: Callable[[int], None] = _nothing) -> Ended:
    """A run in another process, with a PYTHONHASHSEED of its own."""
    code = f"from lab.bench.troubled import report; report({events}, restored={restored})"
    root = Path(lab.__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            if line.startswith("{"):
                last = line
            else:
                heard(int(line))
    assert process.returncode == 0, f"a run with PYTHONHASHSEED={hash_seed} broke: its traceback stands above"
    return Ended(**json.loads(last))


def report(events: int, *, restored: bool) -> None:
    """What the other process does: a line now and then with how far it is, and at the end what it came to."""
    step = max(RESTORE_EVERY, events // TOLD // RESTORE_EVERY * RESTORE_EVERY)
    one = run(events, restored=restored, heard=lambda at: None if at % step else print(at, flush=True))
    ended = Ended(digest(one.world), one.world.event_number, one.faults, round(process_time(), 2))
    print(json.dumps(asdict(ended)))
