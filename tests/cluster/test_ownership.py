"""Who owned what when, and whom a rebalance stopped: told from the facts of real groups."""

from pathlib import Path

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.probes import Inspect
from lab.cluster.probes.ownership import GroupOwnership, duration_text, partitions_text, rebalance_words
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec

SECOND = 1_000_000
SILENCE = 6 * SECOND
"""The group's session timeout."""


def session_of(assignor: str, *, static: bool = False) -> Session:
    """Six partitions, two members, and a third that waits to be started."""

    def consumer(letter: str) -> ConsumerSpec:
        config = [("partition.assignment.strategy", assignor), ("session.timeout.ms", "6000"),
                  ("heartbeat.interval.ms", "2000")]  # fmt: skip
        if static:
            config.append(("group.instance.id", f"instance-{letter}"))
        return ConsumerSpec(f"pay-{letter}", "pay", ("orders",), config=tuple(config), started=letter != "c")

    return Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 6, 3),),
            producers=(ProducerSpec("shop", "orders", 20),),
            consumers=tuple(consumer(letter) for letter in "abc"),
        )
    )


def group_of(session: Session) -> GroupOwnership:
    (found,) = session.ownership()
    return found


def owners_at(group: GroupOwnership, time: int) -> dict[str, str]:
    """partition -> member whose tenure covers `time`; two at once would be a mistake."""
    covering = [one for one in group.tenures if one.start <= time and (one.end is None or time < one.end)]
    assert len({one.partition for one in covering}) == len(covering)
    return {one.partition: one.member for one in covering}


def owned_now(session: Session) -> dict[str, str]:
    """The same, asked of the consumers themselves."""
    found: dict[str, str] = {}
    for letter in "abc":
        node = session.world.hosts[f"pay-{letter}"].node
        for partition in node.membership.owned if node is not None else ():  # type: ignore[attr-defined]
            found[str(partition)] = f"pay-{letter}"
    return found


@pytest.mark.parametrize("assignor", ["range", "sticky", "cooperative-sticky"])
def test_the_owners_told_are_the_owners_there_are(assignor: str):
    session = session_of(assignor)
    for _ in range(3):
        session.run_for(8 * SECOND)
        assert owners_at(group_of(session), session.now) == owned_now(session)
        if session.allowed(Restart("pay-c")) == "":
            session.post(Restart("pay-c"))
    assert len(owned_now(session)) == 6
    assert set(owned_now(session).values()) == {"pay-a", "pay-b", "pay-c"}


def test_an_eager_rebalance_stops_everybody():
    session = session_of("range")
    session.run_for(8 * SECOND)
    session.post(Restart("pay-c"))
    session.run_for(4 * SECOND)
    first, second = group_of(session).rebalances
    assert first.stopped == (), "who has nothing yet is stopped by nothing"
    assert first.generation_id == 1
    assert second.reason == "pay-c joins"
    assert {name for name, _ in second.stopped} == {"pay-a", "pay-b"}
    assert {name for name, _ in second.unread} == {f"orders-{at}" for at in range(6)}
    assert all(0 < length < SECOND for _, length in (*second.stopped, *second.unread))
    words = rebalance_words(second)
    assert words[0] == "pay-c joins"
    assert words[1].endswith(": pay-a, pay-b")
    assert words[2].endswith(": orders 0, 1, 2, 3, 4, 5")


def test_a_cooperative_rebalance_stops_nobody_and_leaves_unread_what_moves():
    session = session_of("cooperative-sticky")
    session.run_for(8 * SECOND)
    session.post(Restart("pay-c"))
    session.run_for(6 * SECOND)
    group = group_of(session)
    assert group.stopped == ()
    _, given_up, taken = group.rebalances
    moved = {one.partition for one in group.tenures if one.member == "pay-c"}
    assert len(moved) == 2
    assert {name for name, _ in given_up.unread} == moved
    assert taken.unread == (), "the second rebalance only hands out what the first one freed"
    kept = [one for one in group.tenures if one.partition not in moved]
    assert all(one.end is None for one in kept), "what does not move has one tenure, through all generations"


