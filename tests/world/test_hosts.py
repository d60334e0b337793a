"""Machines and their processes: each start is a new incarnation that hears nothing of an earlier one."""

from lab.world.host import DOWN, RUNNING, WallClock
from lab.world.world import EPOCH_MS
from tests.world.crew import heard, scribe, tell, world_of


def test_a_process_starts_with_an_empty_memory_and_the_disk_that_is_left():
    world = world_of("ann")
    tell(world, "ann", "append", "log", b"kept")
    first = scribe(world, "ann")
    world.crash("ann")
    assert world.hosts["ann"].state == DOWN
    world.boot("ann")
    assert world.hosts["ann"].state == RUNNING
    assert scribe(world, "ann") is not first
    assert [body for _, _, body in scribe(world, "ann").heard] == ["start"]
    assert world.hosts["ann"].disk.read("log", 0, 10) == b"kept"


def test_no_event_reaches_a_later_incarnation():
    world = world_of("ann", "bob")
    tell(world, "bob", "timer", "of the first", 5_000)
    tell(world, "ann", "send", "bob", "to the first")
    assert world.hosts["bob"].incarnation == 1
    world.crash("bob")
    world.boot("bob")
    assert world.hosts["bob"].incarnation == 2
    world.run_until(20_000)
    assert heard(world, "bob") == []
    tell(world, "bob", "timer", "of the second", 25_000)
    world.run_until(30_000)
    assert heard(world, "bob") == ["of the second"]


def test_not_even_what_waited_for_a_busy_or_a_frozen_one():
    world = world_of("ann", "bob")
    world.hosts["bob"].disk.slowdown = 100
    tell(world, "bob", "flush", "nothing there")
    tell(world, "bob", "append", "log", b"x")
    tell(world, "bob", "flush", "log")
    tell(world, "ann", "send", "bob", "waits for the disk")
    world.run_until(2_000)
    assert world.hosts["bob"].backlog
    world.crash("bob")
    world.boot("bob")
    world.freeze("bob")
    tell(world, "ann", "send", "bob", "waits for the thaw")
    world.run_until(100_000)
    world.crash("bob")
    world.boot("bob")
    world.run_until(200_000)
    assert heard(world, "bob") == []


def test_a_process_that_stops_ends_after_its_turn_and_peers_hear():
    world = world_of("ann", "bob")
    tell(world, "ann", "send", "bob", "hello")
    world.run_until(10_000)
    tell(world, "bob", "stop")
    assert world.hosts["bob"].node is None
    world.run_until(20_000)
    assert heard(world, "ann") == ["disconnected"]


def test_a_wall_clock_may_be_wrong_and_monotonic_time_is_not():
    world = world_of("ann", "bob")
    world.hosts["ann"].clock.offset_ms = -90_000
    world.hosts["ann"].clock.drift_ppm = 1_000
    world.run_until(10_000_000)
    tell(world, "ann", "date")
    tell(world, "bob", "date")
    assert scribe(world, "ann").heard[-1] == (10_000_000, "clock", EPOCH_MS + 10_000 - 90_000 + 10)
    assert scribe(world, "bob").heard[-1] == (10_000_000, "clock", EPOCH_MS + 10_000)


def test_a_slow_clock_falls_behind_in_whole_milliseconds():
    clock = WallClock()
    clock.drift_ppm = -500
    assert [clock.read(0, seconds * 1_000_000) for seconds in (0, 1, 2, 10)] == [0, 999, 1_999, 9_995]


def test_each_host_has_dice_of_its_own():
    def rolls(order: str) -> list[int]:
        world = world_of("ann", "bob")
        for name in order:
            tell(world, {"a": "ann", "b": "bob"}[name], "roll", 1_000_000)
        return scribe(world, "ann").rolls

    assert rolls("aaa") == rolls("bbabbaab")
    assert len(set(rolls("aaaaaaaa"))) > 5


def test_a_removed_machine_is_gone_with_its_disk():
    world = world_of("ann", "bob")
    tell(world, "bob", "append", "log", b"x")
    world.crash("bob")
    world.remove_host("bob")
    tell(world, "ann", "send", "bob", "anybody?")
    world.run_until(10_000)
    assert heard(world, "ann") == ["disconnected"]
    assert list(world.hosts) == ["ann"]
