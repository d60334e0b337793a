"""Stops at the real window: breakpoints are set, remembered, and the run stops there and says why."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from lab.cluster.actions.machines import Crash
from lab.cluster.refused import Refused
from lab.cluster.session.breakpoints import Breakpoint, breakpoints_from
from lab.lessons.opening import reopen, start
from lab.ui import settings as settings_file
from lab.ui.dialogs.breakpoints import ALL_GROUPS, BreakpointsDialog
from lab.ui.main_window import MainWindow
from lab.ui.panels.why import WhyView
from tests.ui.scripted import ScriptedSession, as_session

SECOND = 1_000_000


@pytest.fixture
def real_window(window: MainWindow) -> MainWindow:
    session = start("05-crash-and-then")
    window.show_session(session)
    session.lesson = None
    session.run_for(6 * SECOND)
    window.refresh()
    return window


def dialog_of(window: MainWindow) -> BreakpointsDialog:
    window.actions_by_id["breakpoints"].trigger()
    found = window.dialogs[-1]
    assert isinstance(found, BreakpointsDialog)
    return found


def play_until_it_stops(window: MainWindow, qtbot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_9)
    window.play()
    assert window.session is not None
    qtbot.waitUntil(lambda: window.session is not None and not window.session.playing, timeout=60_000)


def test_a_run_stops_at_the_event_says_why_and_shows_the_place(real_window: MainWindow, qtbot):
    session = real_window.session
    assert session is not None
    dialog = dialog_of(real_window)
    dialog.boxes["leader"].click()
    dialog.close()
    real_window.activateWindow()
    leader = session.world.hosts["broker-1"].name
    session.post(Crash(leader))
    play_until_it_stops(real_window, qtbot)
    assert session.stop is not None
    assert session.stop.kind == "partition"
    assert real_window.page.subject == ("partition", session.stop.name)
    assert real_window.page.banner.text.text().startswith(f"Stopped: {session.stop.text}. 00:")
    assert not real_window.timer.isActive()
    qtbot.keyClick(real_window, Qt.Key.Key_W)
    view = real_window.page.shown_in_full()
    assert isinstance(view, WhyView)
    assert view.event_number == session.stop.event_number


def test_going_by_hand_is_not_stopped(real_window: MainWindow):
    session = real_window.session
    assert session is not None
    real_window.stops.set((Breakpoint("leader"),))
    session.post(Crash("broker-1"))
    real_window.travel.seek_to(session.now + 20 * SECOND)
    assert session.stop is None
    assert any(one.kind == "leader" for one in session.world.moments)


def test_what_is_set_is_remembered_and_a_saved_session_has_its_own(real_window: MainWindow, tmp_path: Path):
    real_window.stops.set(breakpoints_from(("loss", "lag > 500"), "test"))
    assert settings_file.load(real_window.settings_file).breakpoints == ("loss", "lag > 500")
    assert real_window.session is not None
    real_window.session.save(tmp_path / "mine.json")
    real_window.stops.set((Breakpoint("fenced"),))
    real_window.show_session(start("01-hello-log"))
    assert real_window.session.breakpoints.chosen == (Breakpoint("fenced"),), "as it was set last"
    real_window.show_session(reopen(tmp_path / "mine.json"))
    assert [str(one) for one in real_window.session.breakpoints.chosen] == ["loss", "lag > 500"]
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["breakpoints"] == ["loss", "lag > 500"]


def test_the_top_bar_is_lit_while_anything_is_set(window: MainWindow):
    bar = window.page.topbar
    assert bar.icons[bar.breakpoints] == ("octagon-pause", "t2")
    window.stops.set((Breakpoint("loss"),))
    assert bar.icons[bar.breakpoints] == ("octagon-pause", "pending")
    assert bar.breakpoints.accessibleName() == "Stop when …, 1 set"
    assert "set: loss" in bar.breakpoints.toolTip()
    window.toggle_theme()
    assert bar.icons[bar.breakpoints] == ("octagon-pause", "pending")
    window.stops.set(())
    assert bar.icons[bar.breakpoints] == ("octagon-pause", "t2")


def test_setting_breakpoints_does_not_restyle_the_window(window: MainWindow):
    asked: list[object] = []
    window.apply_look = lambda settings, presenting: asked.append(settings)
    window.stops.set((Breakpoint("loss"),))
    assert asked == []


# --- the dialog -----------------------------------------------------------------------------------


@pytest.fixture
def applied() -> list[tuple[Breakpoint, ...]]:
    return []


@pytest.fixture
def dialog(look, qtbot, applied: list[tuple[Breakpoint, ...]]) -> BreakpointsDialog:
    found = BreakpointsDialog(breakpoints_from(("loss", "lag pay > 70"), "x"), ("pay", "audit"), applied.append)
    qtbot.addWidget(found)
    found.show()
    return found


def test_it_shows_what_is_set_and_each_choice_takes_effect_at_once(dialog: BreakpointsDialog, applied):
    assert {kind for kind, box in dialog.boxes.items() if box.isChecked()} == {"loss", "lag"}
    assert (dialog.group.currentText(), dialog.records.value()) == ("pay", 70)
    dialog.records.setValue(80)
    assert applied[-1] == (Breakpoint("loss"), Breakpoint("lag", "pay", 80))
    dialog.group.setCurrentText(ALL_GROUPS)
    assert applied[-1][1] == Breakpoint("lag", "", 80)
    dialog.boxes["fenced"].click()
    assert Breakpoint("fenced") in applied[-1]


def test_all_can_be_cleared_and_the_limit_waits_for_its_box(dialog: BreakpointsDialog, applied, qtbot):
    clear = next(one for one in dialog.findChildren(QPushButton) if one.text() == "Clear all")
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert applied[-1] == ()
    assert not dialog.records.isEnabled()


def test_a_broken_invariant_always_stops_and_says_so(dialog: BreakpointsDialog):
    assert dialog.always.isChecked()
    assert not dialog.always.isEnabled()


# --- settings -------------------------------------------------------------------------------------


def test_settings_with_a_wrong_breakpoint_are_refused_with_the_place():
    with pytest.raises(Refused, match="settings: breakpoints: wanted one of loss"):
        settings_file.parse({"breakpoints": ["nonsense"]})
    with pytest.raises(Refused, match="settings: breakpoints: wanted a list of texts"):
        settings_file.parse({"breakpoints": 3})


def test_a_session_without_breakpoints_shows_nothing_when_time_stops(window: MainWindow):
    before = window.page.subject
    window.stops.show(as_session(ScriptedSession()))
    assert window.page.subject == before
    assert not window.page.banner.isVisible()
