"""What happens next: by time, then in the order it was set in motion; timers move, and leave nothing behind."""

import pytest

from lab.world.world import QUEUE_MIN, World, WorldStopped
from tests.world.crew import ScribeRecipe, heard, scribe, tell, world_of


def test_timers_come_by_time_and_at_one_instant_in_the_order_they_were_set():
    world = world_of("ann")
    for timer, at in (("late", 900), ("second", 500), ("third", 500), ("early", 100)):
        tell(world, "ann", "timer", timer, at)
    world.run_until(1_000)
    assert heard(world, "ann") == ["early", "second", "third", "late"]


def test_a_timer_set_again_moves_and_a_cancelled_one_never_comes():
    world = world_of("ann")
    tell(world, "ann", "timer", "moved", 100)
    tell(world, "ann", "timer", "moved", 700)
    tell(world, "ann", "timer", "never", 200)
    tell(world, "ann", "cancel", "never")
    world.run_until(600)
    assert heard(world, "ann") == []
    world.run_until(700)
    assert heard(world, "ann") == ["moved"]


def test_a_timer_in_the_past_comes_now():
    world = world_of("ann")
    world.run_until(5_000)
    tell(world, "ann", "timer", "overdue", 10)
    world.run_until(5_000)
    assert scribe(world, "ann").heard[-1] == (5_000, "timer", "overdue")


def test_timers_that_were_moved_do_not_pile_up_in_the_queue():
    world = world_of("ann")
    for number in range(1_000):
        tell(world, "ann", "timer", "moved", 1_000_000 + number)
    tell(world, "ann", "timer", "kept", 500)
    assert len(world.queue) <= QUEUE_MIN + 1
    world.run_until(2_000_000)
    assert heard(world, "ann") == ["kept", "moved"]
    assert scribe(world, "ann").heard[-1][0] == 1_000_999


def test_many_living_timers_are_all_kept():
    world = world_of("ann")
    for number in range(200):
        tell(world, "ann", "timer", ("one", number), 1_000 + number)
    world.run_until(2_000)
    assert heard(world, "ann") == [("one", number) for number in range(200)]


def test_what_an_event_causes_is_in_the_trace():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", "news")
    world.run_until(10_000)
    newest, before = world.trace.chain(world.event_number, 2)
    assert (newest.node, newest.source, newest.kind) == ("bob", "ann", "str")
    assert before.node == "ann"
    assert newest.cause == before.event_number


def test_running_stops_after_so_many_events():
    world = world_of("ann")
    for number in range(5):
        tell(world, "ann", "timer", ("one", number), 100)
    before = world.event_number
    assert world.run_until(1_000, 3) == 3
    assert world.event_number == before + 3
    assert world.now == 100, "time stands at the last event, not at the horizon"


def test_a_node_that_breaks_stops_the_world_with_its_place():
    class Broken(type(scribe(world_of("ann"), "ann"))):
        def wake(self, env, timer):
            raise ZeroDivisionError("twice nothing")

    world = World(1)
    world.add_host("ann", ScribeRecipe())
    world.boot("ann")
    world.hosts["ann"].node = Broken()
    tell(world, "ann", "timer", "tick", 1_500_000)
    with pytest.raises(WorldStopped, match=r"at 1\.500000 s on ann: ZeroDivisionError: twice nothing") as stopped:
        world.run_until(2_000_000)
    assert stopped.value.event_number == world.event_number
