"""What the painters paint, as somebody last looked at it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QRect, QSize, qVersion
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from lab.cluster.probes import Inspect, Records
from lab.ui.canvas.compare import CompareCanvas
from lab.ui.canvas.lens import LensCanvas
from lab.ui.canvas.log_files import LogFilesCanvas
from lab.ui.canvas.matrix import ClusterCanvas
from lab.ui.canvas.pace import Pace
from lab.ui.canvas.spacetime import SpaceTimeCanvas
from lab.ui.canvas.timeline import TimelineCanvas
from lab.ui.charts.analysis import AnalysisView
from lab.ui.charts.gantt import GanttCanvas
from lab.ui.panels.bottom import Bottom
from lab.ui.panels.inspector import Inspector
from lab.ui.panels.records import RecordBrowser
from lab.ui.screenshot import picture_of
from tests.ui.golden import GOLDENS, check_golden
from tests.ui.groups import LATEST, SECOND, group_with_two_rebalances
from tests.ui.log_scenes import FIRST, files_of_a_log, two_futures
from tests.ui.scenes import (
    FailingSession,
    cluster_mid_failure,
    flights_mid_failure,
    lens_mid_failure,
    lens_with_transactions,
    timeline_with_two_branches,
)
from tests.ui.scripted import ScriptedSession, as_session, partition
from tests.ui.ways import way_of_a_fencing

MADE_WITH_QT = "6.11."
same_painter = pytest.mark.skipif(
    not qVersion().startswith(MADE_WITH_QT), reason=f"the goldens were painted by Qt {MADE_WITH_QT}x, not {qVersion()}"
)
"""Another Qt sets a letter a pixel further; that is no fault of ours."""
THEMES = ("dark", "light")
PICTURES_MAX, BYTES_MAX = 20, 120_000


def sized(widget: QWidget, width: int, height: int, qtbot) -> QWidget:
    """`widget` shown in its style, so large."""
    qtbot.addWidget(widget)
    widget.resize(QSize(width, height))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def settled(widget: QWidget, qtbot) -> QImage:
    """Its picture once everything that was asked for later has been done."""
    qtbot.wait(1)
    return picture_of(widget)


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_matrix_with_every_kind_of_trouble(look, qtbot, theme: str):
    look(theme)
    matrix = ClusterCanvas()
    matrix.set_selected("partition", "orders-1")
    matrix.set_view(cluster_mid_failure(), flights_mid_failure(), Pace(300_000))
    check_golden(f"matrix-{theme}", picture_of(sized(matrix, 972, 378, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_lens_in_the_middle_of_a_failure(look, qtbot, theme: str):
    look(theme)
    lens = LensCanvas()
    lens.set_view(lens_mid_failure())
    check_golden(f"lens-{theme}", picture_of(sized(lens, 972, 290, qtbot)))


@same_painter
def test_the_lens_with_transactions(look, qtbot):
    lens = LensCanvas()
    lens.set_view(lens_with_transactions())
    check_golden("lens-transactions-dark", picture_of(sized(lens, 972, 290, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_timeline_with_two_branches(look, qtbot, theme: str):
    look(theme)
    timeline = TimelineCanvas()
    timeline.set_view(timeline_with_two_branches())
    check_golden(f"timeline-{theme}", picture_of(sized(timeline, 1000, 138, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_charts_of_the_strip(look, qtbot, theme: str):
    look(theme)
    bottom = Bottom()
    sized(bottom, 1000, 246, qtbot)
    bottom.pull_charts(as_session(FailingSession()), 0, whole=True)
    strip = QRect(0, 0, bottom.width(), bottom.timeline.y())
    check_golden(f"strip-{theme}", settled(bottom, qtbot).copy(strip))


@same_painter
def test_a_chart_in_full_before_and_after_a_fault(look, qtbot):
    look("light")
    analysis = AnalysisView()
    sized(analysis, 1080, 440, qtbot)
    analysis.show_chart(as_session(FailingSession()), "throughput")
    check_golden("analysis-light", settled(analysis, qtbot))


@same_painter
def test_the_inspector_of_a_partition(look, qtbot):
    session = as_session(ScriptedSession())
    inspector = Inspector()
    inspector.setObjectName("inspector")
    sized(inspector, 300, 600, qtbot)
    inspector.set_view(session.view(Inspect("partition", "orders-1")), session.offers("partition", "orders-1"))
    check_golden("inspector-dark", settled(inspector, qtbot))


@same_painter
def test_the_record_browser(look, qtbot):
    look("light")
    browser = RecordBrowser()
    sized(browser, 800, 230, qtbot)
    browser.set_partition(partition(1, 1047))
    browser.set_view(ScriptedSession().view(Records("orders-1", "Broker 2", 975, 12)))
    browser.table.selectRow(3)
    check_golden("records-light", settled(browser, qtbot))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_owners_of_a_group_over_time(look, qtbot, theme: str):
    look(theme)
    canvas = GanttCanvas()
    canvas.show_group(group_with_two_rebalances(), 46 * SECOND, LATEST)
    check_golden(f"gantt-{theme}", picture_of(sized(canvas, 1000, 300, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_way_from_a_crash_to_what_it_led_to(look, qtbot, theme: str):
    look(theme)
    canvas = SpaceTimeCanvas()
    canvas.show_causes(way_of_a_fencing(), 15_600_400)
    check_golden(f"spacetime-{theme}", picture_of(sized(canvas, 1000, 420, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_the_files_of_a_log_and_the_way_of_a_lookup(look, qtbot, theme: str):
    look(theme)
    canvas = LogFilesCanvas()
    view, lookup = files_of_a_log()
    canvas.show_files(view, lookup, FIRST, (0, view.segments[-1].size_bytes))
    check_golden(f"log-files-{theme}", picture_of(sized(canvas, 1000, 560, qtbot)))


@same_painter
@pytest.mark.parametrize("theme", THEMES)
def test_two_futures_side_by_side(look, qtbot, theme: str):
    look(theme)
    canvas = CompareCanvas()
    canvas.show_comparison(two_futures())
    check_golden(f"compare-{theme}", picture_of(sized(canvas, 1000, canvas.minimumHeight(), qtbot)))


# --- the goldens themselves -----------------------------------------------------------------------


def test_goldens_are_few_and_small():
    found = sorted(GOLDENS.glob("*.png"))
    assert 0 < len(found) <= PICTURES_MAX
    assert [path.name for path in found if path.stat().st_size > BYTES_MAX] == []


def test_every_golden_is_asked_for():
    asked = Path(__file__).read_text(encoding="utf-8")
    for path in GOLDENS.glob("*.png"):
        name, _, theme = path.stem.rpartition("-")
        assert f'"{path.stem}"' in asked or f'f"{name}-{{theme}}"' in asked
        assert theme in THEMES


def grey_picture() -> QImage:
    picture = QImage(200, 80, QImage.Format.Format_RGB32)
    picture.fill(QColor("#404040"))
    return picture


@pytest.fixture
def own_goldens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tests.ui.golden.GOLDENS", tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("LAB_ACCEPT_GOLDEN", raising=False)
    assert grey_picture().save(str(tmp_path / "grey.png"))
    return tmp_path


def test_a_golden_bears_the_last_bit_of_a_colour(own_goldens: Path):
    picture = grey_picture()
    for x in range(0, 200, 3):
        picture.setPixelColor(x, 40, QColor("#424242"))
    check_golden("grey", picture)


def test_a_golden_does_not_bear_a_letter_and_shows_where_it_is(own_goldens: Path):
    picture = grey_picture()
    with QPainter(picture) as p:
        p.setPen(QColor("white"))
        p.drawText(60, 40, "F")
    with pytest.raises(AssertionError, match="grey looks different"):
        check_golden("grey", picture)
    (folder,) = own_goldens.glob("lab-golden-*")
    assert sorted(path.name for path in folder.iterdir()) == ["grey.actual.png", "grey.diff.png"]


def test_a_picture_of_another_size_or_without_a_golden_is_kept_to_be_looked_at(own_goldens: Path):
    with pytest.raises(AssertionError, match="100x80 instead of 200x80"):
        check_golden("grey", grey_picture().copy(0, 0, 100, 80))
    with pytest.raises(AssertionError, match="there is no golden none"):
        check_golden("none", grey_picture())
    assert len(list(own_goldens.glob("lab-golden-*/*.actual.png"))) == 2


def test_accepting_keeps_the_picture_of_today(own_goldens: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAB_ACCEPT_GOLDEN", "1")
    check_golden("fresh", grey_picture())
    monkeypatch.delenv("LAB_ACCEPT_GOLDEN")
    check_golden("fresh", grey_picture())
