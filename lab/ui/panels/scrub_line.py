"""ScrubLine: the thin line under the top bar: how far the run is, with a tick for every key moment."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lab.cluster.probes.views import TimelineView
from lab.env import Micros
from lab.ui.theme import current_theme

THICKNESS = 3
HEIGHT = 9
KNOB_RADIUS = 4.5


class ScrubLine(QWidget):
    """Click or drag to seek. The line is three pixels, its sensitive area nine."""

    seek_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Scrub line")
        self.view: TimelineView | None = None

    def set_view(self, view: TimelineView) -> None:
        """Show `view`."""
        if view == self.view:
            return
        self.view = view
        self.update()

    def span(self) -> Micros:
        """The virtual time the whole line stands for: at least a second."""
        return max(self.view.latest if self.view is not None else 0, 1_000_000)

    def time_at(self, x: float) -> Micros:
        """The virtual time under `x`."""
        share = min(max(x / max(self.width(), 1), 0.0), 1.0)
        return int(share * self.span())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.seek_asked.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.seek_asked.emit(self.time_at(event.position().x()))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.view is None:
            return
        theme = current_theme()
        span = self.span()
        here = self.view.now / span * self.width()
        top = (HEIGHT - THICKNESS) / 2
        with QPainter(self) as p:
            p.fillRect(QRectF(0, top, self.width(), THICKNESS), theme.line.subtle)
            p.fillRect(QRectF(0, top, here, THICKNESS), theme.interactive.accent)
            for moment in self.view.moments:
                at = moment.time / span * self.width()
                p.fillRect(QRectF(at - 1, top + 1, 2, THICKNESS), theme.state.pending)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(theme.interactive.accent)
            knob = min(max(here, KNOB_RADIUS), self.width() - KNOB_RADIUS)
            p.drawEllipse(QPointF(knob, HEIGHT / 2), KNOB_RADIUS, KNOB_RADIUS)
