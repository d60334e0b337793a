"""The rebalances of a group in full: owners over time, whom a rebalance stopped, and the way to each instant."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QMenu

from lab.cluster.actions.machines import Crash
from lab.cluster.probes.ownership import GroupOwnership
from lab.lessons.opening import start
from lab.ui.charts.gantt import GanttCanvas
from lab.ui.charts.gantt_words import spoken_text, stretch_text
from lab.ui.charts.rebalances import RebalanceView
from lab.ui.main_window import MainWindow
from lab.ui.screenshot import picture_of
from tests.ui.groups import LATEST, SECOND, group_in_a_rebalance, group_with_two_rebalances
from tests.ui.paints import Paints, forget_all_hues, unlike
from tests.ui.scripted import ScriptedSession, as_session

NOW = 46 * SECOND


@dataclass
class GroupedSession(ScriptedSession):
    """Two groups, or none."""

    now: int = NOW
    latest: int = LATEST
    groups: tuple[GroupOwnership, ...] = (group_in_a_rebalance(), group_with_two_rebalances())

    def ownership(self) -> tuple[GroupOwnership, ...]:
        return self.groups


@pytest.fixture
def canvas(look, qtbot) -> GanttCanvas:
    found = GanttCanvas()
    qtbot.addWidget(found)
    found.resize(1000, 330)
    found.show_group(group_with_two_rebalances(), NOW, LATEST)
    found.show()
    qtbot.waitExposed(found)
    return found


def place(canvas: GanttCanvas, row: str, seconds: float) -> QPoint:
    layout = canvas.layout_now()
    assert layout is not None
    found = next(one for one in layout.rows if one.name == row)
    return QPointF(canvas.axis().x_of(round(seconds * SECOND)), found.middle).toPoint()


def text_at(canvas: GanttCanvas, row: str, seconds: float) -> str:
    one = canvas.stretch_at(QPointF(place(canvas, row, seconds)))
    return stretch_text(one, canvas.latest) if one is not None else ""


# --- what is under the mouse ----------------------------------------------------------------------


def test_a_bar_names_its_partition_its_owner_and_its_span(canvas: GanttCanvas):
    text = text_at(canvas, "orders-0", 20)
    assert text.splitlines() == ["orders-0 · pay-a", "00:14.005 to now (40 s), generation 2"]
    assert "silent from 00:28.000" in text_at(canvas, "orders-1", 30)


def test_a_gap_says_that_nobody_reads_and_why(canvas: GanttCanvas):
    assert text_at(canvas, "orders-2", 15).splitlines() == [
        "nobody reads orders-2", "00:14.000 to 00:16.000 (2.0 s)", "pay-b: lost: it had been thrown out",
    ]  # fmt: skip
    assert text_at(canvas, "orders-0", 14.0025).startswith("nobody reads orders-0"), "five milliseconds can be hit"


def test_a_rebalance_says_why_and_whom_it_stopped(canvas: GanttCanvas):
    text = text_at(canvas, "payments", 13.95)
    assert "rebalance, into generation 2" in text
    assert "pay-c joins" in text
    assert "stopped for 5.0 ms: pay-a, pay-b" in text
    assert "unread for 2.0 s: orders 0, 1, 2" in text
    assert text_at(canvas, "pay-a", 14.0025).startswith("pay-a is stopped")


def test_nothing_is_said_where_nothing_is(canvas: GanttCanvas):
    assert text_at(canvas, "orders-0", 3) == ""
    assert canvas.stretch_at(QPointF(20, 100)) is None


# --- the way to an instant ------------------------------------------------------------------------


def test_a_click_asks_for_the_instant_under_it(canvas: GanttCanvas, qtbot):
    with qtbot.waitSignal(canvas.seek_asked) as asked:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place(canvas, "orders-0", 20))
    assert abs(asked.args[0] - 20 * SECOND) < SECOND // 10


def test_a_click_on_what_is_too_short_to_hit_asks_for_its_beginning(canvas: GanttCanvas, qtbot):
    with qtbot.waitSignal(canvas.event_asked) as asked:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place(canvas, "pay-b", 14.001))
    assert asked.args == [191]


def test_the_future_that_nobody_has_run_cannot_be_asked_for(canvas: GanttCanvas, qtbot):
    with qtbot.waitSignal(canvas.seek_asked) as asked:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place(canvas, "orders-0", 58))
    assert asked.args == [LATEST]


def test_keys_choose_a_row_and_go_from_change_to_change(canvas: GanttCanvas, qtbot):
    with qtbot.waitSignal(canvas.seek_asked) as asked:
        qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert asked.args == [32 * SECOND]
    for _ in range(3):
        qtbot.keyClick(canvas, Qt.Key.Key_Down)
    row = canvas.chosen_row()
    assert row is not None
    assert (row.kind, row.name) == ("partition", "orders-1")
    canvas.show_group(group_with_two_rebalances(), 20 * SECOND, LATEST)
    with qtbot.waitSignal(canvas.seek_asked) as asked:
        qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert asked.args == [32 * SECOND], "orders-1 changes hands; what was silent before is one tenure"
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    with qtbot.waitSignal(canvas.seek_asked) as asked:
        qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert asked.args == [14_005_000]


def test_keys_zoom_and_show_everything_again(canvas: GanttCanvas, qtbot):
    whole = canvas.axis().span
    qtbot.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.axis().span < whole
    assert canvas.axis().shows(NOW)
    qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.axis().span == whole


def test_a_stretch_has_a_menu_that_leads_there_and_asks_why(canvas: GanttCanvas, qtbot):
    where = place(canvas, "orders-1", 20)
    canvas.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, canvas.mapToGlobal(where)))
    menu = canvas.findChild(QMenu)
    assert menu is not None
    go, why = menu.actions()
    assert go.text() == "Go to 00:14.005"
    with qtbot.waitSignal(canvas.event_asked) as asked:
        go.trigger()
    assert asked.args == [201]
    with qtbot.waitSignal(canvas.why_asked) as asked:
        why.trigger()
    assert asked.args == [201]
    menu.close()


# --- painting -------------------------------------------------------------------------------------


def test_the_same_group_at_the_same_instant_paints_nothing(canvas: GanttCanvas, qtbot):
    qtbot.wait(1)
    paints = Paints()
    canvas.installEventFilter(paints)
    canvas.show_group(group_with_two_rebalances(), NOW, LATEST)
    qtbot.wait(30)
    assert paints.count == 0
    canvas.show_group(group_with_two_rebalances(), NOW + 1, LATEST)
    qtbot.wait(30)
    assert paints.count == 1


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_owned_unread_and_silent_are_told_apart_without_colour(look, canvas: GanttCanvas, theme: str):
    look(theme)
    forget_all_hues()
    canvas._use_theme()
    picture = picture_of(canvas)

    def piece(row: str, seconds: float) -> QImage:
        at = place(canvas, row, seconds)
        return picture.copy(at.x() - 12, at.y() - 12, 24, 24)

    owned, unread, silent = piece("orders-0", 26), piece("orders-2", 15), piece("orders-1", 30)
    for one, other in ((owned, unread), (owned, silent), (unread, silent)):
        assert unlike(one, other) > 40


def test_a_group_without_partitions_says_what_to_do(look, qtbot):
    canvas = GanttCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(900, 300)
    blank = picture_of(canvas)
    canvas.show_group(group_with_two_rebalances(), NOW, LATEST)
    assert unlike(blank, picture_of(canvas)) > 500
    assert spoken_text(None) == "No group has partitions yet."
    assert "3 rebalances" in spoken_text(group_with_two_rebalances())


# --- the whole view -------------------------------------------------------------------------------


@pytest.fixture
def view(look, qtbot) -> RebalanceView:
    found = RebalanceView()
    qtbot.addWidget(found)
    found.resize(1200, 560)
    found.show()
    found.show_group(as_session(GroupedSession()), "payments")
    return found


def test_groups_are_chosen_and_the_choice_stays(view: RebalanceView):
    assert [view.group_box.itemText(at) for at in range(view.group_box.count())] == ["audit", "payments"]
    assert view.canvas.group is not None
    assert view.canvas.group.group == "payments"
    view.pull(as_session(GroupedSession(now=NOW + 1)))
    assert view.group_box.currentText() == "payments"
    view.show_group(as_session(GroupedSession()), "audit")
    assert view.model.cells[0][3:5] == ("it lasts", "nobody")


def test_the_table_says_of_each_rebalance_what_it_cost(view: RebalanceView, qtbot):
    assert view.model.cells[1] == (
        "2", "00:13.900", "pay-c joins", "104 ms", "pay-a, pay-b", "5.0 ms", "orders 0, 1, 2", "2.0 s",
    )  # fmt: skip
    with qtbot.waitSignal(view.event_asked) as asked:
        view.table.clicked.emit(view.model.index(1, 2))
    assert asked.args == [180]


def test_without_groups_there_is_an_empty_place(view: RebalanceView):
    view.pull(as_session(GroupedSession(groups=())))
    assert view.canvas.group is None
    assert view.model.rowCount() == 0
    assert not view.group_box.isEnabled()


def test_it_is_written_as_a_picture_and_as_a_table(view: RebalanceView, tmp_path: Path):
    for kind in ("png", "svg", "csv"):
        view.export(tmp_path / f"group.{kind}", kind)
    assert QImage(str(tmp_path / "group.png")).width() == 2 * view.canvas.width()
    assert "pay-a" in (tmp_path / "group.svg").read_text(encoding="utf-8")
    with (tmp_path / "group.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["what"] for line in lines} == {"owned", "unread", "stopped", "rebalance"}
    gap = next(line for line in lines if (line["what"], line["name"]) == ("unread", "orders-2"))
    assert (gap["from"], gap["to"], gap["seconds"]) == ("14.000000", "16.000000", "2.000000")
    (lasting,) = [line for line in lines if (line["what"], line["name"], line["to"]) == ("owned", "orders-2", "")]
    assert lasting["seconds"] == "38.000000", "what lasts is reckoned up to the newest instant"


# --- at the real window ---------------------------------------------------------------------------


def test_the_rebalances_of_a_real_group(window: MainWindow, qtbot):
    session = start("04-scaling-readers")
    window.show_session(session)
    session.run_for(10 * SECOND)
    window.refresh()
    group = session.ownership()[0]
    member = group.members[0]
    session.post(Crash(member))
    session.run_for(50 * SECOND)
    window.selection.select("group", group.group)
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    view = window.page.shown_in_full()
    assert isinstance(view, RebalanceView)
    assert view.group_box.currentText() == group.group
    assert "session timeout" in view.model.cells[-1][2]
    view.table.clicked.emit(view.model.index(len(view.model.cells) - 1, 0))
    assert session.event_number == view.model.rebalances[-1].event_number
    assert session.latest >= 60 * SECOND, "it was only looked at"
    assert view.canvas.now == session.now
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert window.page.shown_in_full() is None


def test_the_table_is_as_high_as_its_rebalances_and_the_chart_has_the_rest(look, qtbot):
    view = RebalanceView()
    qtbot.addWidget(view)
    view.resize(1300, 500)
    session = GroupedSession()
    view.show_group(as_session(session), "payments")
    high = view.table.height()
    one = group_with_two_rebalances()
    session.groups = (replace(one, rebalances=one.rebalances[:1]),)
    view.refresh()
    assert view.table.height() == high - 24 * (len(one.rebalances) - 1)
    session.groups = (replace(one, rebalances=one.rebalances * 9),)
    view.refresh()
    assert view.table.height() == high + 24 * (5 - len(one.rebalances)), "then it scrolls"
