"""checkpoint: what a checkpoint costs, early and after an hour."""

from collections.abc import Iterator

from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.processor import typical_ms, undisturbed
from lab.bench.teaching import teaching_spec
from lab.cluster.build import build
from lab.cluster.session.session import Session
from lab.env import seconds
from lab.world.checkpoint import Checkpoint
from lab.world.world import World

TIMES = 41
SPREAD = seconds(3) // TIMES
"""Checkpoints are taken along a few virtual seconds: what is in flight differs from event to event."""
EARLY, LATE = seconds(60), seconds(3600)
SHARE_OVER = seconds(60)


@group("checkpoint")
def measure(say: Say) -> Iterator[Figure]:
    """Taking and restoring one; its size; that it costs the same after an hour; its share of all work."""
    say("one virtual minute")
    world = build(teaching_spec())
    world.run_until(EARLY)
    early, size, restore = _cost(world)
    yield at_most("taking one, at 1 virtual minute", "ms CPU", early, 5)
    yield at_most("its size", "kB", size / 1_000, 100)
    yield at_most("restoring one", "ms CPU", restore, 5)
    say("sixty virtual minutes")
    world.run_until(LATE)
    late, size, _ = _cost(world)
    yield told("taking one, at 60 virtual minutes", "ms CPU", late)
    yield told("its size, at 60 virtual minutes", "kB", size / 1_000)
    # Beside the late one and not the one above: processors change their pace within a minute.
    fresh = build(teaching_spec())
    fresh.run_until(EARLY)
    early, _, _ = _cost(fresh)
    late, _, _ = _cost(world)
    yield at_most("at 60 minutes, relative to at 1", "×", late / early, 1.3)
    say("their share of a session's work")
    session = Session(teaching_spec())
    session.run_for(SHARE_OVER)
    timeline = session.timeline
    yield at_most("share of processor time", "%", 100 * timeline.checkpoint_ns / timeline.run_ns, 5)
    yield told("one every", "virtual s", SHARE_OVER / 1e6 / timeline.branch.taken)


def _cost(world: World) -> tuple[float, float, float]:
    """Milliseconds to take one, its bytes, milliseconds to restore it: medians."""
    taken: list[float] = []
    restored: list[float] = []
    sizes: list[int] = []
    for _ in range(TIMES):
        world.run_until(world.now + SPREAD)
        with undisturbed():
            taken.append(typical_ms(lambda: Checkpoint(world), 3))
            checkpoint = Checkpoint(world)
            restored.append(typical_ms(checkpoint.restore, 3))
            sizes.append(checkpoint.size_bytes)
    middle = TIMES // 2
    return sorted(taken)[middle], sorted(sizes)[middle], sorted(restored)[middle]
