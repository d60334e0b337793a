"""What a connection does: in order, late, held at a cut, lost at a reset; and news of its end."""

from lab.world.flights import in_flight
from lab.world.network import LATENCY_US
from tests.world.crew import heard, heard_at, scribe, tell, world_of

FAST, SLOW = min(LATENCY_US), max(LATENCY_US)


def test_messages_of_one_connection_arrive_in_order_after_a_while():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", *range(50))
    world.run_until(FAST - 1)
    assert heard(world, "bob") == []
    world.run_until(SLOW + 50)
    assert heard(world, "bob") == list(range(50))


def test_connections_by_name_do_not_wait_for_each_other():
    world = world_of("ann", "bob")
    world.network.set_bandwidth("ann", "bob", 1_000)
    tell(world, "ann", "send-sized", "bob#bulk", 10_000)
    world.network.set_bandwidth("ann", "bob", 0)
    tell(world, "ann", "send", "bob#urgent", "now")
    world.run_until(SLOW)
    assert heard(world, "bob") == ["now"]
    assert scribe(world, "bob").heard[-1][1] == "ann#urgent", "the answer goes back by the same connection"


def test_a_slow_way_takes_longer_one_way_only():
    world = world_of("ann", "bob")
    world.network.set_latency("ann", "bob", 80_000)
    tell(world, "ann", "send", "bob", ("reply", "pong"))
    world.run_until(200_000)
    there = heard_at(world, "bob", ("reply", "pong"))
    assert 80_000 + FAST <= there <= 80_000 + SLOW
    assert heard_at(world, "ann", "pong") - there <= SLOW


def test_bandwidth_makes_size_cost_time():
    world = world_of("ann", "bob")
    world.network.set_bandwidth("ann", "bob", 1_000_000)
    tell(world, "ann", "send-sized", "bob", 500_000)
    world.run_until(2_000_000)
    assert 500_000 + FAST <= heard_at(world, "bob", 500_000) <= 500_000 + SLOW


def test_a_cut_holds_and_healing_releases_in_order():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", "before")
    world.run_until(10_000)
    world.network.cut("ann", "bob")
    tell(world, "ann", "send", "bob", 1, 2, 3)
    world.run_until(500_000)
    assert heard(world, "bob") == ["before"]
    assert [one.held for one in in_flight(world)] == [True, True, True]
    world.network.heal("ann", "bob")
    world.run_until(500_000 + SLOW)
    assert heard(world, "bob") == ["before", 1, 2, 3]


def test_a_cut_is_one_way():
    world = world_of("ann", "bob")
    world.network.cut("bob", "ann")
    tell(world, "ann", "send", "bob", ("reply", "held"))
    tell(world, "bob", "timer", "alive", 1)
    world.run_until(50_000)
    assert heard(world, "bob") == ["alive", ("reply", "held")]
    assert heard(world, "ann") == [], "the answer is stuck"
    world.network.heal("bob", "ann")
    world.run_until(60_000)
    assert heard(world, "ann") == ["held"]


def test_a_message_on_its_way_when_the_cut_comes_is_held_too():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", "under way")
    world.network.cut("ann", "bob")
    world.run_until(100_000)
    assert heard(world, "bob") == []
    world.network.heal("ann", "bob")
    world.run_until(100_000)
    assert heard(world, "bob") == ["under way"]


def test_a_crash_loses_what_was_under_way_and_the_other_side_hears():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", "hello")
    world.run_until(10_000)
    tell(world, "ann", "send", "bob", "lost")
    world.crash("bob")
    world.run_until(20_000)
    assert heard(world, "ann") == ["disconnected"]
    world.boot("bob")
    world.run_until(30_000)
    assert heard(world, "bob") == [], "the reset took it"


def test_an_answer_under_way_when_its_sender_crashes_is_lost():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", ("reply", "answer"))
    world.run_until(10_000, 1)
    assert heard(world, "bob") == [("reply", "answer")]
    world.crash("bob")
    world.run_until(20_000)
    assert heard(world, "ann") == ["disconnected"]


def test_nobody_listening_refuses_and_a_machine_without_power_is_silent():
    world = world_of("ann", "bob", "eve")
    world.crash("bob")
    world.power_off(["eve"])
    tell(world, "ann", "send", "bob", "anybody?")
    tell(world, "ann", "send", "eve", "anybody?")
    world.run_until(1_000_000)
    assert [(source, body) for _, source, body in scribe(world, "ann").heard if body == "disconnected"] == [
        ("bob", "disconnected")
    ]


def test_the_end_of_a_connection_is_heard_before_what_a_new_one_brings():
    for seed in range(40):
        world = world_of("ann", "bob", seed=seed)
        tell(world, "bob", "send", "ann", "old")
        world.run_until(10_000)
        world.crash("bob")
        world.boot("bob")
        tell(world, "bob", "send", "ann", "new")
        world.run_until(20_000)
        assert heard(world, "ann") == ["old", "disconnected", "new"], seed


def test_a_frozen_host_hears_everything_when_it_thaws():
    world = world_of("ann", "bob")
    tell(world, "bob", "timer", "alarm", 50_000)
    world.freeze("bob")
    tell(world, "ann", "send", "bob", 1, 2)
    world.run_until(200_000)
    assert heard(world, "bob") == []
    world.thaw("bob")
    world.run_until(200_000)
    late = [(time, body) for time, source, body in scribe(world, "bob").heard if source in ("ann", "timer")]
    assert {time for time, _ in late} == {200_000}
    assert [body for _, body in late if body != "alarm"] == [1, 2], "a connection keeps its order"
    assert len(late) == 3


def test_a_process_ends_a_connection_and_the_other_side_hears():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob#a", "one")
    tell(world, "ann", "send", "bob#b", "two")
    world.run_until(10_000)
    tell(world, "ann", "send", "bob#a", "lost")
    tell(world, "bob", "hang up", "ann#a")
    world.run_until(20_000)
    assert [source for _, source, body in scribe(world, "ann").heard if body == "disconnected"] == ["bob#a"]
    assert sorted(map(str, heard(world, "bob"))) == ["one", "two"], (
        "what was under way is lost, though nothing had been answered"
    )
    tell(world, "ann", "send", "bob#a", "anew")
    world.run_until(30_000)
    assert heard(world, "bob")[2:] == ["anew"]


def test_to_end_a_connection_that_is_none_harms_nobody():
    world = world_of("ann", "bob")
    tell(world, "bob", "hang up", "ann")
    world.run_until(10_000)
    assert heard(world, "ann") == []
