"""One sitting at the real window, by mouse and keyboard: learn, predict, break, watch, rewind, act again, take home."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QPushButton

from lab.cluster.session.session import Session
from lab.ui import app
from lab.ui.main_window import MainWindow
from lab.ui.settings import Settings

SECOND = 1_000_000


@pytest.fixture
def lab(qtbot, tmp_path: Path) -> MainWindow:
    """The window as it starts: on its first page, with the real scenarios."""
    settings = Settings(theme="dark")
    app.apply_look(settings, False)
    store = QSettings(str(tmp_path / "places.ini"), QSettings.Format.IniFormat)
    window = MainWindow(app.real_opener(), settings, tmp_path / "settings.toml", app.apply_look, store)
    window.update_theme()
    window.resize(1600, 1000)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def session_of(window: MainWindow) -> Session:
    assert window.session is not None
    return window.session


def leader_of(window: MainWindow, partition: str) -> str:
    view = window.page.stage.cluster_view
    assert view is not None
    return next(one.leader for one in view.partitions if one.name == partition)


def state_of(window: MainWindow, broker: str) -> str:
    window.refresh()
    view = window.page.stage.cluster_view
    assert view is not None
    return next(one.state for one in view.brokers if one.name == broker)


def broker_corner(window: MainWindow, broker: str) -> QPoint:
    """A point of the broker's card beside its tiles."""
    return (window.page.stage.matrix.layout_now().brokers[broker].topLeft() + QPointF(20, 20)).toPoint()


def choose(window: MainWindow, title: str) -> None:
    """Choose an entry of the menu that is open."""
    menu = window.menus.menu
    entry = next(one for one in menu.actions() if one.text() == title)
    assert entry.isEnabled(), entry.toolTip()
    menu.close()
    entry.trigger()
    window.activateWindow()


def right_click(window: MainWindow, where: QPoint) -> None:
    matrix = window.page.stage.matrix
    reason = QContextMenuEvent.Reason.Mouse
    matrix.contextMenuEvent(QContextMenuEvent(reason, where, matrix.mapToGlobal(where)))


def play_until(window: MainWindow, qtbot, time: int) -> None:
    """Let time run, at the fastest, until the clock has passed `time`."""
    if not session_of(window).playing:
        qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.keyClick(window, Qt.Key.Key_9)
    qtbot.waitUntil(lambda: session_of(window).now >= time, timeout=60_000)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not session_of(window).playing


