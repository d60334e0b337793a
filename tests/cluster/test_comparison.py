"""Two futures at one instant: what differs is found, and looking at the other changes nothing of this one."""

import pytest

from lab.cluster.actions.machines import Crash, PowerOff, Restart
from lab.cluster.probes import Cluster
from lab.cluster.probes.comparison import BEFORE, CELLS, ComparedPart, ComparisonView
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.world.digest import digest

SECOND = 1_000_000
FORK = 8 * SECOND


@pytest.fixture
def session() -> Session:
    """In main the leader crashes at 8 s; in another future a follower does."""
    found = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 1, 3),),
            producers=(ProducerSpec("shop", "orders", 20, config=(("acks", "all"),)),),
            consumers=(ConsumerSpec("pay-a", "pay", ("orders",)),),
        )
    )
    found.run_for(FORK)
    found.post(Crash("broker-1"))
    found.run_for(14 * SECOND)
    found.seek(FORK)
    found.post(Crash("broker-2"))
    found.run_for(12 * SECOND)
    return found


def part(view: ComparisonView, title: str) -> ComparedPart:
    return next(one for one in view.parts if one.title == title)


def cell(view: ComparisonView, title: str, name: str, column: str) -> tuple[str, str]:
    found = part(view, title)
    at = found.columns.index(column)
    row = next(one for one in found.rows if one.name == name)
    assert row.differs(at) == (row.one[at] != row.other[at])
    return row.one[at], row.other[at]


def test_both_stand_at_one_instant_with_what_was_done_in_each(session: Session):
    view = session.compare("main", "orders-0")
    assert (view.one.branch, view.other.branch) == ("branch 2", "main")
    assert view.one.time == view.other.time == session.now
    assert FORK <= view.forked_at <= FORK + 1
    assert [text for _, text in view.one.deeds] == ["Crash broker-2"]
    assert [text for _, text in view.other.deeds] == ["Crash broker-1"]


def test_leaders_and_records_differ_and_are_said_in_words(session: Session):
    view = session.compare("main", "orders-0")
    assert cell(view, "Partitions", "orders-0", "leader") == ("broker-1", "broker-2")
    assert "orders-0 is led by broker-1 in branch 2, by broker-2 in main." in view.words
    born = cell(view, "Ledger", "born", "records")
    assert born[0] != "–"


def test_at_the_fork_they_are_alike(session: Session):
    session.seek(FORK - SECOND)
    view = session.compare("main", "orders-0")
    assert view.words == ("At this instant they are alike.",)
    assert not any(row.differs(at) for one in view.parts for row in one.rows for at in range(len(row.one)))
    assert view.logs is not None
    assert view.logs.one == view.logs.other != ()
    assert view.logs.parting == -1


def test_a_record_lost_in_one_future_only_is_what_is_said_first():
    session = Session(
        ClusterSpec(
            topics=(TopicSpec("orders", 1, 1),),
            producers=(ProducerSpec("shop", "orders", 20, config=(("acks", "1"),)),),
        )
    )
    session.run_for(9 * SECOND)
    holder = next(one.leader for one in session.view(Cluster()).partitions if one.name == "orders-0")
    session.post(PowerOff((holder,)))
    session.run_for(SECOND)
    session.post(Restart(holder))
    session.run_for(15 * SECOND)
    session.seek(9 * SECOND - 1)
    session.post(Crash("shop"))
    session.run_for(14 * SECOND)
    view = session.compare("main", "orders-0")
    mine, lost = cell(view, "Ledger", "lost", "records")
    assert (mine, lost) == ("0", lost)
    assert int(lost) > 0
    assert view.words[0] == f"lost records: 0 in branch 2, {lost} in main."
    logs = view.logs
    assert logs is not None
    assert logs.parting > 0, "where those stood, others stand"
    assert logs.first_offset == max(0, logs.parting - BEFORE)
    assert logs.parting == min(logs.strangers)
    assert len(logs.one) <= CELLS
    assert logs.other[0].offset == logs.first_offset
    assert view.words[-1] == f"From offset {logs.parting} on other records stand in orders-0."


# --- beside ---------------------------------------------------------------------------------------


def test_looking_at_the_other_future_changes_nothing_of_this_one(session: Session):
    before = digest(session.world), session.now, session.latest_event, session.branch_name
    samples = session.series("records-in", "total")
    session.compare("main", "orders-0")
    assert (digest(session.world), session.now, session.latest_event, session.branch_name) == before
    assert session.series("records-in", "total") is samples


def test_the_other_goes_on_with_this_one_and_is_the_same_as_from_the_beginning(session: Session):
    session.seek(FORK + SECOND)
    session.compare("main", "orders-0")
    kept = session.beside.world
    session.seek(FORK + 6 * SECOND)
    carried = session.compare("main", "orders-0")
    assert session.beside.world is kept
    session.beside.forget()
    assert session.compare("main", "orders-0") == carried
    session.seek(FORK + 2 * SECOND)
    session.compare("main", "orders-0")
    assert session.beside.world is not kept, "going back needs another world"


def test_a_future_that_is_shorter_stands_at_its_end(session: Session):
    session.run_for(10 * SECOND)
    view = session.compare("main", "orders-0")
    assert view.one.time == session.now
    assert view.other.time == FORK + 1 + 14 * SECOND or view.other.time < session.now
    session.switch("main")
    assert session.compare("branch 2", "orders-0").other.branch == "branch 2"


def test_a_partition_that_is_not_there_has_no_logs(session: Session):
    assert session.compare("main", "").logs is None
    view = session.compare("main", "nothing-7")
    assert view.logs is not None
    assert view.logs.one == ()
