"""Time, seed and actions decide everything: not the hash seed, not where checkpoints were taken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cluster.build import build
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.swarm import plan
from lab.env import seconds
from lab.world.checkpoint import Checkpoint
from lab.world.digest import digest
from lab.world.world import World

LONG = os.environ.get("LAB_LONG") == "1"
EVENTS = 1_000_000 if LONG else 50_000
RESTORE_EVERY = 5_000
ROOT = Path(__file__).parent.parent


def busy_spec() -> ClusterSpec:
    return ClusterSpec(
        seed=5,
        topics=(TopicSpec("orders", 4, 3, (("min.insync.replicas", "2"),)),),
        producers=(
            ProducerSpec("checkout", "orders", 60, "cycle:6"),
            ProducerSpec("web", "orders", 40, "zipf:20", config=(("acks", "1"),)),
        ),
        consumers=tuple(
            ConsumerSpec(f"pay-{name}", "pay", ("orders",), 1_000,
                         config=(("session.timeout.ms", "6000"),)) for name in "abc"
        ),
        broker_config=(("replica.lag.time.max.ms", "5000"),),
    )  # fmt: skip


def troubles(round_number: int):
    """The faults of some fuzz seeds that have three brokers, again and again, each time later."""
    seed = [one for one in range(60) if plan(one).spec.brokers == 3][round_number % 12]
    return plan(seed).actions


def run(events: int, *, restored: bool) -> World:
    """Straight through, or (restored) through a checkpoint every 5,000 events."""
    world = build(busy_spec())
    for round_number in range(1_000):
        begun = world.now
        for at, action in troubles(round_number):
            world = _until(world, begun + at, events, restored=restored)
            if world.event_number >= events:
                return world
            if not action.refusal(world):
                world.apply(action)
        world = _until(world, begun + seconds(90), events, restored=restored)
        if world.event_number >= events:
            return world
    return world


def _until(world: World, time: int, events: int, *, restored: bool) -> World:
    while world.event_number < events and world.now < time:
        left = events - world.event_number
        stop = min(left, RESTORE_EVERY - world.event_number % RESTORE_EVERY)
        done = world.run_until(time, stop)
        if restored and done == stop:
            world = Checkpoint(world).restore()
    return world


def test_a_world_through_checkpoints_equals_one_straight_through():
    straight = run(EVENTS, restored=False)
    restored = run(EVENTS, restored=True)
    assert straight.event_number >= EVENTS
    assert digest(straight) == digest(restored)


def test_another_seed_is_another_world():
    one, other = build(busy_spec()), build(ClusterSpec(seed=6))
    assert digest(one) != digest(other)


def test_a_digest_notices_one_more_event():
    world = run(2_000, restored=False)
    before = digest(world)
    world.run_until(world.now + seconds(10), 1)
    assert digest(world) != before


@pytest.mark.timeout(600)
def test_three_hash_seeds_give_one_digest():
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('story', {str(Path(__file__))!r})\n"
        "story = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(story)\n"
        f"print(story.digest(story.run({EVENTS}, restored=False)))\n"
    )
    found = [_answer(code, hash_seed) for hash_seed in ("0", "1", "4242")]
    assert len(set(found)) == 1
    assert len(found[0]) == 64


def _answer(code: str, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