def test_a_member_that_died_owns_its_partitions_until_its_session_ends():
    session = session_of("range")
    session.run_for(8 * SECOND)
    session.post(Crash("pay-b"))
    died = session.now
    session.run_for(2 * SECOND)
    dead = [one for one in group_of(session).tenures if one.member == "pay-b"]
    assert [(one.end, one.silent_from) for one in dead] == [(None, died)] * 3
    session.run_for(8 * SECOND)
    group = group_of(session)
    dead = [one for one in group.tenures if one.member == "pay-b"]
    assert {one.ended for one in dead} == {"taken"}
    assert all(one.end is not None and one.end - died <= SILENCE for one in dead)
    silent = [one for one in group.unread if one.reason == "silent"]
    assert {(one.partition, one.start) for one in silent} == {(one.partition, died) for one in dead}
    assert group.rebalances[-1].reason == "pay-b was silent for its session timeout"
    assert "pay-b" not in [name for name, _ in group.rebalances[-1].stopped], "the dead wait for nothing"


def test_a_static_member_comes_back_to_its_own_without_a_rebalance():
    session = session_of("range", static=True)
    session.run_for(8 * SECOND)
    before = len(group_of(session).rebalances)
    session.post(Stop("pay-b"))
    session.run_for(SECOND)
    session.post(Restart("pay-b"))
    session.run_for(4 * SECOND)
    group = group_of(session)
    assert len(group.rebalances) == before
    mine = [one for one in group.tenures if one.member == "pay-b"]
    assert len(mine) == 6, "each of its three twice: before and after"
    assert sum(one.end is None for one in mine) == 3
    assert {one.partition for one in mine if one.end is None} == {one.partition for one in mine if one.end is not None}


def test_a_frozen_member_that_thaws_in_time_goes_on():
    session = session_of("range")
    session.run_for(8 * SECOND)
    session.post(Freeze("pay-b"))
    session.run_for(SECOND)
    session.post(Thaw("pay-b"))
    session.run_for(2 * SECOND)
    group = group_of(session)
    assert len(group.rebalances) == 1
    mine = [one for one in group.tenures if one.member == "pay-b"]
    assert [one.ended for one in mine] == ["silent"] * 3 + [""] * 3
    assert all(one.end is not None and SECOND <= one.end - one.start <= 2 * SECOND for one in group.unread)
    assert owners_at(group, session.now) == owned_now(session)


def test_a_member_that_closes_gives_up_what_it_had():
    session = session_of("cooperative-sticky")
    session.run_for(8 * SECOND)
    session.post(Stop("pay-b"))
    session.run_for(6 * SECOND)
    group = group_of(session)
    assert [one for one in group.stopped if one.end is None] == []
    assert owners_at(group, session.now) == owned_now(session)
    assert set(owned_now(session).values()) == {"pay-a"}


# --- time -----------------------------------------------------------------------------------------


def test_rewinding_changes_nothing_and_running_again_tells_nothing_twice():
    session = session_of("range")
    session.run_for(8 * SECOND)
    session.post(Restart("pay-c"))
    session.run_for(4 * SECOND)
    group = group_of(session)
    session.seek(7 * SECOND)
    assert group_of(session) == group, "the future is known"
    session.run_for(3 * SECOND)
    session.step_back()
    session.seek(session.latest)
    assert group_of(session) == group


def test_each_branch_has_its_own_owners():
    session = session_of("range")
    session.run_for(8 * SECOND)
    session.post(Restart("pay-c"))
    session.run_for(4 * SECOND)
    main = group_of(session)
    session.seek(7 * SECOND)
    session.post(Crash("pay-b"))
    forked = group_of(session)
    assert [one.reason for one in forked.rebalances] == [main.rebalances[0].reason]
    session.run_for(10 * SECOND)
    assert group_of(session).rebalances[-1].reason == "pay-b was silent for its session timeout"
    session.switch("main")
    assert group_of(session) == main


