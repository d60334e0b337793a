"""The timeline: time by hand, branches by hand and by key, what is under the mouse, who makes room for whom."""

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu

from lab.cluster.probes.views import BranchView, MomentView, SpanView, TimelineView
from lab.env import Micros
from lab.ui.canvas.story import story_of
from lab.ui.canvas.time_axis import TimeAxis, tick_text, whole_end
from lab.ui.canvas.timeline import TimelineCanvas, limited, span_words, spoken_text
from lab.ui.canvas.timeline_lanes import BRANCHES, PITCH_MIN, share_height
from lab.ui.canvas.timeline_painter import density_bars
from lab.ui.screenshot import picture_of
from tests.ui.paints import Paints, forget_all_hues, unlike
from tests.ui.scenes import empty_timeline, spans, timeline_with_two_branches
from tests.ui.scripted import SECOND

EMPTY_X = 700
"""Under no mark, no chip and no badge of the scene."""


@pytest.fixture
def timeline(look, qtbot) -> TimelineCanvas:
    canvas = TimelineCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(1272, 150)
    canvas.set_view(timeline_with_two_branches())
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


@pytest.fixture
def asked(timeline: TimelineCanvas) -> list[Micros]:
    """The instants that the timeline asks for."""
    found: list[Micros] = []
    timeline.seek_requested.connect(found.append)
    return found


@pytest.fixture
def switched(timeline: TimelineCanvas) -> list[str]:
    """The branches that the timeline asks for."""
    found: list[str] = []
    timeline.branch_requested.connect(found.append)
    return found


def x_at(timeline: TimelineCanvas, seconds: float) -> int:
    return round(timeline.axis().x_of(round(seconds * SECOND)))


def drag(timeline: TimelineCanvas, at: QPoint) -> None:
    """`QTest.mouseMove` holds no button."""
    place, none, left = QPointF(at), Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    glob = QPointF(timeline.mapToGlobal(at))
    moved = QMouseEvent(QEvent.Type.MouseMove, place, glob, none, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(timeline, moved)


def chip_of(timeline: TimelineCanvas, name: str) -> QPoint:
    chips = timeline.chips(timeline.axis(), timeline.lanes())
    return next(box for box, one in chips if isinstance(one, BranchView) and one.name == name).center().toPoint()


# --- time by hand ---------------------------------------------------------------------------------


def test_a_press_seeks_and_dragging_goes_on_seeking(timeline: TimelineCanvas, asked: list[Micros], qtbot):
    at = QPoint(EMPTY_X, 130)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=at)
    drag(timeline, at + QPoint(-60, 0))
    drag(timeline, at + QPoint(-60, 4))
    drag(timeline, at + QPoint(-120, 0))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=at)
    axis = timeline.axis()
    assert asked == [axis.time_at(x) for x in (EMPTY_X, EMPTY_X - 60, EMPTY_X - 120)]
    drag(timeline, at)
    assert len(asked) == 3  # the button is up


def test_time_by_hand_stays_within_what_was_run(timeline: TimelineCanvas, asked: list[Micros], qtbot):
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x_at(timeline, 80), 130))
    drag(timeline, QPoint(2, 130))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(2, 130))
    assert asked == [60 * SECOND, 0]


def test_a_press_on_the_names_does_nothing(timeline: TimelineCanvas, asked: list[Micros], qtbot):
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(40, 60))
    qtbot.mouseClick(timeline, Qt.MouseButton.RightButton, pos=QPoint(EMPTY_X, 60))
    assert asked == []


def test_a_badge_leads_to_exactly_its_moment(timeline: TimelineCanvas, asked: list[Micros], qtbot):
    picture_of(timeline)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x_at(timeline, 28) + 5, 10))
    assert asked == [28 * SECOND]


@pytest.mark.parametrize(
    ("key", "instant"),
    [(Qt.Key.Key_Home, 0), (Qt.Key.Key_End, 60 * SECOND), (Qt.Key.Key_Left, None), (Qt.Key.Key_PageDown, None)],
)
def test_keys_move_time(timeline: TimelineCanvas, asked: list[Micros], qtbot, key: Qt.Key, instant: Micros | None):
    qtbot.keyClick(timeline, key)
    (found,) = asked
    now = 42_180_000
    if instant is not None:
        assert found == instant
    else:
        assert (found < now) == (key == Qt.Key.Key_Left)
        assert abs(found - now) <= 10 * SECOND


