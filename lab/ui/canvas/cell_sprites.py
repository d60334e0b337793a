"""CellSprites: the cells of a log as small pictures, each drawn once."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap

from lab.cluster.probes.views import CellView
from lab.ui.canvas.pen import CENTRE, crack, rounded, write
from lab.ui.theme import Theme, mixed, with_alpha

RADIUS = 4
ENDINGS = ("C", "A")
"""The letters of the two markers: commit and abort."""
DIM, LETTER_DIM = 0.52, 0.34
"""How far a follower's cells and their letters fade into the canvas: the leader's log is the one to read."""


class CellSprites:
    """Every kind of cell in one size. A picture costs 2 µs to paint, a dashed edge 24."""

    def __init__(self, theme: Theme, width: int, height: int, ratio: float) -> None:
        self.theme = theme
        self.width = width
        self.height = height
        self.ratio = ratio
        self._made: dict[tuple[str, str, int, bool, bool, bool], QPixmap] = {}

    def of(self, cell: CellView, bright: bool) -> QPixmap:
        """The picture of a cell; `bright` on the leader."""
        key = (cell.kind, cell.letter, cell.category, cell.committed, cell.corrupt, bright)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._drawn(cell, bright)
        return found

    def _drawn(self, cell: CellView, bright: bool) -> QPixmap:
        picture = QPixmap(round(self.width * self.ratio), round(self.height * self.ratio))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(Qt.GlobalColor.transparent)
        box = QRectF(0, 0, self.width, self.height)
        with QPainter(picture) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            if cell.kind == "gap":
                self._gap(p, box)
            elif cell.kind == "control":
                self._control(p, box, cell, bright)
            elif cell.kind == "tombstone":
                self._tombstone(p, box, cell, bright)
            else:
                self._record(p, box, cell, bright)
            if cell.corrupt:
                crack(p, box, self.theme.surface.canvas, self.theme.state.fail)
        return picture

    def _faded(self, colour: QColor, bright: bool, share: float = DIM) -> QColor:
        return colour if bright else mixed(colour, self.theme.surface.canvas, share)

    def _record(self, p: QPainter, box: QRectF, cell: CellView, bright: bool) -> None:
        theme = self.theme
        if cell.committed:
            rounded(p, box, RADIUS, self._faded(theme.state.record_cell, bright))
            ink = self._faded(theme.state.record_cell_text, bright, LETTER_DIM)
        else:
            self._dashed(p, box, theme.state.record, bright)
            ink = self._faded(theme.text.t1, bright, LETTER_DIM)
        self._key(p, box, cell, ink, bright)

    def _key(self, p: QPainter, box: QRectF, cell: CellView, ink: QColor, bright: bool) -> None:
        """The letter, and the key's colour as a stripe: a category never comes without its letter."""
        size = min(13.0, self.height * 0.44 / self.theme.ui_scale)
        lift = self.height * 0.05 if cell.category >= 0 else 0.0
        write(p, box.translated(0, -lift), cell.letter, self.theme.font(size, 600 if bright else 500), ink, CENTRE)
        if cell.category >= 0:
            colour = self._faded(self.theme.category[cell.category % len(self.theme.category)], bright)
            wide, thick = self.width * 0.5, max(2.0, self.height * 0.075)
            stripe = QRectF(box.center().x() - wide / 2, box.bottom() - thick - self.height * 0.1, wide, thick)
            rounded(p, stripe, thick / 2, colour)

    def _dashed(self, p: QPainter, box: QRectF, colour: QColor, bright: bool) -> None:
        edge = self._faded(colour, bright)
        rounded(p, box.adjusted(0.8, 0.8, -0.8, -0.8), RADIUS, with_alpha(colour, 0.10), edge, 1.5, [2.6, 2.0])

    def _tombstone(self, p: QPainter, box: QRectF, cell: CellView, bright: bool) -> None:
        theme = self.theme
        if cell.committed:
            rounded(p, box.adjusted(0.7, 0.7, -0.7, -0.7), RADIUS, None, self._faded(theme.line.strong, bright), 1.3)
        else:
            self._dashed(p, box, theme.line.strong, bright)
        radius = min(box.width(), box.height()) * 0.24
        centre = box.center()
        p.setPen(QPen(self._faded(theme.text.t2, bright), 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawEllipse(centre, radius, radius)
        reach = radius * 1.15
        p.drawLine(centre + QPointF(-reach, reach), centre + QPointF(reach, -reach))

    def _control(self, p: QPainter, box: QRectF, cell: CellView, bright: bool) -> None:
        """A diamond: it takes an offset, but no consumer gets it. Its letter says how it ends a transaction."""
        state = self.theme.state
        colour = self._faded({"C": state.ok, "A": state.fail}.get(cell.letter, state.txn), bright)
        centre, reach = box.center(), min(box.width(), box.height()) * 0.44
        path = QPainterPath(centre + QPointF(0, -reach))
        for corner in (QPointF(reach, 0), QPointF(0, reach), QPointF(-reach, 0)):
            path.lineTo(centre + corner)
        path.closeSubpath()
        pen = QPen(colour, 1.5)
        if not cell.committed:
            pen.setDashPattern([2.0, 1.6])
        p.setPen(pen)
        p.setBrush(QBrush(with_alpha(colour, 0.30)))
        p.drawPath(path)
        if cell.letter in ENDINGS:
            ink = self._faded(self.theme.text.t1, bright, LETTER_DIM)
            write(p, box, cell.letter, self.theme.font(min(11.0, reach / self.theme.ui_scale), 700), ink, CENTRE)

    def _gap(self, p: QPainter, box: QRectF) -> None:
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.line.strong)
        radius = max(1.0, self.height * 0.035)
        for step in (-1, 0, 1):
            p.drawEllipse(box.center() + QPointF(step * self.width * 0.27, 0), radius, radius)
