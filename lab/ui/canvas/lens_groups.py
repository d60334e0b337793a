"""GroupPainter: what the groups did with the log: committed ▲, position △, and how far it is to the watermark."""

from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF

from lab.cluster.probes.views import LensGroupView
from lab.ui.canvas.lens_geometry import LensGeometry
from lab.ui.canvas.lens_shares import SharePainter
from lab.ui.canvas.lens_words import lag_text
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, mixed, with_alpha

LABEL_SIZE = 11.5
APART = 10
"""Pixels between two labels of one group."""


@dataclass(frozen=True, slots=True)
class GroupInk:
    """The pens of one category."""

    done: QPen
    edge: QPen
    hatch: QBrush
    tint: QBrush
    fill: QBrush


class GroupPainter:
    """Pens and colours of one theme."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.canvas = QBrush(theme.surface.canvas)
        pending = theme.state.pending
        self.ahead = QPen(pending, 1.5 * theme.ui_scale, Qt.PenStyle.CustomDashLine)
        self.ahead.setDashPattern([2.0, 2.4])
        self.ahead_end = QPen(pending, 1.8 * theme.ui_scale)
        self.pill = QBrush(with_alpha(pending, 0.20 if theme.dark else 0.16))
        self.shares = SharePainter(theme, stamps)
        self.inks = tuple(self._ink(category) for category in range(len(theme.category)))

    def _ink(self, category: int) -> GroupInk:
        theme = self.theme
        colour = theme.category[category]
        edge = QPen(colour, 1.6 * theme.ui_scale)
        edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        return GroupInk(
            QPen(mixed(colour, theme.surface.canvas, 0.15), 3.0 * theme.ui_scale), edge,
            QBrush(colour, Qt.BrushStyle.BDiagPattern), QBrush(with_alpha(colour, 0.22)), QBrush(colour),
        )  # fmt: skip

    def paint(self, p: QPainter, group: LensGroupView, row: int, high_watermark: int, g: LensGeometry) -> None:
        """One group's marks."""
        ink = self.inks[group.category % len(self.inks)]
        y = g.group_line(row)
        start = g.left - g.gap / 2
        committed = g.held_x(group.committed) if group.committed >= 0 else start
        position = max(committed, g.held_x(group.position)) if group.position >= 0 else committed
        if committed > start:
            p.setPen(ink.done)
            p.drawLine(QLineF(start, y, committed, y))
        if group.shared:
            self.shares.paint(p, group, y, g)
        elif position > committed:
            self._paint_in_hand(p, ink, QRectF(committed, y - 3 * g.scale, position - committed, 6 * g.scale))
        self._paint_ahead(p, group, position, g.held_x(high_watermark), y, g)
        size = 11 * g.scale
        if group.position >= 0 and g.shows(group.position):
            self._paint_mark(p, position, y, size, ink, filled=False)
        if group.committed >= 0 and g.shows(group.committed):
            self._paint_mark(p, committed, y, size, ink, filled=True)
        self._paint_labels(p, group, y, g)

    def _paint_in_hand(self, p: QPainter, ink: GroupInk, box: QRectF) -> None:
        """Hatched: handed to the consumer, but a crash would hand it out again."""
        p.fillRect(box, ink.tint)
        p.fillRect(box, ink.hatch)

    def _paint_mark(self, p: QPainter, x: float, y: float, size: float, ink: GroupInk, *, filled: bool) -> None:
        half = size * 0.58
        p.setPen(ink.edge)
        p.setBrush(ink.fill if filled else self.canvas)
        top, bottom = y - size * 0.5, y + size * 0.5
        p.drawPolygon(QPolygonF([QPointF(x, top), QPointF(x + half, bottom), QPointF(x - half, bottom)]))

    def _paint_ahead(
        self, p: QPainter, group: LensGroupView, position: float, mark: float, y: float, g: LensGeometry
    ) -> None:
        """Dotted up to the high watermark, and the lag in records and time."""
        if group.lag <= 0:
            return
        if mark > position + 8 * g.scale:
            p.setPen(self.ahead)
            p.drawLine(QLineF(position + 8 * g.scale, y, mark - 3, y))
        reach = 5 * g.scale
        p.setPen(self.ahead_end)
        p.drawLine(QLineF(mark, y - reach, mark, y + reach))
        text = lag_text(group)
        box = self.pill_box(text, mark, y, g)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.pill)
        p.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        ink = self.theme.tone_text("pending")
        self.stamps.put(p, box.center().x(), box.center().y(), text, ink, 12, 600, share=MIDDLE)

    def pill_box(self, text: str, mark: float, y: float, g: LensGeometry) -> QRectF:
        """Where the lag is written: behind the high watermark, and never out of the picture."""
        wide, tall = self.stamps.width(text, 12, 600) + 18 * g.scale, 18 * g.scale
        return QRectF(min(mark + 12 * g.scale, g.width - wide - 4 * g.scale), y - tall / 2, wide, tall)

    def _paint_labels(self, p: QPainter, group: LensGroupView, y: float, g: LensGeometry) -> None:
        for x, text in self.labels(group, g):
            self.stamps.put(p, x, y + 15.5 * g.scale, text, self.theme.text.t2, LABEL_SIZE, 500, share=MIDDLE)

    def labels(self, group: LensGroupView, g: LensGeometry) -> list[tuple[float, str]]:
        """The middles and texts of the labels; they make room for each other and stay right of the names."""
        done, ahead = ("start", "end") if group.shared else ("committed", "position")
        marks = [(done, group.committed)] if group.committed >= 0 else []
        if group.position > group.committed:  # behind it is where a marker is last: committed, and delivered to nobody
            marks.append((ahead, group.position))
        texts = [pointed(f"{word} {offset}", offset, g) for word, offset in marks]
        wide = [self.stamps.width(text, LABEL_SIZE, 500) for text in texts]
        middles = spread(
            [g.held_x(offset) for _, offset in marks], wide, APART * g.scale, g.left, g.width - 4 * g.scale
        )
        return list(zip(middles, texts, strict=True))


def pointed(text: str, offset: int, g: LensGeometry) -> str:
    """With an arrow to where the offset is, if that is beyond the axis."""
    if g.shows(offset):
        return text
    return f"{text} ▸" if offset > g.first else f"◂ {text}"


def spread(middles: list[float], widths: list[float], apart: float, low: float, high: float) -> list[float]:
    """Middles of labels from left to right, moved so that none overlaps another or leaves `low`…`high`."""
    found = list(middles)
    if len(found) == 2:
        missing = max(0.0, (widths[0] + widths[1]) / 2 + apart - (found[1] - found[0]))
        found = [found[0] - missing / 2, found[1] + missing / 2]
    floor = low
    for at, wide in enumerate(widths):
        found[at] = max(found[at], floor + wide / 2)
        floor = found[at] + wide / 2 + apart
    ceiling = high
    for at in reversed(range(len(found))):
        found[at] = min(found[at], ceiling - widths[at] / 2)
        ceiling = found[at] - widths[at] / 2 - apart
    return found
