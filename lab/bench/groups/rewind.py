"""rewind: how long a person waits for the past."""

from collections.abc import Callable, Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.processor import at_rest, cpu_seconds
from lab.bench.teaching import teaching_spec
from lab.cluster.session.session import Session
from lab.env import seconds
from lab.world.dice import Stream

LENGTH = seconds(1200)
SEEKS = 60
STEPS = 40


@group("rewind")
def measure(say: Say) -> Iterator[Figure]:
    """Seeking to chance instants of a 20-minute run, and stepping back one event from chance instants."""
    say("running 20 virtual minutes")
    session = Session(teaching_spec())
    session.run_for(LENGTH)
    assert not session.violation, session.violation
    with at_rest():
        yield from _wandering(session, say)


def _wandering(session: Session, say: Say) -> Iterator[Figure]:
    dice = Stream("bench/rewind")
    say("seeking")
    sought = _times(SEEKS, lambda: session.seek(dice.below(LENGTH)))
    yield told("seek anywhere in 20 minutes, median", "ms CPU", median(sought))
    yield at_most("seek anywhere in 20 minutes, worst", "ms CPU", max(sought), 100)
    say("stepping back")
    first: list[float] = []
    again: list[float] = []
    for _ in range(STEPS):
        session.seek(dice.below(LENGTH))
        first += _times(1, session.step_back)
        again += _times(3, session.step_back)
    yield at_most("step back one event, median", "ms CPU", median(first), 20)
    yield told("step back one event, worst", "ms CPU", max(first))
    yield told("and another one, median", "ms CPU", median(again))
    yield told("checkpoints kept", "MB", _kept(session))


def _times(count: int, act: Callable[[], object]) -> list[float]:
    return [cpu_seconds(act) * 1_000 for _ in range(count)]


def _kept(session: Session) -> float:
    return sum(one.size_bytes for one in session.timeline.branch.checkpoints) / 1e6
