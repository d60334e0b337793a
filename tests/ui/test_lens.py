"""The lens: what is under the mouse, scrolling through a log, what it says when there is nothing, how it is read."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication

from lab.cluster.probes.lens import ROOM
from lab.cluster.probes.views import CellView
from lab.ui.canvas.cell_sprites import CellSprites
from lab.ui.canvas.lens import LensCanvas
from lab.ui.canvas.lens_frame import legend_of
from lab.ui.canvas.lens_geometry import TEXT_AT, LensGeometry
from lab.ui.canvas.lens_groups import spread
from lab.ui.canvas.lens_words import cell_text, empty_text, replica_note, spoken_text
from lab.ui.canvas.pen import badge
from lab.ui.screenshot import picture_of
from lab.ui.theme import current_theme
from tests.ui.golden import pixels_of
from tests.ui.paints import Paints, forget_all_hues, unlike
from tests.ui.scenes import END, FIRST, WATERMARK, lens_behind, lens_mid_failure, lens_without_records, replica


@pytest.fixture
def lens(look, qtbot) -> LensCanvas:
    """A lens on the middle of a failure, in the size the design gives it."""
    canvas = LensCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(972, 290)
    canvas.set_view(lens_mid_failure())
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def middle_of(g: LensGeometry, offset: int, row: int) -> QPointF:
    return g.cell_corner(offset, row) + QPointF(g.pitch / 2, g.cell_height / 2)


# --- what is under the mouse ----------------------------------------------------------------------


def test_a_cell_says_what_it_is_on_this_replica(lens: LensCanvas):
    g = lens.geometry_now()
    assert "offset 1046 · key" in lens.text_at(middle_of(g, 1046, 0))
    assert "not yet committed: the HW here is 1045" in lens.text_at(middle_of(g, 1046, 0))
    assert "committed · on disk of broker-3" in lens.text_at(middle_of(g, 1030, 1))
    assert "tombstone: deletes key" in lens.text_at(middle_of(g, 1025, 0))
    assert "compacted away" in lens.text_at(middle_of(g, 1027, 0))
    assert "only in the page cache" in lens.text_at(middle_of(g, 1035, 2))


def test_beyond_a_log_its_replica_is_explained(lens: LensCanvas):
    g = lens.geometry_now()
    assert lens.text_at(middle_of(g, 1040, 2)).startswith("broker-4 · out of ISR · −11")
    assert "its log cannot be read now" in lens.text_at(middle_of(g, 1040, 3))
    assert "committed 1039 · position 1043 · lag 6 · 0.4 s" in lens.text_at(QPointF(400, g.group_line(0)))


def test_a_name_stands_for_its_broker_a_group_for_its_member_and_the_rest_for_the_partition(lens: LensCanvas):
    g = lens.geometry_now()
    name = QPointF(TEXT_AT + 10, g.cell_middle(2))
    assert lens.subject_at(name) == ("broker", "broker-4")
    assert lens.subject_at(QPointF(TEXT_AT + 10, g.group_line(1) + 4)) == ("group", "analytics")
    assert lens.subject_at(QPointF(500, g.group_line(1) + 4)) == ("consumer", "analytics-a")
    assert lens.subject_at(middle_of(g, 1030, 0)) == ("partition", "orders-1")


def test_every_offset_on_the_axis_is_found_where_its_cell_is(lens: LensCanvas):
    g = lens.geometry_now()
    for offset in range(g.first, g.first + g.cells):
        assert g.offset_at(middle_of(g, offset, 0).x()) == offset
    assert g.offset_at(g.left - 4) is None
    assert g.offset_at(g.right + g.pitch) is None


def test_a_click_selects_and_a_drag_does_not(lens: LensCanvas, qtbot):
    chosen: list[tuple[str, str]] = []
    lens.selected.connect(lambda kind, name: chosen.append((kind, name)))
    at = QPoint(TEXT_AT + 10, int(lens.geometry_now().cell_middle(0)))
    qtbot.mouseClick(lens, Qt.MouseButton.LeftButton, pos=at)
    assert chosen == [("broker", "broker-2")]
    qtbot.mousePress(lens, Qt.MouseButton.LeftButton, pos=QPoint(500, 80))
    drag_to(lens, QPoint(620, 80))
    qtbot.mouseRelease(lens, Qt.MouseButton.LeftButton, pos=QPoint(620, 80))
    assert len(chosen) == 1


# --- through the log ------------------------------------------------------------------------------


def asked_windows(lens: LensCanvas) -> list[int | None]:
    found: list[int | None] = []
    lens.window_changed.connect(found.append)
    return found


def test_keys_go_through_the_log(lens: LensCanvas, qtbot):
    asked = asked_windows(lens)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_Home):
        qtbot.keyClick(lens, key)
    assert asked == [end - ROOM for end in (END - 1, END - 20, 975 + END - FIRST)]
    qtbot.keyClick(lens, Qt.Key.Key_End)
    assert len(asked) == 3  # the end is what it shows


def test_a_drag_takes_the_log_along(lens: LensCanvas, qtbot):
    asked = asked_windows(lens)
    pitch = lens.geometry_now().pitch
    qtbot.mousePress(lens, Qt.MouseButton.LeftButton, pos=QPoint(400, 80))
    drag_to(lens, QPoint(400 + 5 * pitch, 80))
    qtbot.mouseRelease(lens, Qt.MouseButton.LeftButton, pos=QPoint(400 + 5 * pitch, 80))
    assert asked == [END - 5 - ROOM]


def drag_to(lens: LensCanvas, at: QPoint) -> None:
    """`QTest.mouseMove` holds no button."""
    place = QPointF(at)
    held = Qt.MouseButton.LeftButton
    moved = QMouseEvent(
        QEvent.Type.MouseMove, place, QPointF(lens.mapToGlobal(at)), Qt.MouseButton.NoButton, held,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(lens, moved)


def test_looking_back_there_is_a_button_to_the_end(lens: LensCanvas, qtbot):
    assert lens.follow_box(lens.geometry_now()) is None
    lens.set_view(lens_behind())
    asked = asked_windows(lens)
    box = lens.follow_box(lens.geometry_now())
    assert box is not None
    qtbot.mouseClick(lens, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert asked == [None]


def test_rows_that_do_not_fit_scroll_and_all_can_be_reached(lens: LensCanvas, qtbot):
    lens.resize(972, 200)
    g = lens.geometry_now()
    assert g.overflow > 0
    assert g.group_line(1) > lens.height()
    for _ in range(10):
        qtbot.keyClick(lens, Qt.Key.Key_Down)
    g = lens.geometry_now()
    assert g.scroll == g.overflow
    assert g.group_line(1) + 15 < lens.height()
    assert lens.subject_at(QPointF(TEXT_AT + 10, g.group_line(1) + 4)) == ("group", "analytics")


def test_the_lens_in_the_designs_size_needs_no_scroll_bar(lens: LensCanvas):
    assert lens.geometry_now().overflow == 0


# --- nothing to show ------------------------------------------------------------------------------


def test_without_a_partition_the_lens_says_what_to_do(lens: LensCanvas, qtbot):
    lens.set_view(None)
    assert empty_text(lens.view) == (
        "No partition chosen",
        "Click a partition of the cluster above to see its replicas on one offset axis.",
    )
    assert lens.text_at(QPointF(300, 100)) == ""
    assert lens.subject_at(QPointF(300, 100)) is None
    for key in (Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Down):
        qtbot.keyClick(lens, key)
    qtbot.mouseClick(lens, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert colours_in(picture_of(lens)) > 10  # the words


def test_a_partition_that_is_not_there_at_this_instant_says_so(lens: LensCanvas, qtbot):
    gone = replace(lens_mid_failure(), exists=False, replicas=(), groups=())
    lens.set_view(gone)
    found = empty_text(gone)
    assert found is not None
    assert found[0] == "orders-1 does not exist"
    qtbot.keyClick(lens, Qt.Key.Key_Left)
    assert colours_in(picture_of(lens)) > 10


def test_a_new_partition_has_replicas_and_no_records_yet(lens: LensCanvas):
    lens.set_view(lens_without_records())
    g = lens.geometry_now()
    with_notice = picture_of(lens)
    words = with_notice.copy(int((g.left + g.right) / 2) - 50, int(g.cell_middle(0)) - 8, 100, 16)
    assert colours_in(words) > 10


def colours_in(picture: QImage) -> int:
    rows = pixels_of(picture)
    return len({tuple(one) for one in rows.reshape(-1, 3).tolist()})


# --- painting -------------------------------------------------------------------------------------


def test_an_equal_view_paints_nothing(lens: LensCanvas, qtbot):
    qtbot.wait(20)
    paints = Paints()
    lens.installEventFilter(paints)
    lens.set_view(lens_mid_failure())
    qtbot.wait(20)
    assert paints.count == 0
    lens.set_view(replace(lens_mid_failure(), high_watermark=WATERMARK - 1))
    qtbot.waitUntil(lambda: paints.count > 0)


def test_with_two_pixels_to_one_nothing_is_blurred(lens: LensCanvas):
    """Sharp letters have fewer half tones: a picture enlarged from 1x would equal its own reduction."""
    large = picture_of(lens, 2.0)
    assert (large.width(), large.height()) == (1944, 580)
    small = picture_of(lens)
    enlarged = small.scaled(
        large.size(), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation
    )
    enlarged.setDevicePixelRatio(2.0)
    names = (0, 140, 300, 340)
    cells = (340, 140, 900, 60)
    for part in (names, cells):
        assert unlike(large.copy(*part), enlarged.copy(*part)) > 200


@pytest.mark.parametrize("scale", [1.0, 1.3, 1.6])
def test_no_note_is_cut_at_any_size_of_the_window(look, qtbot, scale: float):
    look(ui_scale=scale)
    canvas = LensCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(int(972 * scale), int(290 * scale))
    canvas.set_view(lens_mid_failure())
    g = canvas.geometry_now()
    for state in ("running", "crashed", "stopped", "frozen", "partitioned", "starting", "slow", "fenced"):
        for role, in_sync in (("leader", True), ("follower", True), ("follower", False), ("offline", False)):
            note, _ = replica_note(replica("broker-1", role, 1036, state=state, in_sync=in_sync))
            shown = canvas.frame_painter._elided(note, g.left - (TEXT_AT + 6) * g.scale, 11.5, 400)
            assert shown == note


@pytest.mark.parametrize(
    ("state", "said", "tone"),
    [
        ("running", "out of ISR · −11", "pending"),
        ("frozen", "frozen · out of ISR", "frost"),
        ("partitioned", "cut off · out of ISR", "fail"),
        ("slow", "slow · out of ISR", "pending"),
    ],
)
def test_out_of_the_isr_a_replica_still_says_what_is_wrong_with_its_machine(state: str, said: str, tone: str):
    assert replica_note(replica("broker-4", "follower", 1036, state=state, in_sync=False)) == (said, tone)


def test_the_legend_explains_every_kind_of_cell_that_is_there():
    view = lens_mid_failure()
    assert legend_of(view) == (
        "committed", "not yet committed", "tombstone", "compacted away", "control", "on disk", "in page cache",
    )  # fmt: skip
    assert "tombstone" not in legend_of(lens_without_records())


def test_labels_of_one_group_make_room_for_each_other():
    first, second = spread([300, 310], [80, 80], 10, 146, 972)
    assert second - first >= 90
    first, second = spread([150, 960], [80, 80], 10, 146, 972)
    assert first - 40 >= 146
    assert second + 40 <= 972


def test_a_position_behind_what_is_committed_has_no_label_of_its_own(lens: LensCanvas):
    """After a commit marker, which nobody is handed: committed 15, position 14. It stood to the right of it."""
    assert lens.view is not None
    at_a_marker = replace(lens.view.groups[0], committed=1039, position=1038)
    assert [text for _, text in lens.group_painter.labels(at_a_marker, lens.geometry_now())] == ["committed 1039"]


def test_reduced_motion_paints_the_same_lens(lens: LensCanvas, look):
    before = picture_of(lens)
    look(reduced_motion=True)
    assert unlike(picture_of(lens), before) == 0


# --- told by shape, and by ear --------------------------------------------------------------------

KINDS = {
    "committed": CellView(1, "A", -1, True),
    "not yet committed": CellView(1, "A", -1, False),
    "tombstone": CellView(1, "A", -1, True, "tombstone"),
    "tombstone not yet committed": CellView(1, "A", -1, False, "tombstone"),
    "gap": CellView(1, "A", -1, True, "gap"),
    "control": CellView(1, "", -1, True, "control"),
    "control not yet committed": CellView(1, "", -1, False, "control"),
    "corrupt": CellView(1, "A", -1, True, corrupt=True),
    "corrupt and not yet committed": CellView(1, "A", -1, False, corrupt=True),
    "corrupt control": CellView(1, "", -1, True, "control", True),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_without_any_hue_every_kind_of_cell_has_its_own_shape(look, theme: str):
    look(theme)
    forget_all_hues()
    sprites = CellSprites(current_theme(), 24, 30, 1.0)
    pictures = {name: sprites.of(cell, True).toImage() for name, cell in KINDS.items()}
    for name, picture in pictures.items():
        for other, against in pictures.items():
            assert name == other or unlike(on_canvas(picture), on_canvas(against)) >= 12, f"{name} or {other}?"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_without_any_hue_leader_follower_and_out_of_sync_are_three_badges(look, theme: str):
    look(theme)
    forget_all_hues()
    pictures: list[QImage] = []
    for role, in_sync in (("leader", True), ("follower", True), ("follower", False)):
        pictures.append(on_canvas(QImage(20, 20, QImage.Format.Format_RGB32), blank=True))
        with QPainter(pictures[-1]) as p:
            badge(p, current_theme(), QPointF(10, 10), role, in_sync)
    leader, follower, behind = pictures
    assert unlike(leader, follower) > 40
    assert unlike(leader, behind) > 40
    assert unlike(follower, behind) > 8


def on_canvas(picture: QImage, *, blank: bool = False) -> QImage:
    """A picture with holes, on the canvas's colour."""
    found = QImage(picture.size(), QImage.Format.Format_RGB32)
    found.fill(current_theme().surface.canvas)
    if not blank:
        with QPainter(found) as p:
            p.drawImage(0, 0, picture)
    return found


