"""TimelinePainter: grid, lanes, badges, bars and the play head, in the pens of one theme."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from lab.cluster.probes.views import BranchView, MomentView, SpanView, TimelineView
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.clusters import Cluster, badge_text, mark_clusters
from lab.ui.canvas.pen import put_icon
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.canvas.story import GROUPS, Story
from lab.ui.canvas.time_axis import TimeAxis, tick_text
from lab.ui.canvas.timeline_lanes import PITCH_EASY, Lane, Lanes
from lab.ui.theme import Theme, mixed, with_alpha

MARK_ICONS = {
    "leader": ("crown", "t2"),
    "isr": ("unlink", "pending"),
    "isr+": ("link", "ok"),
    "quorum": ("hexagon", "t2"),
}
BAR, BAR_PITCH = 5, 7
LABEL_X = 20
TICKS_APART = 75


class TimelinePainter:
    """Everything is painted from views and an axis; nothing is remembered but pens."""

    def __init__(self, theme: Theme, stamps: Stamps) -> None:
        self.theme = theme
        self.stamps = stamps
        scale = theme.ui_scale
        tones = ("pending", "fail", "frost", "ok", "txn", "")
        # Opaque: where a lane has more than it has rows, bars lie on each other, and would shine through to their text.
        share, ground = 0.42 if theme.dark else 0.34, theme.surface.panel
        self.bar_fill = {one: QBrush(mixed(ground, self._tone(one), share)) for one in tones}
        self.bar_edge = {one: QPen(self._tone(one), 1.2 * scale) for one in tones}
        self.grid = QPen(theme.line.subtle, 1.0)
        self.badge_edge = QPen(theme.state.pending, 1.3 * scale, Qt.PenStyle.CustomDashLine)
        self.badge_edge.setDashPattern([2.2, 1.8])
        self.head = QPen(theme.interactive.accent, 2.0 * scale)
        self.ghost = QPen(with_alpha(theme.interactive.accent, 0.35), 1.0)
        self.latest = QPen(theme.line.strong, 1.0)
        self.coming = with_alpha(theme.surface.app, 0.50)
        self.unknown = with_alpha(theme.surface.app, 0.55)
        self.chip_edge = QPen(theme.line.normal, 1.0)
        self.fork = QPen(theme.text.t3, 1.2 * scale)

    def _tone(self, name: str) -> QColor:
        return self.theme.tone(name) if name else self.theme.line.strong

    # --- what stands still ------------------------------------------------------------------------

    def paint_grid(self, p: QPainter, axis: TimeAxis, lanes: Lanes) -> None:
        """Names, vertical lines and ticks."""
        scale = self.theme.ui_scale
        low = any(lane.pitch < PITCH_EASY * scale for lane in lanes.lanes)
        names = [("Key moments", lanes.moments_middle)]
        names += [(lane.name, lane.middle((lane.rows - 1) // 2)) for lane in lanes.lanes]
        names.append(("Events", (lanes.events_top + lanes.events_bottom) / 2 + 1))
        for name, y in names:
            self.stamps.put(p, LABEL_X * scale, y, name, self.theme.text.t2, 10.5 if low else 12, 500)
        half = max(axis.step(TICKS_APART * scale) // 2, 1)
        xs = [round(axis.x_of(time)) + 0.5 for time in axis.ticks(half)]
        p.setPen(self.grid)
        p.drawLines([QLineF(x, lanes.moments_bottom, x, lanes.events_bottom) for x in xs])
        p.drawLine(QLineF(axis.left, lanes.events_bottom + 0.5, axis.right, lanes.events_bottom + 0.5))

    def paint_story(self, p: QPainter, story: Story, axis: TimeAxis, lanes: Lanes) -> None:
        """Everything that has an end: spans and single marks."""
        p.setClipRect(QRectF(axis.left - 10, 0, axis.right - axis.left + 20, lanes.height))
        for lane in lanes.lanes:
            for span, row, until in story.placed(lane.name, lane.rows):
                if span.end is not None:
                    self._paint_span(p, span, (span.end, until), axis, lane, row)
            if lane.name in story.marks:
                self._paint_marks(p, story.marks[lane.name], axis, lane)
        p.setClipping(False)

    def paint_open_spans(self, p: QPainter, story: Story, latest: Micros, axis: TimeAxis, lanes: Lanes) -> None:
        """What still lasts, up to the newest instant."""
        for lane in lanes.lanes:
            for span, row, until in story.placed(lane.name, lane.rows):
                if span.end is None:
                    self._paint_span(p, span, (latest, until), axis, lane, row)

    def _paint_span(
        self, p: QPainter, span: SpanView, ends: tuple[Micros, Micros | None], axis: TimeAxis, lane: Lane, row: int
    ) -> None:
        """`ends`: of the bar, and of its text, where the next bar of the row begins."""
        scale, y, (end, until) = self.theme.ui_scale, lane.middle(row), ends
        if end < axis.start or span.start > axis.end:
            return
        left = max(axis.x_of(span.start), axis.left - 4)
        right = min(axis.x_of(end), axis.right + 4)
        tall = min(lane.pitch - 2.5 * scale, 14 * scale)
        box = QRectF(left, y - tall / 2, max(right - left, 5 * scale), tall)
        tone = span.tone if span.tone in self.bar_fill else ""
        p.setBrush(self.bar_fill[tone])
        p.setPen(self.bar_edge[tone])
        p.drawRoundedRect(box, min(4 * scale, tall / 2), min(4 * scale, tall / 2))
        if tall >= 9.5 * scale:
            room = min(right, axis.x_of(until)) - left if until is not None else right - left
            text = fitting(span_text(span), room - 10 * scale, self.stamps)
            self.stamps.put(p, left + 6 * scale, y, text, self.theme.text.t1, 10.5, 600)

    def _paint_marks(self, p: QPainter, spans: Sequence[SpanView], axis: TimeAxis, lane: Lane) -> None:
        scale, theme = self.theme.ui_scale, self.theme
        for cluster, members in mark_clusters(spans, axis, scale):
            kinds = {span.text for span in members}
            kind = "isr" if "isr" in kinds else members[-1].text
            name, tone = MARK_ICONS.get(kind, ("circle-dot", "t2"))
            x, y, size = cluster.middle, lane.middle(), min(13 * scale, lane.pitch - 2)
            if len(members) > 1:
                box = QRectF(cluster.left, y - size * 0.56, cluster.right - cluster.left, size * 1.12)
                p.setBrush(theme.surface.raised)
                p.setPen(self.chip_edge)
                p.drawRoundedRect(box, box.height() / 2, box.height() / 2)
                count = str(len(members)) if len(members) < 100 else "99+"
                self.stamps.put(p, x + 8 * scale, y, count, theme.text.t1, 10.5, 600, share=MIDDLE)
                x -= 7 * scale
            put_icon(p, name, theme.tone(tone), QPointF(x, y), size * 0.92)

    def paint_moments(
        self, p: QPainter, moments: Sequence[MomentView], now: Micros, clusters: Sequence[Cluster], y: float
    ) -> None:
        """Numbered badges; dashed ones are still to come, `3 +4` stands for five."""
        scale, theme = self.theme.ui_scale, self.theme
        for cluster in clusters:
            first = moments[cluster.members[0]]
            coming = first.time > now
            box = QRectF(cluster.left, y - 8 * scale, cluster.right - cluster.left, 16 * scale)
            if coming:
                p.setPen(self.badge_edge)
                p.setBrush(Qt.BrushStyle.NoBrush)
            else:
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(theme.state.pending)
            p.drawRoundedRect(box, 4 * scale, 4 * scale)
            ink = theme.tone_text("pending") if coming else theme.interactive.on_accent
            self.stamps.put(
                p, cluster.middle, y, badge_text(first.number, len(cluster.members)), ink, 11, 700, share=MIDDLE
            )

    def paint_branches(self, p: QPainter, chips: Sequence[tuple[QRectF, BranchView | int]], axis: TimeAxis) -> None:
        """A chip for every branch, at the instant where it forked; the one shown is filled."""
        theme, scale = self.theme, self.theme.ui_scale
        for box, branch in chips:
            if isinstance(branch, BranchView) and branch.parent and axis.shows(branch.fork_time):
                x = axis.x_of(branch.fork_time)
                p.setPen(self.fork)
                p.drawLine(QLineF(x, box.top() - 1, x, box.bottom() + 1))
        for box, branch in chips:
            current = isinstance(branch, BranchView) and branch.current
            p.setPen(Qt.PenStyle.NoPen if current else self.chip_edge)
            p.setBrush(theme.interactive.accent if current else theme.surface.raised)
            p.drawRoundedRect(box, box.height() / 2, box.height() / 2)
            ink = theme.interactive.on_accent if current else theme.text.t1
            if isinstance(branch, int):
                self.stamps.put(p, box.center().x(), box.center().y(), f"+{branch}", ink, 10.5, 600, share=MIDDLE)
                continue
            put_icon(p, "git-branch", ink, QPointF(box.left() + 10 * scale, box.center().y()), 10 * scale)
            name = fitting(branch.name, box.width() - 24 * scale, self.stamps)
            self.stamps.put(p, box.left() + 18 * scale, box.center().y(), name, ink, 10.5, 600)

    # --- what moves -------------------------------------------------------------------------------

    def paint_density(self, p: QPainter, view: TimelineView, axis: TimeAxis, lanes: Lanes) -> None:
        """How many events there were, in bars of equal width."""
        scale = self.theme.ui_scale
        pitch = BAR_PITCH * scale
        heights = density_bars(view, axis, pitch)
        room, bottom, wide = lanes.events_bottom - lanes.events_top - 2, lanes.events_bottom, BAR * scale
        bars = [QRectF(axis.left + at * pitch, bottom - tall * room, wide, tall * room)
                for at, tall in enumerate(heights) if tall > 0]  # fmt: skip
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.state.record)
        p.drawRects(bars)

    def paint_future(self, p: QPainter, view: TimelineView, axis: TimeAxis, lanes: Lanes) -> None:
        """Dimmer: what is known but not now; dimmest: what has not been run."""
        here = min(max(axis.x_of(view.now), axis.left), axis.right)
        end = min(max(axis.x_of(view.latest), here), axis.right)
        top, tall = lanes.moments_bottom, lanes.events_bottom - lanes.moments_bottom
        p.fillRect(QRectF(here, top, end - here, tall), self.coming)
        p.fillRect(QRectF(end, top, axis.right - end, tall), self.unknown)
        if view.latest > view.now and axis.shows(view.latest):
            p.setPen(self.latest)
            p.drawLine(QLineF(end, top, end, lanes.events_bottom))

    def paint_head(self, p: QPainter, now: Micros, axis: TimeAxis, lanes: Lanes) -> None:
        """A line at the present instant, and its time below, where it covers no badge."""
        box = self.time_box(now, axis, lanes)
        self._paint_ticks(p, axis, lanes, box)
        if box is None:
            return
        scale, x = self.theme.ui_scale, axis.x_of(now)
        p.setPen(self.head)
        p.drawLine(QLineF(x, lanes.moments_bottom - 1, x, lanes.axis_middle))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.interactive.accent)
        p.drawEllipse(QPointF(x, lanes.moments_bottom), 4 * scale, 4 * scale)
        p.drawRoundedRect(box, 4 * scale, 4 * scale)
        ink = self.theme.interactive.on_accent
        self.stamps.put(p, box.center().x(), box.center().y(), clock(now), ink, 11.5, 600, share=MIDDLE)

    def time_box(self, now: Micros, axis: TimeAxis, lanes: Lanes) -> QRectF | None:
        """Where the present instant is written; None if it is out of sight."""
        if not axis.shows(now):
            return None
        scale = self.theme.ui_scale
        wide = self.stamps.width(clock(now), 11.5, 600) + 14 * scale
        middle = min(max(axis.x_of(now), axis.left + wide / 2 - 40 * scale), axis.right + 20 * scale - wide / 2)
        return QRectF(middle - wide / 2, lanes.axis_middle - 9 * scale, wide, 18 * scale)

    def _paint_ticks(self, p: QPainter, axis: TimeAxis, lanes: Lanes, head: QRectF | None) -> None:
        """Round instants below the axis, but for those the play head stands on."""
        scale = self.theme.ui_scale
        step = axis.step(TICKS_APART * scale)
        for time in axis.ticks(step):
            text = tick_text(time, step)
            half = self.stamps.width(text, 11) / 2
            x = min(axis.x_of(time), axis.right + 18 * scale - half)
            if head is None or x + half + 4 < head.left() or x - half - 4 > head.right():
                self.stamps.put(p, x, lanes.axis_middle, text, self.theme.text.t3, 11, share=MIDDLE)

    def paint_ghost(self, p: QPainter, x: float, lanes: Lanes) -> None:
        """Where a click would lead."""
        p.setPen(self.ghost)
        p.drawLine(QLineF(x, lanes.moments_bottom, x, lanes.events_bottom))


def density_bars(view: TimelineView, axis: TimeAxis, pitch: float) -> list[float]:
    """Heights from 0 to 1, one for every `pitch` pixels: the buckets' events, shared out by time."""
    count = int((axis.right - axis.left) // pitch)
    if not view.density or count < 1:
        return []
    step = view.density_step
    known = np.concatenate(([0.0], np.cumsum(np.asarray(view.density, dtype=float))))
    edges = axis.start + np.arange(count + 1) * (axis.span * pitch / (axis.right - axis.left))
    events = np.diff(np.interp(edges, np.arange(len(known)) * step, known))
    most = float(events.max())
    return (events / most).tolist() if most > 0 else []


def span_text(span: SpanView) -> str:
    """What a bar says of itself."""
    return "rebalance" if span.lane == GROUPS else span.text


def fitting(text: str, room: float, stamps: Stamps) -> str:
    """The text as far as there is room, with dots; nothing where not even a few letters fit."""
    if stamps.width(text, 10.5, 600) <= room:
        return text
    while len(text) > 6:
        text = text[:-1]
        if stamps.width(text + "…", 10.5, 600) <= room:
            return text + "…"
    return ""


def rail_of(branches: Sequence[BranchView]) -> list[BranchView]:
    """The branches in the order of their chips: by the instant where they forked."""
    return sorted(branches, key=lambda one: one.fork_time)


def branch_chips(
    branches: Sequence[BranchView], axis: TimeAxis, lane: Lane, stamps: Stamps, scale: float
) -> list[tuple[QRectF, BranchView | int]]:
    """A box for each branch from its fork on, pushed right where two would overlap; the rest as a number."""
    tall = min(lane.pitch - 1.5 * scale, 16 * scale)
    top = lane.middle() - tall / 2
    ordered = rail_of(branches)
    found: list[tuple[QRectF, BranchView | int]] = []
    reach, gap, rest_wide = axis.left, 5 * scale, 28 * scale
    for at, branch in enumerate(ordered):
        wide = min(stamps.width(branch.name, 10.5, 600) + 26 * scale, 150 * scale)
        left = max(reach, min(axis.x_of(branch.fork_time), axis.right - wide))
        last = at == len(ordered) - 1
        if left + wide > axis.right - (0 if last else rest_wide):
            found.append((QRectF(min(left, axis.right - rest_wide), top, rest_wide, tall), len(ordered) - at))
            break
        found.append((QRectF(left, top, wide, tall), branch))
        reach = left + wide + gap
    return found