def test_a_session_that_is_opened_again_tells_the_same(tmp_path: Path):
    session = session_of("cooperative-sticky")
    session.run_for(8 * SECOND)
    session.post(Crash("pay-b"))
    session.run_for(10 * SECOND)
    session.save(tmp_path / "session.json")
    assert Session.open(tmp_path / "session.json").ownership() == session.ownership()


def test_what_is_kept_is_no_part_of_a_checkpoint():
    session = session_of("range")
    session.run_for(8 * SECOND)
    watch = session.timeline.branch.checkpoints[-1].restore().witness
    assert watch is not None
    guests = [one for one in watch.listeners.values() for listener in one if listener.__self__ is session.chronicle]  # type: ignore[attr-defined]
    assert guests == []


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("micros", "text"),
    [(4_855, "4.9 ms"), (99_900, "99.9 ms"), (250_000, "250 ms"), (2_005_295, "2.0 s"), (14_000_000, "14 s")],
)
def test_durations_are_as_exact_as_one_would_say_them(micros: int, text: str):
    assert duration_text(micros) == text


def test_partitions_are_said_by_topic():
    assert partitions_text(["orders-4", "orders-0", "a-b-1"]) == "orders 0, 4; a-b 1"


def test_the_consumer_protocol_is_told_too_with_the_epoch_of_its_group():
    members = tuple(
        ConsumerSpec(
            f"pay-{letter}", "pay", ("orders",), config=(("group.protocol", "consumer"),), started=letter != "c"
        )
        for letter in "abc"
    )
    session = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 6, 3),), producers=(ProducerSpec("shop", "orders", 20),), consumers=members
        )
    )
    session.run_for(20 * SECOND)
    session.post(Restart("pay-c"))
    session.run_for(30 * SECOND)
    group = group_of(session)
    assert owners_at(group, session.now) == owned_now(session)
    assert set(owned_now(session).values()) == {"pay-a", "pay-b", "pay-c"}
    last = group.rebalances[-1]
    assert last.end is not None
    assert last.generation_id > group.rebalances[0].generation_id
    assert not [one for one in group.stopped if one.end is None], "nobody waits for ever"


def test_a_group_is_told_as_one_while_it_goes_over_to_the_other_protocol_and_back():
    def member(letter: str, *config: tuple[str, str]) -> ConsumerSpec:
        return ConsumerSpec(f"pay-{letter}", "pay", ("orders",), config=config, started=letter != "c")

    classic = ("partition.assignment.strategy", "cooperative-sticky"), ("heartbeat.interval.ms", "1000")
    members = (member("a", *classic), member("b", *classic), member("c", ("group.protocol", "consumer")))
    session = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 6, 3),), producers=(ProducerSpec("shop", "orders", 20),), consumers=members
        )
    )
    session.run_for(15 * SECOND)
    assert protocol_of(session) == "classic"
    session.post(Restart("pay-c"))
    session.run_for(15 * SECOND)
    group = group_of(session)
    assert protocol_of(session) == "consumer; 2 of 3 members still speak the classic one"
    assert owners_at(group, session.now) == owned_now(session)
    assert set(owned_now(session).values()) == {"pay-a", "pay-b", "pay-c"}
    assert group.rebalances[-1].reason == "pay-c joins"
    session.post(Stop("pay-c"))
    session.run_for(15 * SECOND)
    group = group_of(session)
    assert protocol_of(session) == "classic"
    assert owners_at(group, session.now) == owned_now(session)
    assert group.rebalances[-1].reason == "pay-c leaves"
    generations = [one.generation_id for one in group.rebalances]
    assert -1 not in generations, "each has ended"
    assert generations == sorted(generations)


def protocol_of(session: Session) -> str:
    """What the inspector says of the group."""
    view = session.view(Inspect("group", "pay"))
    assert view is not None
    return next(row.value for row in view.sections[0].rows if row.label == "Group protocol")
