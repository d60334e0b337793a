"""ChartSheet: one chart in full with its title, its unit and the sentence that explains it: what is exported."""

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.cluster.probes.views import SpanView
from lab.lessons.wording import plain
from lab.ui.canvas.pen import LEFT, rounded, write
from lab.ui.charts.catalog import Chart
from lab.ui.charts.lines import Line
from lab.ui.charts.plot import Margins, Plot
from lab.ui.theme import current_theme

HEADER_PX = 40
WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
MARGINS = Margins(left=56, top=8, right=120, bottom=22)
ROUND_S = 10.0
WAYS = {"total": "all together"}


class ChartSheet(QWidget):
    """Shows lines over the whole run, or over the part that was zoomed to."""

    def __init__(self, *, movable: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart: Chart | None = None
        self.detail = ""
        self.plot = self.make_plot(movable)
        self.plot.y_ticks = 6
        layout = QVBoxLayout(self)
        layout.addWidget(self.plot)
        self.update_theme()

    def make_plot(self, movable: bool) -> Plot:
        """The plot inside."""
        return Plot(MARGINS, movable=movable)

    def update_theme(self) -> None:
        """Take the current theme."""
        self._make_room()
        self.plot.update_theme()

    def _make_room(self) -> None:
        """For the title and as many lines of explanation as this width needs."""
        theme = current_theme()
        layout = self.layout()
        assert layout is not None
        top = theme.px(HEADER_PX) + self._said_box().height()
        layout.setContentsMargins(theme.px(10), round(top), theme.px(10), theme.px(8))
        self.update()

    def _said_box(self) -> QRectF:
        theme = current_theme()
        room = QRectF(theme.px(18), theme.px(34), max(self.width() - theme.px(36), 100), 1000)
        if self.chart is None:
            return QRectF(room.topLeft(), QSizeF(room.width(), 0))
        return QFontMetricsF(theme.font(12)).boundingRect(room, int(WRAPPED), explained(self.chart))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._make_room()

    def show_chart(
        self, chart: Chart, detail: str, lines: tuple[Line, ...], spans: tuple[SpanView, ...], now: float
    ) -> None:
        """Show `lines` of `chart`; `detail` says how they are told apart."""
        if (chart, detail) != (self.chart, self.detail):
            self.chart, self.detail = chart, detail
            self.plot.whole = chart.whole
            self._make_room()
        self.plot.show_lines(lines, spans, now)

    def look_at(self, start: float, end: float) -> None:
        """Span from `start` to `end` (seconds), as high as the lines are there."""
        self.plot.look_at(start, end, self.plot.top_for(start, end))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, theme.px(10), theme.surface.panel, theme.line.subtle)
            if self.chart is None:
                return
            left, width = theme.px(18), self.width() - theme.px(36)
            title, big = self.chart.title, theme.font(16, 600)
            write(p, QRectF(left, theme.px(10), width, theme.px(22)), title, big, theme.text.t1, LEFT)
            after = left + QFontMetricsF(big).horizontalAdvance(title) + theme.px(10)
            detail = " · ".join(part for part in (self.chart.unit, self.detail) if part)
            write(p, QRectF(after, theme.px(11), width, theme.px(22)), detail, theme.font(12), theme.text.t3, LEFT)
            box = self._said_box().adjusted(0, 0, 2, 2)
            write(p, box, explained(self.chart), theme.font(12), theme.text.t2, WRAPPED)


def explained(chart: Chart) -> str:
    """The chart's sentence without marks."""
    return plain(chart.explain).replace("*", "")


def whole_run(latest: float) -> tuple[float, float]:
    """From the beginning to the newest instant, at least twenty seconds, in round ones."""
    return 0.0, max(20.0, -(-latest // ROUND_S) * ROUND_S)


def by_text(way: str) -> str:
    """A way of telling series apart, as words."""
    return WAYS.get(way, f"by {way}")
