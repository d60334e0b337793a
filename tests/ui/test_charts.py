"""The charts: what the strip says, what is drawn of a line, the whole chart with its comparison, and exports."""

import itertools
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lab.cluster.session.recorder import METRICS
from lab.ui.charts.analysis import AnalysisView
from lab.ui.charts.axes import peaks_above, round_top, thinned, tick_text, ticks, usual_most
from lab.ui.charts.catalog import CHARTS, STRIP, chart_named, strip_for
from lab.ui.charts.compare import compare
from lab.ui.charts.lines import Line, in_words, lines_by, strip_lines
from lab.ui.charts.plot import spread
from lab.ui.charts.series_model import change
from lab.ui.charts.strip import StripChart, window_at
from lab.ui.panels.bottom import Bottom
from lab.ui.screenshot import picture_of
from tests.ui.paints import Paints, forget_all_hues, unlike
from tests.ui.scenes import FailingSession
from tests.ui.scripted import SECOND, as_session


@pytest.fixture
def strip(look, qtbot) -> list[StripChart]:
    """The three charts of the strip on the middle of a failure."""
    charts = [StripChart(chart) for chart in STRIP]
    for chart in charts:
        qtbot.addWidget(chart)
        chart.resize(400, 104)
        chart.show()
        qtbot.waitExposed(chart)
        chart.pull(as_session(FailingSession()))
    return charts


@pytest.fixture
def analysis(look, qtbot) -> AnalysisView:
    view = AnalysisView()
    qtbot.addWidget(view)
    view.resize(1270, 600)
    view.show()
    qtbot.waitExposed(view)
    view.show_chart(as_session(FailingSession()), "throughput")
    qtbot.wait(1)
    return view


def line(values: list[float], **kept: object) -> Line:
    seconds = np.arange(len(values), dtype=float)
    return replace(Line("line", "record", "x", seconds, np.array(values, dtype=float)), **kept)


# --- the strip ------------------------------------------------------------------------------------


def test_a_strip_says_its_value_in_words_and_to_a_screen_reader(strip: list[StripChart]):
    said = [(one.headline.title, one.headline.value, one.headline.unit) for one in strip]
    assert said == [
        ("Throughput", "665", "records/s"),
        ("Lag · payments", "31.0", "max, p2"),
        ("Under-replicated partitions", "3", "of 6"),
    ]
    assert strip[0].accessibleName() == "Throughput"
    assert strip[0].accessibleDescription() == "Throughput: 665 records/s"


def test_the_group_that_is_furthest_behind_is_shown_by_partition_and_its_worst_is_named(strip: list[StripChart]):
    lines = strip[1].plot.lines
    assert [one.label for one in lines] == ["", "", "p2"]
    assert [one.strong for one in lines] == [False, False, True]
    assert lines[-1].value_at(42) > lines[0].value_at(42)


def test_the_strip_shows_what_a_lesson_is_about(look, qtbot):
    bottom = Bottom()
    qtbot.addWidget(bottom)
    metrics = ("producer-ids", "connections-made", "produce-latency")
    bottom.choose(strip_for(metrics))
    assert [one.chart.name for one in bottom.charts] == ["producer-ids", "connections", "latency"]
    assert [one.accessibleName() for one in bottom.charts] == ["Producer ids", "Connections", "Latency of writing"]
    bottom.choose(strip_for(()))
    assert [one.chart for one in bottom.charts] == list(STRIP)


def test_whatever_metric_a_lesson_names_has_a_chart():
    assert all(strip_for((metric,)) for metric in METRICS)


def test_a_click_and_return_open_the_chart_in_full(strip: list[StripChart], qtbot):
    opened: list[str] = []
    for chart in strip:
        chart.clicked.connect(opened.append)
    qtbot.mouseClick(strip[1], Qt.MouseButton.LeftButton)
    qtbot.keyClick(strip[2], Qt.Key.Key_Return)
    assert opened == ["lag", "under-replicated"]


def test_focus_is_seen_on_a_strip(strip: list[StripChart], qtbot):
    chart = strip[0]
    with qtbot.waitActive(chart):
        chart.activateWindow()
    chart.clearFocus()
    without = picture_of(chart)
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert chart.hasFocus()
    assert unlike(picture_of(chart), without) > 500


