"""The files of a log at the real window: the way of a lookup, what a click asks for, and what is said of it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from lab.cluster.actions.settings import SetTopicConfig
from lab.cluster.probes.offset_lookup import AT_END, BELOW, FOUND
from lab.lessons.opening import start
from lab.ui.canvas.log_files import LogFilesCanvas
from lab.ui.canvas.log_files_layout import LogFilesLayout, moved, window_around, zoomed
from lab.ui.canvas.log_files_painter import byte_step
from lab.ui.canvas.log_files_words import spoken_text, step_texts
from lab.ui.main_window import MainWindow
from lab.ui.panels.inspector_rows import ValueRow
from lab.ui.panels.log_files import LogFilesView
from lab.ui.screenshot import picture_of
from tests.ui.paints import Paints, forget_all_hues, unlike

SECOND = 1_000_000


@pytest.fixture
def metered(window: MainWindow) -> MainWindow:
    """A log that rolls every 15 records, with an index entry for every fourth; its oldest files wait for the end."""
    session = start("30-retention-deletes-files")
    session.lesson = None
    window.show_session(session)
    session.post(SetTopicConfig("meter", "index.interval.bytes", "600"))
    session.run_for(52 * SECOND)
    window.refresh()
    return window


@pytest.fixture
def view(metered: MainWindow, qtbot) -> LogFilesView:
    """Opened by its key."""
    metered.activateWindow()
    qtbot.keyClick(metered, Qt.Key.Key_I)
    found = metered.page.shown_in_full()
    assert isinstance(found, LogFilesView)
    qtbot.wait(1)
    return found


def layout_of(view: LogFilesView) -> LogFilesLayout:
    layout = view.canvas.layout_now()
    assert layout is not None
    return layout


def click(canvas: LogFilesCanvas, at: QPointF, qtbot) -> None:
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at.toPoint())
    QApplication.processEvents()


def indexed_offset(view: LogFilesView) -> int:
    """The third record after an entry of the index of a closed file."""
    assert view.canvas.view is not None
    closed = next(one for one in view.canvas.view.segments if one.index and not one.active)
    return closed.index[0][0] + 2


# --- a lookup -------------------------------------------------------------------------------------


def test_it_opens_with_the_way_to_the_newest_committed_record(view: LogFilesView):
    lookup, shown = view.canvas.lookup, view.canvas.view
    assert lookup is not None
    assert shown is not None
    assert (lookup.outcome, lookup.offset) == (FOUND, shown.high_watermark - 1)
    assert view.field.text() == f"{lookup.offset}"
    assert view.canvas.segment_shown() is shown.segments[-1]


def test_the_steps_are_said_with_the_numbers_of_the_way(view: LogFilesView):
    offset = indexed_offset(view)
    view.look_up(offset)
    lookup, shown = view.canvas.lookup, view.canvas.view
    assert lookup is not None
    assert shown is not None
    assert lookup.entry is not None
    assert lookup.batch is not None
    relative = lookup.entry[0] - lookup.segment
    segment, index, scan, batch = step_texts(shown, lookup)
    assert segment.endswith(f"at or below {offset}: {lookup.segment}.log.")
    assert f"finds +{relative}, the last at or below +{relative + 2}" in index
    assert scan.startswith("From there 2 batches of")
    assert batch.startswith(f"Batch {offset}:")
    assert "It is sent as it is stored" in batch
    assert scan in spoken_text(shown, lookup)


def test_what_is_not_in_the_log_is_answered_without_files(view: LogFilesView, qtbot):
    shown = view.canvas.view
    assert shown is not None
    view.field.setText(f"{shown.log_start_offset - 1}")
    qtbot.keyClick(view.field, Qt.Key.Key_Return)
    assert view.canvas.lookup is not None
    assert view.canvas.lookup.outcome == BELOW
    assert "OFFSET_OUT_OF_RANGE" in step_texts(shown, view.canvas.lookup)[0]
    view.look_up(shown.log_end_offset)
    assert view.canvas.lookup.outcome == AT_END
    before = view.canvas.lookup
    view.field.setText("twelve")
    qtbot.keyClick(view.field, Qt.Key.Key_Return)
    assert view.said.text() == "Find offset: wanted a whole number, found 'twelve'"
    assert view.canvas.lookup == before


# --- what a click asks for ------------------------------------------------------------------------


def test_a_click_on_a_batch_an_entry_or_a_segment_looks_that_up(view: LogFilesView, qtbot):
    canvas = view.canvas
    view.look_up(indexed_offset(view))
    layout = layout_of(view)
    batch = layout.shown.batches[-1]
    click(canvas, layout.box_of(batch).center(), qtbot)
    assert view.offset == batch.base_offset
    picture_of(canvas)
    box, _, entry = next(chip for chip in canvas.painter.chips if chip[1] == "index")
    click(canvas, box.center(), qtbot)
    assert view.offset == entry[0]
    assert view.canvas.lookup is not None
    assert (view.canvas.lookup.entry, len(view.canvas.lookup.scanned)) == (entry, 1)
    box, card = layout.cards[-1]
    click(canvas, box.center(), qtbot)
    assert view.offset == card.base_offset
    assert layout_of(view).shown.active


def test_arrows_go_from_offset_to_offset_and_from_file_to_file(view: LogFilesView, qtbot):
    canvas, shown = view.canvas, view.canvas.view
    assert shown is not None
    offset = view.offset
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert view.offset == offset - 1
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert view.offset == shown.segments[-2].base_offset
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert view.offset == shown.log_start_offset
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not view.isVisible()


def test_another_broker_has_the_same_log_in_files_of_its_own(view: LogFilesView):
    first = view.canvas.view
    assert first is not None
    other = next(at for at in range(3) if view.broker_box.itemText(at) != first.broker)
    view.broker_box.setCurrentIndex(other)
    view.refresh()
    second = view.canvas.view
    assert second is not None
    assert second.broker == view.broker_box.currentText() != first.broker
    assert [one.base_offset for one in second.segments] == [one.base_offset for one in first.segments]


def test_what_lies_under_the_mouse_is_said(view: LogFilesView):
    view.look_up(indexed_offset(view))
    layout = layout_of(view)
    aside, closed = layout.cards[0], next(one for one in layout.cards if one[1] is layout.shown)
    assert "are named .deleted and are unlinked in" in view.canvas.text_at(aside[0].center())
    assert ".timeindex" in view.canvas.text_at(closed[0].center())
    batch = layout.shown.batches[0]
    text = view.canvas.text_at(layout.box_of(batch).center())
    assert text.startswith(f"batch {batch.base_offset} · 1 record\nbytes 0 to before {batch.size_bytes}")
    assert "committed · on disk" in text
    assert view.canvas.offset_at(aside[0].center()) is None, "its files are no longer part of the log"


# --- ways here ------------------------------------------------------------------------------------


def test_a_click_on_a_record_of_the_lens_leads_to_its_files(metered: MainWindow, qtbot):
    lens = metered.page.stage.lens
    assert lens.view is not None
    g, row = lens.geometry_now(), 1
    cell = lens.view.replicas[row].cells[2]
    at = g.cell_corner(cell.offset, row) + QPointF(g.pitch / 2, g.cell_height / 2)
    qtbot.mouseClick(lens, Qt.MouseButton.LeftButton, pos=at.toPoint())
    view = metered.page.shown_in_full()
    assert isinstance(view, LogFilesView)
    assert view.offset == cell.offset
    assert view.broker_box.currentText() == lens.view.replicas[row].broker


def test_an_offset_of_the_inspector_leads_to_its_files(metered: MainWindow, qtbot):
    metered.selection.select("partition", "meter-0")
    body = metered.page.inspector.body
    assert body is not None
    row = next(one for one in body.findChildren(ValueRow) if one.name.text() == "On disk up to")
    assert row.toolTip() == f"How offset {row.value.text()} is found in the files"
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    view = metered.page.shown_in_full()
    assert isinstance(view, LogFilesView)
    assert f"{view.offset}" == row.value.text()


# --- looks ----------------------------------------------------------------------------------------


def test_nothing_new_paints_nothing(view: LogFilesView, qtbot):
    qtbot.wait(30)
    paints = Paints()
    view.canvas.installEventFilter(paints)
    for _ in range(3):
        view.refresh()
    qtbot.wait(30)
    assert paints.count == 0


def test_the_way_is_told_by_more_than_colour(view: LogFilesView, look, qtbot):
    offset = indexed_offset(view)
    forget_all_hues()
    view.look_up(offset)
    one = picture_of(view.canvas)
    view.look_up(offset + 1)
    assert unlike(one, picture_of(view.canvas)) > 300


def test_a_broker_that_is_down_has_no_files_to_show(view: LogFilesView, metered: MainWindow):
    session = metered.session
    assert session is not None
    shown = view.canvas.view
    assert shown is not None
    offers = session.offers("broker", shown.broker)
    metered.post_offer(next(one for one in offers if one.title == "Crash"), {})
    session.run_for(SECOND)
    view.refresh()
    assert view.canvas.view is not None
    assert view.canvas.view.segments == ()
    assert spoken_text(view.canvas.view, None).startswith(f"{shown.broker} has no log of meter-0 open")
    assert not picture_of(view.canvas).isNull()


def test_it_is_written_as_a_picture(view: LogFilesView, tmp_path: Path):
    for kind, sign in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        view.export(tmp_path / f"files.{kind}", kind)
        assert (tmp_path / f"files.{kind}").read_bytes().startswith(sign)


# --- which bytes are shown large ------------------------------------------------------------------


def test_of_a_long_file_so_much_is_shown_that_the_way_is_seen(view: LogFilesView):
    lookup = view.canvas.lookup
    assert lookup is not None
    assert lookup.batch is not None
    size = lookup.batch.size_bytes
    assert window_around(20 * size, lookup) == (0, 20 * size)
    first, end = window_around(2_000 * size, lookup)
    assert end - first == 20 * size
    assert first <= lookup.start <= lookup.batch.position + size <= end


def test_zoom_keeps_what_is_under_the_mouse_and_stops_at_a_batch():
    assert zoomed((0, 1_000), 10_000, 1, 500, 100) == (100, 900)
    assert zoomed((0, 1_000), 10_000, 40, 500, 100) == (450, 550)
    assert zoomed((0, 1_000), 10_000, -40, 500, 100) == (0, 10_000)
    assert moved((100, 900), 10_000, 0.5) == (500, 1_300)
    assert moved((100, 900), 1_000, 5) == (200, 1_000)


def test_the_ruler_counts_in_round_bytes():
    assert [byte_step(least) for least in (0.4, 3, 60, 101, 4_000)] == [1, 5, 100, 200, 5_000]
