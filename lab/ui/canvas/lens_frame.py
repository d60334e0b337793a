"""FramePainter: what stands still on the lens: its title, the legend, and the names on the left."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from lab.cluster.probes.transactions import ABORTED, COMMITTED, OPEN
from lab.cluster.probes.views import CellView, LensGroupView, LensReplicaView, LensView
from lab.ui.canvas.cell_sprites import ENDINGS, CellSprites
from lab.ui.canvas.lens_geometry import MARGIN, TEXT_AT, TITLE_Y, LensGeometry
from lab.ui.canvas.lens_transactions import TransactionPainter, stable_offset_of
from lab.ui.canvas.lens_words import replica_note
from lab.ui.canvas.pen import badge, hatch, put_icon
from lab.ui.canvas.stamps import Stamps
from lab.ui.theme import Theme, with_alpha

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LINES = ("on disk", "in page cache")
STATES = {OPEN: "open txn", COMMITTED: "committed txn (C)", ABORTED: "aborted txn (A)"}
STABLE = "LSO"
SAMPLE_WIDE, LEGEND_APART = 22, 18


class FramePainter:
    """Painted into a picture that is kept until a name, a note or the size changes."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.transactions = TransactionPainter(theme, stamps)

    def paint(self, p: QPainter, view: LensView, g: LensGeometry, legend: tuple[str, ...]) -> None:
        """Everything that stands still."""
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_legend(p, g, legend, self._paint_title(p, view, g, legend))
        p.setClipRect(QRectF(0, g.top - 4 * g.scale, g.width, g.height))
        for row, replica in enumerate(view.replicas):
            self._paint_replica(p, replica, row, g)
        for row, group in enumerate(view.groups):
            self._paint_group(p, group, row, g)

    def _paint_title(self, p: QPainter, view: LensView, g: LensGeometry, legend: tuple[str, ...]) -> float:
        """The words beside the partition's name are the first to go where the legend needs the room."""
        x, y = MARGIN * g.scale, TITLE_Y * g.scale
        self.stamps.put(p, x, y, view.partition, self.theme.text.t1, 14, 600)
        end = x + self.stamps.width(view.partition, 14, 600)
        x = end + 12 * g.scale
        wide = self.stamps.width(subtitle(view), 12.5)
        if x + wide > g.width - MARGIN * g.scale - self._legend_width(legend, g):
            return end
        self.stamps.put(p, x, y, subtitle(view), self.theme.text.t3, 12.5)
        return x + wide

    def _legend_width(self, legend: tuple[str, ...], g: LensGeometry) -> float:
        return sum(self.stamps.width(name, 12) + (SAMPLE_WIDE + LEGEND_APART) * g.scale for name in legend)

    def _paint_legend(self, p: QPainter, g: LensGeometry, legend: tuple[str, ...], title_end: float) -> None:
        """From the right; what does not fit beside the title is left out."""
        x, y = g.width - MARGIN * g.scale, TITLE_Y * g.scale
        sprites = CellSprites(self.theme, self.theme.px(15), self.theme.px(14), p.device().devicePixelRatio())
        for name in reversed(legend):
            x -= self.stamps.width(name, 12)
            if x - SAMPLE_WIDE * g.scale < title_end:
                return
            self.stamps.put(p, x, y, name, self.theme.text.t2, 12)
            x -= SAMPLE_WIDE * g.scale
            if name in LINES:
                pen = QPen(self.theme.text.t3, 2 * g.scale)
                if name == LINES[1]:
                    pen.setDashPattern([1.0, 1.5])
                p.setPen(pen)
                p.drawLine(QPointF(x, y), QPointF(x + 14 * g.scale, y))
            elif name in TRANSACTIONS:
                self.transactions.paint_sample(
                    p, TRANSACTIONS[name], QRectF(x, y - 5 * g.scale, 15 * g.scale, 10 * g.scale)
                )
            else:
                p.drawPixmap(QPointF(x, y - 7 * g.scale), sprites.of(SAMPLES[name], True))
            x -= LEGEND_APART * g.scale

    # --- names ------------------------------------------------------------------------------------

    def _paint_replica(self, p: QPainter, view: LensReplicaView, row: int, g: LensGeometry) -> None:
        theme, middle = self.theme, g.cell_middle(row)
        note, tone = replica_note(view)
        centre = QPointF((MARGIN + 9) * g.scale, middle)
        if view.role == "offline":
            put_icon(p, "power-off", theme.tone(tone), centre, 16 * g.scale)
            self._paint_missing(p, row, g, theme.tone(tone))
        else:
            badge(p, theme, centre, view.role, view.in_sync)
        name = theme.text.t2 if view.role == "offline" else theme.text.t1
        ink = theme.tone_text(tone) if tone else theme.text.t3
        self._paint_name(p, g, middle, (view.broker, name), (note, ink))

    def _paint_missing(self, p: QPainter, row: int, g: LensGeometry, colour: QColor) -> None:
        """A hatched bed where a log would be."""
        box = QRectF(g.left, g.cell_top(row), g.cells * g.pitch - g.gap, g.cell_height)
        hatch(p, box, 4 * g.scale, with_alpha(colour, 0.45), 8 * g.scale)

    def _paint_group(self, p: QPainter, view: LensGroupView, row: int, g: LensGeometry) -> None:
        theme = self.theme
        line = g.group_line(row)
        middle = line + 7 * g.scale
        colour = theme.category[view.category % len(theme.category)]
        put_icon(p, "users", colour, QPointF((MARGIN + 9) * g.scale, middle), 16 * g.scale)
        self._paint_name(p, g, middle, (view.group, theme.text.t1), (view.note or view.member, theme.text.t3))

    def _paint_name(
        self, p: QPainter, g: LensGeometry, middle: float, name: tuple[str, QColor], note: tuple[str, QColor]
    ) -> None:
        x, room = TEXT_AT * g.scale, g.left - (TEXT_AT + 6) * g.scale
        for text, ink, size, weight, shift in ((*name, 13.0, 500, -7.5), (*note, 11.5, 400, 7.5)):
            shown = self._elided(text, room, size, weight)
            self.stamps.put(p, x, middle + shift * g.scale, shown, ink, size, weight)

    def _elided(self, text: str, room: float, size: float, weight: int) -> str:
        if self.stamps.width(text, size, weight) <= room:
            return text
        while len(text) > 1 and self.stamps.width(text + "…", size, weight) > room:
            text = text[:-1]
        return text + "…"