def test_the_wheel_zooms_around_the_mouse_and_a_double_click_shows_everything_again(timeline: TimelineCanvas, qtbot):
    x = x_at(timeline, 30)
    before = timeline.axis()
    turn(timeline, x, 360)
    after = timeline.axis()
    assert after.span < before.span / 1.9
    assert abs(after.x_of(30 * SECOND) - x) < 2
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(EMPTY_X, 130))
    assert timeline.axis() == before


def turn(timeline: TimelineCanvas, x: int, angle: int) -> None:
    at = QPointF(x, 100)
    wheel = QWheelEvent(
        at, QPointF(timeline.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(timeline, wheel)


def test_zoomed_in_the_page_turns_with_the_play_head(timeline: TimelineCanvas):
    turn(timeline, x_at(timeline, 30), 1200)
    assert not timeline.axis().shows(55 * SECOND)
    timeline.set_view(timeline_with_two_branches(now=55 * SECOND))
    assert timeline.axis().shows(55 * SECOND)


# --- branches -------------------------------------------------------------------------------------


def test_every_branch_has_its_name_where_it_forked(timeline: TimelineCanvas):
    chips = timeline.chips(timeline.axis(), timeline.lanes())
    assert [one.name for _, one in chips if isinstance(one, BranchView)] == ["main", "acks=1"]
    (main, _), (other, _) = chips
    assert abs(other.left() - x_at(timeline, 30)) <= 1
    assert not main.intersects(other)
    assert timeline.text_at(QPointF(chip_of(timeline, "acks=1"))) == "acks=1 · from main at 00:30.000 · up to 01:00.000"


def test_a_click_on_another_branch_asks_for_it_and_leaves_time_alone(
    timeline: TimelineCanvas, switched: list[str], asked: list[Micros], qtbot
):
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=chip_of(timeline, "acks=1"))
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=chip_of(timeline, "main"))
    assert switched == ["acks=1"]  # main is where we are
    assert asked == []


def test_up_and_down_go_along_the_branches_and_stop_at_the_ends(timeline: TimelineCanvas, switched: list[str], qtbot):
    qtbot.keyClick(timeline, Qt.Key.Key_Up)
    assert switched == []
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert switched == ["acks=1"]
    timeline.set_view(timeline_with_two_branches(current="acks=1"))
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    qtbot.keyClick(timeline, Qt.Key.Key_Up)
    assert switched == ["acks=1", "main"]


def test_one_branch_alone_needs_no_rail(timeline: TimelineCanvas, switched: list[str], qtbot):
    view = timeline_with_two_branches()
    timeline.set_view(replace(view, branches=view.branches[:1]))
    assert timeline.lanes().lane(BRANCHES) is None
    assert timeline.chips(timeline.axis(), timeline.lanes()) == []
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert switched == []


def test_branches_that_do_not_fit_are_a_number_that_opens_all_of_them(
    timeline: TimelineCanvas, switched: list[str], qtbot
):
    view = timeline_with_two_branches()
    many = tuple(BranchView(f"what if {at}", "main", (30 + at) * SECOND, 60 * SECOND, at == 0) for at in range(30))
    timeline.set_view(replace(view, branches=many))
    chips = timeline.chips(timeline.axis(), timeline.lanes())
    box, hidden = chips[-1]
    assert isinstance(hidden, int)
    assert len(chips) - 1 + hidden == len(many)
    assert no_two_meet([box for box, _ in chips])
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    menu = timeline.findChildren(QMenu)[-1]
    assert len(menu.actions()) == len(many)
    menu.actions()[29].trigger()
    menu.close()
    assert switched == ["what if 29"]


def no_two_meet(boxes: list[QRectF]) -> bool:
    return all(left.right() <= right.left() for left, right in pairwise(boxes))


# --- what is under the mouse ----------------------------------------------------------------------


def test_everything_on_the_timeline_can_be_asked(timeline: TimelineCanvas):
    picture_of(timeline)
    lanes = timeline.lanes()
    faults, leaders, isr = (lanes.lane(name) for name in ("Faults", "Leaders", "ISR"))
    assert faults is not None
    assert leaders is not None
    assert isr is not None

    def said(seconds: float, y: float) -> str:
        return timeline.text_at(QPointF(x_at(timeline, seconds), y))

    assert said(28, 10) == "3 · 00:28.000 · broker-3's disk is slow"
    assert said(38.6, 10).splitlines()[1].startswith("5 · 00:38.900")
    assert said(33, faults.middle(0)) == "slow disk · broker-3\n00:28.000 to now"
    assert said(45, faults.middle(1)) == "crash · broker-1\n00:40.000 to 00:50.000"
    assert said(41, leaders.middle()) == "00:41.000 · new leader · orders-1"
    assert said(51, isr.middle()) == "00:51.000 · back in the ISR · orders-1"
    assert said(20, faults.middle(0))[:5] in ("00:19", "00:20")  # a pixel is 56 ms wide
    assert timeline.text_at(QPointF(30, 60)) == ""


