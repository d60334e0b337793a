"""What a disk has spoilt, at the real window: offered at the button and at a thing, and told by shape and by words."""

import pytest
from PySide6.QtCore import Qt

from lab.cluster.actions.disks import CorruptBatch
from lab.lessons.opening import start
from lab.ui.canvas.lens_frame import legend_of
from lab.ui.canvas.lens_words import cell_text
from lab.ui.canvas.log_files_words import batch_text
from lab.ui.main_window import MainWindow
from lab.ui.panels.log_files import LogFilesView
from lab.ui.panels.records_model import cell_text as table_text
from lab.ui.screenshot import picture_of
from tests.ui.paints import forget_all_hues, unlike

SECOND = 1_000_000


@pytest.fixture
def metered(window: MainWindow) -> MainWindow:
    """A log of many small batches, and its partition chosen."""
    session = start("30-retention-deletes-files")
    session.lesson = None
    window.show_session(session)
    session.run_for(12 * SECOND)
    window.selection.select("partition", "meter-0")
    window.refresh()
    return window


def rot(window: MainWindow, offset: int) -> str:
    """As by its form: on the leader. Returns who that is."""
    session, cluster = window.session, window.page.stage.cluster_view
    assert session is not None
    assert cluster is not None
    leader = next(one.leader for one in cluster.partitions if one.name == "meter-0")
    offer = next(one for one in session.offers("partition", "meter-0") if one.title == "Corrupt a batch")
    window.submit(offer, {"node": leader, "offset": str(offset)})
    window.refresh()
    return leader


def newest(window: MainWindow) -> int:
    view = window.page.stage.lens.view
    assert view is not None
    return view.replicas[0].log_end_offset - 3


def test_it_is_offered_for_everything_a_broker_and_a_partition(metered: MainWindow):
    session = metered.session
    assert session is not None
    for kind, name in (("cluster", ""), ("broker", "broker-1"), ("partition", "meter-0")):
        offer = next(one for one in session.offers(kind, name) if one.title == "Corrupt a batch")
        assert (offer.group, offer.disabled) == ("break", "")
        made = offer.make({field.name: field.default for field in offer.form})
        assert isinstance(made, CorruptBatch)


def test_the_lens_shows_a_crack_on_one_replica_and_says_what_it_means(metered: MainWindow):
    offset = newest(metered)
    forget_all_hues()
    lens = metered.page.stage.lens
    before = picture_of(lens)
    leader = rot(metered, offset)
    assert lens.view is not None
    assert unlike(picture_of(lens), before) > 20, "seen without any hue"
    assert "corrupt" in legend_of(lens.view)
    for row in lens.view.replicas:
        cells = [cell for cell in row.cells if cell.corrupt]
        assert bool(cells) == (row.broker == leader)
        for cell in cells:
            assert cell_text(row, cell).endswith("its batch does not match its CRC: who checks does not take it")


def test_the_record_browser_marks_the_batch(metered: MainWindow):
    offset = newest(metered)
    rot(metered, offset)
    metered.toggle_records()
    metered.refresh()
    rows = metered.page.stage.records.model.rows
    marked = [row for row in rows if row.corrupt]
    assert offset in [row.offset for row in marked]
    assert {table_text(row, "batch")[-5:] for row in marked} == {"✗ CRC"}
    assert not any("CRC" in table_text(row, "batch") for row in rows if not row.corrupt)


def test_the_log_files_show_the_same_crack(metered: MainWindow, qtbot):
    offset = newest(metered)
    metered.activateWindow()
    qtbot.keyClick(metered, Qt.Key.Key_I)
    found = metered.page.shown_in_full()
    assert isinstance(found, LogFilesView)
    forget_all_hues()
    found.look_up(offset)
    before = picture_of(found.canvas)
    rot(metered, offset)
    found.refresh()
    assert unlike(picture_of(found.canvas), before) > 20
    view = found.canvas.view
    assert view is not None
    segment = next(one for one in view.segments if any(batch.corrupt for batch in one.batches))
    (batch,) = [one for one in segment.batches if one.corrupt]
    assert "it does not match its CRC" in batch_text(view, segment, batch, batch.base_offset)
