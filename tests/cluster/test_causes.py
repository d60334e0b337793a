"""What led to an event: real runs, asked for what a person would call the cause."""

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.network import Isolate
from lab.cluster.probes.causes import STEPS_MAX, CausesView, causes_of_event, question_of, step_text
from lab.cluster.session.past import Past
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.world.trace import PAGE, PAGES
from lab.world.world import Moment

SECOND = 1_000_000


@pytest.fixture
def session() -> Session:
    """Three brokers, a producer and two members of a group, in full work."""
    config = (("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "2000"))
    found = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 3, 3),),
            producers=(ProducerSpec("shop", "orders", 20, config=(("acks", "all"),)),),
            consumers=tuple(ConsumerSpec(f"pay-{one}", "pay", ("orders",), config=config) for one in "ab"),
        )
    )
    found.run_for(8 * SECOND)
    return found


def moment(session: Session, kind: str, after: int = 8 * SECOND) -> Moment:
    return next(one for one in session.timeline.branch.moments if one.kind == kind and one.time > after)


def way(view: CausesView) -> list[tuple[str, str]]:
    return [(one.kind, one.host) for one in view.steps]


def test_a_new_leader_comes_of_a_silence_and_the_silence_of_a_crash(session: Session):
    leader = "broker-1"
    session.post(Crash(leader))
    session.run_for(12 * SECOND)
    fenced = moment(session, "broker")
    view = session.causes(fenced.event_number)
    assert way(view) == [("action", leader), ("silence", "controller-1")]
    assert view.complete
    crash, silence = view.steps
    assert step_text(crash) == f"Crash {leader}"
    assert silence.since == crash.time
    assert silence.moments[0] == f"The controller fences {leader}: no heartbeat for broker.session.timeout.ms"
    assert question_of(view) == f"Why? {silence.moments[0]}"
    last_words = next(one for one in view.asides if one.last_words)
    assert (last_words.source, last_words.host) == (leader, "controller-1")
    assert last_words.heard < crash.time
    assert [(one.host, one.end) for one in view.downs] == [(leader, None)]


def test_a_machine_that_was_cut_off_is_silent_as_well(session: Session):
    session.post(Isolate("broker-2"))
    session.run_for(12 * SECOND)
    view = session.causes(moment(session, "broker").event_number)
    assert way(view) == [("action", "broker-2"), ("silence", "controller-1")]


def test_a_rebalance_comes_of_the_death_of_a_member(session: Session):
    session.post(Crash("pay-b"))
    session.run_for(8 * SECOND)
    view = session.causes(moment(session, "rebalance").event_number)
    assert [one.kind for one in view.steps] == ["action", "silence"]
    assert view.steps[0].host == "pay-b"
    assert view.steps[1].host.startswith("broker-")


def test_a_stable_group_comes_of_its_members_messages_each_sent_in_the_turn_before(session: Session):
    session.post(Crash("pay-b"))
    session.run_for(8 * SECOND)
    view = session.causes(moment(session, "stable").event_number)
    assert not view.complete, "message by message, back into everyday life"
    assert [one.event_number for one in view.steps] == sorted(one.event_number for one in view.steps)
    past = Past(session.timeline)
    for before, after in zip(view.steps, view.steps[1:], strict=False):
        entry = past.entry(after.event_number)
        assert entry is not None
        assert after.since == before.time
        if after.kind == "message":
            assert (entry.cause, after.source) == (before.event_number, before.host)
    names = [one.name for one in view.steps]
    assert names.index("JoinGroupResponse") < names.index("SyncGroupRequest")


def test_a_timer_that_sets_itself_again_is_one_wait(session: Session):
    session.post(Restart("pay-a")) if session.allowed(Restart("pay-a")) == "" else None
    session.run_for(4 * SECOND)
    past = Past(session.timeline)
    ticks = [
        one for one in past.between(1, session.event_number)
        if (one.node, one.source) == ("controller-1", "controller-1")
    ] if past.entry(session.event_number) else []  # fmt: skip
    assert len(ticks) > 4
    view = session.causes(ticks[-1].event_number)
    assert view.steps[-1].kind == "timer"
    assert view.steps[-1].repeats > 0
    assert f"set again {view.steps[-1].repeats} times" in step_text(view.steps[-1])


def test_more_steps_are_further_back_and_the_same_on_the_way(session: Session):
    session.post(Crash("pay-b"))
    session.run_for(8 * SECOND)
    number = moment(session, "stable").event_number
    near, far = session.causes(number, 6), session.causes(number, 24)
    assert len(near.steps) == 6
    assert far.steps[-6:] == near.steps
    assert len(far.steps) > 6
    assert len(session.causes(number, 10_000).steps) <= STEPS_MAX


# --- wherever time stands -------------------------------------------------------------------------


def test_what_the_trace_has_forgotten_is_asked_of_the_past_and_the_present_stays(session: Session):
    session.post(Crash("broker-1"))
    session.run_for(12 * SECOND)
    number = moment(session, "broker").event_number
    near = session.causes(number)
    session.run_for(20 * SECOND)
    assert session.world.trace.find(number) is None
    assert session.event_number - number > PAGE * PAGES
    before = session.now, session.event_number, session.world
    assert session.causes(number).steps == near.steps
    assert (session.now, session.event_number, session.world) == before


def test_the_known_future_can_be_asked_about(session: Session):
    session.post(Crash("broker-1"))
    session.run_for(12 * SECOND)
    number = moment(session, "broker").event_number
    view = session.causes(number)
    session.seek(2 * SECOND)
    assert session.causes(number) == view
    assert session.now <= 2 * SECOND


def test_on_another_branch_the_same_number_is_another_event(session: Session):
    session.post(Crash("broker-1"))
    session.run_for(12 * SECOND)
    number = moment(session, "broker").event_number
    view = session.causes(number)
    session.seek(4 * SECOND)
    session.post(Crash("pay-a"))
    session.run_for(14 * SECOND)
    assert session.latest_event > number
    assert session.causes(number) != view
    session.switch("main")
    assert session.causes(number) == view


@pytest.mark.parametrize("number", [0, -5, 10**9])
def test_of_an_event_that_never_was_nothing_is_known(session: Session, number: int):
    view = causes_of_event(Past(session.timeline), number)
    assert view.steps == ()
    assert question_of(view) == "Nothing is known of that event."
