"""TransactionPainter: the transactions on the lens: a bracket over each, what was aborted, the last stable offset."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.cluster.probes.transactions import ABORTED, COMMITTED, OPEN, TransactionView
from lab.cluster.probes.views import LensView
from lab.ui.canvas.lens_geometry import RULER_Y, LensGeometry
from lab.ui.canvas.lens_words import duration_text
from lab.ui.canvas.pen import put_icon, rounded
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, with_alpha

ICONS = {COMMITTED: "check", ABORTED: "x"}
VEIL = 0.55
"""How far the cells of an aborted transaction sink into the canvas: no reader with read_committed gets them."""
LABEL_TALL, ICON_SIZE, DASHES = 14, 10, [3.0, 2.4]


class TransactionPainter:
    """A bracket is dashed and has no right end while its transaction is open; a check or a cross says how it ended."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        state, wide = theme.state, theme.ui_scale
        self.colours = {OPEN: state.txn, COMMITTED: state.ok, ABORTED: state.fail, "": state.txn}
        self.inks = {OPEN: "txn", COMMITTED: "ok", ABORTED: "fail"}
        self.pens = {name: _pen(colour, wide, dashed=name in (OPEN, "")) for name, colour in self.colours.items()}
        self.strike = QPen(state.fail, 1.4 * wide)
        self.veil = with_alpha(theme.surface.canvas, VEIL)

    # --- brackets ---------------------------------------------------------------------------------

    def paint_brackets(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """Over the leader's row, of each transaction that reaches into the window."""
        placed = lanes_of(view, g)
        for one, lane, alone in placed:
            self._paint_bracket(p, one, lane, g)
            if alone:
                self._paint_label(p, one, lane, view, g, with_time=one is first_open(view))

    def _paint_bracket(self, p: QPainter, one: TransactionView, lane: int, g: LensGeometry) -> None:
        left, right = reach_of(one, g)
        y, foot = g.lane_line(lane), g.top - 1.5 * g.scale
        lines = [QLineF(left, y, right, y)]
        if one.first >= g.first:
            lines.append(QLineF(left, y, left, foot))
        if one.state != OPEN and one.end <= g.first + g.cells:
            lines.append(QLineF(right, y, right, foot))
        p.setPen(self.pens[one.state])
        p.drawLines(lines)

    def _paint_label(
        self, p: QPainter, one: TransactionView, lane: int, view: LensView, g: LensGeometry, *, with_time: bool
    ) -> None:
        """On the bracket: as much of it as there is room for."""
        left, right = reach_of(one, g)
        icon = ICONS.get(one.state, "")
        mark = (ICON_SIZE + 4) * g.scale if icon else 0.0
        room = right - left - mark - 18 * g.scale
        text = next((text for text in labels(one, view, with_time=with_time) if self.width(text) <= room), "")
        if not text and (not icon or room < -8 * g.scale):
            return
        words = self.width(text) if text else 0.0
        wide = mark + words + (10 if text else 4) * g.scale
        box = QRectF(
            (left + right - wide) / 2, g.lane_line(lane) - LABEL_TALL / 2 * g.scale, wide, LABEL_TALL * g.scale
        )
        edge = self.colours[one.state]
        dashes = DASHES if one.state == OPEN else None
        rounded(p, box, box.height() / 2, self.theme.surface.canvas, edge, 1.2 * g.scale, dashes)
        if icon:
            put_icon(p, icon, edge, QPointF(box.left() + mark / 2 + 2 * g.scale, box.center().y()), ICON_SIZE * g.scale)
        if text:
            ink = self.theme.tone_text(self.inks[one.state])
            x = box.left() + mark + 5 * g.scale + words / 2
            self.stamps.put(p, x, box.center().y(), text, ink, 11, 600, share=MIDDLE)

    def width(self, text: str) -> float:
        """Of a label's words, in pixels."""
        return self.stamps.width(text, 11, 600)

    # --- on the cells -----------------------------------------------------------------------------

    def strike_aborted(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """Over the records of aborted transactions, on each replica that has them."""
        if view.transactions is None:
            return
        aborted = [offset for one in view.transactions.transactions if one.state == ABORTED for offset in one.records]
        veils: list[QRectF] = []
        strokes: list[QLineF] = []
        wide, tall = g.pitch - g.gap, g.cell_height
        for row, replica in enumerate(view.replicas):
            held = [one for one in aborted if replica.log_start_offset <= one < replica.log_end_offset]
            for offset in held:
                if g.first <= offset < g.first + g.cells:
                    corner = g.cell_corner(offset, row)
                    veils.append(QRectF(corner.x(), corner.y(), wide, tall))
                    strokes.append(QLineF(corner.x() + 3, corner.y() + tall - 3, corner.x() + wide - 3, corner.y() + 3))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.veil)
        p.drawRects(veils)
        p.setPen(self.strike)
        p.drawLines(strokes)

    # --- the last stable offset -------------------------------------------------------------------

    def paint_stable_line(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """Where a reader with read_committed stops, when others may read on."""
        offset = stable_offset_of(view)
        if offset is None or not g.shows(offset):
            return
        x = g.x_of(offset)
        p.setPen(self.pens[""])
        p.drawLine(QLineF(x, g.axis_top - 6 * g.scale, x, g.groups_top - 2 * g.scale))

    def flag_box(self, view: LensView, g: LensGeometry, watermark: QRectF) -> QRectF:
        """Left of the line, and of the high watermark's flag, which says more."""
        offset = stable_offset_of(view)
        if offset is None:
            return QRectF()
        wide = self.stamps.width(flag_text(offset, g), 11.5, 600) + 13 * g.scale
        right = max(g.held_x(offset) + self.pens[""].widthF() / 2, g.left + wide)
        if not watermark.isEmpty():
            right = min(right, watermark.left() - 4 * g.scale)
        return QRectF(right - wide, (RULER_Y - 9) * g.scale, wide, 18 * g.scale)

    def paint_flag(self, p: QPainter, box: QRectF, view: LensView, g: LensGeometry) -> None:
        """Outlined, where the high watermark's is filled."""
        offset = stable_offset_of(view)
        if offset is None:
            return
        rounded(p, box, 4 * g.scale, self.theme.surface.canvas, self.theme.state.txn, 1.4 * g.scale)
        ink = self.theme.tone_text("txn")
        self.stamps.put(p, box.center().x(), box.center().y(), flag_text(offset, g), ink, 11.5, 600, share=MIDDLE)

    # --- the legend -------------------------------------------------------------------------------

    def paint_sample(self, p: QPainter, state: str, box: QRectF) -> None:
        """A small bracket in a state's manner; the line of the last stable offset for ""."""
        p.setPen(self.pens[state])
        if not state:
            p.drawLine(QLineF(box.center().x(), box.top(), box.center().x(), box.bottom()))
            return
        lines = [
            QLineF(box.left(), box.top() + 2, box.right(), box.top() + 2),
            QLineF(box.left(), box.top() + 2, box.left(), box.bottom()),
        ]
        if state != OPEN:
            lines.append(QLineF(box.right(), box.top() + 2, box.right(), box.bottom()))
        p.drawLines(lines)
        if state in ICONS:
            put_icon(
                p, ICONS[state], self.colours[state], box.center() + QPointF(0, 2), ICON_SIZE * self.theme.ui_scale
            )


def _pen(colour: QColor, wide: float, *, dashed: bool) -> QPen:
    pen = QPen(colour, 1.6 * wide, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    if dashed:
        pen.setDashPattern(DASHES)
    return pen


def flag_text(offset: int, g: LensGeometry) -> str:
    """`LSO 512`, with an arrow when that is before the axis or beyond it."""
    if g.shows(offset):
        return f"LSO {offset}"
    return f"LSO {offset} ▸" if offset > g.first else f"◂ LSO {offset}"


def labels(one: TransactionView, view: LensView, *, with_time: bool) -> tuple[str, ...]:
    """What a bracket may be called, the longest first. A coordinator that forgot the producer leaves its id."""
    name = one.name or f"pid {one.producer_id}"
    since = view.transactions.open_since_ms if view.transactions is not None else -1
    return (f"{name} · {duration_text(since * 1_000)}", name) if with_time and since >= 0 else (name,)


def first_open(view: LensView) -> TransactionView | None:
    """The transaction that holds the last stable offset back, if it is in the window."""
    shown = view.transactions.transactions if view.transactions is not None else ()
    return next((one for one in shown if one.state == OPEN), None)


def stable_offset_of(view: LensView) -> int | None:
    """The last stable offset, if a transaction holds it below the high watermark."""
    found = view.transactions
    return found.last_stable_offset if found is not None and found.last_stable_offset < view.high_watermark else None


def reach_of(one: TransactionView, g: LensGeometry) -> tuple[float, float]:
    """The left and right edge of a bracket, held within the axis."""
    inset = g.gap / 2 + 1
    return g.held_x(one.first) + inset, g.held_x(one.end) - inset


def lanes_of(view: LensView, g: LensGeometry) -> list[tuple[TransactionView, int, bool]]:
    """Each transaction, its lane, and whether it has that for itself. What ended first stands nearest to the rows, so
    that one inside another is below it; what finds no room shares the uppermost lane.
    """
    if view.transactions is None:
        return []
    placed: list[tuple[TransactionView, int, bool]] = []
    for one in sorted(view.transactions.transactions, key=_inner_first):
        taken = {lane for other, lane, _ in placed if other.first < one.end and one.first < other.end}
        free = next((lane for lane in range(g.lanes) if lane not in taken), None)
        placed.append((one, g.lanes - 1, False) if free is None else (one, free, True))
    return placed


def _inner_first(one: TransactionView) -> tuple[bool, int]:
    return one.state == OPEN, -one.first if one.state == OPEN else one.end


def transaction_at(view: LensView, g: LensGeometry, at: QPointF) -> TransactionView | None:
    """Whose bracket is at a point above the rows."""
    for one, lane, _ in lanes_of(view, g):
        left, right = reach_of(one, g)
        if left <= at.x() <= right and abs(at.y() - g.lane_line(lane)) <= LABEL_TALL / 2 * g.scale:
            return one
    return None


def transaction_of(view: LensView, offset: int) -> TransactionView | None:
    """The transaction that a record belongs to, or that a marker ends."""
    shown = view.transactions.transactions if view.transactions is not None else ()
    return next((one for one in shown if offset == one.marker or offset in one.records), None)
