"""Why: the space-time diagram of what led to an event, and the ways to ask for it."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QMenu, QToolButton

from lab.cluster.actions.machines import Crash
from lab.cluster.probes.causes import CausesView
from lab.lessons.opening import start
from lab.ui.canvas.spacetime import SpaceTimeCanvas, spoken_text, tooltip_of
from lab.ui.canvas.spacetime_layout import layout_of
from lab.ui.main_window import MainWindow
from lab.ui.panels.inspector_rows import CauseRow
from lab.ui.panels.why import WhyView
from lab.ui.screenshot import picture_of
from tests.ui.paints import Paints, forget_all_hues, unlike
from tests.ui.scripted import ScriptedSession, as_session
from tests.ui.ways import SECOND, unknown_way, way_of_a_fencing, way_without_beginning


@dataclass
class AskedSession(ScriptedSession):
    """Answers every question in the same way, and remembers what was asked."""

    way: CausesView = field(default_factory=way_of_a_fencing)
    questions: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def branch_name(self) -> str:
        return self.branch

    def causes(self, event_number: int, steps: int) -> CausesView:
        self.questions.append((event_number, steps))
        return self.way


@pytest.fixture
def canvas(look, qtbot) -> SpaceTimeCanvas:
    found = SpaceTimeCanvas()
    qtbot.addWidget(found)
    found.resize(1000, 420)
    found.show_causes(way_of_a_fencing(), 15_600_400)
    found.show()
    qtbot.waitExposed(found)
    return found


@pytest.fixture
def view(look, qtbot) -> WhyView:
    found = WhyView()
    qtbot.addWidget(found)
    found.resize(1300, 520)
    found.show()
    return found


# --- where things are -----------------------------------------------------------------------------


@pytest.mark.parametrize("to_scale", [False, True])
def test_time_goes_to_the_right_whatever_the_scale(to_scale: bool):
    way = way_of_a_fencing()
    layout = layout_of(way, 1000, 420, 1.0, to_scale=to_scale)
    assert list(layout.xs) == sorted(layout.xs)
    assert layout.xs[-1] <= 1000
    xs = [layout.x_of(one.time) for one in way.steps]
    assert xs == sorted(xs)
    if to_scale:
        assert xs[2] - xs[1] < 1, "the message is lost beside the seconds"
        assert abs((xs[1] - xs[0]) / (xs[3] - xs[1]) - 75) < 1
    else:
        assert all(later - before > 25 for before, later in itertools.pairwise(xs)), "no two on each other"


def test_each_machine_has_a_row_and_a_message_goes_from_one_to_another():
    way = way_of_a_fencing()
    layout = layout_of(way, 1000, 420, 1.0, to_scale=False)
    assert list(layout.rows) == list(way.hosts)
    assert sorted(layout.rows.values()) == list(layout.rows.values())
    assert layout.bottom < 420


def test_a_single_event_stands_in_the_middle(look, qtbot):
    way = way_of_a_fencing()
    alone = CausesView(1, way.hosts[:2], way.steps[:1], (), (), complete=True)
    layout = layout_of(alone, 1000, 420, 1.0, to_scale=False)
    assert 300 < layout.x_of(alone.steps[0].time) < 700
    canvas = SpaceTimeCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(1000, 300)
    canvas.show_causes(alone, 0)
    assert not picture_of(canvas).isNull()


# --- mouse and keys -------------------------------------------------------------------------------


def test_a_click_on_an_event_goes_there(canvas: SpaceTimeCanvas, qtbot):
    with qtbot.waitSignal(canvas.event_asked) as asked:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.place_of(1).toPoint())
    assert asked.args == [4_204]
    assert canvas.chosen == 1
    assert canvas.step_at(QPointF(500, 10)) == -1


def test_arrows_go_along_the_way_and_return_goes_to_the_event(canvas: SpaceTimeCanvas, qtbot):
    assert canvas.chosen == 4, "it begins at what was asked about"
    for key, chosen in ((Qt.Key.Key_Left, 3), (Qt.Key.Key_Up, 2), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Left, 0),
                        (Qt.Key.Key_Right, 1), (Qt.Key.Key_End, 4), (Qt.Key.Key_Right, 4)):  # fmt: skip
        qtbot.keyClick(canvas, key)
        assert canvas.chosen == chosen
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    with qtbot.waitSignal(canvas.event_asked) as asked:
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert asked.args == [2_708]


def test_each_event_says_what_it_was_what_it_meant_and_when():
    crash, silence, message, timer, _ = way_of_a_fencing().steps
    assert tooltip_of(crash).splitlines() == ["Crash broker-1", "crash · broker-1", "00:08.000 · event 2\u202f708"]
    assert "controller-1 has not heard broker-1" in tooltip_of(silence)
    assert "silent for 7.5 s" in tooltip_of(silence)
    assert "on its way for 0.7 ms" in tooltip_of(message)
    assert "set again 3 times" in tooltip_of(timer)


def test_the_way_can_be_heard():
    text = spoken_text(way_of_a_fencing())
    assert text.startswith("Why? broker-3 leaves the ISR of orders-0")
    assert text.endswith("Crash broker-1")


# --- painting -------------------------------------------------------------------------------------


def test_the_same_way_at_the_same_instant_paints_nothing(canvas: SpaceTimeCanvas, qtbot):
    qtbot.wait(1)
    paints = Paints()
    canvas.installEventFilter(paints)
    canvas.show_causes(way_of_a_fencing(), 15_600_400)
    qtbot.wait(30)
    assert paints.count == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_silence_a_message_and_a_dead_machine_are_told_apart_without_colour(look, canvas, theme: str):
    look(theme)
    forget_all_hues()
    canvas._use_theme()
    picture = picture_of(canvas)
    crash, fenced, learnt = (canvas.place_of(at) for at in (0, 1, 2))

    def piece(x: float, y: float) -> QImage:
        return picture.copy(round(x) - 14, round(y) - 14, 28, 28)

    silence = piece(crash.x() + 0.8 * (fenced.x() - crash.x()), crash.y() + 0.8 * (fenced.y() - crash.y()))
    message = piece((fenced.x() + learnt.x()) / 2, (fenced.y() + learnt.y()) / 2)
    dead = piece((crash.x() + fenced.x()) / 2, crash.y())
    for one, other in ((silence, message), (silence, dead), (message, dead)):
        assert unlike(one, other) > 20


def test_an_event_of_which_nothing_is_known_says_what_to_do(canvas: SpaceTimeCanvas):
    full = picture_of(canvas)
    canvas.show_causes(unknown_way(), 0)
    assert canvas.step_at(QPointF(500, 200)) == -1
    assert unlike(full, picture_of(canvas)) > 500


# --- the whole view -------------------------------------------------------------------------------


def test_the_list_goes_from_the_event_back_to_its_cause(view: WhyView, qtbot):
    session = AskedSession()
    view.ask(as_session(session), 4_231)
    assert session.questions == [(4_231, 12)]
    assert [row.cause.event_number for row in view.rows] == [4_231, 4_230, 4_209, 4_204, 2_708]
    assert "5 · controller-1 hears AlterPartitionRequest from broker-2" in view.rows[0].cause.text
    with qtbot.waitSignal(view.event_asked) as asked:
        qtbot.mouseClick(view.rows[3], Qt.MouseButton.LeftButton)
    assert asked.args == [4_204]
    assert view.canvas.chosen == 1


def test_a_question_is_asked_once_and_again_only_on_another_branch(view: WhyView):
    session = AskedSession()
    view.ask(as_session(session), 4_231)
    for _ in range(3):
        view.pull(as_session(session))
    assert len(session.questions) == 1
    session.switch("crash later")
    view.pull(as_session(session))
    assert len(session.questions) == 2


def test_one_can_look_further_back_unless_there_is_nothing(view: WhyView, qtbot):
    view.ask(as_session(AskedSession()), 4_231)
    assert not view.buttons["further"].isEnabled(), "behind what was done there is nothing"
    session = AskedSession(way=way_without_beginning())
    view.ask(as_session(session), 12)
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert session.questions == [(12, 12), (12, 24)]


def test_the_scale_is_changed_by_a_key_and_the_button_shows_it(view: WhyView, qtbot):
    view.ask(as_session(AskedSession()), 4_231)
    qtbot.keyClick(view, Qt.Key.Key_S)
    assert view.canvas.to_scale
    assert view.buttons["scale"].isChecked()
    qtbot.mouseClick(view.buttons["scale"], Qt.MouseButton.LeftButton)
    assert not view.canvas.to_scale
    assert not view.buttons["scale"].isChecked()


def test_it_is_written_as_a_picture(view: WhyView, tmp_path: Path):
    view.ask(as_session(AskedSession()), 4_231)
    for kind in ("png", "svg"):
        view.export(tmp_path / f"why.{kind}", kind)
    assert QImage(str(tmp_path / "why.png")).width() == 2 * view.canvas.width()
    assert "AlterPartitionRequest" in (tmp_path / "why.svg").read_text(encoding="utf-8")


# --- at the real window ---------------------------------------------------------------------------


@pytest.fixture
def crashed(window: MainWindow) -> MainWindow:
    """A leader crashed at 6 s, and was missed."""
    session = start("07-kill-the-leader")
    window.show_session(session)
    session.run_for(6 * SECOND)
    session.post(Crash("broker-1"))
    session.run_for(12 * SECOND)
    window.refresh()
    return window


def asked_view(window: MainWindow) -> WhyView:
    found = window.page.shown_in_full()
    assert isinstance(found, WhyView)
    return found


def test_a_key_asks_about_the_event_at_which_time_stands(crashed: MainWindow, qtbot):
    session = crashed.session
    assert session is not None
    crashed.travel.seek_to(7 * SECOND)
    while session.timeline.world.moments[-1].kind != "broker":
        qtbot.keyClick(crashed, Qt.Key.Key_N)
    number = session.event_number
    qtbot.keyClick(crashed, Qt.Key.Key_W)
    view = asked_view(crashed)
    assert view.event_number == number
    assert [row.cause.text.splitlines()[0] for row in view.rows] == [
        "2 · controller-1 has not heard broker-1", "1 · Crash broker-1",
    ]  # fmt: skip
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=view.canvas.place_of(0).toPoint())
    assert abs(session.now - 6 * SECOND) < 10
    assert asked_view(crashed).event_number == number, "the question stays, wherever time stands"
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert crashed.page.shown_in_full() is None


def test_a_badge_of_the_timeline_has_a_menu_that_asks_why(crashed: MainWindow):
    session = crashed.session
    assert session is not None
    timeline = crashed.page.bottom.timeline
    picture_of(timeline)
    assert timeline.view is not None
    fault = next(at for at, one in enumerate(timeline.view.moments) if one.kind == "fault")
    cluster = next(one for one in timeline._clusters if fault in one.members)
    where = QPointF(cluster.middle, timeline.lanes().moments_middle).toPoint()
    timeline.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, timeline.mapToGlobal(where)))
    menu = timeline.findChild(QMenu)
    assert menu is not None
    entry = next(one for one in menu.actions() if one.text() == "Why? crash · broker-1")
    entry.trigger()
    menu.close()
    assert asked_view(crashed).view is not None
    assert [one.kind for one in asked_view(crashed).view.steps] == ["action"]  # type: ignore[union-attr]


def test_each_cause_in_the_inspector_can_be_asked_about(crashed: MainWindow, qtbot):
    crashed.selection.select("broker", "broker-1")
    row = crashed.page.inspector.findChildren(CauseRow)[0]
    qtbot.mouseClick(row.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert asked_view(crashed).event_number == row.cause.event_number