def test_a_new_session_has_no_samples_and_the_charts_say_so(strip: list[StripChart]):
    fresh = as_session(FailingSession(now=0, latest=0, sampled=False))
    for chart in strip:
        before = picture_of(chart)
        chart.pull(fresh)
        assert not chart.plot.has_data()
        assert chart.headline.value == ""
        assert unlike(picture_of(chart), before) > 100


def test_pulling_the_same_twice_paints_no_headline_and_feeds_no_line(strip: list[StripChart], qtbot):
    chart = strip[0]
    qtbot.wait(20)
    traces = [trace.shown for trace in chart.plot.traces]
    paints = Paints()
    chart.installEventFilter(paints)
    session = FailingSession()
    session.series = fixed(session)  # pyright: ignore[reportAttributeAccessIssue]
    chart.pull(as_session(session))
    again = [trace.shown for trace in chart.plot.traces]
    chart.pull(as_session(session))
    assert [trace.shown for trace in chart.plot.traces] == again
    assert all(one is other for one, other in zip(again, (t.shown for t in chart.plot.traces), strict=True))
    assert len(traces) == len(again)
    qtbot.wait(20)
    assert paints.count == 0


def fixed(session: FailingSession):
    """The recorder gives the same arrays for the same instant; so does this."""
    known: dict[tuple[str, str | None], object] = {}
    ask = session.series

    def series(metric: str, by: str | None = None):
        return known.setdefault((metric, by), ask(metric, by))

    return series


def test_the_window_of_a_strip_grows_then_moves_in_steps_and_keeps_the_play_head_in_sight():
    for now in np.arange(0, 300, 0.7):
        start, end = window_at(float(now))
        assert start % 5 == 0
        assert start <= now <= end
    changes = [window_at(now / 10) for now in range(600) if window_at(now / 10) != window_at((now - 1) / 10)]
    assert changes[:4] == [(0, 30), (0, 60), (5, 65), (10, 70)]
    start, end = window_at(1.0)
    assert end - start == 15, "one second is a stretch that can be seen"


def test_a_first_request_that_was_slow_does_not_press_all_others_flat(look, qtbot):
    """A producer's first record waits for a connection and for metadata: 113 ms, and 2.2 ms from then on."""
    chart = StripChart(chart_named("latency"))
    qtbot.addWidget(chart)
    chart.resize(400, 104)
    samples = np.array([113.0, 70.0, 40.0, *[2.2] * 30])
    line = Line("mean", "pending", "ms", np.arange(0, len(samples) / 4, 0.25), samples, strong=True)

    def top(count: int) -> float:
        chart.plot.show_lines((replace(line, seconds=line.seconds[:count], values=samples[:count]),), (), count * 0.25)
        return chart.plot.top_for(0, 15)

    assert top(1) == top(4) == 120, "it is all there is"
    assert top(16) == top(33) == 4, "readable, and from then on it does not jump"
    chart.plot.look_at(0, 15, 4)
    marked = picture_of(chart)
    chart.plot.show_lines((replace(line, values=np.minimum(samples, 4.0)),), (), 33 * 0.25)
    assert unlike(picture_of(chart), marked) > 30, "what is beyond the edge is marked there"


def test_charts_take_turns_so_that_one_frame_paints_one_chart(look, qtbot):
    bottom = Bottom()
    qtbot.addWidget(bottom)
    asked: list[tuple[int, str]] = []
    for chart in bottom.charts:
        chart.pull = lambda session, name=chart.chart.name: asked.append((frame, name))  # pyright: ignore
    for frame in range(12):
        bottom.pull_charts(as_session(FailingSession()), frame, whole=False)
    frames = [at for at, _ in asked]
    assert len(frames) == len(set(frames)) == 6
    assert {name for _, name in asked} == {"throughput", "lag", "under-replicated"}


# --- lines ----------------------------------------------------------------------------------------


def test_a_peak_of_one_sample_is_still_there_when_a_line_is_thinned():
    values = np.zeros(10_000)
    values[6_789] = 5.0
    seconds, found = thinned(np.arange(10_000.0), values, 400)
    assert len(found) <= 420
    assert found.max() == 5.0
    assert seconds[found.argmax()] == 6_789
    assert (np.diff(seconds) > 0).all()


def test_a_gap_stays_a_gap():
    values = np.ones(1000)
    values[300:400] = nan
    _, found = thinned(np.arange(1000.0), values, 100)
    assert np.isnan(found).any()
    assert line([1, nan, 3]).value_at(0.5) == 1
    assert np.isnan(line([1, 2]).value_at(-1))


