"""fleet: large clusters, where what is done for each partition at every turn would show."""

from collections.abc import Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_least, at_most, group
from lab.bench.processor import cpu_seconds, undisturbed
from lab.bench.teaching import fleet_spec
from lab.cluster.build import build
from lab.cluster.session.session import Session
from lab.env import seconds
from lab.world.dice import Stream
from lab.world.world import World

MIDDLE, LARGE = (20, 1_000), (100, 10_000)
"""Brokers, and partitions on three of them."""
WARM_UP = seconds(5)
STRETCH = seconds(1)
STRETCHES = 3
LENGTH = seconds(20)
SEEKS = 12


@group("fleet")
def measure(say: Say) -> Iterator[Figure]:
    """20 brokers with 1,000 partitions, and 100 with 10,000: building, events a second, seeking, the longest turn."""
    for (brokers, partitions), least in ((MIDDLE, 20_000), (LARGE, 10_000)):
        name = f"{brokers} brokers, {partitions:,} partitions"
        say(name)
        worlds: list[World] = []
        spec = fleet_spec(brokers, partitions)
        built = cpu_seconds(lambda spec=spec, worlds=worlds: worlds.append(build(spec)))
        world = worlds[0]
        if (brokers, partitions) == LARGE:
            yield at_most(f"building {name}", "CPU s", built, 20)
        world.run_until(WARM_UP)
        rates: list[float] = []
        for _ in range(STRETCHES):
            begun = world.event_number
            spent = cpu_seconds(lambda world=world: world.run_until(world.now + STRETCH))
            rates.append((world.event_number - begun) / spent)
        yield at_least(f"events, {name}", "1/CPU s", median(rates), least)
    yield at_most("the longest turn of them", "ms CPU", _longest_turn(world), 20)
    say(f"seeking in {LENGTH // 1_000_000} seconds of {MIDDLE[0]} brokers")
    yield at_most(f"worst seek, {MIDDLE[0]} brokers, {MIDDLE[1]:,} partitions", "ms CPU", _worst_seek(), 500)


def _longest_turn(world: World) -> float:
    """Event by event for a second of virtual time."""
    end = world.now + STRETCH
    turns: list[float] = []
    with undisturbed():
        while world.now < end:
            turns.append(cpu_seconds(lambda: world.run_until(end, 1)))
    return max(turns) * 1_000


def _worst_seek() -> float:
    session = Session(fleet_spec(*MIDDLE))
    session.run_for(LENGTH)
    dice = Stream("bench/fleet")
    places = [1 + dice.below(LENGTH) for _ in range(SEEKS)]
    return max(cpu_seconds(lambda place=place: session.seek(place)) for place in places) * 1_000
