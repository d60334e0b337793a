"""Time, seed and actions decide everything: not the hash seed, not where checkpoints were taken.

`LAB_LONG=1` runs a million events instead of forty thousand; `lab bench determinism` a quarter of one.
"""

import os

import pytest

from lab.bench.troubled import elsewhere, run, troubled_spec
from lab.cluster.build import build
from lab.cluster.spec import ClusterSpec
from lab.env import seconds
from lab.world.digest import digest

EVENTS = 1_000_000 if os.environ.get("LAB_LONG") == "1" else 40_000


@pytest.mark.timeout(900)
def test_a_world_through_checkpoints_equals_one_straight_through():
    straight = run(EVENTS, restored=False)
    restored = run(EVENTS, restored=True)
    assert straight.world.event_number == restored.world.event_number == EVENTS
    assert straight.faults == restored.faults > 10
    assert digest(straight.world) == digest(restored.world)


@pytest.mark.timeout(900)
def test_processes_with_other_hash_seeds_come_to_the_same_world():
    found = [elsewhere(EVENTS, hash_seed) for hash_seed in ("0", "1", "4242")]
    assert len({one.digest for one in found}) == 1
    assert len(found[0].digest) == 64
    assert found[0].events == EVENTS
    assert found[0].faults > 10


def test_another_seed_is_another_world():
    one, other = build(troubled_spec()), build(ClusterSpec(seed=6))
    assert digest(one) != digest(other)


def test_a_digest_notices_one_more_event():
    world = run(2_000, restored=False).world
    before = digest(world)
    world.run_until(world.now + seconds(10), 1)
    assert digest(world) != before
