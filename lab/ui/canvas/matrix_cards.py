"""MatrixCards: what stands still in the matrix: cards of machines and clients, columns and the legend."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from lab.cluster.figures import brief
from lab.cluster.probes.views import (
    BrokerView,
    ClusterView,
    ControllerView,
    GroupView,
    MemberView,
    PartitionView,
    ProducerView,
    ProgramView,
)
from lab.ui.canvas.matrix_layout import LABEL_WIDTH, MARGIN, MatrixLayout, Subject
from lab.ui.canvas.matrix_links import DOWN, MatrixLinks
from lab.ui.canvas.matrix_words import (
    broker_figure,
    chip_texts,
    controller_note,
    folded_words,
    group_words,
    hidden_text,
    program_note,
    summary,
)
from lab.ui.canvas.pace import Pace, pace_text
from lab.ui.canvas.particles import legend_sprite
from lab.ui.canvas.pen import hatch, put_icon, rounded
from lab.ui.canvas.routes import Routes
from lab.ui.canvas.stamps import MIDDLE, RIGHT, Stamps
from lab.ui.theme import Theme, with_alpha

ONE_LINE = 42
"""A row lower than this has room for one line: the state is its icon, as in the words of the tooltip."""
BROKER_LOOKS = {
    "running": ("circle-check", "ok"), "starting": ("refresh-cw", "pending"), "fenced": ("lock", "pending"),
    "slow": ("gauge", "pending"), "frozen": ("snowflake", "frost"), "crashed": ("circle-x", "fail"),
    "stopped": ("power-off", "t3"), "off": ("unplug", "fail"), "partitioned": ("unlink", "fail"),
}  # fmt: skip
CLIENT_TONES = {"running": "", "consuming": "", "joining": "pending", "paused": "pending", "frozen": "frost",
                "crashed": "fail", "off": "fail", "blocked": "pending"}  # fmt: skip
LEGEND = (("record", "record"), ("ack", "ack"), ("replica", "replica fetch"))
LEGEND_OF_PROGRAMS = (("request", "other request"), ("response", "its answer"))
"""Real clients' messages are all shown."""