def subtitle(view: LensView) -> str:
    """`three replicas on one offset axis`."""
    count = len(view.replicas)
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{number} replica{'s' if count != 1 else ''} on one offset axis"


SAMPLES = {
    "committed": CellView(0, "", -1, True),
    "not yet committed": CellView(0, "", -1, False),
    "tombstone": CellView(0, "", -1, True, "tombstone"),
    "compacted away": CellView(0, "", -1, True, "gap"),
    "control": CellView(0, "", -1, True, "control"),
    "corrupt": CellView(0, "", -1, True, corrupt=True),
}


TRANSACTIONS = {**{name: state for state, name in STATES.items()}, STABLE: ""}


def legend_of(view: LensView) -> tuple[str, ...]:
    """The kinds to explain: always the two of records and of lines, the others when they are there."""
    cells = [cell for replica in view.replicas for cell in replica.cells]
    kinds = {cell.kind for cell in cells if cell.kind != "control" or cell.letter not in ENDINGS}
    more = (("tombstone", "tombstone"), ("gap", "compacted away"), ("control", "control"))
    shown = view.transactions.transactions if view.transactions is not None else ()
    states = {one.state for one in shown}
    return (
        "committed", "not yet committed", *(name for kind, name in more if kind in kinds),
        *(("corrupt",) if any(cell.corrupt for cell in cells) else ()), *LINES,
        *(name for state, name in STATES.items() if state in states),
        *((STABLE,) if stable_offset_of(view) is not None else ()),
    )  # fmt: skip
