"""Breakpoints: a run stops at the event that means something, says why, and stops there again when it is run again."""

from pathlib import Path

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import ChangeWork
from lab.cluster.actions.machines import Crash, PowerOff, Restart
from lab.cluster.refused import Refused
from lab.cluster.session.breakpoints import Breakpoint, Stop, breakpoint_from, breakpoints_from
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.words.groups import lag

SECOND = 1_000_000


def session_of(acks: str = "all") -> Session:
    config = (("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "2000"))
    session = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 3, 3, (("min.insync.replicas", "2"),)),),
            producers=(ProducerSpec("shop", "orders", 40, config=(("acks", acks),)),),
            consumers=tuple(ConsumerSpec(f"pay-{one}", "pay", ("orders",), config=config) for one in "ab"),
        )
    )
    session.run_for(10 * SECOND)
    return session


def stopped_at(session: Session, text: str, *actions: ClusterAction, within: int = 30) -> Stop:
    """Set one breakpoint, do something, and let time go on until it stops."""
    session.set_breakpoints((breakpoint_from(text),))
    for action in actions:
        session.post(action)
    session.run_for(within * SECOND)
    assert session.stop is not None, f"{text} did not stop the run"
    assert session.stop.event_number == session.event_number
    assert session.stop.time == session.now
    return session.stop


# --- each of them ---------------------------------------------------------------------------------


def test_it_stops_where_a_leader_changes():
    session = session_of()
    stop = stopped_at(session, "leader", Crash("broker-1"))
    assert (stop.kind, stop.text) == ("partition", f"broker-2 leads {stop.name}")
    assert session.world.moments[-1].event_number == session.event_number


def test_it_stops_where_a_broker_is_fenced():
    session = session_of()
    stop = stopped_at(session, "fenced", Crash("broker-1"))
    assert (stop.kind, stop.name) == ("broker", "broker-1")
    assert "broker.session.timeout.ms" in stop.text


def test_it_stops_below_min_insync_replicas_and_not_above():
    session = session_of()
    session.set_breakpoints((Breakpoint("min-isr"),))
    session.post(Crash("broker-1"))
    session.run_for(15 * SECOND)
    assert session.stop is None, "two of three are enough"
    session.post(Crash("broker-2"))
    session.run_for(15 * SECOND)
    assert session.stop is not None
    assert session.stop.text.endswith("has 1 in sync, and min.insync.replicas is 2: acks=all is refused")


def test_it_stops_where_a_group_rebalances():
    session = session_of()
    stop = stopped_at(session, "rebalance", Crash("pay-b"))
    assert (stop.kind, stop.name) == ("group", "pay")
    assert stop.text == "pay rebalances: pay-b was silent for its session timeout"


def test_it_stops_where_a_record_is_lost():
    session = session_of(acks="1")
    session.set_breakpoints((Breakpoint("loss"),))
    for broker in ("broker-2", "broker-3"):
        session.post(Crash(broker))
    session.run_for(SECOND)
    session.post(PowerOff(("broker-1",)))
    session.run_for(SECOND)
    for broker in ("broker-1", "broker-2", "broker-3"):
        session.post(Restart(broker))
    session.run_for(30 * SECOND)
    if session.stop is None:
        pytest.fail("the page cache was lost, and nobody noticed")
    assert session.stop.kind == "partition"
    assert "acknowledged record" in session.stop.text
    assert session.world.moments[-1].kind == "loss"


