"""TimelineCanvas: virtual time from left to right: key moments, faults, leaders, ISR, groups, events, branches."""

from bisect import bisect_right

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from lab.cluster.probes.views import BranchView, SpanView, TimelineView
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.clusters import Cluster, mark_clusters, moment_clusters
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.pen import ratio_of
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.story import FAULTS, Story, story_of
from lab.ui.canvas.time_axis import TimeAxis, whole_end
from lab.ui.canvas.timeline_lanes import BRANCHES, Lanes, share_height
from lab.ui.canvas.timeline_painter import TimelinePainter, branch_chips, rail_of
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.icons import icon
from lab.ui.panels.branches import branch_text, fill_branches
from lab.ui.theme import current_theme

AXIS_LEFT, AXIS_RIGHT = 118, 24
NOTCH = 120
BRANCH_KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
LINES_MAX = 8
"""Lines of a tooltip."""


class TimelineCanvas(QWidget):
    """Paints a `TimelineView`. `seek_requested` carries an instant in microseconds, while dragging too."""

    seek_requested = Signal(object)
    branch_requested = Signal(str)
    why_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(90)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.ring = FocusRing(self)
        self.view: TimelineView | None = None
        self.zoomed_to: tuple[Micros, Micros] | None = None
        self.hovered: float | None = None
        self._dragging = False
        self._asked: Micros | None = None
        self._story: Story = story_of(())
        self._still: QPixmap | None = None
        self._still_key: tuple[object, ...] = ()
        self._clusters: list[Cluster] = []
        self._use_theme()

    def _use_theme(self) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.painter = TimelinePainter(self.theme, self.stamps)
        self._still_key = ()

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(1272), self.theme.px(132))

    def set_view(self, view: TimelineView) -> None:
        """Show `view`. An equal view paints nothing. A zoomed timeline turns the page for the play head."""
        before = self.view
        if view == before:
            return
        self.view = view
        if before is None or before.spans != view.spans:
            self._story = story_of(view.spans)
        if self.zoomed_to is not None and not self.axis().shows(view.now):
            self._turn_page(view)
        self.update()

    def _turn_page(self, view: TimelineView) -> None:
        axis = self.axis()
        whole = whole_end(view.latest)
        if axis.span >= whole:
            self.zoomed_to = None
            return
        share = 0.2 if view.now > axis.end else 0.8
        start = min(max(view.now - round(share * axis.span), 0), whole - axis.span)
        self.zoomed_to = (start, start + axis.span)

    def axis(self) -> TimeAxis:
        """The stretch of time that is shown, in pixels."""
        latest = self.view.latest if self.view is not None else 0
        start, end = self.zoomed_to or (0, whole_end(latest))
        scale = self.theme.ui_scale
        return TimeAxis(AXIS_LEFT * scale, max(self.width() - AXIS_RIGHT * scale, AXIS_LEFT * scale + 50), start, end)

    def lanes(self) -> Lanes:
        """How the height is shared."""
        branches = len(self.view.branches) if self.view is not None else 0
        return share_height(self._story, branches, self.height(), self.theme.ui_scale)

    def chips(self, axis: TimeAxis, lanes: Lanes) -> list[tuple[QRectF, BranchView | int]]:
        """The branches, where they are to be clicked; none while there is only one."""
        lane = lanes.lane(BRANCHES)
        if self.view is None or lane is None:
            return []
        return branch_chips(self.view.branches, axis, lane, self.stamps, self.theme.ui_scale)

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.theme is not current_theme():
            self._use_theme()
        with QPainter(self) as p:
            if self.view is None:
                p.fillRect(self.rect(), self.theme.surface.panel)
                return
            axis, lanes = self.axis(), self.lanes()
            p.drawPixmap(0, 0, self._still_of(self.view, axis, lanes, ratio_of(p)))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setClipRect(QRectF(axis.left - 4, 0, self.width(), self.height()))
            self.painter.paint_density(p, self.view, axis, lanes)
            self.painter.paint_open_spans(p, self._story, self.view.latest, axis, lanes)
            self.painter.paint_future(p, self.view, axis, lanes)
            p.setClipping(False)
            self.painter.paint_branches(p, self.chips(axis, lanes), axis)
            if self.hovered is not None and not self._dragging:
                self.painter.paint_ghost(p, self.hovered, lanes)
            self.painter.paint_head(p, self.view.now, axis, lanes)
            self.ring.paint(p)

    def _still_of(self, view: TimelineView, axis: TimeAxis, lanes: Lanes, ratio: float) -> QPixmap:
        """The picture of what does not move with time; drawn anew when any of it changed."""
        past = bisect_right(view.moments, view.now, key=lambda one: one.time)
        key = (self.width(), ratio, axis, lanes, past, view.moments, view.spans)
        if self._still is None or key != self._still_key:
            self._still_key = key
            self._still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(self.theme.surface.panel)
            self._clusters = moment_clusters(view.moments, view.now, axis, self.stamps)
            with QPainter(self._still) as p:
                p.setRenderHint(QPainter.RenderHint.Antialiasing)
                self.painter.paint_grid(p, axis, lanes)
                self.painter.paint_story(p, self._story, axis, lanes)
                self.painter.paint_moments(p, view.moments, view.now, self._clusters, lanes.moments_middle)
        return self._still

    # --- time by hand -----------------------------------------------------------------------------

    def _seek(self, time: Micros) -> None:
        latest = self.view.latest if self.view is not None else 0
        time = min(max(time, 0), latest)
        if time != self._asked:
            self._asked = time
            self.seek_requested.emit(time)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.button() != Qt.MouseButton.LeftButton or self.view is None or at.x() < self.axis().left - 8:
            return
        self._asked = None
        chip = self._chip_at(at)
        if chip is not None:
            self._press_chip(chip, event)
            return
        self._dragging = True
        cluster = self._cluster_at(at)
        self._seek(self.view.moments[cluster.members[0]].time if cluster is not None else self.axis().time_at(at.x()))

    def _press_chip(self, chip: BranchView | int, event: QMouseEvent) -> None:
        """Another branch is switched to; the number opens the menu of all of them."""
        assert self.view is not None
        if isinstance(chip, int):
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            fill_branches(menu, self.view.branches, self.branch_requested.emit)
            menu.popup(event.globalPosition().toPoint())
        elif not chip.current:
            self.branch_requested.emit(chip.name)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Of the key moments under the mouse: what led to them."""
        cluster = self._cluster_at(QPointF(event.pos()))
        if self.view is None or cluster is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for member in cluster.members[:LINES_MAX]:
            moment = self.view.moments[member]
            entry = menu.addAction(icon("waypoints", "t1", 17), f"Why? {moment.text}".replace("&", "&&"))
            entry.triggered.connect(lambda _=False, number=moment.event_number: self.why_asked.emit(number))
        menu.popup(event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._dragging and event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(self.axis().time_at(x))
            return
        axis = self.axis()
        self._set_hovered(x if axis.left <= x <= axis.right else None)
        clickable = self._cluster_at(event.position()) is not None or self._chip_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Everything again."""
        self._zoom(None)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hovered(None)
        super().leaveEvent(event)

    def _set_hovered(self, x: float | None) -> None:
        if x != self.hovered:
            self.hovered = x
            self.update()

    # --- zooming ----------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Up and down zooms around the mouse; sideways, or with Shift, moves."""
        if self.view is None:
            return
        event.accept()
        angle = event.angleDelta()
        sideways = angle.x() or (angle.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            if self.zoomed_to is not None:
                self._zoom(self.axis().moved(-sideways / NOTCH * 0.1, self.view.latest))
            return
        self._zoom(self.axis().zoomed(event.position().x(), angle.y() / NOTCH, self.view.latest))

    def _zoom(self, to: tuple[Micros, Micros] | None) -> None:
        if to != self.zoomed_to:
            self.zoomed_to = to
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        view, key = self.view, event.key()
        if view is None:
            super().keyPressEvent(event)
            return
        axis = self.axis()
        step, page = axis.step(axis.right / 120), axis.step(75 * self.theme.ui_scale)
        moves = {Qt.Key.Key_Left: -step, Qt.Key.Key_Right: step, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}
        zooms = {Qt.Key.Key_Plus: 1.0, Qt.Key.Key_Equal: 1.0, Qt.Key.Key_Minus: -1.0}
        self._asked = None
        if key in moves:
            self._seek(view.now + moves[Qt.Key(key)])
        elif key == Qt.Key.Key_Home:
            self._seek(0)
        elif key == Qt.Key.Key_End:
            self._seek(view.latest)
        elif key in zooms:
            self._zoom(axis.zoomed(axis.x_of(view.now), zooms[Qt.Key(key)], view.latest))
        elif key == Qt.Key.Key_0:
            self._zoom(None)
        elif key in BRANCH_KEYS:
            self._step_branch(view, BRANCH_KEYS[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def _step_branch(self, view: TimelineView, step: int) -> None:
        """Ask for the branch that is so many chips further on the rail; at its ends nothing happens."""
        rail = rail_of(view.branches)
        at = next((place for place, one in enumerate(rail) if one.current), 0) + step
        if 0 <= at < len(rail) and not rail[at].current:
            self.branch_requested.emit(rail[at].name)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setAccessibleDescription(spoken_text(self.view))

    # --- what is under the mouse ------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        return show_tooltip(self, event, self.text_at) or super().event(event)

    def _cluster_at(self, at: QPointF) -> Cluster | None:
        if at.y() > self.lanes().moments_bottom:
            return None
        return next((one for one in self._clusters if one.left - 2 <= at.x() <= one.right + 2), None)

    def _chip_at(self, at: QPointF) -> BranchView | int | None:
        chips = self.chips(self.axis(), self.lanes())
        return next((branch for box, branch in chips if box.contains(at)), None)

    def text_at(self, at: QPointF) -> str:
        """What is there, in words: moments, a fault, a change of leaders, a branch, or the instant."""
        view, axis = self.view, self.axis()
        if view is None or at.x() < axis.left - 8:
            return ""
        cluster, chip = self._cluster_at(at), self._chip_at(at)
        if cluster is not None:
            moments = [view.moments[member] for member in cluster.members]
            return limited([f"{one.number} · {clock(one.time)} · {one.text}" for one in moments])
        if isinstance(chip, BranchView):
            return branch_text(chip)
        return limited(self._spans_at(at, axis)) or clock(axis.time_at(at.x()))

    def _spans_at(self, at: QPointF, axis: TimeAxis) -> list[str]:
        assert self.view is not None
        for lane in self.lanes().lanes:
            if not lane.top <= at.y() < lane.top + lane.pitch * lane.rows:
                continue
            for cluster, members in mark_clusters(self._story.marks.get(lane.name, ()), axis, self.theme.ui_scale):
                if cluster.left <= at.x() <= cluster.right:
                    return [f"{clock(span.start)} · {MARK_WORDS[span.text]} · {span.subject}" for span in members]
            under = int((at.y() - lane.top) // lane.pitch)
            here = [span for span, row, _ in self._story.placed(lane.name, lane.rows) if row == under]
            return [span_words(span) for span in here if self._covers(span, at.x(), axis)]
        return []

    def _covers(self, span: SpanView, x: float, axis: TimeAxis) -> bool:
        assert self.view is not None
        left = axis.x_of(span.start)
        right = axis.x_of(self.view.latest if span.end is None else span.end)
        return left - 2 <= x <= max(right, left + 5) + 2


MARK_WORDS = {"leader": "new leader", "isr": "left the ISR", "isr+": "back in the ISR"}


def span_words(span: SpanView) -> str:
    """What lasted, and from when to when."""
    end = clock(span.end) if span.end is not None else "now"
    what = span.text if span.subject in span.text else f"{span.text} · {span.subject}"
    return f"{what}\n{clock(span.start)} to {end}"


def spoken_text(view: TimelineView | None) -> str:
    """The timeline for somebody who hears it: where time stands, what lasts, which future this is."""
    if view is None:
        return ""
    faults = [span.text for span in view.spans if span.lane == FAULTS and span.start <= view.now and lasts(span, view)]
    branch = next((one.name for one in view.branches if one.current), "")
    return ". ".join(
        (
            f"{clock(view.now)} of {clock(view.latest)}, {len(view.moments)} key moments",
            *faults,
            *([f"branch {branch}, one of {len(view.branches)}"] if len(view.branches) > 1 else []),
        )
    )


def lasts(span: SpanView, view: TimelineView) -> bool:
    """Whether it has not ended at the instant shown."""
    return span.end is None or span.end > view.now


def limited(lines: list[str]) -> str:
    """At most so many lines, and how many there are besides."""
    if len(lines) <= LINES_MAX:
        return "\n".join(lines)
    return "\n".join((*lines[: LINES_MAX - 1], f"… and {len(lines) - LINES_MAX + 1} more"))
