"""A host's disk: what is in the page cache, what is safe, and what a loss of power leaves."""

import pytest

from lab.env import DiskFull
from lab.world.dice import Stream
from lab.world.disk import FLUSH_US, SimDisk
from lab.world.world import WRITE_BACK_US
from tests.world.crew import heard, scribe, tell, world_of


def test_what_is_appended_is_read_at_once_and_not_safe():
    disk = SimDisk()
    assert disk.append("log", b"abc") == 0
    assert disk.append("log", b"defg") == 3
    assert disk.read("log", 0, 100) == b"abcdefg"
    assert disk.read("log", 2, 3) == b"cde"
    assert (disk.size("log"), disk.flushed("log")) == (7, 0)
    disk.flush("log")
    assert disk.flushed("log") == 7


def test_an_aligned_read_is_the_object_that_was_written():
    disk = SimDisk()
    batches = [b"x" * size for size in (10, 20, 30)]
    for one in batches:
        disk.append("log", one)
    assert disk.read("log", 10, 20) is batches[1]
    assert disk.read("log", 0, 10) is batches[0], "backwards too"


def test_a_byte_that_rots_is_another_one_in_this_file_and_in_no_other():
    one, other = SimDisk(), SimDisk()
    pieces = [bytes([number]) * 10 for number in range(60)]
    for piece in pieces:
        one.append("log", piece)
        other.append("log", piece)
    one.flush("log")
    one.cost = 0
    one.rot("log", 57)
    assert one.read("log", 50, 10) == bytes([5] * 7 + [5 ^ 0xFF] + [5] * 2)
    assert one.read("log", 0, 50) + one.read("log", 60, 600) == b"".join(pieces[:5] + pieces[6:])
    assert other.read("log", 0, 600) == b"".join(pieces)
    assert one.read("log", 590, 10) is pieces[59], "what is behind it is shared still"
    assert (one.size("log"), one.used, one.flushed("log"), one.cost) == (600, 600, 600, 0)
    one.append("log", b"on")
    assert one.read("log", 590, 20) == pieces[59] + b"on"
    one.rot("log", 57)
    assert one.read("log", 50, 10) == pieces[5]


def test_any_read_of_a_long_file_is_what_was_written_there():
    disk = SimDisk()
    dice = Stream("reads")
    whole = b""
    for number in range(500):
        piece = bytes([number % 251]) * (1 + dice.below(20))
        disk.append("log", piece)
        whole += piece
    for _ in range(500):
        start, size = dice.below(len(whole)), dice.below(60)
        assert disk.read("log", start, size) == whole[start : start + size]
    position = 0
    while position < len(whole):
        assert disk.read("log", position, 7) == whole[position : position + 7]
        position += 7


def test_reading_on_after_a_cut_finds_what_is_left():
    disk = SimDisk()
    for _ in range(100):
        disk.append("log", b"0123456789")
    assert disk.read("log", 990, 10) == b"0123456789"
    disk.truncate("log", 255)
    assert disk.read("log", 250, 10) == b"01234"
    disk.append("log", b"ab")
    assert disk.read("log", 253, 10) == b"34ab"
    assert disk.read("log", 990, 10) == b""


def test_a_killed_process_loses_nothing_and_a_machine_without_power_what_was_not_flushed():
    world = world_of("ann")
    tell(world, "ann", "append", "log", b"flushed.")
    tell(world, "ann", "flush", "log")
    world.run_until(FLUSH_US * 2)
    tell(world, "ann", "append", "log", b"at risk")
    disk = world.hosts["ann"].disk
    world.crash("ann")
    assert disk.read("log", 0, 100) == b"flushed.at risk"
    world.boot("ann")
    world.power_off(["ann"])
    left = disk.read("log", 0, 100)
    assert left.startswith(b"flushed.")
    assert b"flushed.at risk".startswith(left)


def test_the_tail_is_torn_anywhere():
    sizes = {}
    for seed in range(60):
        disk = SimDisk()
        disk.append("log", b"12345")
        disk.flush("log")
        disk.append("log", b"678")
        disk.lose_power(Stream(f"power/{seed}"))
        sizes[disk.size("log")] = None
        assert disk.read("log", 0, 100) == b"12345678"[: disk.size("log")]
        assert disk.flushed("log") == disk.size("log") == disk.used
    assert sorted(sizes) == [5, 6, 7, 8]