def test_it_stops_where_a_lag_crosses_its_limit_once():
    session = session_of()
    session.run_for(5 * SECOND)
    assert int(lag(session.world, "pay")) < 300, "both have committed"
    stop = stopped_at(session, "lag pay > 400", ChangeWork("pay-a", 500), ChangeWork("pay-b", 500))
    assert (stop.kind, stop.name) == ("group", "pay")
    assert 400 < int(lag(session.world, "pay")) < 410, "at the very batch"
    session.run_for(SECOND // 4)
    assert session.stop is None, "it is above already"
    assert int(lag(session.world, "pay")) > 401


def test_lag_of_another_group_is_none_of_its_business():
    session = session_of()
    session.set_breakpoints((breakpoint_from("lag audit > 10"),))
    session.post(ChangeWork("pay-a", 500))
    session.run_for(5 * SECOND)
    assert session.stop is None


# --- determinism and time -------------------------------------------------------------------------


def test_running_the_same_past_again_stops_at_the_same_event():
    session = session_of()
    first = stopped_at(session, "leader", Crash("broker-1"))
    session.seek(9 * SECOND)
    assert session.stop is None, "going somewhere is no run"
    session.run_for(30 * SECOND)
    assert session.stop == first
    session.run_for(SECOND)
    assert session.stop is None
    assert session.now == first.time + SECOND, "going on from there goes on"
    session.seek_event(first.event_number - 1)
    session.run_for(SECOND)
    assert session.stop == first


def test_breakpoints_change_nothing_of_the_run():
    plain, watched = session_of(), session_of()
    watched.set_breakpoints(breakpoints_from(("loss", "min-isr", "rebalance", "lag > 100", "leader", "fenced"), "all"))
    for session in (plain, watched):
        session.post(Crash("broker-1"))
        until = session.now + 20 * SECOND
        while session.now < until:
            session.run_to(until)
    assert watched.event_number == plain.event_number
    assert watched.timeline.branch.moments == plain.timeline.branch.moments


def test_playing_stops_too_and_says_why():
    session = session_of()
    session.set_breakpoints((Breakpoint("fenced"),))
    session.post(Crash("broker-1"))
    session.set_speed(16)
    session.play()
    for _ in range(2_000):
        session.advance(16_000, 200_000)
        if not session.playing:
            break
    assert session.stop is not None
    assert session.stop.kind == "broker"
    assert not session.behind
    session.play()
    session.advance(16_000, 200_000)
    assert session.playing
    assert session.stop is None


def test_those_that_are_cleared_stop_nothing():
    session = session_of()
    session.set_breakpoints((Breakpoint("leader"), Breakpoint("lag", "", 5)))
    session.set_breakpoints(())
    session.post(Crash("broker-1"))
    session.run_for(15 * SECOND)
    assert session.stop is None
    table = session.world.witness.listeners  # type: ignore[union-attr]
    assert not [
        one
        for heard in table.values()
        for one in heard
        if one.__self__ in (session.breakpoints, session.breakpoints.lags)  # type: ignore[attr-defined]
    ]


def test_they_are_kept_in_the_sessions_file(tmp_path: Path):
    session = session_of()
    chosen = breakpoints_from(("loss", "lag pay > 500"), "test")
    session.set_breakpoints(chosen)
    session.save(tmp_path / "session.json")
    again = Session.open(tmp_path / "session.json")
    assert again.breakpoints.chosen == chosen
    assert again.now == session.now, "opening it is no run"


# --- as text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["loss", "min-isr", "rebalance", "leader", "fenced", "lag > 100", "lag pay > 7"])
def test_each_has_a_text_of_its_own(text: str):
    assert str(breakpoint_from(text)) == text


@pytest.mark.parametrize("text", ["", "los", "lag", "lag > x", "lag > -1", "lag a b > 3", "violation"])
def test_what_is_none_is_refused_with_what_was_wanted(text: str):
    with pytest.raises(Refused, match="wanted one of loss"):
        breakpoint_from(text)


def test_a_file_with_too_many_or_wrong_ones_is_refused():
    with pytest.raises(Refused, match="breakpoints: wanted at most 50"):
        breakpoints_from([f"lag > {at}" for at in range(51)], "breakpoints")
    with pytest.raises(Refused, match="breakpoints: wanted one of"):
        breakpoints_from(["nonsense"], "breakpoints")
    assert breakpoints_from(["loss", "loss"], "x") == (Breakpoint("loss"),)
