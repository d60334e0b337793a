"""What happens in a cluster, faults included, leaves no garbage: so the collector is not asked while it runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.cluster.fuzzing.fuzz import Run
from lab.cluster.fuzzing.swarm import plan
from lab.env import seconds
from lab.world.world import World, WorldStopped


@contextmanager
def saved_garbage() -> Iterator[list[object]]:
    """Whatever the collector finds meanwhile, kept to be looked at. No fixture: when those are made, pytest still holds
    the traceback of a test that failed before, and lets go of it, and of the world in it, when the next one begins.
    """
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.parametrize("seed", [2, 19])
def test_a_cluster_under_faults_leaves_no_circles(seed: int):
    with saved_garbage() as found:
        run = Run(plan(seed))
        assert not run.failure()
        assert run.plan.actions, "crashes, cuts and frozen machines are among what is looked at"
        gc.collect()
        ours = [one for one in found if type(one).__module__.startswith("lab.")]
        assert not ours, "else it would pile up until the run ends"


def test_the_collector_is_at_work_again_afterwards(monkeypatch: pytest.MonkeyPatch):
    run = Run(plan(19))
    seen: list[bool] = []

    def looks(self: World, host: object, entry: object) -> None:
        seen.append(gc.isenabled())
        raise WorldStopped(0, 0, "broker-1", ValueError("a mistake of ours"))

    monkeypatch.setattr(World, "_deliver", looks)
    with pytest.raises(WorldStopped):
        run.timeline.run_until(seconds(5))
    assert seen == [False]
    assert gc.isenabled()