class MatrixCards:
    """Paints the still layer of a `ClusterView`; it is kept as a picture until something in it changes. `chips`: where
    a partition of its own stands in a member's card.
    """

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        self.links = MatrixLinks(theme)
        self.chips: list[tuple[QRectF, str]] = []

    def paint(
        self, p: QPainter, view: ClusterView, layout: MatrixLayout, routes: Routes, chosen: Subject, pace: Pace
    ) -> None:
        """Everything, from the links at the bottom to the legend."""
        self.chips.clear()
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._title(p, view)
        for controller in view.controllers:
            chosen_one = chosen == ("broker" if layout.combined else "controller", controller.name)
            self._controller(p, controller, layout.controllers[controller.name], chosen_one)
        self.links.paint_links(p, view, routes)
        for producer in view.producers:
            self._producer(p, producer, layout.producers[producer.name], chosen)
        for program in view.programs:
            if program.name in layout.programs:
                self._program(p, program, layout.programs[program.name], chosen)
        self._in_rows(p, view, layout, chosen)
        self._headers(p, view, layout, chosen)
        self.links.paint_feeds(p, view, layout, routes)
        for group in view.groups:
            self._group(p, group, layout, chosen)
        self.links.paint_crosses(p, view, layout)
        self._legend(p, view, layout, pace)

    # --- words around -----------------------------------------------------------------------------

    def _title(self, p: QPainter, view: ClusterView) -> None:
        scale, text = self.theme.ui_scale, self.theme.text
        x, y = MARGIN * scale, 22 * scale
        self.stamps.put(p, x, y, "Cluster", text.t1, 14, 600)
        x += self.stamps.width("Cluster", 14, 600) + 14 * scale
        self.stamps.put(p, x, y, summary(view), text.t3, 13)

    def _controller(self, p: QPainter, one: ControllerView, box: QRectF, chosen: bool) -> None:
        """Beside the title: who decides which broker leads. Of several, the active one wears the crown."""
        theme, scale = self.theme, self.theme.ui_scale
        _, tone = BROKER_LOOKS.get(one.state, ("circle-help", "t3"))
        radius = box.height() / 2
        healthy = one.state == "running"
        crowned = one.active and bool(one.role)
        edge = theme.line.normal if healthy else theme.tone(tone)
        rounded(p, box, radius, theme.surface.panel, edge, 1.2, None if healthy else [3.0, 2.4])
        if chosen:
            rounded(p, box.adjusted(-3, -3, 3, 3), radius + 3, None, theme.interactive.accent, 1.6)
        y = box.center().y()
        icon = "crown" if crowned and healthy else "hexagon"
        put_icon(p, icon, theme.text.t2 if healthy else edge, QPointF(box.left() + 15 * scale, y), 13 * scale)
        name, note = self._controller_words(one, box.width() - 42 * scale)
        self.stamps.put(p, box.left() + 27 * scale, y, name, theme.text.t1, 12, 500)
        ink = theme.text.t3 if healthy else theme.tone_text(tone)
        self.stamps.put(p, box.right() - 11 * scale, y, note, ink, 12, share=RIGHT)

    def _controller_words(self, one: ControllerView, room: float) -> tuple[str, str]:
        """Name and note, the longest that fit: where it is narrow the note loses its epoch, then the name its word."""
        note = controller_note(one)
        short = one.name[0] + one.name.rpartition("-")[2]
        for name, words in ((one.name, note), (one.name, note.partition(" · ")[0]), (short, note.partition(" · ")[0])):
            if self.stamps.width(name, 12, 500) + self.stamps.width(words, 12) <= room:
                return name, words
        return short, ""

    def _legend(self, p: QPainter, view: ClusterView, layout: MatrixLayout, pace: Pace) -> None:
        scale = self.theme.ui_scale
        x, y = MARGIN * scale, layout.area.bottom() + 15 * scale
        for kind, words in (*LEGEND, *(LEGEND_OF_PROGRAMS if view.programs else ())):
            legend_sprite(p, self.theme, kind, QPointF(x + 4 * scale, y))
            self.stamps.put(p, x + 14 * scale, y, words, self.theme.text.t2, 12)
            x += self.stamps.width(words, 12) + 34 * scale
        hidden, note = hidden_text(view, layout), pace_text(pace)
        right, hidden = self.hidden_place(hidden, x, layout)
        if x + self.stamps.width(note, 12) < right - self.stamps.width(hidden, 12) - 16 * scale:
            self.stamps.put(p, x, y, note, self.theme.text.t3, 12)
        self.stamps.put(p, right, y, hidden, self.theme.text.t3, 12, share=RIGHT)

    def hidden_place(self, hidden: str, left: float, layout: MatrixLayout) -> tuple[float, str]:
        """Where what is scrolled away is written, right of the legend, which ends at `left`: below the tiles' right
        edge, further right where the legend is in the way, and in fewer words where even that is too narrow.
        """
        edge = layout.width - MARGIN * self.theme.ui_scale
        for words in (hidden, hidden.partition(" · scroll")[0]):
            wide = self.stamps.width(words, 12)
            if left + wide <= edge:
                return max(layout.area.right(), left + wide), words
        return layout.area.right(), ""

    # --- brokers ----------------------------------------------------------------------------------

    def _in_rows(self, p: QPainter, view: ClusterView, layout: MatrixLayout, chosen: Subject) -> None:
        scale = self.theme.ui_scale
        p.save()
        p.setClipRect(QRectF(0, layout.area.top() - 4 * scale, 1e5, layout.area.height() + 8 * scale))
        for broker in view.brokers:
            self._broker(p, broker, layout.brokers[broker.name], chosen == ("broker", broker.name))
        p.restore()

    def _broker(self, p: QPainter, broker: BrokerView, box: QRectF, chosen: bool) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        icon, tone = BROKER_LOOKS.get(broker.state, ("circle-help", "t3"))
        radius = 10 * scale
        self._frame(p, broker.state, box, radius)
        if chosen:
            rounded(p, box.adjusted(-3, -3, 3, 3), radius + 3, None, theme.interactive.accent, 1.6)
        faint = broker.state in DOWN
        ink = theme.text.t2 if faint else theme.text.t1
        x, y = box.left() + 13 * scale, box.top() + (20 if box.height() >= 66 * scale else 15) * scale
        if box.height() < ONE_LINE * scale:
            put_icon(p, icon, theme.tone_text(tone), QPointF(x + 5 * scale, box.center().y()), 14 * scale)
            name = self._elided(broker.name, LABEL_WIDTH - 36, 13)
            self.stamps.put(p, x + 18 * scale, box.center().y(), name, ink, 13, 600)
            return
        self.stamps.put(p, x, y, broker.name, ink, 13.5, 600)
        y += 21 * scale
        self._line(p, QPointF(x, y), icon, tone, broker.state, theme.tone_text(tone) if tone != "ok" else theme.text.t2)

    def _line(self, p: QPainter, at: QPointF, icon: str, tone: str, text: str, ink: QColor) -> None:
        scale = self.theme.ui_scale
        put_icon(p, icon, self.theme.tone_text(tone), at + QPointF(7 * scale, 0), 13 * scale)
        self.stamps.put(p, at.x() + 18 * scale, at.y(), text, ink, 12)

    def _frame(self, p: QPainter, state: str, box: QRectF, radius: float) -> None:
        """State by edge and filling, so that it is seen without colour."""
        theme, scale = self.theme, self.theme.ui_scale
        match state:
            case "crashed" | "off":
                fail = theme.state.fail
                rounded(p, box, radius, with_alpha(fail, 0.08), fail, 1.5, [3.4, 2.4])
                hatch(p, box, radius, with_alpha(fail, 0.22), 8 * scale)
            case "stopped":
                rounded(p, box, radius, None, theme.line.strong, 1.2, [3.4, 2.4])
            case "frozen":
                rounded(p, box, radius, with_alpha(theme.state.frost, 0.17), theme.state.frost, 1.6)
            case "slow" | "fenced" | "starting":
                rounded(p, box, radius, theme.surface.panel, theme.state.pending, 1.4)
            case "partitioned":
                rounded(p, box, radius, theme.surface.panel, theme.line.normal)
                rounded(p, box.adjusted(-4, -4, 4, 4), radius + 4, None, theme.state.fail, 1.6, [1.6, 2.0])
            case _:
                rounded(p, box, radius, theme.surface.panel, theme.line.normal)

    # --- columns ----------------------------------------------------------------------------------

    def _headers(self, p: QPainter, view: ClusterView, layout: MatrixLayout, chosen: Subject) -> None:
        scale, area = self.theme.ui_scale, layout.area
        p.save()
        p.setClipRect(QRectF(area.left() - 4 * scale, 0, area.width() + 8 * scale, 1e5))
        for partition in view.partitions:
            box = layout.columns[partition.name]
            mine = chosen == ("partition", partition.name)
            if mine:
                column = box.adjusted(0.5, 1, -3.5 * scale, 2 * scale)
                fill = with_alpha(self.theme.interactive.accent, 0.05)
                rounded(p, column, 9 * scale, fill, self.theme.interactive.accent, 1.5)
            text = self._header(partition, layout)
            ink = self.theme.text.t1 if mine else self.theme.text.t2
            x = box.center().x() - 2 * scale
            self.stamps.put(p, x, area.top() - 11 * scale, text, ink, 12.5, 600 if mine else 400, share=MIDDLE)
        if not layout.tiles:
            self._topics(p, layout)
        p.restore()

    def _header(self, partition: PartitionView, layout: MatrixLayout) -> str:
        if not layout.tiles:
            return f"{partition.index}"
        return self._elided(partition.name, layout.pitch / self.theme.ui_scale - 8, 12.5)

    def _topics(self, p: QPainter, layout: MatrixLayout) -> None:
        """Above narrow columns, whose headers are only numbers, the topics' names."""
        scale = self.theme.ui_scale
        for topic, span in layout.topics.items():
            y = layout.area.top() - 28 * scale
            p.setPen(QPen(self.theme.line.normal, 1))
            p.drawLine(QPointF(span.left() + 3, y + 8 * scale), QPointF(span.right() - 6, y + 8 * scale))
            text = self._elided(topic, span.width() / scale - 8, 12)
            self.stamps.put(p, span.left() + 4 * scale, y, text, self.theme.text.t2, 12, 500)

    # --- clients ----------------------------------------------------------------------------------

    def _producer(self, p: QPainter, producer: ProducerView, box: QRectF, chosen: Subject) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        tone = CLIENT_TONES.get(producer.state, "t3")
        self._client_frame(p, box, tone, 8 * scale, producer.state)
        if chosen == ("producer", producer.name):
            rounded(p, box.adjusted(-3, -3, 3, 3), 11 * scale, None, theme.interactive.accent, 1.6)
        small = box.height() < 52 * scale
        icon = "shopping-cart" if not tone else "circle-x" if tone == "fail" else "hourglass"
        put_icon(p, icon, theme.tone_text(tone or "t2"), QPointF(box.left() + 20 * scale, box.center().y()), 15 * scale)
        x = box.left() + 38 * scale
        name = self._elided(producer.name, box.width() / scale - 46, 13)
        note = f"acks={producer.acks}" if producer.state == "running" else producer.state
        if producer.state == "running" and producer.rate_per_second:
            note = f"{note} · {brief(producer.rate_per_second)}/s"
        ink = theme.tone_text(tone) if tone else theme.text.t3
        step = 8 if small else 9
        self.stamps.put(p, x, box.center().y() - step * scale, name, theme.text.t1, 13, 600)
        self.stamps.put(
            p, x, box.center().y() + step * scale, self._elided(note, box.width() / scale - 44, 11.5), ink, 11.5
        )

    def _program(self, p: QPainter, program: ProgramView, box: QRectF, chosen: Subject) -> None:
        """A real client: a plug instead of a picture of what it might be, and the software it says it is."""
        theme, scale = self.theme, self.theme.ui_scale
        here = program.state == "running"
        dashes = None if here else [3.0, 2.4]
        tone = "frost" if program.state == "frozen" else ""
        edge = theme.tone(tone) if tone else theme.interactive.accent if here else theme.line.strong
        rounded(p, box, 8 * scale, theme.surface.raised, edge, 1.2, dashes)
        if chosen == ("program", program.name):
            rounded(p, box.adjusted(-3, -3, 3, 3), 11 * scale, None, theme.interactive.accent, 1.6)
        ink = theme.text.t1 if here else theme.text.t3
        middle = box.center().y()
        put_icon(p, "plug" if here else "unplug", ink, QPointF(box.left() + 20 * scale, middle), 15 * scale)
        x, room = box.left() + 38 * scale, box.width() / scale - 44
        step = 8 if box.height() < 52 * scale else 9
        self.stamps.put(p, x, middle - step * scale, self._elided(program.name, room, 13), ink, 13, 600)
        note = self._elided(program_note(program), room, 11.5)
        self.stamps.put(p, x, middle + step * scale, note, theme.text.t3, 11.5)

    def _client_frame(self, p: QPainter, box: QRectF, tone: str, radius: float, state: str) -> None:
        theme = self.theme
        if not tone:
            rounded(p, box, radius, theme.surface.panel, theme.line.normal)
            return
        dashes = [3.0, 2.4] if state not in ("frozen", "paused", "joining") else None
        rounded(p, box, radius, with_alpha(theme.tone(tone), 0.08), theme.tone(tone), 1.2, dashes)

    def _group(self, p: QPainter, group: GroupView, layout: MatrixLayout, chosen: Subject) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        box = layout.groups[group.name]
        moving = group.state in ("PreparingRebalance", "CompletingRebalance")
        rounded(
            p, box, 10 * scale, theme.surface.panel, theme.state.pending if moving else theme.line.normal,
            1.5 if moving else 1.0, [3.4, 2.4] if moving else None,
        )  # fmt: skip
        if chosen == ("group", group.name):
            rounded(p, box.adjusted(-3, -3, 3, 3), 13 * scale, None, theme.interactive.accent, 1.6)
        colour = theme.category[group.category % len(theme.category)]
        put_icon(p, "users", colour, QPointF(box.left() + 17 * scale, box.top() + 17 * scale), 14 * scale)
        name = self._elided(group.name, box.width() / scale - 40, 13)
        self.stamps.put(p, box.left() + 32 * scale, box.top() + 14 * scale, name, theme.text.t1, 13, 600)
        for member in group.members:
            if member.name in layout.members:
                kind = "program" if member.name in layout.real else "consumer"
                self._member(p, member, group, layout.members[member.name], chosen == (kind, member.name))
        folded = [one for one in group.members if one.name in layout.folded]
        if folded:
            troubled = sum(CLIENT_TONES.get(one.state, "t3") == "fail" for one in folded)
            words = folded_words(folded, of=len(group.members))
            words += f", {troubled} down" if troubled else ""
            ink = theme.tone_text("fail") if troubled else theme.text.t3
            own = layout.folded[folded[0].name]
            self.stamps.put(p, own.left() + 7 * scale, own.center().y(), words, ink, 11.5)

    def paint_figures(self, p: QPainter, view: ClusterView, layout: MatrixLayout) -> None:
        """What changes all the time on the cards: how full each disk is, how far behind each group."""
        theme, scale = self.theme, self.theme.ui_scale
        for broker in view.brokers:
            box = layout.brokers[broker.name]
            at = QPointF(box.left() + 13 * scale, box.top() + 61 * scale)
            if box.height() >= 74 * scale and layout.area.top() <= at.y() <= layout.area.bottom():
                text, icon, tone = broker_figure(broker)
                ink = theme.tone_text(tone) if tone else theme.text.t3
                self._line(p, at, icon, tone or "t3", self._elided(text, LABEL_WIDTH - 34, 12), ink)
        for group in view.groups:
            box = layout.groups[group.name]
            words, tone = group_words(group)
            ink = theme.tone_text(tone) if tone else theme.text.t3
            self.stamps.put(p, box.left() + 32 * scale, box.top() + 31 * scale, words, ink, 11.5)

    def _member(self, p: QPainter, member: MemberView, group: GroupView, box: QRectF, chosen: bool) -> None:
        theme, scale = self.theme, self.theme.ui_scale
        tone = CLIENT_TONES.get(member.state, "t3")
        dashes = [3.0, 2.4] if tone in ("fail", "t3") else None
        rounded(p, box, 6 * scale, theme.surface.raised, theme.tone(tone) if tone else None, 1.0, dashes)
        if chosen:
            rounded(p, box.adjusted(-1, -1, 1, 1), 7 * scale, None, theme.interactive.accent, 1.6)
        tall = box.height() >= 32 * scale
        y = box.top() + (10.5 * scale if tall else box.height() / 2)
        room = box.width() / scale - (16 if tall else 76)
        name = self._elided(member.name, room, 12)
        self.stamps.put(p, box.left() + 7 * scale, y, name, theme.text.t1 if not tone else theme.text.t2, 12, 500)
        if member.note == "program":
            put_icon(p, "plug", theme.text.t2, QPointF(box.right() - 11 * scale, box.top() + 10.5 * scale), 11 * scale)
        elif tone == "fail":
            put_icon(p, "x", theme.state.fail, QPointF(box.right() - 11 * scale, y), 11 * scale)
        below = box.top() + 25.5 * scale if tall else y
        left = box.left() + 7 * scale if tall else box.right() - 64 * scale
        if member.partitions and not tone:
            self._chips(p, member, group, QPointF(left, below), box.right() - 6 * scale)
        else:
            words = "idle" if not tone else member.state
            self.stamps.put(p, left, below, words, theme.tone_text(tone or "t3"), 11.5)

    def _chips(self, p: QPainter, member: MemberView, group: GroupView, at: QPointF, right: float) -> None:
        """The partitions a member owns, by number; a range when there are many."""
        theme, scale = self.theme, self.theme.ui_scale
        colour = theme.category[group.category % len(theme.category)]
        x = at.x()
        texts = chip_texts(member.partitions, fits=int((right - at.x()) // (20 * scale)))
        alone = len(texts) == len(member.partitions)
        in_order = sorted(member.partitions, key=lambda one: int(one.rpartition("-")[2]))
        for place, text in enumerate(texts):
            wide = max(16 * scale, self.stamps.width(text, 11, 600) + 9 * scale)
            chip = QRectF(x, at.y() - 6.5 * scale, min(wide, right - x), 13 * scale)
            rounded(p, chip, 4 * scale, with_alpha(colour, 0.25), colour, 1.0)
            self.stamps.put(p, chip.center().x(), at.y(), text, theme.text.t1, 11, 600, share=MIDDLE)
            if alone:
                self.chips.append((chip.adjusted(-1, -2, 1, 2), in_order[place]))
            x += wide + 3 * scale

    def _elided(self, text: str, room: float, size: float) -> str:
        """The text, its end given up for an ellipsis where `room` design pixels are not enough."""
        if self.stamps.width(text, size) <= room * self.theme.ui_scale:
            return text
        while len(text) > 1 and self.stamps.width(f"{text}…", size) > room * self.theme.ui_scale:
            text = text[:-1]
        return f"{text}…"