def test_after_five_seconds_the_operating_system_has_written_everything():
    world = world_of("ann")
    tell(world, "ann", "append", "log", b"safe by and by")
    disk = world.hosts["ann"].disk
    world.run_until(WRITE_BACK_US - 1)
    assert disk.flushed("log") == 0
    world.run_until(WRITE_BACK_US + 1_000)
    assert disk.flushed("log") == 14


def test_a_full_disk_refuses_and_writes_nothing_of_it():
    disk = SimDisk(capacity=10)
    disk.append("log", b"12345678")
    with pytest.raises(DiskFull, match="log: 3 bytes wanted, 2 left"):
        disk.append("log", b"abc")
    assert disk.read("log", 0, 100) == b"12345678"
    disk.truncate("log", 4)
    assert disk.append("log", b"abc") == 4, "there is room again"
    disk.delete("log")
    assert disk.used == 0


def test_a_flush_takes_time_on_the_host_and_a_slow_disk_more():
    world = world_of("ann", "bob")
    for name, slowdown in (("ann", 1), ("bob", 50)):
        world.hosts[name].disk.slowdown = slowdown
        tell(world, name, "append", "log", b"x")
        world.run_until(world.now + 10_000)
    begun = world.now
    for name in ("ann", "bob"):
        tell(world, name, "flush", "log")
        tell(world, name, "timer", "next", begun + 1)
    world.run_until(begun + 100_000)
    when = {name: scribe(world, name).heard[-1][0] - begun for name in ("ann", "bob")}
    assert when == {"ann": FLUSH_US, "bob": 50 * FLUSH_US}
    assert heard(world, "ann")[-1] == "next"


def test_a_disk_that_is_mended_ends_sooner_what_it_is_at():
    world = world_of("ann")
    tell(world, "ann", "append", "log", b"x")
    world.run_until(world.now + 10_000)
    begun = world.now
    world.pace_disk("ann", 1_000)
    tell(world, "ann", "flush", "log")
    tell(world, "ann", "timer", "next", begun + 1)
    world.run_until(begun + 400 * FLUSH_US)
    world.pace_disk("ann", 10)
    world.run_until(begun + 2_000 * FLUSH_US)
    assert scribe(world, "ann").heard[-1] == (begun + 406 * FLUSH_US, "timer", "next")


def test_what_waits_for_the_disk_to_be_sent_goes_earlier_too_and_stays_in_order():
    world = world_of("ann", "bob")
    for body in ("one", "two"):
        tell(world, "ann", "send", "bob", body)
    world.pace_disk("ann", 1_000)
    tell(world, "ann", "save and send", "log", "bob", "three", "four")
    begun = world.now
    world.run_until(begun + 100 * FLUSH_US)
    assert heard(world, "bob") == ["one", "two"]
    world.pace_disk("ann", 1)
    tell(world, "ann", "send", "bob", "five")
    world.run_until(begun + 110 * FLUSH_US)
    assert heard(world, "bob") == ["one", "two", "three", "four", "five"]


def test_a_disk_that_fails_in_the_midst_of_it_takes_longer_for_the_rest():
    world = world_of("ann")
    tell(world, "ann", "append", "log", b"x")
    world.run_until(world.now + 10_000)
    begun = world.now
    tell(world, "ann", "flush", "log")
    tell(world, "ann", "timer", "next", begun + 1)
    world.run_until(begun + FLUSH_US // 4)
    world.pace_disk("ann", 100)
    world.run_until(begun + 200 * FLUSH_US)
    assert scribe(world, "ann").heard[-1] == (begun + FLUSH_US // 4 + 75 * FLUSH_US, "timer", "next")


def test_replacing_a_file_is_all_or_nothing():
    disk = SimDisk()
    disk.write("point", b"old")
    disk.flush("point")
    disk.write("point.tmp", b"new and longer")
    disk.flush("point.tmp")
    disk.replace("point.tmp", "point")
    disk.lose_power(Stream("power"))
    assert disk.read("point", 0, 100) == b"new and longer"
    assert disk.list("") == ["point"]
    assert disk.used == 14


def test_what_is_not_there_says_so():
    disk = SimDisk()
    assert not disk.exists("log")
    assert (disk.size("log"), disk.flushed("log")) == (0, 0)
    for act in (lambda: disk.read("log", 0, 1), lambda: disk.truncate("log", 0), lambda: disk.delete("log")):
        with pytest.raises(FileNotFoundError):
            act()
