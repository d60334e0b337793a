"""ReplicaPainter: the logs on the lens: cells, what is on disk, where each ends, and the high watermark."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPainterPath, QPen, QPolygonF

from lab.cluster.probes.views import LensReplicaView, LensView
from lab.ui.canvas.cell_sprites import CellSprites
from lab.ui.canvas.lens_geometry import RULER_Y, LensGeometry
from lab.ui.canvas.stamps import MIDDLE, RIGHT, Stamps
from lab.ui.theme import Theme, with_alpha

RULER_STEPS = (5, 10, 20, 50, 100)


class ReplicaPainter:
    """Pens and colours of one theme, so that no frame has to make them."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        ok, wide = theme.state.ok, theme.ui_scale
        self.hw_pen = QPen(ok, 2.6 * wide)
        self.wash = (with_alpha(ok, 0.0), with_alpha(ok, 0.15 if theme.dark else 0.17))
        self.on_disk = QPen(theme.text.t3, 2.0 * wide)
        self.in_cache = QPen(theme.text.t3, 2.0 * wide, Qt.PenStyle.CustomDashLine)
        self.in_cache.setDashPattern([1.0, 1.5])
        self.end_bright = QPen(theme.text.t1, 2.0 * wide)
        self.end_quiet = QPen(theme.text.t3, 2.0 * wide)
        self.torn = QPen(theme.text.t3, 1.4 * wide)
        self.tick = QPen(theme.line.strong, 1.0)
        self.hover = with_alpha(theme.text.t1, 0.07)
        self._gradients: dict[tuple[float, float], QLinearGradient] = {}

    # --- behind the cells -------------------------------------------------------------------------

    def paint_wash(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """Green up to the high watermark: what a consumer may read."""
        right = g.held_x(view.high_watermark)
        left = max(g.left - g.gap / 2, right - 12 * g.pitch)
        if right <= left:
            return
        gradient = self._gradients.get((left, right))
        if gradient is None:
            gradient = QLinearGradient(left, 0, right, 0)
            gradient.setColorAt(0, self.wash[0])
            gradient.setColorAt(1, self.wash[1])
            self._gradients[(left, right)] = gradient
            if len(self._gradients) > 200:
                self._gradients.pop(next(iter(self._gradients)))
        p.fillRect(QRectF(left, g.top - 4 * g.scale, right - left, g.groups_top - g.top + 2 * g.scale), gradient)

    def paint_ruler(self, p: QPainter, g: LensGeometry, *flags: QRectF) -> None:
        """A tick for every offset, a number for every fifth or so, but for what a flag would hide."""
        middle = g.left + (g.pitch - g.gap) / 2
        last = g.first + g.cells - 1
        room = self.stamps.width(str(last), 11, 500, mono=True) + 14 * g.scale
        step = next((one for one in RULER_STEPS if one * g.pitch > room), RULER_STEPS[-1])
        y = RULER_Y * g.scale
        ticks: list[QLineF] = []
        for offset in range(g.first, last + 1):
            x = middle + (offset - g.first) * g.pitch
            if offset % step == 0 and any(one.left() - 0.5 * room < x < one.right() + 0.5 * room for one in flags):
                continue
            if offset % step:
                ticks.append(QLineF(x, y - 1, x, y + 2 * g.scale))
            else:
                self.stamps.put(p, x, y, str(offset), self.theme.text.t3, 11, 500, share=MIDDLE, mono=True)
        p.setPen(self.tick)
        p.drawLines(ticks)

    # --- a row ------------------------------------------------------------------------------------

    def paint_row(self, p: QPainter, view: LensReplicaView, row: int, g: LensGeometry, sprites: CellSprites) -> None:
        """One replica's log."""
        bright = view.role == "leader"
        top, left, first, last = g.cell_top(row), g.left, g.first, g.first + g.cells
        for cell in view.cells:
            if first <= cell.offset < last:
                p.drawPixmap(left + (cell.offset - first) * g.pitch, top, sprites.of(cell, bright))
        if view.log_end_offset < 0:
            return
        self._paint_disk(p, view, row, g)
        self._paint_start(p, view, row, g)
        self._paint_end(p, view, row, g, bright=bright)

    def _paint_disk(self, p: QPainter, view: LensReplicaView, row: int, g: LensGeometry) -> None:
        """Solid below what was fsynced, dotted below what a power loss would take."""
        y = g.underline(row)
        start = g.held_x(view.log_start_offset) + g.gap / 2
        flushed = max(start, g.held_x(view.flushed_offset) - g.gap / 2)
        end = g.held_x(view.log_end_offset) - g.gap / 2
        if flushed > start:
            p.setPen(self.on_disk)
            p.drawLine(QLineF(start, y, flushed, y))
        if end > flushed:
            p.setPen(self.in_cache)
            p.drawLine(QLineF(flushed + 1, y, end, y))

    def _paint_end(self, p: QPainter, view: LensReplicaView, row: int, g: LensGeometry, *, bright: bool) -> None:
        text = f"LEO {view.log_end_offset}"
        behind = not view.in_sync
        ink = self.theme.text.t1 if bright else self.theme.tone_text("pending") if behind else self.theme.text.t2
        middle = g.cell_middle(row)
        if not g.shows(view.log_end_offset):
            if view.log_end_offset > g.first:
                self.stamps.put(p, g.right + 6 * g.scale, middle, f"{text} ▸", ink, 12, 500)
            else:
                self.stamps.put(p, g.left, middle, f"◂ {text}", ink, 12, 500)
            return
        x = g.x_of(view.log_end_offset) + 2 * g.scale
        p.setPen(self.end_bright if bright else self.end_quiet)
        reach = g.cell_height / 2 + 2 * g.scale
        p.drawLine(QLineF(x, middle - reach, x, middle + reach))
        self.stamps.put(p, x + 6 * g.scale, middle, text, ink, 12, 600 if bright else 500)

    def _paint_start(self, p: QPainter, view: LensReplicaView, row: int, g: LensGeometry) -> None:
        """A torn edge: everything to the left was deleted."""
        if not g.first < view.log_start_offset <= g.first + g.cells:
            return
        x = g.x_of(view.log_start_offset) - 3 * g.scale
        top, step = g.cell_top(row), g.cell_height / 6
        path = QPainterPath(QPointF(x, top))
        for corner in range(1, 7):
            path.lineTo(x + (-3 if corner % 2 else 0) * g.scale, top + corner * step)
        p.setPen(self.torn)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(path)
        text = f"log start {view.log_start_offset}"
        if x - g.left > self.stamps.width(text, 11, 500) + 12 * g.scale:
            self.stamps.put(p, x - 8 * g.scale, g.cell_middle(row), text, self.theme.text.t3, 11, 500, share=RIGHT)

    # --- in front of the cells --------------------------------------------------------------------

    def paint_watermark(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """The line between what is committed and what is not."""
        if view.high_watermark < 0 or not g.shows(view.high_watermark):
            return
        x = g.x_of(view.high_watermark)
        p.setPen(self.hw_pen)
        p.drawLine(QLineF(x, g.axis_top - 4 * g.scale, x, g.groups_top - 2 * g.scale))

    def flag_text(self, view: LensView, g: LensGeometry) -> str:
        """`HW 1045`, with an arrow when that is beyond the axis; nothing while nobody knows it."""
        if view.high_watermark < 0:
            return ""
        text = f"HW {view.high_watermark}"
        if g.shows(view.high_watermark):
            return text
        return f"{text} ▸" if view.high_watermark > g.first else f"◂ {text}"

    def flag_box(self, text: str, view: LensView, g: LensGeometry) -> QRectF:
        """Above the line, and within the axis when the line is not."""
        if not text:
            return QRectF()
        wide = self.stamps.width(text, 12.5, 700) + 15 * g.scale
        left = g.held_x(view.high_watermark) - wide / 2
        if not g.shows(view.high_watermark):
            left = g.right - wide if view.high_watermark > g.first else g.left
        return QRectF(left, (RULER_Y - 11) * g.scale, wide, 20 * g.scale)

    def paint_flag(self, p: QPainter, text: str, box: QRectF, view: LensView, g: LensGeometry) -> None:
        """The flag at the top of the line."""
        if not text:
            return
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.state.ok)
        p.drawRoundedRect(box, 4 * g.scale, 4 * g.scale)
        if g.shows(view.high_watermark):
            x = box.center().x()
            corners = (
                (x, box.bottom() + 5 * g.scale),
                (x - 5 * g.scale, box.bottom()),
                (x + 5 * g.scale, box.bottom()),
            )
            p.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        ink = self.theme.interactive.on_accent
        self.stamps.put(p, box.center().x(), box.center().y(), text, ink, 12.5, 700, share=MIDDLE)

    def paint_hover(self, p: QPainter, offset: int, g: LensGeometry) -> None:
        """The column under the mouse, on every replica."""
        x = g.x_of(offset)
        p.fillRect(QRectF(x, g.top - 2, g.pitch, g.groups_top - g.top), self.hover)
