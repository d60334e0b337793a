"""AnalysisView: one chart in full: zoom and pan, series told apart as one likes, before and after a fault, export."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHeaderView, QSizePolicy, QTableView, QWidget

from lab.cluster.probes.views import SpanView
from lab.ui.charts.catalog import CHARTS, Chart, chart_named
from lab.ui.charts.compare import Comparison, compare
from lab.ui.charts.export import write_csv, write_picture
from lab.ui.charts.lines import Line, lines_by
from lab.ui.charts.region import ComparePlot
from lab.ui.charts.series_model import SeriesModel
from lab.ui.charts.sheet import MARGINS, WAYS, ChartSheet, by_text, whole_run
from lab.ui.panels.full_view import FullView
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

COMPARED_S = 10.0
"""How much is compared before and after a fault at first; the region can be dragged."""
TABLE_PX = 168
ZOOM = 0.7
NO_FAULT = "no comparison"


class CompareSheet(ChartSheet):
    """A sheet whose plot can mark what is compared."""

    plot: ComparePlot

    def make_plot(self, movable: bool) -> ComparePlot:
        """The plot inside."""
        return ComparePlot(MARGINS, movable=movable)


class AnalysisView(FullView):
    """A chart of the catalogue, with its series as a table below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = CHARTS[0]
        self.faults: tuple[SpanView, ...] = ()
        self.whole = True
        self.sheet = CompareSheet(movable=True)
        self.model = SeriesModel()
        self.table = self._make_table()
        self.chart_box = QComboBox()
        self.by_box = QComboBox()
        self.fault_box = QComboBox()
        self._arrange()
        self._connect()

    # --- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        for name, box, width in (
            ("Chart", self.chart_box, 210),
            ("by", self.by_box, 125),
            ("before and after", self.fault_box, 210),
        ):
            self.add_box(name, box, width)
        self.chart_box.addItems([chart.title for chart in CHARTS])
        self.tools.addWidget(self.icon_button("closer", "plus", "Zoom in (+)", partial(self.zoom, ZOOM)))
        self.tools.addWidget(self.icon_button("wider", "minus", "Zoom out (−)", partial(self.zoom, 1 / ZOOM)))
        self.tools.addWidget(self.button("whole", "Whole run", self.show_whole_run))
        self.add_exports("png", "svg", "csv")
        self.column.addWidget(self.sheet, 1)
        self.column.addWidget(self.table)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setAccessibleName("Series")
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setHighlightSections(False)
        table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return table

    def _connect(self) -> None:
        self.chart_box.activated.connect(self._choose_number)
        self.by_box.activated.connect(self.refresh)
        self.fault_box.activated.connect(self.compare_at)
        self.model.toggled.connect(self.refresh)
        self.sheet.plot.zoomed.connect(self._zoomed)
        self.sheet.plot.region_moved.connect(self.refresh)

    # --- showing ----------------------------------------------------------------------------------

    def show_chart(self, session: "Session", chart_name: str) -> None:
        """Show a chart by its name; an empty name: the one shown last."""
        self.session = session
        self._take_faults(session)
        self.fault_box.setCurrentIndex(len(self.faults))
        self._mark_fault()
        self._choose_chart(chart_named(chart_name) if chart_name else self.chart)
        self.setFocus()

    def pull(self, session: "Session") -> None:
        """Show the session as it is."""
        self.take(session)
        self._take_faults(session)
        now = session.now / 1e6
        lines = lines_by(self.chart, session, self.by)
        self.model.show(lines, self._comparisons(lines), now)
        self.sheet.show_chart(self.chart, by_text(self.by), self.model.visible(), self.faults, now)
        if self.whole:
            self.sheet.look_at(*whole_run(max(session.latest, session.now) / 1e6))
        else:
            start, end, _, _ = self.sheet.plot.limits()
            self.sheet.look_at(start, end)

    @property
    def by(self) -> str:
        """By what the series are told apart."""
        return str(self.by_box.currentData() or "total")

    def _choose_number(self, number: int) -> None:
        self._choose_chart(CHARTS[number])

    def _choose_chart(self, chart: Chart) -> None:
        self.chart = chart
        self.name = chart.name
        self.chart_box.setCurrentIndex(CHARTS.index(chart))
        self.by_box.clear()
        for way in chart.ways:
            self.by_box.addItem(WAYS.get(way, way), way)
        self.by_box.setCurrentIndex(chart.ways.index(chart.by))
        self.model.hidden.clear()
        self.refresh()

    def update_theme(self) -> None:
        """Take the current theme."""
        self.sheet.update_theme()
        self.table.setFixedHeight(current_theme().px(TABLE_PX))
        self.table.verticalHeader().setDefaultSectionSize(current_theme().px(24))

    # --- before and after -------------------------------------------------------------------------

    def _take_faults(self, session: "Session") -> None:
        """Offer the faults there are for comparison; the chosen one stays chosen."""
        faults = tuple(one for one in session.timeline_view(1).spans if one.lane == "Faults")
        if [(one.text, one.start) for one in faults] != [(one.text, one.start) for one in self.faults] or (
            not self.fault_box.count()
        ):
            chosen = self.fault_box.currentIndex()
            self.fault_box.clear()
            self.fault_box.addItems([NO_FAULT, *(f"{one.text}, {one.start / 1e6:.1f} s" for one in faults)])
            self.fault_box.setCurrentIndex(chosen if 0 <= chosen <= len(faults) else 0)
        self.faults = faults

    def compare_at(self, number: int) -> None:
        """Compare before and after the fault of that number, from 1; 0: no comparison."""
        self.fault_box.setCurrentIndex(number)
        self._mark_fault()

    def _mark_fault(self) -> None:
        at = self.fault_box.currentIndex() - 1
        if at < 0:
            self.sheet.plot.mark(None)
        else:
            start = self.faults[at].start / 1e6
            self.sheet.plot.mark((start, start + COMPARED_S))
        self.refresh()

    def _comparisons(self, lines: tuple[Line, ...]) -> tuple[Comparison, ...]:
        region = self.sheet.plot.marked()
        return tuple(compare(line, *region) for line in lines) if region is not None else ()

    # --- zooming ----------------------------------------------------------------------------------

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much time, around the middle."""
        start, end, _, _ = self.sheet.plot.limits()
        middle, half = (start + end) / 2, (end - start) / 2 * factor
        self.whole = False
        self.sheet.look_at(max(0.0, middle - half), middle + half)

    def pan(self, share: float) -> None:
        """Move by a share of what is seen."""
        start, end, _, _ = self.sheet.plot.limits()
        step = max((end - start) * share, -start)
        self.whole = False
        self.sheet.look_at(start + step, end + step)

    def show_whole_run(self) -> None:
        """From the beginning to the newest instant again."""
        self.whole = True
        self.refresh()

    def _zoomed(self) -> None:
        self.whole = False
        start, end, _, _ = self.sheet.plot.limits()
        self.sheet.look_at(start, end)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        handlers: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Plus: partial(self.zoom, ZOOM),
            Qt.Key.Key_Minus: partial(self.zoom, 1 / ZOOM),
            Qt.Key.Key_Left: partial(self.pan, -0.25),
            Qt.Key.Key_Right: partial(self.pan, 0.25),
            Qt.Key.Key_0: self.show_whole_run,
        }
        handler = handlers.get(event.key())
        if handler is None:
            super().keyPressEvent(event)
        else:
            handler()

    # --- export -----------------------------------------------------------------------------------

    def export(self, path: Path, kind: str) -> None:
        """Write the chart as it is shown."""
        assert self.session is not None
        if kind == "csv":
            write_csv(path, (self.chart,), self.session, self.by)
        else:
            write_picture(path, self.sheet, kind)