def test_ranges_and_ticks_are_round():
    assert [round_top(value) for value in (0, 2, 3, 11, 721, 1_040)] == [2, 2, 4, 12, 800, 1_200]
    assert ticks(0, 60, 6) == [0, 10, 20, 30, 40, 50, 60]
    assert ticks(5, 5, 4) == []
    assert tick_text(1_200, 200) == "1\u202f200"
    assert tick_text(0.25, 0.05) == "0.25"
    assert tick_text(1.5, 1.5) == "1.5", "2 would be a lie"


def test_a_range_leaves_out_brief_peaks_and_nothing_else():
    def most(*values: float) -> float:
        return usual_most(np.arange(0, len(values) / 2, 0.5), np.array(values, dtype=float))

    calm = [2.0] * 20
    assert most() == most(nan, nan) == 0
    assert most(90, *calm) == 2
    assert most(*calm, nan, 90, 90, *calm) == 2
    assert most(*calm, 90) == 90, "it may be the beginning of something"
    assert most(*calm, *[90] * 8, *calm) == 90, "four seconds are no peak"
    assert most(9, *calm) == 9, "nothing is pressed flat by it"
    assert most(90, *[0.0] * 20) == 90, "there is no rest to be seen"
    assert most(90, 2, 2) == 90, "of three samples none is an outlier"


def test_each_peak_beyond_a_range_is_marked_once_at_its_highest():
    seconds, values = np.arange(8.0), np.array([1, 5, 9, 1, nan, 7, 1, 1])
    assert peaks_above(seconds, values, 4) == [(2, 9), (5, 7)]
    assert peaks_above(seconds, values, 9) == []


def test_values_in_words():
    assert [in_words(value) for value in (nan, 0, 0.44, 719.4, 12_345, 2_500_000)] == [
        "", "0", "0.4", "719", "12.35\u202fk", "2.5\u202fM",
    ]  # fmt: skip
    assert [change(value) for value in (nan, 0.0, 2.5, -2.5)] == ["—", "±0", "+2.5", "−2.5"]


def test_names_at_the_ends_of_lines_never_stand_on_each_other():
    names = [(float(y), line([1], label=str(y))) for y in (50, 51, 52, 90)]
    places = [place for place, _ in spread(names, 14, 0, 100)]
    assert all(lower - upper >= 14 - 1e-6 for upper, lower in itertools.pairwise(places))
    assert max(places) <= 100


def test_every_chart_can_be_told_apart_in_every_way_it_offers():
    session = as_session(FailingSession())
    for chart in CHARTS:
        assert chart.by in chart.ways
        for way in chart.ways:
            lines = lines_by(chart, session, way)
            assert all(len(one.seconds) == len(one.values) for one in lines)
    assert len(lines_by(chart_named("throughput"), session, "partition")) == 6
    assert strip_lines(chart_named("lag"), as_session(FailingSession(sampled=False)), 1.0)[0] == ()


def test_two_lines_of_a_chart_are_told_apart_without_any_hue(strip: list[StripChart]):
    forget_all_hues()
    lines = {one.label: one for one in strip[0].plot.lines}
    assert not lines["in"].dashed
    assert lines["out"].dashed
    named = picture_of(strip[0])
    strip[0].plot.show_lines(
        tuple(replace(one, label="") for one in strip[0].plot.lines), strip[0].plot.spans, strip[0].plot.now
    )
    assert unlike(picture_of(strip[0]), named) > 40  # the names at their ends


# --- one chart in full ----------------------------------------------------------------------------


def test_before_and_after_the_newest_fault_are_compared_at_once(analysis: AnalysisView):
    assert analysis.fault_box.currentText() == "crash · broker-1, 40.0 s"
    analysis.compare_at(1)
    assert analysis.sheet.plot.marked() == (28.0, 38.0)
    seconds, values = FailingSession().series("records-out")[""]
    before = values[(seconds >= 18) & (seconds < 28)].mean()
    after = values[(seconds >= 28) & (seconds < 38)].mean()
    out = next(row for row in analysis.model.cells if row[0] == "out")
    assert out[1:5] == ("400", f"{before:.0f}", f"{after:.0f}", f"−{before - after:.0f}")


