"""GanttPainter: rows, bars and gaps of a group's history, in the pens of one theme."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from lab.cluster.figures import counted
from lab.cluster.probes.ownership import GroupOwnership, Rebalance, Stopped, Tenure, Unread, duration_text
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.pen import hatch, put_icon, rounded
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.canvas.time_axis import TimeAxis, tick_text
from lab.ui.charts.gantt_layout import LEFT, NARROW, GanttLayout, GanttRow, ends_of, stretches_of
from lab.ui.theme import Theme, with_alpha

TICKS_APART = 75
BADGE = 15
EXPLAIN = "Each row is a partition, each bar its owner. Hatched: nobody read it. Below: whom a rebalance stopped."


class GanttPainter:
    """Everything is painted from a view, an axis and a layout; nothing is remembered but pens."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.scale = theme.ui_scale
        alpha = 0.30 if theme.dark else 0.26
        self.fills = tuple(QBrush(with_alpha(colour, alpha)) for colour in theme.category)
        self.edges = tuple(QPen(colour, 1.2 * self.scale) for colour in theme.category)
        self.inks = tuple(_ink_on(colour) for colour in theme.category)
        self.shade = with_alpha(theme.state.pending, 0.10 if theme.dark else 0.13)
        self.gap_fill = with_alpha(theme.state.pending, 0.22)
        self.gap_hatch = with_alpha(theme.state.pending, 0.85)
        self.silent_hatch = with_alpha(theme.state.fail, 0.75)
        self.coming = with_alpha(theme.surface.panel, 0.55)
        self.head = QPen(theme.interactive.accent, 2.0 * self.scale)

    # --- around the rows --------------------------------------------------------------------------

    def paint_header(self, p: QPainter, group: GroupOwnership, width: float) -> None:
        """What is shown, and what the signs mean."""
        theme, stamps, scale = self.theme, self.stamps, self.scale
        left, y = 18 * scale, 21 * scale
        stamps.put(p, left, y, group.group, theme.text.t1, 16, 600)
        after = left + stamps.width(group.group, 16, 600) + 10 * scale
        detail = f"{counted(len(group.members), 'member')} · {counted(len(group.rebalances), 'rebalance')}"
        stamps.put(p, after, y, detail, theme.text.t3, 12)
        stamps.put(p, left, 43 * scale, EXPLAIN, theme.text.t2, 12)
        x = width - 18 * scale
        for text, kind in (("owner silent", "silent"), ("unread, stopped", "gap"), ("owned", "owned")):
            x -= stamps.width(text, 12)
            stamps.put(p, x, y, text, theme.text.t2, 12)
            box = QRectF(x - 26 * scale, y - 6 * scale, 19 * scale, 12 * scale)
            self._sample(p, box, kind)
            x = box.left() - 18 * scale

    def _sample(self, p: QPainter, box: QRectF, kind: str) -> None:
        if kind == "gap":
            self._gap(p, box)
        elif kind == "silent":
            self._silent(p, box)
        else:
            p.setBrush(self.fills[0])
            p.setPen(self.edges[0])
            p.drawRoundedRect(box, 3, 3)

    def paint_ground(self, p: QPainter, layout: GanttLayout, axis: TimeAxis, chosen: GanttRow | None) -> None:
        """Names of the rows, grid, and a line below each row."""
        theme, scale = self.theme, self.scale
        if chosen is not None:
            box = QRectF(6 * scale, chosen.top, axis.right - 6 * scale, chosen.height)
            rounded(p, box, 4 * scale, theme.interactive.selected_bg)
        p.setPen(QPen(theme.line.subtle, 1.0))
        xs = [round(axis.x_of(time)) + 0.5 for time in axis.ticks(axis.step(TICKS_APART * scale))]
        p.drawLines([QLineF(x, layout.top, x, layout.bottom) for x in xs])
        p.drawLine(QLineF(axis.left, layout.bottom + 0.5, axis.right, layout.bottom + 0.5))
        for row in layout.rows:
            if row.kind != "member":
                name = "rebalances" if row.kind == "group" else row.name
                colour = theme.text.t3 if row.kind == "group" else theme.text.t2
                self.stamps.put(p, 18 * scale, row.middle, name, colour, 12, 500)

    def paint_members(self, p: QPainter, group: GroupOwnership, layout: GanttLayout) -> None:
        """The members' names with their letters."""
        for at, name in enumerate(group.members):
            row = layout.row("member", name)
            if row is not None:
                self._letter(p, QPointF(26 * self.scale, row.middle), at)
                room = (LEFT - 44) * self.scale
                self.stamps.put(p, 40 * self.scale, row.middle, self._fitting(name, room), self.theme.text.t2, 12, 500)

    def paint_axis(self, p: QPainter, layout: GanttLayout, axis: TimeAxis, now: Micros) -> None:
        """The instant shown as a line with its time, and round instants beside it."""
        theme, scale = self.theme, self.scale
        y = layout.bottom + 15 * scale
        box: QRectF | None = None
        if axis.shows(now):
            x = axis.x_of(now)
            wide = self.stamps.width(clock(now), 11.5, 600) + 14 * scale
            middle = min(max(x, axis.left + wide / 2), axis.right + 18 * scale - wide / 2)
            box = QRectF(middle - wide / 2, y - 9 * scale, wide, 18 * scale)
            p.setPen(self.head)
            p.drawLine(QLineF(x, layout.top - 4 * scale, x, y - 9 * scale))
            rounded(p, box, 4 * scale, theme.interactive.accent)
            self.stamps.put(p, middle, y, clock(now), theme.interactive.on_accent, 11.5, 600, share=MIDDLE)
        step = axis.step(TICKS_APART * scale)
        for time in axis.ticks(step):
            text, x = tick_text(time, step), axis.x_of(time)
            half = self.stamps.width(text, 11) / 2
            if box is None or x + half + 4 < box.left() or x - half - 4 > box.right():
                self.stamps.put(p, x, y, text, theme.text.t3, 11, share=MIDDLE)

    def paint_future(self, p: QPainter, layout: GanttLayout, axis: TimeAxis, now: Micros) -> None:
        """Fainter: what is known, and not now."""
        here = min(max(axis.x_of(now), axis.left), axis.right)
        p.fillRect(QRectF(here, layout.top, axis.right + 6 - here, layout.bottom - layout.top), self.coming)

    # --- the rows ---------------------------------------------------------------------------------

    def paint_rows(
        self, p: QPainter, group: GroupOwnership, layout: GanttLayout, axis: TimeAxis, latest: Micros
    ) -> None:
        """Everything that lasts."""
        p.setClipRect(QRectF(axis.left - 4, 0, axis.right - axis.left + 8, layout.bottom + 1))
        for one in group.rebalances:
            left, right = ends_of(one, axis, latest)
            p.fillRect(QRectF(left, layout.top, right - left, layout.bottom - layout.top), self.shade)
        letters = {name: at for at, name in enumerate(group.members)}
        for row in layout.rows:
            if row.kind == "member":
                self._life(p, group, row, axis, latest, letters[row.name])
            labelled = axis.left
            begins = [axis.x_of(one.start) for one in group.rebalances]
            for one in stretches_of(group, row):
                left, right = ends_of(one, axis, latest)
                if right < axis.left - 4 or left > axis.right + 4:
                    continue
                match one:
                    case Tenure():
                        self._tenure(p, one, self._box(row, left, right), axis, letters[one.member])
                    case Unread() | Stopped():
                        self._gap(p, self._box(row, left, right))
                        if isinstance(one, Stopped):
                            labelled = self._length(p, one, row, axis, latest, labelled)
                    case Rebalance():
                        self._rebalance(p, one, self._box(row, left, right), latest)
                        room = min((x for x in begins if x > left), default=axis.right) - right
                        self._generation(p, one, row, right, room)
        p.setClipping(False)

    def _box(self, row: GanttRow, left: float, right: float) -> QRectF:
        tall = min(row.height - 4 * self.scale, 20 * self.scale)
        return QRectF(left, row.middle - tall / 2, right - left, tall)

    def _tenure(
        self, p: QPainter, one: Tenure, box: QRectF, axis: TimeAxis, letter: int
    ) -> None:  # fmt: skip
        scale, at = self.scale, letter % len(self.fills)
        box = box.adjusted(0.5, 0, -0.5, 0)
        p.setBrush(self.fills[at])
        p.setPen(self.edges[at])
        p.drawRoundedRect(box, 4 * scale, 4 * scale)
        seen = box.intersected(QRectF(axis.left, 0, axis.right - axis.left, 1e6))
        until = seen.right()
        if one.silent_from is not None:
            start = max(axis.x_of(one.silent_from), box.left())
            self._silent(p, QRectF(start, box.top(), box.right() - start, box.height()))
            until = min(until, start)
        room = until - seen.left()
        if room < (BADGE + 6) * scale:
            return
        self._letter(p, QPointF(seen.left() + (BADGE / 2 + 4) * scale, box.center().y()), letter)
        name = self._fitting(one.member, room - (BADGE + 14) * scale)
        self.stamps.put(
            p, seen.left() + (BADGE + 9) * scale, box.center().y(), name, self.theme.text.t1, 11.5, 500
        )  # fmt: skip

    def _life(
        self, p: QPainter, group: GroupOwnership, row: GanttRow, axis: TimeAxis, latest: Micros, letter: int
    ) -> None:  # fmt: skip
        """A line while the member has partitions; dashed once it is silent."""
        solid = QPen(self.edges[letter % len(self.edges)].color(), 3.0 * self.scale)
        silent = QPen(self.theme.state.fail, 1.6 * self.scale, Qt.PenStyle.CustomDashLine)
        silent.setDashPattern([3.0, 2.4])
        for one in group.tenures:
            if one.member != row.name:
                continue
            end = latest if one.end is None else one.end
            alive = end if one.silent_from is None else one.silent_from
            p.setPen(solid)
            p.drawLine(QLineF(axis.x_of(one.start), row.middle, axis.x_of(alive), row.middle))
            if alive < end:
                p.setPen(silent)
                p.drawLine(QLineF(axis.x_of(alive), row.middle, axis.x_of(end), row.middle))

    def _gap(self, p: QPainter, box: QRectF) -> None:
        """Nobody reads: amber and hatched, a solid tick where it is too short for that."""
        pending = self.theme.state.pending
        if box.width() <= NARROW + 2:
            p.fillRect(QRectF(box.left(), box.top() - 1, box.width(), box.height() + 2), pending)
            return
        rounded(p, box, 3 * self.scale, self.gap_fill, pending, 1.2 * self.scale)
        hatch(p, box, 3 * self.scale, self.gap_hatch, 6 * self.scale)

    def _silent(self, p: QPainter, box: QRectF) -> None:
        """It is the owner still, for all that the group knows."""
        fail = self.theme.state.fail
        rounded(p, box, 4 * self.scale, with_alpha(fail, 0.10), fail, 1.3 * self.scale, [3.0, 2.2])
        hatch(p, box, 4 * self.scale, self.silent_hatch, 7 * self.scale)

    def _rebalance(self, p: QPainter, one: Rebalance, box: QRectF, latest: Micros) -> None:
        """A bar while it lasts, with how long that was."""
        scale, theme = self.scale, self.theme
        rounded(p, box, min(4 * scale, box.width() / 2), self.gap_fill, theme.state.pending, 1.2 * scale, [3.0, 2.2])
        taken = duration_text((latest if one.end is None else one.end) - one.start)
        if box.width() > self.stamps.width(taken, 11, 600) + 26 * scale:
            x, y = box.left(), box.center().y()
            put_icon(p, "refresh-cw", theme.state.pending, QPointF(x + 12 * scale, y), 12 * scale)
            self.stamps.put(p, x + 22 * scale, y, taken, theme.tone_text("pending"), 11, 600)

    def _generation(self, p: QPainter, one: Rebalance, row: GanttRow, right: float, room: float) -> None:
        """What it led to, where there is room before the next."""
        text, gap = f"gen {one.generation_id}", 6 * self.scale
        if one.end is not None and self.stamps.width(text, 11, 500) + 2 * gap <= room:
            self.stamps.put(p, right + gap, row.middle, text, self.theme.text.t2, 11, 500)

    def _length(
        self, p: QPainter, one: Stopped, row: GanttRow, axis: TimeAxis, latest: Micros, labelled: float
    ) -> float:
        """How long a member was stopped, behind it. Returns how far that is written."""
        _, right = ends_of(one, axis, latest)
        text = duration_text((latest if one.end is None else one.end) - one.start)
        x = right + 5 * self.scale
        wide = self.stamps.width(text, 11, 600)
        if x < labelled or x + wide > axis.right + 4:
            return labelled
        ground = QRectF(x - 2, row.middle - 7 * self.scale, wide + 4, 14 * self.scale)
        p.fillRect(ground, self.theme.surface.panel)
        self.stamps.put(p, x, row.middle, text, self.theme.tone_text("pending"), 11, 600)
        return x + wide + 6 * self.scale

    # --- small things -----------------------------------------------------------------------------

    def _letter(self, p: QPainter, centre: QPointF, at: int) -> None:
        """A category never comes without its letter."""
        size, place = BADGE * self.scale, at % len(self.fills)
        box = QRectF(centre.x() - size / 2, centre.y() - size / 2, size, size)
        rounded(p, box, 4 * self.scale, self.theme.category[place], self.theme.line.strong if at >= 8 else None)
        text = "ABCDEFGH"[place]
        self.stamps.put(p, centre.x(), centre.y(), text, self.inks[place], 10, 700, share=MIDDLE)

    def _fitting(self, text: str, room: float) -> str:
        if self.stamps.width(text, 11.5, 500) <= room:
            return text
        while len(text) > 3:
            text = text[:-1]
            if self.stamps.width(text + "…", 11.5, 500) <= room:
                return text + "…"
        return ""


def _ink_on(colour: QColor) -> QColor:
    """Dark letters on a light ground, light ones on a dark."""
    light = 0.299 * colour.redF() + 0.587 * colour.greenF() + 0.114 * colour.blueF()
    return QColor("#0B1220") if light > 0.55 else QColor("#FFFFFF")