def test_a_long_list_is_cut_and_says_by_how_much():
    assert limited([str(at) for at in range(12)]).splitlines()[-1] == "… and 5 more"
    assert span_words(SpanView("Groups", "payments", "rebalance", SECOND, None, "")).startswith("rebalance · payments")


# --- who makes room for whom ----------------------------------------------------------------------


def test_faults_at_the_same_time_lie_below_each_other():
    story = story_of(spans())
    assert [row for _, row in story.bars["Faults"]] == [0, 1]
    assert story.rows("Faults") == 2


@pytest.mark.parametrize("height", [90, 110, 132, 150, 220])
def test_rows_never_overlap_and_faults_keep_theirs_the_longest(height: int):
    lanes = share_height(story_of(spans()), 2, height, 1.0)
    tops = [(lane.top, lane.top + lane.pitch * lane.rows) for lane in lanes.lanes]
    assert all(above[1] <= below[0] + 0.01 for above, below in pairwise(tops))
    assert tops[-1][1] <= lanes.events_top + 0.01
    if height >= 132:
        assert min(lane.pitch for lane in lanes.lanes) >= PITCH_MIN - 1
        assert lanes.lanes[0].name == "Faults"
    if height >= 150:
        assert lanes.lanes[0].rows == 2


def test_a_crowded_timeline_gives_the_room_of_its_empty_lanes_away():
    without = tuple(one for one in spans() if one.lane != "Leaders")
    crowded = share_height(story_of(without), 2, 138, 1.0)
    assert [lane.name for lane in crowded.lanes] == ["Faults", "ISR", "Groups", BRANCHES]
    roomy = share_height(story_of(without), 2, 220, 1.0)
    assert [lane.name for lane in roomy.lanes] == ["Faults", "Leaders", "ISR", "Groups", BRANCHES]


def test_moments_that_would_overlap_are_one_badge_and_none_is_lost(timeline: TimelineCanvas):
    picture_of(timeline)
    members = [member for one in timeline._clusters for member in one.members]
    assert sorted(members) == list(range(6))
    assert len(timeline._clusters) == 5
    many = tuple(MomentView(at, at * SECOND // 4, at, "isr", "orders-1", "something", "") for at in range(1, 200))
    timeline.set_view(replace(timeline_with_two_branches(), moments=many))
    picture_of(timeline)
    assert sum(len(one.members) for one in timeline._clusters) == 199
    assert no_two_meet([QRectF(one.left, 0, one.right - one.left, 1) for one in timeline._clusters])


def test_bars_of_events_say_how_many_there_were_whatever_the_zoom():
    view = timeline_with_two_branches()
    whole = density_bars(view, TimeAxis(0, 700, 0, 60 * SECOND), 7)
    assert len(whole) == 100
    assert max(whole) == 1
    assert whole.index(1.0) in range(62, 72)  # between 37.5 and 42.5 s there is most
    assert density_bars(empty_timeline(), TimeAxis(0, 700, 0, 10 * SECOND), 7) == []


def test_ticks_are_as_exact_as_they_are_apart():
    assert tick_text(90 * SECOND, 10 * SECOND) == "90 s"
    assert tick_text(150 * SECOND, 30 * SECOND) == "2:30"
    assert tick_text(38_250_000, 50_000) == "38.25 s"
    assert whole_end(0) == 10 * SECOND


# --- painting, and being reached ------------------------------------------------------------------


def test_a_session_that_has_just_begun_has_a_timeline(timeline: TimelineCanvas, asked: list[Micros], qtbot):
    timeline.set_view(empty_timeline())
    picture_of(timeline)
    assert timeline.axis().end == 10 * SECOND
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(EMPTY_X, 130))
    assert asked == [0]
    assert timeline.text_at(QPointF(timeline.axis().left, 130)) == "00:00.000"


def test_before_any_session_it_is_an_empty_strip(look, qtbot):
    canvas = TimelineCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(600, 132)
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 60))
    assert unlike(picture_of(canvas), picture_of(canvas)) == 0
    assert canvas.text_at(QPointF(300, 60)) == ""