def test_no_comparison_leaves_only_the_present_value(analysis: AnalysisView):
    analysis.compare_at(0)
    assert analysis.sheet.plot.marked() is None
    assert all(row[2:] == ("",) * 6 for row in analysis.model.cells)


def test_figures_are_of_the_samples_before_and_after():
    found = compare(line([1, 1, 1, 1, 9, 9, 9, 9]), 4, 8)
    assert (found.before.mean, found.after.mean, found.mean_difference) == (1, 9, 8)
    assert found.before.count == found.after.count == 4


def test_a_line_that_is_switched_off_is_not_drawn(analysis: AnalysisView):
    index = analysis.model.index(1, 0)
    analysis.model.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert [one.label for one in analysis.sheet.plot.lines] == ["in"]
    analysis.model.setData(index, Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    assert [one.label for one in analysis.sheet.plot.lines] == ["in", "out"]


def test_the_keyboard_zooms_moves_and_shows_the_whole_run_again(analysis: AnalysisView, qtbot):
    whole = analysis.sheet.plot.limits()[:2]
    qtbot.keyClick(analysis, Qt.Key.Key_Plus)
    start, end = analysis.sheet.plot.limits()[:2]
    assert end - start == pytest.approx((whole[1] - whole[0]) * 0.7)
    qtbot.keyClick(analysis, Qt.Key.Key_Right)
    assert analysis.sheet.plot.limits()[0] > start
    for _ in range(12):
        qtbot.keyClick(analysis, Qt.Key.Key_Left)
    assert analysis.sheet.plot.limits()[0] >= -1e-9
    qtbot.keyClick(analysis, Qt.Key.Key_0)
    assert analysis.sheet.plot.limits()[:2] == whole
    closed: list[bool] = []
    analysis.closed.connect(lambda: closed.append(True))
    qtbot.keyClick(analysis, Qt.Key.Key_Escape)
    assert closed == [True]


@pytest.mark.parametrize("width", [960, 1100, 1270, 1600])
def test_the_tools_of_the_analysis_never_lie_on_each_other(analysis: AnalysisView, qtbot, width: int):
    analysis.resize(width, 600)
    qtbot.wait(50)  # Qt widens a combo box 20 ms after its entries changed
    row = [analysis.chart_box, analysis.by_box, analysis.fault_box, *analysis.buttons.values()]
    placed = sorted((one.geometry().left(), one.geometry().right()) for one in row)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(placed))
    assert placed[-1][1] < analysis.width()


def test_every_control_of_the_analysis_has_a_name_and_is_reached_by_tab(analysis: AnalysisView):
    for box in (analysis.chart_box, analysis.by_box, analysis.fault_box, analysis.table):
        assert box.accessibleName()
        assert box.focusPolicy() & Qt.FocusPolicy.TabFocus
    for button in analysis.buttons.values():
        assert button.accessibleName() or button.text()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_an_analysis_of_a_new_session_is_empty_and_says_so(look, qtbot):
    view = AnalysisView()
    qtbot.addWidget(view)
    view.resize(1000, 500)
    view.show_chart(as_session(FailingSession(now=0, latest=0, sampled=False)), "lag")
    assert view.model.rowCount() == 0
    assert not view.sheet.plot.has_data()
    view.grab()
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Left, Qt.Key.Key_0):
        qtbot.keyClick(view, key)


def test_exports_are_a_table_a_picture_and_a_drawing(analysis: AnalysisView, tmp_path: Path):
    for kind in ("csv", "png", "svg"):
        analysis.export(tmp_path / f"chart.{kind}", kind)
    rows = (tmp_path / "chart.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "time,series,value,unit"
    assert len(rows) == 1 + 2 * 60 * 4
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "chart.svg").read_text(encoding="utf-8")


def test_with_two_pixels_to_one_a_strip_is_sharp(strip: list[StripChart]):
    large = picture_of(strip[0], 2.0)
    enlarged = picture_of(strip[0]).scaled(large.size())
    enlarged.setDevicePixelRatio(2.0)
    assert unlike(large, enlarged) > 500


def test_reduced_motion_paints_the_same_charts(strip: list[StripChart], look):
    before = picture_of(strip[0])
    look(reduced_motion=True)
    strip[0].pull(as_session(FailingSession()))
    assert unlike(picture_of(strip[0]), before) == 0
    assert strip[0].plot.now == 42_180_000 / SECOND
