"""The window on the real engine: a scenario opens, plays, breaks and rewinds."""

import re

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton

from lab.cluster.actions.machines import Crash, Freeze
from lab.cluster.probes.views import BranchView
from lab.lessons.catalogue import catalogue
from lab.lessons.opening import start
from lab.ui.main_window import MainWindow


@pytest.fixture
def real_window(window: MainWindow) -> MainWindow:
    window.show_session(start(catalogue()[0].name))
    return window


def test_every_scenario_opens_in_the_window(window: MainWindow):
    for card in catalogue():
        window.show_session(start(card.name))
        assert window.session is not None
        assert window.session.violation == ""
        assert window.page.lesson.isVisible() == (not card.sandbox)


def test_time_runs_and_can_be_wound_back(real_window: MainWindow):
    session = real_window.session
    assert session is not None
    session.run_for(3_000_000)
    real_window.refresh()
    assert real_window.page.topbar.clock.text() >= "00:03.000"
    real_window.travel.seek_to(1_000_000)
    assert session.now <= 1_000_000
    assert session.latest >= 3_000_000


def test_everything_that_can_be_found_can_be_inspected(real_window: MainWindow):
    assert real_window.session is not None
    real_window.session.run_for(3_000_000)
    real_window.refresh()
    for entry in real_window.menus.subjects():
        entry.run()
        assert real_window.page.subject == (entry.hint, entry.text)
        assert real_window.page.inspector.view is not None


def test_a_topic_and_the_controller_are_found_and_explained(window: MainWindow):
    window.show_session(start("D3"))
    kinds = {entry.text: entry.hint for entry in window.menus.subjects()}
    assert (kinds["orders"], kinds["controller-1"]) == ("topic", "controller")
    window.selection.select("topic", "orders")
    view = window.page.inspector.view
    assert view is not None
    assert {row.label for row in view.sections[0].rows} >= {"Partitions", "Offsets", "Bytes"}
    window.selection.select("controller", "controller-1")
    view = window.page.inspector.view
    assert view is not None
    assert view.why == "Why is controller-1 running?"


def test_the_button_that_breaks_something_has_something_to_break(real_window: MainWindow):
    real_window.menus.open_break()
    entries = [entry.text() for entry in real_window.menus.menu.actions()]
    real_window.menus.menu.close()
    assert {"Crash …", "Freeze …", "Cut the power …"} <= set(entries)


# --- two futures ----------------------------------------------------------------------------------


@pytest.fixture
def forked_window(window: MainWindow) -> MainWindow:
    """A leader crashes at 6 s; at 5 s, in another future, it freezes instead."""
    session = start("07-kill-the-leader")
    window.show_session(session)
    session.run_for(6_000_000)
    session.post(Crash("broker-1"))
    session.run_for(2_000_000)
    session.seek(5_000_000)
    session.post(Freeze("broker-1"))
    session.run_for(1_000_000)
    window.refresh()
    return window


def state_of(window: MainWindow, broker: str) -> str:
    view = window.page.stage.cluster_view
    assert view is not None
    return next(one.state for one in view.brokers if one.name == broker)


def chip_of(window: MainWindow, name: str) -> QPoint:
    timeline = window.page.bottom.timeline
    chips = timeline.chips(timeline.axis(), timeline.lanes())
    return next(box for box, one in chips if isinstance(one, BranchView) and one.name == name).center().toPoint()


def test_a_click_on_the_rail_goes_to_the_other_future_and_back(forked_window: MainWindow, qtbot):
    session = forked_window.session
    assert session is not None
    timeline = forked_window.page.bottom.timeline
    here = next(one.name for one in session.timeline_view(1).branches if one.current)
    assert state_of(forked_window, "broker-1") == "frozen"
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=chip_of(forked_window, "main"))
    session.seek(session.latest)
    forked_window.refresh()
    assert state_of(forked_window, "broker-1") == "crashed"
    assert session.latest > 7_000_000
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=chip_of(forked_window, here))
    session.seek(session.latest)
    forked_window.refresh()
    assert state_of(forked_window, "broker-1") == "frozen"
    assert session.latest < 7_000_000


def test_the_arrows_go_to_the_other_future_as_well(forked_window: MainWindow, qtbot):
    session = forked_window.session
    assert session is not None
    timeline = forked_window.page.bottom.timeline
    assert not main_is_shown(forked_window)
    timeline.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(timeline, Qt.Key.Key_Up)
    assert main_is_shown(forked_window)
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert not main_is_shown(forked_window)


def main_is_shown(window: MainWindow) -> bool:
    view = window.page.bottom.timeline.view
    assert view is not None
    return next(one.current for one in view.branches if one.name == "main")


def test_dragging_the_timeline_shows_the_cluster_of_that_instant(forked_window: MainWindow, qtbot):
    session = forked_window.session
    assert session is not None
    timeline = forked_window.page.bottom.timeline
    at = QPoint(round(timeline.axis().x_of(3_000_000)), timeline.height() - 30)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=at)
    assert abs(session.now - 3_000_000) < 100_000
    assert state_of(forked_window, "broker-1") == "running"


# --- nothing is cut -------------------------------------------------------------------------------


def test_no_inspector_is_wider_than_its_column(forked_window: MainWindow, qtbot):
    panel = forked_window.page.inspector
    for entry in (*forked_window.menus.subjects(), None):
        if entry is not None:
            entry.run()
        qtbot.wait(1)
        assert panel.body is not None
        assert panel.body.minimumSizeHint().width() <= panel.scroll_area.viewport().width(), panel.title.text()
        for row in (*panel.body.config, *panel.body.values):
            longest = max(re.split(r"[ \u200b]", row.value.text()), key=len)
            assert row.value.fontMetrics().horizontalAdvance(longest) <= row.value.width(), row.value.text()
        buttons = [one for one in panel.findChildren(QPushButton) if one.isVisible()]
        assert all(one.sizeHint().width() <= one.width() for one in buttons), panel.title.text()
        assert panel.subtitle.sizeHint().width() <= panel.subtitle.width(), panel.title.text()
