"""SharePainter: the records a share group has in flight: acquired, available again, acknowledged, archived."""

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen

from lab.cluster.probes.views import LensGroupView, ShareRunView
from lab.ui.canvas.lens_geometry import LensGeometry
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, with_alpha

TALL, LOW = 14, 4
"""Pixels: a record that is somebody's or nobody's, and one that is finished."""
COUNT_FROM = 18
"""Pixels of room that the number of deliveries wants."""


class SharePainter:
    """Every state has a shape: filled and hatched is a member's, dashed and hollow waits for one, a low bar is
    acknowledged, a cross is archived. From the second delivery on the count stands in it.
    """

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        scale = theme.ui_scale
        self.waiting = QPen(theme.state.pending, 1.4 * scale, Qt.PenStyle.CustomDashLine)
        self.waiting.setDashPattern([2.4, 1.8])
        self.archived = QPen(theme.state.fail, 1.6 * scale)
        self.finished = QBrush(theme.state.ok)
        self.canvas = QBrush(theme.surface.canvas)

    def paint(self, p: QPainter, group: LensGroupView, y: float, g: LensGeometry) -> None:
        """All runs of one group on its line."""
        colour = self.theme.category[group.category % len(self.theme.category)]
        fill, hatch = QBrush(with_alpha(colour, 0.34)), QBrush(colour, Qt.BrushStyle.BDiagPattern)
        edge = QPen(colour, 1.4 * self.theme.ui_scale)
        for run in group.runs:
            left, right = g.held_x(run.first), g.held_x(run.end)
            if right <= left:
                continue
            box = QRectF(left + 1, y - TALL / 2 * g.scale, max(right - left - 2, 1), TALL * g.scale)
            match run.state:
                case "Acquired":
                    p.fillRect(box, self.canvas)
                    p.fillRect(box, fill)
                    p.fillRect(box, hatch)
                    self._outline(p, box, edge)
                case "Available":
                    p.fillRect(box, self.canvas)
                    self._outline(p, box, self.waiting)
                case "Acknowledged":
                    low = QRectF(box.left(), y - LOW / 2 * g.scale, box.width(), LOW * g.scale)
                    p.fillRect(low, self.finished)
                case _:
                    self._cross(p, run, y, g)
            self._count(p, run, box)

    def _outline(self, p: QPainter, box: QRectF, pen: QPen) -> None:
        p.setPen(pen)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(box, 2, 2)

    def _cross(self, p: QPainter, run: ShareRunView, y: float, g: LensGeometry) -> None:
        """One for each record: there are few."""
        p.setPen(self.archived)
        reach = min(TALL / 2 * g.scale, g.pitch / 2 - 2) * 0.75
        for offset in range(run.first, run.end):
            x = g.x_of(offset) + g.pitch / 2
            p.drawLine(QLineF(x - reach, y - reach, x + reach, y + reach))
            p.drawLine(QLineF(x - reach, y + reach, x + reach, y - reach))

    def _count(self, p: QPainter, run: ShareRunView, box: QRectF) -> None:
        """Only of what is still in play, and where there is room."""
        if run.delivery_count < 2 or run.state not in ("Acquired", "Available"):
            return
        if box.width() < COUNT_FROM * self.theme.ui_scale:
            return
        text = f"×{run.delivery_count}"
        wide = self.stamps.width(text, 11, 700)
        p.fillRect(QRectF(box.center().x() - wide / 2 - 2, box.top() + 1, wide + 4, box.height() - 2), self.canvas)
        self.stamps.put(p, box.center().x(), box.center().y(), text, self.theme.text.t1, 11, 700, share=MIDDLE)