def test_an_equal_view_paints_nothing(timeline: TimelineCanvas, qtbot):
    qtbot.wait(20)
    paints = Paints()
    timeline.installEventFilter(paints)
    timeline.set_view(timeline_with_two_branches())
    qtbot.wait(20)
    assert paints.count == 0
    timeline.set_view(timeline_with_two_branches(now=42_181_000))
    qtbot.waitUntil(lambda: paints.count > 0)


def test_what_stands_still_is_not_painted_again_while_time_runs(timeline: TimelineCanvas):
    picture_of(timeline)
    still = timeline._still
    timeline.set_view(timeline_with_two_branches(now=43_000_000))
    picture_of(timeline)
    assert timeline._still is still
    timeline.set_view(timeline_with_two_branches(now=53_000_000))  # the sixth moment has been
    picture_of(timeline)
    assert timeline._still is not still


def test_with_two_pixels_to_one_the_names_are_sharp(timeline: TimelineCanvas):
    large = picture_of(timeline, 2.0)
    enlarged = picture_of(timeline).scaled(large.size())
    enlarged.setDevicePixelRatio(2.0)
    names = (0, 0, 220, 300)
    assert unlike(large.copy(*names), enlarged.copy(*names)) > 200


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_without_any_hue_past_and_coming_moments_and_the_marks_are_told_by_shape(
    timeline: TimelineCanvas, look, theme: str
):
    look(theme)
    forget_all_hues()
    picture_of(timeline)
    now = timeline_with_two_branches()
    alone = MomentView(1, 20 * SECOND, 1, "isr", "orders-1", "left", "pending")
    coming = replace(now, moments=(alone,), now=10 * SECOND)
    past = replace(now, moments=(alone,), now=30 * SECOND)
    badges = []
    for view in (coming, past):
        timeline.set_view(view)
        badges.append(picture_of(timeline).copy(x_at(timeline, 20) - 8, 4, 16, 16))
    assert unlike(*badges) > 60
    assert_marks_differ(timeline, now)


def assert_marks_differ(timeline: TimelineCanvas, view: TimelineView) -> None:
    pictures = []
    for kind, lane in (("leader", "Leaders"), ("isr", "ISR"), ("isr+", "ISR")):
        mark = SpanView(lane, "orders-1", kind, 20 * SECOND, 20 * SECOND, "")
        timeline.set_view(replace(view, spans=(mark,), moments=(), density=()))
        strip = timeline.lanes().lane(lane)
        assert strip is not None
        pictures.append(picture_of(timeline).copy(x_at(timeline, 20) - 7, round(strip.middle()) - 7, 14, 14))
    leader, out, back = pictures
    assert unlike(leader, out) > 10
    assert unlike(leader, back) > 10
    assert unlike(out, back) > 10


def test_the_timeline_can_be_heard():
    heard = spoken_text(timeline_with_two_branches())
    assert heard == (
        "00:42.180 of 01:00.000, 6 key moments. slow disk · broker-3. crash · broker-1. branch main, one of 2"
    )
    assert spoken_text(timeline_with_two_branches(now=51 * SECOND)).count("crash") == 0
    assert spoken_text(empty_timeline()) == "00:00.000 of 00:00.000, 0 key moments"


def test_reduced_motion_paints_the_same_timeline(timeline: TimelineCanvas, look):
    before = picture_of(timeline)
    look(reduced_motion=True)
    assert unlike(picture_of(timeline), before) == 0


def test_the_keyboard_reaches_the_timeline_and_is_seen_there(timeline: TimelineCanvas):
    timeline.activateWindow()
    assert timeline.accessibleName() == "Timeline"
    timeline.clearFocus()
    without = picture_of(timeline)
    timeline.setFocus(Qt.FocusReason.TabFocusReason)
    assert timeline.hasFocus()
    assert unlike(picture_of(timeline), without) > 1000
    timeline.clearFocus()
    timeline.setFocus(Qt.FocusReason.MouseFocusReason)
    assert unlike(picture_of(timeline), without) == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_bars_that_lie_on_each_other_do_not_shine_through_to_the_text(look, theme: str):
    look(theme)
    painter = TimelineCanvas().painter
    assert {fill.color().alpha() for fill in painter.bar_fill.values()} == {255}
