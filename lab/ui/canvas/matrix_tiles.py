"""MatrixTiles: what a replica looks like at the two sizes of the matrix, painted anew with every append."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from lab.cluster.probes.views import PartitionView, ReplicaView
from lab.ui.canvas.matrix_layout import MatrixLayout
from lab.ui.canvas.pen import badge, hatch, rounded
from lab.ui.canvas.stamps import RIGHT, Stamps
from lab.ui.icons import pixmap
from lab.ui.theme import Theme, mixed, with_alpha

CELLS = 8
NARROW = 60.0
CELLS_FROM = 40.0
DIM = 0.38
"""Opacity of what is on a machine that is down: known, but not there."""


class MatrixTiles:
    """The pictures of tiles, each kind drawn once; numbers are stamped on top."""

    def __init__(self, theme: Theme, stamps: Stamps, ratio: float) -> None:
        self.theme = theme
        self.stamps = stamps
        self.ratio = ratio
        self._made: dict[tuple[object, ...], QPixmap] = {}

    def paint(self, p: QPainter, partition: PartitionView, layout: MatrixLayout, down: frozenset[str]) -> None:
        """All replicas of one partition."""
        for replica in partition.replicas:
            box = layout.replicas.get((partition.name, replica.broker))
            if box is None or box.right() < layout.area.left() or box.left() > layout.area.right():
                continue
            gone = replica.broker in down or replica.role == "offline"
            p.setOpacity(DIM if gone else 1.0)
            self._tile(p, replica, box, layout.tiles)
            p.setOpacity(1.0)

    def _tile(self, p: QPainter, replica: ReplicaView, box: QRectF, tile: bool) -> None:
        p.drawPixmap(box.topLeft(), self._card(replica, box, tile))
        scale = self.theme.ui_scale
        if not tile:
            return
        text, tone = offset_text(replica)
        ink = self.theme.tone_text(tone) if tone else self.theme.text.t1
        at = QPointF(box.right() - (4 if is_narrow(box, scale) else 7) * scale, box.top() + head_line(box, scale))
        size = fitting(text, is_narrow(box, scale))
        self.stamps.put(p, at.x(), at.y(), text, ink, size, 600 if not tone else 700, share=RIGHT)
        if has_cells(box, scale):
            cells = self._cells(replica, box.width() - 12 * scale)
            p.drawPixmap(QPointF(box.left() + 6 * scale, box.bottom() - 19 * scale), cells)

    def _card(self, replica: ReplicaView, box: QRectF, tile: bool) -> QPixmap:
        key = ("card", replica.role, replica.in_sync, round(box.width()), round(box.height()), tile)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._blank(box.width() + 1, box.height() + 1)
            with QPainter(found) as p:
                p.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._draw_card(p, replica, QRectF(0.5, 0.5, box.width() - 1, box.height() - 1), tile)
        return found

    def _draw_card(self, p: QPainter, replica: ReplicaView, box: QRectF, tile: bool) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        radius = 7 * scale
        if replica.role == "leader":
            fill = with_alpha(theme.state.record, 0.30 if theme.dark else 0.20)
            rounded(p, box, radius, fill, theme.state.record, 1.5)
        elif replica.in_sync:
            rounded(p, box, radius, theme.surface.panel, theme.line.strong, 1.0)
        else:
            fill = with_alpha(theme.state.pending, 0.06)
            rounded(p, box, radius, fill, theme.state.pending, 1.4, [3.0, 2.4])
        if replica.role == "offline":
            hatch(p, box, radius, with_alpha(theme.line.strong, 0.8), 8 * scale)
        inset = (11.5 if is_narrow(box, scale) else 15) * scale
        centre = QPointF(box.left() + inset, box.top() + head_line(box, scale) - 0.5) if tile else box.center()
        if not tile and not replica.in_sync:
            side = 15 * scale
            corner = box.center() - QPointF(side / 2, side / 2)
            p.drawPixmap(corner, pixmap("unlink", theme.tone_text("pending"), side))
            return
        badge(p, theme, centre, replica.role, replica.in_sync)

    def _cells(self, replica: ReplicaView, width: float) -> QPixmap:
        """The newest records: filled when committed, hollow when not."""
        pattern = tuple(committed for _, committed in replica.recent)
        bright = replica.role == "leader"
        key = ("cells", pattern, bright, round(width))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._blank(width, 13 * self.theme.ui_scale)
            with QPainter(found) as p:
                p.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._draw_cells(p, pattern, bright, width)
        return found

    def _draw_cells(self, p: QPainter, pattern: tuple[bool, ...], bright: bool, width: float) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        pitch = width / CELLS
        wide, high = min(pitch - 1.6 * scale, 5.2 * scale), 11 * scale
        full = theme.state.record if bright else mixed(theme.state.record_cell, theme.surface.canvas, 0.15)
        for place in range(CELLS):
            box = QRectF(place * pitch + 0.6, 1.0, wide, high)
            if place >= len(pattern):
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(theme.line.normal)
                p.drawEllipse(QPointF(box.center().x(), box.bottom() - 2 * scale), scale * 0.9, scale * 0.9)
            elif pattern[place]:
                rounded(p, box, 1.4 * scale, full)
            else:
                rounded(p, box.adjusted(0.6, 0.6, -0.6, -0.6), 1.2 * scale, None, theme.state.record, 1.2)

    def _blank(self, width: float, height: float) -> QPixmap:
        picture = QPixmap(max(1, round(width * self.ratio)), max(1, round(height * self.ratio)))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(Qt.GlobalColor.transparent)
        return picture


def offset_text(replica: ReplicaView) -> tuple[str, str]:
    """The LEO; or, out of sync, how many records it is behind, and in which tone."""
    if replica.role == "offline":
        return "—", ""
    if not replica.in_sync:
        return f"−{replica.behind}" if replica.behind else f"{replica.log_end_offset}", "pending"
    return f"{replica.log_end_offset}", ""


def has_cells(box: QRectF, scale: float) -> bool:
    """Whether there is room for the newest records below the offset."""
    return box.height() > CELLS_FROM * scale


def head_line(box: QRectF, scale: float) -> float:
    """How far below the upper edge badge and offset stand: in the middle, where they have the tile for themselves."""
    return 17 * scale if has_cells(box, scale) else box.height() / 2


def is_narrow(box: QRectF, scale: float) -> bool:
    """Whether badge and offset have to move together."""
    return box.width() < NARROW * scale


def fitting(text: str, narrow: bool) -> float:
    """Long offsets in smaller figures."""
    return 12.5 if len(text) <= (3 if narrow else 4) else 10.5
