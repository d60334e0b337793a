"""Time both ways: wherever one goes, the world there is the one that was there; acting in the past is a branch."""

import gc
import weakref
from itertools import pairwise
from typing import Any

import pytest

from lab.env.vec import Spine
from lab.world.checkpoint import Checkpoint
from lab.world.digest import digest
from lab.world.timeline import LONGEST_NS, LOOK_EVERY, NEAR, Timeline
from lab.world.witness import Listener
from lab.world.world import World
from tests.world.crew import Mark, Order, heard, ticking

MS = 1_000


@pytest.fixture
def timeline(monkeypatch: pytest.MonkeyPatch) -> Timeline:
    """A run of 2 s with an order at 500 ms, key moments at 800 and 1,200 ms, and a checkpoint every 64 events."""
    monkeypatch.setattr("lab.world.timeline.CHECKPOINT_EVERY_NS", 0)
    monkeypatch.setattr("lab.world.timeline.SHARE", 1)
    line = Timeline(ticking)
    line.run_until(500 * MS)
    line.do(Order("ann", ("timer", "told so", 600 * MS)))
    for at in (800, 1_200):
        line.run_until(at * MS)
        line.do(Mark(f"at {at} ms"))
    line.run_until(2_000 * MS)
    return line


def straight(time: int) -> World:
    """The same run without a timeline."""
    world = ticking()
    for at, action in (
        (500, Order("ann", ("timer", "told so", 600 * MS))),
        (800, Mark("at 800 ms")),
        (1_200, Mark("at 1200 ms")),
    ):
        if at * MS >= time:
            break
        world.run_until(at * MS)
        world.now = at * MS + 1
        world.apply(action)
    world.run_until(time)
    return world


def test_a_restored_world_is_the_one_that_was():
    world = ticking()
    world.run_until(300 * MS)
    before = digest(world)
    checkpoint = Checkpoint(world)
    assert digest(world) == before, "taking it changes nothing"
    restored = checkpoint.restore()
    assert digest(restored) == before
    world.run_until(900 * MS)
    restored.run_until(900 * MS)
    assert digest(restored) == digest(world) != before
    checkpoint.compress()
    assert digest(checkpoint.restore()) == before, "neither world has touched it, and it survives being compressed"


def test_a_checkpoint_costs_the_same_however_long_the_past_is():
    world = ticking()
    world.run_until(1_000 * MS)
    for node in ("ann", "bob"):
        world.hosts[node].node.heard.clear()  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    early = Checkpoint(world).size_bytes
    world.run_until(20_000 * MS)
    for node in ("ann", "bob"):
        world.hosts[node].node.heard.clear()  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
    assert Checkpoint(world).size_bytes < 1.3 * early


def test_a_checkpoint_refers_to_large_pieces_of_files_and_is_no_larger_for_them():
    """A real client's batches are megabytes; the last few of each file would stand in every checkpoint."""
    world = ticking()
    world.run_until(300 * MS)
    before = Checkpoint(world).size_bytes
    disk = world.hosts["ann"].disk
    pieces = [bytes([number]) * 500_000 for number in range(20)]
    for piece in pieces:
        disk.append("log", piece)
    checkpoint = Checkpoint(world)
    assert checkpoint.size_bytes < before + 2_000
    restored = checkpoint.restore()
    assert digest(restored) == digest(world)
    assert restored.hosts["ann"].disk.read("log", 19 * 500_000, 500_000) is pieces[19]
    restored.hosts["ann"].disk.append("log", b"more")
    assert disk.size("log") == 10_000_000, "and shares nothing that changes"


def test_seeking_anywhere_finds_the_world_that_was_there(timeline: Timeline):
    assert len(timeline.branch.checkpoints) > 20
    for time in (1_500, 40, 1_999, 500, 501, 799, 1_200, 0, 2_000):
        timeline.seek(time * MS)
        assert timeline.world.now == time * MS
        assert digest(timeline.world) == digest(straight(time * MS)), time


def test_seeking_beyond_the_end_runs_on(timeline: Timeline):
    timeline.seek(700 * MS)
    assert timeline.rewound
    timeline.seek(2_500 * MS)
    assert not timeline.rewound
    assert timeline.latest == 2_500 * MS
    assert digest(timeline.world) == digest(straight(2_500 * MS))


def test_stepping_back_and_forth_is_one_event_each_time(timeline: Timeline):
    timeline.seek(1_234 * MS)
    start = timeline.world.event_number
    seen = {start: digest(timeline.world)}
    for number in range(1, 2 * NEAR):
        timeline.step_back()
        assert timeline.world.event_number == start - number
        if number % 50 == 0:
            seen[start - number] = digest(timeline.world)
    while timeline.world.event_number < start:
        timeline.step_event()
        if timeline.world.event_number in seen:
            assert digest(timeline.world) == seen.pop(timeline.world.event_number)
    assert not seen