def test_without_any_hue_committed_and_position_of_a_group_are_two_marks(lens: LensCanvas):
    forget_all_hues()
    lens._use_theme()
    g = lens.geometry_now()
    picture = picture_of(lens)
    y = int(g.group_line(0)) - 8
    marks = [picture.copy(int(g.x_of(offset)) - 8, y, 16, 16) for offset in (1039, 1043)]
    assert unlike(*marks) > 15


def test_the_keyboard_reaches_the_lens_and_is_seen_there_but_a_click_leaves_no_ring(lens: LensCanvas, qtbot):
    lens.activateWindow()
    assert lens.accessibleName() == "Partition lens"
    lens.setFocus(Qt.FocusReason.MouseFocusReason)
    assert lens.hasFocus()
    without = picture_of(lens)
    lens.clearFocus()
    lens.setFocus(Qt.FocusReason.TabFocusReason)
    assert lens.ring.is_shown()
    assert unlike(picture_of(lens), without) > 1000
    assert picture_of(lens).pixelColor(400, 1) != QColor(current_theme().surface.canvas)


def test_the_lens_can_be_heard(lens: LensCanvas):
    lens.activateWindow()
    lens.clearFocus()
    lens.setFocus(Qt.FocusReason.TabFocusReason)
    heard = lens.accessibleDescription().split(". ")
    assert heard == [
        "orders-1, high watermark 1045",
        "broker-2: leader · epoch 8, log end offset 1047",
        "broker-3: in sync · −2, log end offset 1045",
        "broker-4: out of ISR · −11, log end offset 1036",
        "broker-1: crashed · out of ISR",
        "payments: lag 6 · 0.4 s",
        "analytics: lag 15 · 12 s",
    ]
    assert spoken_text(None).startswith("No partition chosen")


def test_a_cell_in_words_names_the_broker_whose_copy_it_is():
    one = replica("broker-7", "follower", 1046)
    assert cell_text(one, one.cells[-1]).endswith("of broker-7")
