"""The troubled world: a cluster that is never left in peace, run straight through or through checkpoints.

Whether two runs of it are equal is asked with one hash over everything in the world.
"""

from dataclasses import dataclass

from lab.cluster.build import build
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.swarm import Timed, plan
from lab.env import Micros, seconds
from lab.world.checkpoint import Checkpoint
from lab.world.digest import digest
from lab.world.world import World

RESTORE_EVERY = 5_000
ROUND: Micros = seconds(90)
PLANS = 12
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
    plans = (plan(seed) for seed in range(1_000))
    found = (one.actions for one in plans if one.spec.brokers == 3 and len(one.actions) >= FAULTS)
    return [next(found) for _ in range(PLANS)]


@dataclass(slots=True)
class Run:
    """One run up to `events` events. `restored`: through a checkpoint every 5,000 of them."""

    events: int
    restored: bool
    world: World
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
            if self.restored and self.world.event_number == stop:
                self.world = Checkpoint(self.world).restore()


def run(events: int, *, restored: bool) -> Run:
    """A finished run."""
    one = Run(events, restored, build(troubled_spec()))
    one.go()
    return one


def hash_of_run(events: int, *, restored: bool) -> str:
    """The digest of the world at the end of a run."""
    return digest(run(events, restored=restored).world)