def test_a_sitting(lab: MainWindow, qtbot, tmp_path: Path):
    # Learn: a click on a card of the start page.
    qtbot.mouseClick(lab.start_page.cards["07-kill-the-leader"], Qt.MouseButton.LeftButton)
    session = session_of(lab)
    assert lab.page.isVisible()
    assert lab.page.subject == ("partition", "orders-0"), "the lesson says what its page is about"

    # Predict: time does not run before.
    qtbot.keyClick(lab, Qt.Key.Key_Space)
    assert not session.playing
    session.lesson.answer(session.lesson.step.question.options[0].key)
    qtbot.keyClick(lab, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert session.playing
    play_until(lab, qtbot, 6 * SECOND)
    first = leader_of(lab, "orders-0")

    # Break: a right click on the leader, and Crash.
    before = session.now
    right_click(lab, broker_corner(lab, first))
    choose(lab, "Crash")
    assert state_of(lab, first) == "crashed"

    # Watch: the controller waits for the session to end, then the crown moves.
    play_until(lab, qtbot, before + 12 * SECOND)
    second = leader_of(lab, "orders-0")
    assert second not in ("", first)
    assert any(one.kind == "leader" for one in session.timeline_view(1).moments)
    qtbot.waitUntil(lambda: session.lesson.view().question.state == "scored")
    qtbot.keyClick(lab, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert session.lesson.at == 1

    # Rewind: drag along the timeline to before the crash.
    timeline = lab.page.bottom.timeline
    y = timeline.height() - 30
    start, goal = (QPoint(round(timeline.axis().x_of(time)), y) for time in (session.now, before - SECOND))
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(timeline, goal)
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=goal)
    lab.refresh()
    assert abs(session.now - (before - SECOND)) < SECOND // 4
    assert leader_of(lab, "orders-0") == first
    assert session.latest >= before + 12 * SECOND, "what happened later is still there"

    # Act again: another broker dies, in a future of its own; both are kept.
    other = next(name for name in ("broker-1", "broker-2", "broker-3") if name != first)
    right_click(lab, broker_corner(lab, other))
    choose(lab, "Crash")
    lab.refresh()
    assert next(one.name for one in session.timeline_view(1).branches) == "main"
    assert len(session.timeline_view(1).branches) == 2
    assert (state_of(lab, first), state_of(lab, other)) == ("running", "crashed")
    lab.travel.switch_branch("main")
    lab.travel.seek_to(before + 2 * SECOND)
    assert (state_of(lab, first), state_of(lab, other)) == ("crashed", "running")

    # Replay at will, one event and back.
    number = session.event_number
    qtbot.keyClick(lab, Qt.Key.Key_Period)
    assert session.event_number == number + 1
    qtbot.keyClick(lab, Qt.Key.Key_Comma)
    assert session.event_number == number

    # Take home: charts, a picture, a report, and the session, which opens where it was.
    lab.travel.seek_latest()
    for kind in ("png", "svg", "csv"):
        lab.files.try_to(lambda path, kind=kind: lab.files.write_charts(path, kind), tmp_path / f"charts.{kind}")
    lab.files.try_to(lab.files.write_picture, tmp_path / "window.png")
    for kind in ("html", "pdf"):
        lab.files.try_to(lambda path, kind=kind: lab.files.write_report(path, kind), tmp_path / f"report.{kind}")
    lab.files.try_to(lab.files.save_session, tmp_path / "session.json")
    written = {one.name: one.stat().st_size for one in tmp_path.iterdir()}
    for name in ("charts.png", "charts.svg", "charts.csv", "window.png", "report.html", "report.pdf", "session.json"):
        assert written[name] > 500, name
    assert "Kill the leader" in (tmp_path / "report.html").read_text(encoding="utf-8")
    now, event, branches = session.now, session.event_number, session.timeline_view(1).branches
    lab.open_session(str(tmp_path / "session.json"))
    again = session_of(lab)
    assert again is not session
    assert (again.now, again.event_number, again.timeline_view(1).branches) == (now, event, branches)
    assert again.lesson.at == 1


def test_building_a_cluster_by_hand_and_taking_it_home_as_a_scenario(lab: MainWindow, qtbot, tmp_path: Path):
    qtbot.mouseClick(lab.start_page.cards["00-sandbox"], Qt.MouseButton.LeftButton)
    session = session_of(lab)
    for title in ("Add a broker", "Create a topic …", "Add a producer …", "Add a consumer …"):
        lab.menus.open_build()
        choose(lab, title)
        for dialog in list(lab.dialogs):
            send = next(one for one in dialog.findChildren(QPushButton) if one.isDefault())
            qtbot.mouseClick(send, Qt.MouseButton.LeftButton)
        play_until(lab, qtbot, session.now + 5 * SECOND)
    view = lab.page.stage.cluster_view
    assert view is not None
    assert (len(view.brokers), len(view.producers), len(view.groups)) == (1, 1, 1)
    assert sum(one.replicas[0].log_end_offset for one in view.partitions) > 10
    lab.files.try_to(lab.files.write_disks, tmp_path / "disks")
    assert (tmp_path / "disks" / "broker-1" / "meta.properties").exists()
    lab.files.try_to(lab.files.write_scenario, tmp_path / "mine.md")
    lab.open_session(str(tmp_path / "mine.md"))
    assert session_of(lab) is not session
    assert len(session_of(lab).spec.producers) == 1
