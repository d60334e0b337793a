"""Bottom: three strip charts above the timeline."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lab.ui.canvas.timeline import TimelineCanvas
from lab.ui.charts.catalog import STRIP, Chart
from lab.ui.charts.export import write_csv, write_picture
from lab.ui.charts.strip import StripChart

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

CHART_EVERY = 6
"""Frames between two looks at one chart: ten times a second; the charts take turns."""


class Bottom(QWidget):
    """A click on a chart asks for its analysis."""

    analysis_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bottom")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.charts = [StripChart(chart) for chart in STRIP]
        self.timeline = TimelineCanvas()
        row = QHBoxLayout()
        row.setContentsMargins(12, 6, 12, 5)
        row.setSpacing(8)
        for chart in self.charts:
            chart.clicked.connect(self.analysis_asked)
            row.addWidget(chart, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row, 104)
        layout.addWidget(self.timeline, 132)

    def choose(self, chosen: tuple[Chart, ...]) -> None:
        """Show these charts from now on."""
        for widget, chart in zip(self.charts, chosen, strict=True):
            widget.choose(chart)

    def pull_charts(self, session: "Session", frame: int, *, whole: bool) -> None:
        """Feed the chart whose turn it is, or all."""
        for at, chart in enumerate(self.charts):
            if whole or frame % CHART_EVERY == 2 * at:
                chart.pull(session)

    def export(self, path: Path, kind: str, session: "Session") -> None:
        """Write the charts as `png`, `svg` or `csv`."""
        if kind == "csv":
            write_csv(path, [one.chart for one in self.charts], session)
        else:
            write_picture(path, self, kind)
