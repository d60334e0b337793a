# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false
"""ComparePlot: a plot with two stretches of time marked, before and after; the second can be dragged and resized."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from lab.ui.canvas.pen import CENTRE, write
from lab.ui.charts.plot import Margins, Plot
from lab.ui.theme import current_theme, with_alpha


class ComparePlot(Plot):
    """`region_moved`: the person has dragged it."""

    region_moved = Signal()

    def __init__(self, margins: Margins, *, movable: bool = False, parent: QWidget | None = None) -> None:
        self.before: Any = None
        self.after: Any = None
        super().__init__(margins, movable=movable, parent=parent)
        self.before = pg.LinearRegionItem(movable=False)
        self.after = pg.LinearRegionItem(movable=movable)
        for region in (self.before, self.after):
            region.setZValue(-10)
            region.hide()
            self.box.addItem(region, ignoreBounds=True)
        self.after.sigRegionChanged.connect(self._moved)
        self.update_theme()

    def update_theme(self) -> None:
        """Take the current theme."""
        super().update_theme()
        if self.after is None:
            return
        accent = current_theme().interactive.accent
        for region, alpha in ((self.before, 0.03), (self.after, 0.07)):
            region.setBrush(with_alpha(accent, alpha))
            region.setHoverBrush(with_alpha(accent, alpha + 0.05))
            for edge in region.lines:
                edge.setPen(with_alpha(accent, 0.35), width=1)
                edge.setHoverPen(accent, width=1)

    def mark(self, stretch: tuple[float, float] | None) -> None:
        """Mark what is compared with the same stretch before it, in seconds; None: nothing."""
        for region in (self.before, self.after):
            region.setVisible(stretch is not None)
        if stretch is not None:
            self.after.setRegion(stretch)

    def marked(self) -> tuple[float, float] | None:
        """The second stretch."""
        if not self.after.isVisibleTo(self.box):
            return None
        start, end = self.after.getRegion()
        return float(start), float(end)

    def _moved(self) -> None:
        start, end = self.after.getRegion()
        self.before.setRegion((start - (end - start), start))
        self.region_moved.emit()

    def drawForeground(self, p: QPainter, rect: QRectF | Any) -> None:
        super().drawForeground(p, rect)
        stretch = self.marked()
        if stretch is None or not self.has_data():
            return
        theme, area = current_theme(), self.area()
        start, end = stretch
        for text, first, last in (("before", 2 * start - end, start), ("after", start, end)):
            left, right = max(self.x_of(first), area.left()), min(self.x_of(last), area.right())
            if right - left > theme.px(40):
                box = QRectF(left, area.top() + theme.px(2), right - left, theme.px(16))
                write(p, box, text, theme.font(11, 600), theme.text.t2, CENTRE)