def test_stepping_back_again_begins_near_by(timeline: Timeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timeline.branch, "checkpoints", timeline.branch.checkpoints[:1])
    timeline.seek_event(timeline.world.event_number - 1)
    run: list[int] = []
    before = World.run_until

    def counted(world: World, *given: Any, **more: Any) -> int:
        count = before(world, *given, **more)
        run.append(count)
        return count

    monkeypatch.setattr(World, "run_until", counted)
    timeline.step_back()
    assert 0 < sum(run) <= NEAR


def test_there_is_nothing_before_the_beginning(timeline: Timeline):
    timeline.seek(0)
    first = timeline.branch.checkpoints[0].event_number
    for _ in range(timeline.world.event_number - first + 3):
        timeline.step_back()
    assert timeline.world.event_number == first


def test_seek_event_is_just_after_that_event(timeline: Timeline):
    last = timeline.branch.latest_event
    for number in (last // 2, 77, last - 1, last):
        timeline.seek_event(number)
        assert timeline.world.event_number == number
        assert timeline.world.trace.find(number) is not None
        assert timeline.world.trace.find(number + 1) is None


def test_moments_are_stepped_to_both_ways(timeline: Timeline):
    assert [one.text for one in timeline.branch.moments] == ["at 800 ms", "at 1200 ms"]
    back = timeline.previous_moment()
    assert back is not None
    assert back.text == "at 1200 ms"
    assert timeline.world.now == 1_200 * MS + 1
    again = timeline.previous_moment()
    assert again is not None
    assert again.text == "at 800 ms"
    assert timeline.previous_moment() is None
    on = timeline.next_moment(2_000 * MS)
    assert on is not None
    assert on.text == "at 1200 ms"
    assert timeline.next_moment(2_100 * MS) is None
    assert timeline.world.now == 2_100 * MS


def test_acting_in_the_past_begins_a_branch_and_the_old_one_stays(timeline: Timeline):
    old = digest(timeline.world)
    timeline.seek(1_000 * MS)
    timeline.do(Order("bob", ("timer", "another way", 1_100 * MS)))
    timeline.run_until(1_500 * MS)
    assert [(one.name, one.parent, one.fork_time) for one in timeline.branches] == [
        ("main", "", 0),
        ("branch 2", "main", 1_000 * MS),
    ]
    assert "another way" in heard(timeline.world, "bob")
    assert [one.text for one in timeline.branch.moments] == ["at 800 ms"]
    new = digest(timeline.world)
    timeline.switch("main")
    assert timeline.world.now == 1_500 * MS
    assert "another way" not in heard(timeline.world, "bob")
    timeline.seek(2_000 * MS)
    assert digest(timeline.world) == old
    timeline.switch("branch 2")
    assert digest(timeline.world) == new
    assert timeline.world.now == 1_500 * MS, "it reaches no further"


def test_a_branch_goes_on_where_its_parent_was_thinned(timeline: Timeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.world.timeline.KEPT", 8)
    timeline.seek(1_900 * MS)
    timeline.do(Mark("fork"))
    timeline.run_until(4_000 * MS)
    numbers = [one.number for one in timeline.branch.checkpoints]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert timeline.branch.taken > len(numbers), "old ones were thinned"
    newest = timeline.branch.taken - 1
    assert all(number in numbers for number in range(newest - newest % 8, newest))
    timeline.seek(1_850 * MS)
    assert digest(timeline.world) == digest(straight(1_850 * MS))


def test_large_checkpoints_are_kept_in_smaller_numbers(timeline: Timeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.world.timeline.KEPT_BYTES", 8 * timeline.branch.checkpoints[-1].size_bytes)
    timeline.seek(1_900 * MS)
    for at in range(1_900, 2_900, 10):
        timeline.do(Mark(f"at {at}"))
        timeline.run_until(at * MS)
    assert 8 <= len(timeline.branch.checkpoints) < timeline.branch.taken // 2
    timeline.seek(1_850 * MS)
    assert digest(timeline.world) == digest(straight(1_850 * MS))


def test_nobody_waits_long_for_the_past_of_a_world_that_is_slow_to_keep(monkeypatch: pytest.MonkeyPatch):
    clock = [0]

    def slow(world: World, number: int = 0) -> Checkpoint:
        clock[0] += 100_000_000
        return Checkpoint(world, number)

    def ticked() -> int:
        clock[0] += 1_000_000
        return clock[0]

    monkeypatch.setattr("lab.world.timeline.cpu_ns", ticked)
    monkeypatch.setattr("lab.world.timeline.Checkpoint", slow)
    line = Timeline(ticking)
    line.run_until(60_000 * MS)
    first, *others = line.branch.checkpoints
    looks = [(after.event_number - before.event_number) // LOOK_EVERY for before, after in pairwise([first, *others])]
    assert len(others) > 2
    assert max(looks) <= LONGEST_NS // 1_000_000, "each look took a millisecond"


def test_equal_sealed_things_are_as_good_as_one_and_the_same():
    one, two = ticking(), ticking()
    spine = Spine(0, ())
    one.hosts["ann"].node.heard += [(0, "", spine), (1, "", spine)]  # type: ignore[attr-defined]
    two.hosts["ann"].node.heard += [(0, "", Spine(0, ())), (1, "", Spine(0, ()))]  # type: ignore[attr-defined]
    assert digest(one) == digest(two)
    two.hosts["ann"].node.heard[-1] = (1, "", Spine(16, ()))  # type: ignore[attr-defined]
    assert digest(one) != digest(two)


def test_a_second_world_of_the_past_leaves_the_live_one_alone(timeline: Timeline):
    before, world = digest(timeline.world), timeline.world
    past = timeline.at(900 * MS)
    assert past.now == 900 * MS
    assert digest(past) == digest(straight(900 * MS))
    assert timeline.world is world
    assert digest(world) == before


def test_a_second_world_stands_just_after_the_event_that_was_asked_for(timeline: Timeline):
    before = digest(timeline.world)
    for number in (timeline.world.event_number - 3, 40, 10):
        assert timeline.at_event(number).event_number == number
    assert digest(timeline.world) == before


def test_a_second_world_of_another_branch_goes_on_beside_the_live_one(timeline: Timeline):
    timeline.seek(1_000 * MS)
    timeline.do(Mark("another future"))
    timeline.run_until(1_500 * MS)
    before, branch = digest(timeline.world), timeline.branch
    main = timeline.branches[0]
    other = timeline.at(1_400 * MS, main)
    assert digest(other) == digest(straight(1_400 * MS))
    timeline.carry_on(other, 1_900 * MS, main)
    assert digest(other) == digest(straight(1_900 * MS))
    timeline.carry_on(other, 9_000 * MS, main)
    assert other.now == main.latest == 2_000 * MS, "no further than that branch is known"
    assert timeline.branch is branch
    assert digest(timeline.world) == before
    timeline.run_until(1_600 * MS)
    timeline.seek(1_500 * MS)
    assert digest(timeline.world) == before, "and the live one goes anywhere as before"


def test_what_is_told_is_kept_once_with_the_branch(timeline: Timeline):
    met: list[World] = []

    class Everybody(dict[type, tuple[Listener, ...]]):
        def __missing__(self, kind: type) -> tuple[Listener, ...]:
            return (timeline.keep,)

        def get(self, kind: type, default: object = None) -> tuple[Listener, ...]:
            return self[kind]

    class Ear:
        listeners = Everybody()

        def tell(self, world: World, node: str, fact: object) -> None:
            timeline.keep(world, node, fact)

        def pulse(self, world: World) -> None:
            """It counts nothing."""

    def listen(world: World) -> None:
        met.append(world)
        ear = Ear()
        world.witness = ear
        ear.tell(world, "ann", world.event_number)

    timeline.greet(listen)
    assert timeline.branch.told == [], "what this instant tells is known already"
    timeline.seek(700 * MS)
    assert timeline.branch.told == []
    assert met[-1] is timeline.world
    timeline.seek(2_000 * MS)
    timeline.do(Mark("news"))
    timeline.branch.latest_event -= 1
    timeline.keep(timeline.world, "ann", "told")
    assert [one.fact for one in timeline.branch.told] == ["told"]
    forked = timeline.branch.forked("other", 0, timeline.branch.told[0].event_number - 1)
    assert forked.told == []


def test_samples_are_read_once_a_branch_and_cut_at_a_fork(timeline: Timeline):
    read: list[int] = []

    def cut(time: int) -> None:
        read[:] = [one for one in read if one <= time]

    timeline.sample_every(250 * MS, lambda world, time: read.append(time), cut)
    timeline.run_until(3_000 * MS)
    assert read == [time * MS for time in (2_000, 2_250, 2_500, 2_750, 3_000)]
    timeline.seek(2_300 * MS)
    timeline.run_until(3_000 * MS)
    assert len(read) == 5, "the same branch is not read twice"
    timeline.seek(2_600 * MS)
    timeline.do(Mark("fork"))
    assert read[-1] == 2_500 * MS
    timeline.run_until(3_000 * MS)
    assert read == [time * MS for time in (2_000, 2_250, 2_500, 2_750, 3_000)]


def test_a_world_that_was_left_goes_at_once_without_the_collector(timeline: Timeline):
    left = weakref.ref(timeline.world)
    nodes = [weakref.ref(host.node) for host in timeline.world.hosts.values()]
    gc.collect()
    gc.disable()
    try:
        timeline.seek(100 * MS)
        assert left() is None
        assert [node() for node in nodes] == [None, None]
        assert not gc.isenabled(), "who had switched it off still has"
    finally:
        gc.enable()
    timeline.seek(50 * MS)
    assert gc.isenabled()
