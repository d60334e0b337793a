"""SpaceTimePainter: lifelines, messages as slanted lines, and the way of the causes among them."""

from math import hypot

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from lab.cluster.figures import counted, grouped
from lab.cluster.probes.causes import Aside, CausesView, Down, Step, question_of
from lab.cluster.probes.ownership import duration_text
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.pen import put_icon, rounded
from lab.ui.canvas.spacetime_layout import DOT, LEFT, SpaceTimeLayout
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme, with_alpha

HEAD = 8.0
"""Length of an arrow's head."""
ICONS = (
    ("operator", "zap"), ("broker-", "server"), ("controller-", "hexagon"),
)  # fmt: skip
LEGEND = (("way", "cause"), ("silence", "not heard"), ("aside", "sent besides"), ("down", "not working"))


def icon_of(host: str) -> str:
    """A machine's picture; clients have none of their own here."""
    return next((icon for start, icon in ICONS if host.startswith(start)), "user")


class SpaceTimePainter:
    """Pens of one theme. Labels find a free place, or are left to the list and the tooltip."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.scale = scale = theme.ui_scale
        accent, pending, fail = theme.interactive.accent, theme.state.pending, theme.state.fail
        self.way = QPen(accent, 2.2 * scale)
        self.wait = QPen(with_alpha(accent, 0.55), 4.0 * scale)
        self.aside = QPen(with_alpha(theme.text.t3, 0.75), 1.0)
        self.life = QPen(theme.line.strong, 1.0)
        self.grid = QPen(theme.line.subtle, 1.0)
        self.head = QPen(with_alpha(accent, 0.45), 1.0 * scale, Qt.PenStyle.DashLine)
        self.silence = QPen(pending, 2.2 * scale, Qt.PenStyle.CustomDashLine)
        self.silence.setDashPattern([4.0, 3.0])
        self.down = QPen(fail, 2.0 * scale, Qt.PenStyle.CustomDashLine)
        self.down.setDashPattern([2.0, 2.4])

    # --- the whole --------------------------------------------------------------------------------

    def paint(
        self, p: QPainter, view: CausesView, layout: SpaceTimeLayout, chosen: int, now: Micros, width: float
    ) -> None:  # fmt: skip
        """Everything, the way last."""
        taken: list[QRectF] = []
        self._header(p, view, width)
        self._rows(p, layout)
        self._axis(p, view, layout, now)
        for down in view.downs:
            self._down(p, down, layout)
        for aside in view.asides:
            self._aside(p, aside, layout)
        for step in view.steps:
            self._line(p, step, layout)
        for at, step in enumerate(view.steps):
            taken.append(self._dot(p, step, at, layout, chosen=at == chosen, last=at == len(view.steps) - 1))
        for step in view.steps:
            self._label(p, step, layout, taken)
        for aside in view.asides:
            if aside.last_words:
                x, y = layout.x_of(aside.heard) + 4 * self.scale, layout.rows[aside.host] + 14 * self.scale
                self.stamps.put(p, x, y, f"last heard: {aside.name}", self.theme.text.t3, 11)

    def _header(self, p: QPainter, view: CausesView, width: float) -> None:
        theme, stamps, scale = self.theme, self.stamps, self.scale
        last = view.steps[-1]
        x = width - 18 * scale
        for kind, text in reversed(LEGEND):
            x -= stamps.width(text, 12)
            stamps.put(p, x, 42 * scale, text, theme.text.t2, 12)
            p.setPen({"way": self.way, "silence": self.silence, "aside": self.aside, "down": self.down}[kind])
            p.drawLine(QLineF(x - 28 * scale, 42 * scale, x - 7 * scale, 42 * scale))
            x -= 46 * scale
        title = self._fitting(question_of(view), width - 36 * scale, 16, 600)
        stamps.put(p, 18 * scale, 20 * scale, title, theme.text.t1, 16, 600)
        began = "from what was done" if view.complete else "and further back"
        count = len(view.steps) - 1
        steps = f"{counted(count, 'step')} back, {began}"
        text = f"event {grouped(last.event_number)} at {clock(last.time)} · {steps if count else 'where it begins'}"
        stamps.put(p, 18 * scale, 42 * scale, self._fitting(text, x - 18 * scale, 12, 400), theme.text.t3, 12)

    def _rows(self, p: QPainter, layout: SpaceTimeLayout) -> None:
        theme, scale = self.theme, self.scale
        p.setPen(self.life)
        left, right = layout.xs[0] - 16 * scale, layout.xs[-1] + 30 * scale
        p.drawLines([QLineF(left, round(y) + 0.5, right, round(y) + 0.5) for y in layout.rows.values()])
        for name, y in layout.rows.items():
            put_icon(p, icon_of(name), theme.text.t3, QPointF(26 * scale, y), 15 * scale)
            text = self._fitting(name, (LEFT - 60) * scale, 12.5, 500)
            self.stamps.put(p, 42 * scale, y, text, theme.text.t1, 12.5, 500)

    def _axis(self, p: QPainter, view: CausesView, layout: SpaceTimeLayout, now: Micros) -> None:
        """How long before the event each step was; the event's own time; and the instant shown, if it is here."""
        theme, scale = self.theme, self.scale
        last = view.steps[-1]
        p.setPen(self.grid)
        p.drawLines([QLineF(x, layout.top, x, layout.bottom) for x in {layout.x_of(one.time) for one in view.steps}])
        if view.steps[0].time <= now <= last.time:
            p.setPen(self.head)
            x = layout.x_of(now)
            p.drawLine(QLineF(x, layout.top - 4 * scale, x, layout.bottom + 4 * scale))
        y = layout.bottom + 16 * scale
        free = layout.xs[-1] + 40 * scale
        for one in reversed(view.steps):
            x = layout.x_of(one.time)
            text = clock(one.time) if one is last else f"−{duration_text(last.time - one.time)}"
            half = self.stamps.width(text, 11) / 2
            if x + half + 6 * scale > free:
                continue
            free = x - half
            self.stamps.put(p, x, y, text, theme.text.t1 if one is last else theme.text.t3, 11, share=MIDDLE)

    # --- lines ------------------------------------------------------------------------------------

    def _down(self, p: QPainter, down: Down, layout: SpaceTimeLayout) -> None:
        y = layout.rows[down.host]
        end = layout.xs[-1] + 30 * self.scale if down.end is None else layout.x_of(down.end)
        p.setPen(self.down)
        p.drawLine(QLineF(layout.x_of(down.start), y, end, y))

    def _aside(self, p: QPainter, aside: Aside, layout: SpaceTimeLayout) -> None:
        start = QPointF(layout.x_of(aside.sent), layout.rows.get(aside.source, layout.top))
        end = QPointF(layout.x_of(aside.heard), layout.rows[aside.host])
        p.setPen(self.aside)
        p.drawLine(start, end)
        self._arrow(p, start, end, self.aside.color(), 0.75, 0.0)

    def _line(self, p: QPainter, one: Step, layout: SpaceTimeLayout) -> None:
        """From where it came to where it happened."""
        if one.kind == "action":
            self._message(p, self.way, QPointF(layout.x_of(one.time), layout.rows[one.source]), one, layout)
            return
        start = QPointF(layout.x_of(one.since), layout.rows[one.source])
        if one.kind == "timer":
            p.setPen(self.wait)
            p.drawLine(start, QPointF(layout.x_of(one.time), start.y()))
            return
        self._message(p, self.silence if one.kind == "silence" else self.way, start, one, layout)

    def _message(self, p: QPainter, pen: QPen, start: QPointF, one: Step, layout: SpaceTimeLayout) -> None:
        end = QPointF(layout.x_of(one.time), layout.rows[one.host])
        if start == end:
            return
        p.setPen(pen)
        p.drawLine(start, end)
        self._arrow(p, start, end, pen.color(), 1.0, DOT * self.scale)

    def _arrow(self, p: QPainter, start: QPointF, end: QPointF, colour: QColor, size: float, before: float) -> None:
        dx, dy = end.x() - start.x(), end.y() - start.y()
        far = hypot(dx, dy)
        if far < 1:
            return
        ux, uy, length = dx / far, dy / far, HEAD * self.scale * size
        tip = QPointF(end.x() - ux * before, end.y() - uy * before)
        back = QPointF(tip.x() - ux * length, tip.y() - uy * length)
        sx, sy = -uy * length * 0.42, ux * length * 0.42
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(colour)
        p.drawPolygon(QPolygonF([tip, QPointF(back.x() + sx, back.y() + sy), QPointF(back.x() - sx, back.y() - sy)]))

    # --- events -----------------------------------------------------------------------------------

    def _dot(
        self, p: QPainter, one: Step, at: int, layout: SpaceTimeLayout, *, chosen: bool, last: bool
    ) -> QRectF:  # fmt: skip
        """The event with its number, which the list has too. Chosen: filled. Asked about: in its tone."""
        theme, scale = self.theme, self.scale
        centre = QPointF(layout.x_of(one.time), layout.rows[one.host])
        size = DOT * scale
        tone = one.tone or "t1"
        edge = theme.tone(tone) if last or one.kind == "action" else theme.interactive.accent
        p.setBrush(theme.interactive.accent if chosen else theme.surface.panel)
        p.setPen(QPen(edge, (2.4 if last else 1.6) * scale))
        p.drawEllipse(centre, size, size)
        if last:
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(with_alpha(edge, 0.45), 1.4 * scale))
            p.drawEllipse(centre, size + 4 * scale, size + 4 * scale)
        ink = theme.interactive.on_accent if chosen else theme.text.t1
        self.stamps.put(p, centre.x(), centre.y(), str(at + 1), ink, 11, 700, share=MIDDLE)
        reach = size + 5 * scale
        return QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)

    def _label(self, p: QPainter, one: Step, layout: SpaceTimeLayout, taken: list[QRectF]) -> None:
        """What it is called, in the first free place around its dot or its line."""
        theme, scale, stamps = self.theme, self.scale, self.stamps
        text, colour = self._label_of(one)
        wide, tall = stamps.width(text, 11, 500), 15 * scale
        x, y = layout.x_of(one.time), layout.rows[one.host]
        middle = (x + layout.x_of(one.since)) / 2
        beside = ((y + layout.rows[one.source]) / 2) if one.source != one.host else y
        places = [(middle - wide / 2, beside - 9 * scale)] if one.kind in ("timer", "silence") else []
        if one.kind == "timer":
            places.insert(0, (middle - wide / 2, y - 13 * scale))
        places += [
            (x - wide / 2, y + 25 * scale), (x - wide / 2, y - 25 * scale), (x + 18 * scale, y - 12 * scale),
            (x + 18 * scale, y + 12 * scale), (x - wide - 18 * scale, y + 12 * scale),
            (x - wide - 18 * scale, y - 12 * scale), (x - wide / 2, y + 41 * scale), (x - wide / 2, y - 41 * scale),
        ]  # fmt: skip
        right = layout.xs[-1] + 56 * scale
        for left, line in places:
            box = QRectF(left - 2, line - tall / 2, wide + 4, tall)
            fits = box.left() > (LEFT - 30) * scale and box.right() < right
            if fits and not any(box.intersects(other) for other in taken):
                taken.append(box)
                rounded(p, box, 3 * scale, with_alpha(theme.surface.panel, 0.86))
                stamps.put(p, left, line, text, colour, 11, 500)
                return

    def _label_of(self, one: Step) -> tuple[str, QColor]:
        theme, taken = self.theme, duration_text(one.time - one.since)
        match one.kind:
            case "action":
                return one.name, theme.tone_text("fail" if one.tone == "fail" else "t1")
            case "silence":
                return f"not heard for {taken}", theme.tone_text("pending")
            case "timer":
                return f"waits {taken}", theme.text.t2
            case _:
                return one.name, theme.text.t2

    def _fitting(self, text: str, room: float, size: float, weight: int) -> str:
        while text and self.stamps.width(text, size, weight) > room:
            text = text.removesuffix("…")[:-1].rstrip() + "…"
            if text == "…":
                return ""
        return text
