"""Two futures side by side at the real window, and the empty place where there is one only."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from lab.cluster.actions.machines import Crash
from lab.cluster.probes.comparison import ComparisonView
from lab.lessons.opening import start
from lab.ui.main_window import MainWindow
from lab.ui.panels.compare_view import CompareView
from lab.ui.screenshot import picture_of
from tests.ui.paints import Paints, unlike

SECOND = 1_000_000


@pytest.fixture
def forked(window: MainWindow) -> MainWindow:
    """At 6 s one broker crashes; in another future another one."""
    session = start("07-kill-the-leader")
    session.lesson = None
    window.show_session(session)
    session.run_for(6 * SECOND)
    session.post(Crash("broker-1"))
    session.run_for(14 * SECOND)
    session.seek(6 * SECOND)
    session.post(Crash("broker-2"))
    session.run_for(12 * SECOND)
    window.refresh()
    return window


def opened(window: MainWindow, qtbot) -> CompareView:
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    found = window.page.shown_in_full()
    assert isinstance(found, CompareView)
    return found


def test_two_futures_are_compared_on_one_clock(forked: MainWindow, qtbot):
    session = forked.session
    assert session is not None
    view = opened(forked, qtbot)
    assert view.branch_box.currentText() == "main"
    shown = view.canvas.view
    assert shown is not None
    assert shown.one.time == shown.other.time == session.now
    assert any("led by" in one for one in shown.words)
    assert [text for _, text in shown.other.deeds] == ["Crash broker-1"]
    forked.travel.seek_to(8 * SECOND)
    moved = view.canvas.view
    assert moved is not None
    assert moved.one.time == moved.other.time == session.now <= 8 * SECOND


def test_the_other_future_is_one_key_away(forked: MainWindow, qtbot):
    session = forked.session
    assert session is not None
    view = opened(forked, qtbot)
    now = session.now
    qtbot.keyClick(view.canvas, Qt.Key.Key_X)
    assert session.branch_name == "main"
    assert session.now == now
    assert view.branch_box.currentText() == "branch 2"
    assert view.canvas.view is not None
    assert view.canvas.view.one.branch == "main"
    qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert forked.page.shown_in_full() is None


def test_what_differs_is_marked_and_more_than_by_colour(forked: MainWindow, qtbot):
    view = opened(forked, qtbot)
    different = picture_of(view.canvas)
    forked.travel.seek_to(5 * SECOND)
    assert view.canvas.view is not None
    assert view.canvas.view.words == ("At this instant they are alike.",)
    assert unlike(different, picture_of(view.canvas).copy(different.rect())) > 500


def test_nothing_new_paints_nothing(forked: MainWindow, qtbot):
    view = opened(forked, qtbot)
    qtbot.wait(30)
    paints = Paints()
    view.canvas.installEventFilter(paints)
    for _ in range(3):
        view.refresh()
    qtbot.wait(30)
    assert paints.count == 0


def test_both_futures_run_together_however_fast_time_runs(forked: MainWindow, qtbot):
    session = forked.session
    assert session is not None
    forked.travel.seek_to(7 * SECOND)
    view = opened(forked, qtbot)
    session.set_speed(64)
    session.play()
    seen = [one for one in (turn(forked, view) for _ in range(60)) if one is not None]
    session.pause()
    assert seen[-1].one.time > 8 * SECOND
    assert len({one.one.time for one in seen}) > 3, "it goes on while time runs"
    ends = next(one.latest for one in session.timeline.branches if one.name == "main")
    assert [one.other.time for one in seen] == [min(one.one.time, ends) for one in seen]


def turn(window: MainWindow, view: CompareView) -> ComparisonView | None:
    """A frame, in which a second's sixtieth has passed."""
    assert window.session is not None
    window.session.advance(16_000, view.share(window.session, 5_000))
    window.frame += 1
    window.pull(whole=False)
    return view.canvas.view


def test_this_future_waits_until_the_other_has_caught_up(forked: MainWindow, qtbot):
    session = forked.session
    assert session is not None
    forked.travel.seek_to(7 * SECOND)
    view = opened(forked, qtbot)
    assert view.share(session, 5_000) == 5_000, "while time stands there is nothing to share"
    session.run_for(4 * SECOND)
    session.playing = True
    other = session.beside
    assert other.world is not None
    assert not other.keep_step("main", 0)
    assert view.share(session, 0) == 0
    before = session.now
    session.advance(16_000, 0)
    assert session.now == before
    assert session.behind
    while not other.keep_step("main", 5_000):
        pass
    assert other.world.now == session.now
    assert view.share(session, 5_000) == 2_500


def test_with_one_future_it_says_how_there_can_be_two(window: MainWindow, qtbot):
    session = start("01-hello-log")
    window.show_session(session)
    view = opened(window, qtbot)
    assert view.canvas.view is None
    assert not view.branch_box.isEnabled()
    assert not view.buttons["switch"].isEnabled()
    assert not picture_of(view.canvas).isNull()


def test_it_is_written_as_a_picture(forked: MainWindow, qtbot, tmp_path: Path):
    view = opened(forked, qtbot)
    for kind in ("png", "svg"):
        view.export(tmp_path / f"compare.{kind}", kind)
    assert QImage(str(tmp_path / "compare.png")).width() == 2 * view.canvas.width()
    assert "broker-1" in (tmp_path / "compare.svg").read_text(encoding="utf-8")
