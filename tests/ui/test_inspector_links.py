"""Names that lead somewhere: from a group to its members, from a member to its partitions, to topic and broker."""

import pytest
from PySide6.QtCore import QPoint, Qt

from lab.cluster.probes import Cluster
from lab.lessons.opening import start
from lab.ui.charts.rebalances import RebalanceView
from lab.ui.main_window import MainWindow
from lab.ui.panels.inspector_rows import LinkRow

SECOND = 1_000_000


@pytest.fixture
def grouped(window: MainWindow) -> MainWindow:
    """Four groups with two members each."""
    session = start("22-one-event-four-rebalances")
    session.lesson = None
    window.show_session(session)
    session.run_for(20 * SECOND)
    window.refresh()
    return window


def links(window: MainWindow) -> dict[tuple[str, str], LinkRow]:
    body = window.page.inspector.body
    assert body is not None
    return {one.link: one for one in body.findChildren(LinkRow) if one.link is not None}


def follow(window: MainWindow, kind: str, name: str, qtbot) -> None:
    qtbot.mouseClick(links(window)[kind, name], Qt.MouseButton.LeftButton, pos=QPoint(4, 4))


def test_from_a_group_to_a_member_to_a_partition_to_its_topic_and_a_broker(grouped: MainWindow, qtbot):
    grouped.selection.select("group", "eager")
    assert ("consumer", "eager-2") in links(grouped)
    follow(grouped, "consumer", "eager-1", qtbot)
    assert grouped.page.subject == ("consumer", "eager-1")
    assert ("group", "eager") in links(grouped)
    partition = next(name for kind, name in links(grouped) if kind == "partition")
    follow(grouped, "partition", partition, qtbot)
    assert grouped.page.stage.partition == partition
    follow(grouped, "topic", "orders", qtbot)
    assert {name for kind, name in links(grouped) if kind == "partition"} == {f"orders-{at}" for at in range(6)}
    follow(grouped, "partition", "orders-3", qtbot)
    broker = next(name for kind, name in links(grouped) if kind == "broker")
    follow(grouped, "broker", broker, qtbot)
    assert grouped.page.subject == ("broker", broker)


def test_a_link_is_reached_by_tab_and_followed_by_return(grouped: MainWindow, qtbot):
    grouped.selection.select("group", "eager")
    row = links(grouped)["consumer", "eager-1"]
    assert row.focusPolicy() == Qt.FocusPolicy.TabFocus
    assert row.accessibleName() == row.toolTip() == "Go to the consumer eager-1"
    qtbot.keyClick(row, Qt.Key.Key_Return)
    assert grouped.page.subject == ("consumer", "eager-1")


def test_a_chip_in_a_members_card_leads_to_its_partition(window: MainWindow, qtbot):
    session = start("19-four-marks")
    session.lesson = None
    window.show_session(session)
    session.run_for(20 * SECOND)
    window.refresh()
    matrix = window.page.stage.matrix
    matrix.grab()
    owned = [name for one in session.view(Cluster()).groups for each in one.members for name in each.partitions]
    assert sorted(name for _, name in matrix.cards.chips) == sorted(owned) != []
    box, name = matrix.cards.chips[-1]
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert window.page.subject == ("partition", name)


def test_the_names_of_the_rebalances_lead_to_what_they_name(grouped: MainWindow, qtbot):
    grouped.full_views.toggle_rebalances()
    view = grouped.page.shown_in_full()
    assert isinstance(view, RebalanceView)
    canvas, layout = view.canvas, view.canvas.layout_now()
    assert layout is not None
    row = next(one for one in layout.rows if one.kind == "member")
    at = QPoint(50, round(row.middle))
    assert canvas.text_at(at.toPointF()) == f"Go to the consumer {row.name}"
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert grouped.page.subject == ("consumer", row.name)
    assert grouped.page.shown_in_full() is None, "the inspector is beside the cluster"
