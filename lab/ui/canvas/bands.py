"""Bands: how much travels on each link, where single messages would be too many or too fast, or must not move."""

from collections.abc import Iterable
from math import log2

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from lab.cluster.probes.views import FlightView
from lab.env import Micros
from lab.ui.canvas.particles import KINDS
from lab.ui.canvas.routes import Points, Routes, path_of
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, with_alpha

DASH, GAP = 2.5, 2.0
"""In widths of the band."""
DASHES_PER_WINDOW = 1
"""A window is a third of a second on the wall at any speed: a place on the way changes under three times a second."""
WIDEST = 6.0


class Bands:
    """Paints one moving stroke, or with reduced motion one number, for each link with traffic."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps

    def paint(self, p: QPainter, flights: Iterable[FlightView], routes: Routes, now: Micros, window: Micros) -> None:
        """`window`: the virtual time over which the messages were gathered."""
        for kind, points, count in traffic(flights, routes):
            if self.theme.reduced_motion:
                self._number(p, QPointF(*points[len(points) // 2]), kind, count)
            else:
                self._band(p, path_of(points), kind, count, now / max(window, 1))

    def _band(self, p: QPainter, path: QPainterPath, kind: str, count: int, phase: float) -> None:
        colour = with_alpha(self.theme.tone("ok" if kind == "ack" else "record"), 0.55)
        width = min(1.5 + log2(1 + count) * 0.6, WIDEST) * self.theme.ui_scale
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([DASH, GAP])
        pen.setDashOffset(-(phase * DASHES_PER_WINDOW % 1.0) * (DASH + GAP))
        p.setPen(pen)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(path)

    def _number(self, p: QPainter, middle: QPointF, kind: str, count: int) -> None:
        theme = self.theme
        text = str(count)
        wide = self.stamps.width(text, 11, 600) + theme.px(10)
        box = QRectF(middle.x() - wide / 2, middle.y() - theme.px(9), wide, theme.px(18))
        p.setBrush(theme.surface.canvas)
        p.setPen(QPen(theme.tone("ok" if kind == "ack" else "record"), 1.2))
        p.drawRoundedRect(box, theme.px(9), theme.px(9))
        self.stamps.put(p, middle.x(), middle.y(), text, theme.text.t1, 11, 600, share=MIDDLE)


def traffic(flights: Iterable[FlightView], routes: Routes) -> list[tuple[str, Points, int]]:
    """Kind, route and number of messages; the way there and the way back are two routes."""
    found: dict[tuple[str, int], tuple[str, Points, int]] = {}
    for one in flights:
        points = routes.of(one.source, one.target, one.partition) if one.kind in KINDS else None
        if points is not None:
            key = one.kind, id(points)
            found[key] = one.kind, points, found[key][2] + 1 if key in found else 1
    return list(found.values())
