"""world: how many events a second of processor time, and how much faster than real time."""

from collections.abc import Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_least, group
from lab.bench.processor import cpu_seconds
from lab.bench.teaching import teaching_spec
from lab.cluster.build import build
from lab.cluster.session.session import Session
from lab.env import seconds

WARM_UP = seconds(10)
STRETCH = seconds(20)
STRETCHES = 5


@group("world")
def measure(say: Say) -> Iterator[Figure]:
    """The teaching world, everything traced and every invariant watched; then as `lab play` runs it."""
    say("the bare world")
    world = build(teaching_spec())
    world.run_until(WARM_UP)
    rates: list[float] = []
    for _ in range(STRETCHES):
        begun = world.event_number
        spent = cpu_seconds(lambda: world.run_until(world.now + STRETCH))
        rates.append((world.event_number - begun) / spent)
    yield at_least("events, with trace and invariants", "1/CPU s", median(rates), 30_000)
    yield at_least("the same beside the first engine's aim", "1/CPU s", median(rates), 50_000)
    say("a session, with checkpoints and samples for the charts")
    session = Session(teaching_spec())
    session.run_for(WARM_UP)
    spans = [cpu_seconds(lambda: session.run_for(STRETCH)) for _ in range(STRETCHES)]
    assert not session.violation, session.violation
    yield at_least("a session without a window", "× real time", STRETCH / 1e6 / median(spans), 20)
    yield at_least("the same beside the first engine's aim", "× real time", STRETCH / 1e6 / median(spans), 40)
