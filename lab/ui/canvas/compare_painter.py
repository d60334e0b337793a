"""ComparePainter: two futures side by side: what differs in words, their logs on one axis, and tables cell by cell."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from lab.cluster.figures import grouped
from lab.cluster.probes.comparison import ComparedLogs, ComparedPart, ComparedSide, ComparisonView
from lab.cluster.probes.views import CellView
from lab.lessons.wording import clock
from lab.ui.canvas.cell_sprites import CellSprites
from lab.ui.canvas.pen import put_icon, rounded
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, with_alpha

EDGE, NAME, GAP = 20, 150, 28
LINE, CELL_ROW, CELL_GAP, CELL_MAX = 22, 34, 3, 26
DEEDS_MAX = 4
UNLIKE = "≠"
SIGN, APART = 24, 8
"""The box and the sign of a cell that differs need so many pixels; columns stand at least so far apart."""


class ComparePainter:
    """Everything is painted from a view. `paint` returns how high it all was; without a painter it only reckons."""

    def __init__(self, theme: Theme, stamps: Stamps, ratio: float) -> None:
        self.theme = theme
        self.stamps = stamps
        self.ratio = ratio
        self.scale = theme.ui_scale
        self.mark_fill = with_alpha(theme.state.pending, 0.20 if theme.dark else 0.16)
        self.mark_edge = QPen(theme.state.pending, 1.2 * self.scale)
        self.stranger = QPen(theme.state.pending, 2.0 * self.scale)
        self.sprites: CellSprites | None = None

    def height_of(self, view: ComparisonView) -> int:
        """How high the whole is, at any width."""
        scale = self.scale
        high = 54 + LINE * len(view.words) + 34 + LINE * self._deeds(view)
        high += (38 + 2 * CELL_ROW) if view.logs is not None else 0
        high += sum(44 + LINE * max(len(part.rows), 1) for part in view.parts)
        return round((high + 16) * scale)

    def _deeds(self, view: ComparisonView) -> int:
        return max(1, *(min(len(one.deeds), DEEDS_MAX + 1) for one in (view.one, view.other)))

    def paint(self, p: QPainter, view: ComparisonView, width: float) -> None:
        """From top to bottom: words, who did what, logs, tables."""
        y = self._words(p, view)
        y = self._sides(p, view, y, width)
        if view.logs is not None:
            y = self._logs(p, view, view.logs, y, width)
        above = y
        for part in view.parts:
            y = self._part(p, part, y, width)
        middle = round(self.columns(width)[1][0] - GAP / 2 * self.scale) + 0.5
        p.setPen(QPen(self.theme.line.subtle, 1.0))
        p.drawLine(QPointF(middle, above + 8 * self.scale), QPointF(middle, y))

    def _words(self, p: QPainter, view: ComparisonView) -> float:
        theme, scale, stamps = self.theme, self.scale, self.stamps
        y = 24 * scale
        title = f"{view.one.branch} and {view.other.branch}"
        stamps.put(p, EDGE * scale, y, title, theme.text.t1, 16, 600)
        after = EDGE * scale + stamps.width(title, 16, 600) + 10 * scale
        stamps.put(p, after, y, f"one past until {clock(view.forked_at)}", theme.text.t3, 12)
        y += 28 * scale
        for text in view.words:
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(theme.state.pending)
            p.drawEllipse(QPointF((EDGE + 4) * scale, y), 2.5 * scale, 2.5 * scale)
            stamps.put(p, (EDGE + 15) * scale, y, text, theme.text.t1, 13)
            y += LINE * scale
        return y + 2 * scale

    def columns(self, width: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Left edge and width of either side."""
        left = (EDGE + NAME) * self.scale
        half = (width - left - (EDGE + GAP) * self.scale) / 2
        return (left, half), (left + half + GAP * self.scale, half)

    def _sides(self, p: QPainter, view: ComparisonView, y: float, width: float) -> float:
        """A heading for each future, and what was done in it."""
        theme, scale = self.theme, self.scale
        p.setPen(QPen(theme.line.subtle, 1.0))
        p.drawLine(QPointF(EDGE * scale, y), QPointF(width - EDGE * scale, y))
        y += 18 * scale
        self.stamps.put(p, EDGE * scale, y + LINE * scale, "done since then", theme.text.t3, 12)
        for one, (x, wide) in zip((view.one, view.other), self.columns(width), strict=True):
            put_icon(p, "git-branch", theme.text.t2, QPointF(x + 6 * scale, y), 13 * scale)
            self.stamps.put(p, x + 18 * scale, y, one.branch, theme.text.t1, 13, 600)
            after = x + 18 * scale + self.stamps.width(one.branch, 13, 600) + 8 * scale
            self.stamps.put(p, after, y, self._when(view, one), theme.text.t3, 12)
            self._deed_lines(p, one, x, y + LINE * scale, wide)
        return y + LINE * scale * self._deeds(view) + 16 * scale

    def _when(self, view: ComparisonView, one: ComparedSide) -> str:
        ends = one.time < view.one.time
        return f"at {clock(one.time)}" + (", its end" if ends else "")

    def _deed_lines(self, p: QPainter, one: ComparedSide, x: float, y: float, wide: float) -> None:
        lines = [f"{clock(at)}  {text}" for at, text in one.deeds[:DEEDS_MAX]] or ["nothing"]
        if len(one.deeds) > DEEDS_MAX:
            lines.append(f"and {len(one.deeds) - DEEDS_MAX} more")
        for at, text in enumerate(lines):
            self.stamps.put(p, x, y + at * LINE * self.scale, self._fitting(text, wide), self.theme.text.t2, 12)

    # --- logs -------------------------------------------------------------------------------------

    def _logs(self, p: QPainter, view: ComparisonView, logs: ComparedLogs, y: float, width: float) -> float:
        """Both leaders' logs on one axis, so that the same offset stands above itself."""
        theme, scale = self.theme, self.scale
        y = self._heading(p, f"Log of {logs.partition}", y) + 4 * scale
        left = (EDGE + NAME) * scale
        pitch = min((width - left - EDGE * scale) / logs.cells, CELL_MAX * scale)
        wide, tall = round(pitch - CELL_GAP * scale), round(24 * scale)
        if self.sprites is None or (self.sprites.width, self.sprites.height) != (wide, tall):
            self.sprites = CellSprites(theme, wide, tall, self.ratio)
        for offset in range(-(-logs.first_offset // 5) * 5, logs.first_offset + logs.cells, 5):
            x = left + (offset - logs.first_offset + 0.5) * pitch
            self.stamps.put(p, x, y, grouped(offset), theme.text.t3, 11, share=MIDDLE, mono=True)
        y += 24 * scale
        for side, cells in ((view.one, logs.one), (view.other, logs.other)):
            self.stamps.put(p, EDGE * scale, y, self._fitting(side.branch, (NAME - 10) * scale), theme.text.t2, 12, 500)
            if not cells:
                self.stamps.put(p, left, y, "no leader has it here", theme.text.t3, 12)
            for cell in cells:
                self._cell(p, cell, logs, QPointF(left + (cell.offset - logs.first_offset) * pitch, y - tall / 2))
            y += CELL_ROW * scale
        return y - 2 * scale

    def _cell(self, p: QPainter, cell: CellView, logs: ComparedLogs, at: QPointF) -> None:
        assert self.sprites is not None
        p.drawPixmap(at, self.sprites.of(cell, True))
        if cell.offset in logs.strangers:
            box = QRectF(at.x() - 1.5, at.y() - 1.5, self.sprites.width + 3, self.sprites.height + 3)
            p.setPen(self.stranger)
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawRoundedRect(box, 5, 5)

    # --- tables -----------------------------------------------------------------------------------

    def _heading(self, p: QPainter, text: str, y: float) -> float:
        self.stamps.put(p, EDGE * self.scale, y + 12 * self.scale, text, self.theme.text.t2, 12, 600)
        return y + 12 * self.scale

    def _part(self, p: QPainter, part: ComparedPart, y: float, width: float) -> float:
        theme, scale = self.theme, self.scale
        y = self._heading(p, part.title, y + 6 * scale)
        sides = self.columns(width)
        shifts = self._shifts(part, sides[0][1])
        for x, _ in sides:
            for shift, name in zip(shifts, part.columns, strict=True):
                self.stamps.put(p, x + shift, y, name, theme.text.t3, 11)
        y += LINE * scale
        if not part.rows:
            self.stamps.put(p, sides[0][0], y, "none", theme.text.t3, 12)
            return y + LINE * scale
        for row in part.rows:
            name = self._fitting(row.name, (NAME - 10) * scale)
            self.stamps.put(p, EDGE * scale, y, name, theme.text.t2, 12, 500)
            for values, (x, _) in zip((row.one, row.other), sides, strict=True):
                for at, value in enumerate(values):
                    self._value(p, value, x + shifts[at], y, unlike=row.differs(at))
            y += LINE * scale
        return y + 4 * scale

    def _shifts(self, part: ComparedPart, wide: float) -> list[float]:
        """Where each column begins: as wide as its widest cell with its sign, and what is left is shared out."""
        needs = [
            max(
                self.stamps.width(name, 11),
                *(self.stamps.width(text, 12, 600) + SIGN * self.scale
                  for row in part.rows for text in (row.one[at], row.other[at])),
                0.0,
            )
            for at, name in enumerate(part.columns)
        ]  # fmt: skip
        spare = max((wide - sum(needs)) / len(needs), APART * self.scale)
        return [sum(needs[:at]) + at * spare for at in range(len(needs))]

    def _value(self, p: QPainter, value: str, x: float, y: float, *, unlike: bool) -> None:
        """A cell; where the sides differ it has a box and a sign, not only a colour."""
        theme, scale = self.theme, self.scale
        if not unlike:
            self.stamps.put(p, x, y, value, theme.text.t3, 12)
            return
        wide = self.stamps.width(value, 12, 600)
        box = QRectF(x - 5 * scale, y - 9 * scale, wide + 24 * scale, 18 * scale)
        rounded(p, box, 4 * scale, self.mark_fill)
        p.setPen(self.mark_edge)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(box, 4 * scale, 4 * scale)
        self.stamps.put(p, x, y, value, theme.text.t1, 12, 600)
        self.stamps.put(p, x + wide + 6 * scale, y, UNLIKE, theme.tone_text("pending"), 11, 600)

    def _fitting(self, text: str, room: float) -> str:
        if self.stamps.width(text, 12, 500) <= room:
            return text
        while len(text) > 3 and self.stamps.width(text + "…", 12, 500) > room:
            text = text[:-1]
        return text + "…"
