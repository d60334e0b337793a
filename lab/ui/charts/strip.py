"""StripChart: a chart of the strip: its title, its present value and its lines, small. A click opens it in full."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.ui.canvas.pen import LEFT, rounded, write
from lab.ui.charts.catalog import Chart
from lab.ui.charts.lines import Headline, strip_lines
from lab.ui.charts.plot import Margins, Plot
from lab.ui.theme import Theme, current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

WINDOWS_S = (15.0, 30.0, 60.0)
"""How much time is shown: so little at first that a few samples are a picture, then twice as much. The last one
moves."""
AHEAD = 0.25
"""What share of the window stays free behind the play head."""
STEP_S = 5.0
"""The window moves in steps: standing still, it is easier to read and cheaper to paint."""
HEADER_PX = 30
MARGINS = Margins(left=38, top=4, right=12, bottom=17)


class StripChart(QWidget):
    """Shows `chart`. `clicked` carries its name."""

    clicked = Signal(str)

    def __init__(self, chart: Chart, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme | None = None
        self.plot = Plot(MARGINS)
        self.plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.choose(chart)
        layout = QVBoxLayout(self)
        layout.addWidget(self.plot)
        self._take_theme()

    def choose(self, chart: Chart) -> None:
        """Show this one from now on."""
        self.chart = chart
        self.headline = Headline(chart.title, "", chart.unit)
        self.plot.whole = chart.whole
        self.setAccessibleName(chart.title)
        self.setToolTip(chart.explain.replace("*", ""))

    def _take_theme(self) -> None:
        theme = current_theme()
        if theme is self.theme:
            return
        self.theme = theme
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(theme.px(8), theme.px(HEADER_PX), theme.px(8), theme.px(3))
        self.plot.update_theme()
        self.update()

    # --- showing ----------------------------------------------------------------------------------

    def pull(self, session: "Session") -> None:
        """Show the session as it is."""
        self._take_theme()
        now = session.now / 1e6
        lines, headline = strip_lines(self.chart, session, now)
        faults = tuple(one for one in session.timeline_view(1).spans if one.lane == "Faults")
        self.plot.show_lines(lines, faults, now)
        start, end = window_at(now)
        self.plot.look_at(start, end, self.plot.top_for(start, end))
        if headline != self.headline:
            self.headline = headline
            self.setAccessibleDescription(f"{headline.title}: {headline.value} {headline.unit}")
            self.update(0, 0, self.width(), current_theme().px(HEADER_PX))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            busy = self.hasFocus() or self.underMouse()
            edge = theme.interactive.accent if self.hasFocus() else theme.line.strong if busy else theme.line.subtle
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, theme.px(8), theme.surface.panel, edge)
            self._draw_header(p, theme)

    def _draw_header(self, p: QPainter, theme: Theme) -> None:
        """The title at the left; the value and its unit end at the right."""
        title, value, unit = self.headline.title, self.headline.value, self.headline.unit
        big, small = theme.font(17, 600), theme.font(12)
        height = theme.px(HEADER_PX + 2)
        right = self.width() - theme.px(14)
        unit_width = QFontMetricsF(small).horizontalAdvance(unit) if value else 0.0
        value_width = QFontMetricsF(big).horizontalAdvance(value)
        left = right - unit_width - value_width - theme.px(5)
        bold, room = theme.font(13, 600), left - theme.px(20)
        title = QFontMetricsF(bold).elidedText(title, Qt.TextElideMode.ElideRight, room)
        write(p, QRectF(theme.px(14), 0, room, height), title, bold, theme.text.t2, LEFT)
        if value:
            write(p, QRectF(left, 0, value_width + 2, height), value, big, theme.text.t1, LEFT)
            nudge = theme.px(2)
            box = QRectF(right - unit_width, nudge, unit_width + 2, height)
            write(p, box, unit, small, theme.text.t3, LEFT)

    # --- being asked ------------------------------------------------------------------------------

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit(self.chart.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit(self.chart.name)
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._take_theme()
        super().changeEvent(event)


def window_at(now: float) -> tuple[float, float]:
    """From where to where a strip shows, in seconds, when it is `now`."""
    longest = WINDOWS_S[-1]
    late = now - longest * (1 - AHEAD)
    if late > 0:
        start = -(-late // STEP_S) * STEP_S
        return start, start + longest
    return 0.0, next(one for one in WINDOWS_S if now <= one * (1 - AHEAD))
