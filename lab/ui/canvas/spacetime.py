"""SpaceTimeCanvas: what led to an event: a row a machine, time from left to right, messages as slanted lines."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lab.cluster.figures import grouped
from lab.cluster.probes.causes import CausesView, Step, question_of, step_text
from lab.cluster.probes.ownership import duration_text
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.pen import rounded
from lab.ui.canvas.spacetime_layout import (
    DOT,
    FOOT,
    HEADER,
    PITCH_MIN,
    SpaceTimeLayout,
    layout_of,
    step_at,
    width_for,
)
from lab.ui.canvas.spacetime_painter import SpaceTimePainter
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.theme import current_theme

EMPTY = ("Nothing is known of that event", "Stand at a key moment (N), and ask again (W).")
ARROWS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class SpaceTimeCanvas(QWidget):
    """Paints a `CausesView`. `event_asked(number)`: the person wants to be at one of its events."""

    event_asked = Signal(int)
    chosen_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What led to an event")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.ring = FocusRing(self)
        self.view: CausesView | None = None
        self.now: Micros = 0
        self.chosen = -1
        self.to_scale = False
        self._use_theme()

    def _use_theme(self) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.painter = SpaceTimePainter(self.theme, self.stamps)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(900), self.theme.px(420))

    def show_causes(self, view: CausesView, now: Micros) -> None:
        """Show what led to an event. Equal views paint nothing."""
        if view != self.view:
            self.view = view
            self.chosen = len(view.steps) - 1
            self._make_room()
            self.setAccessibleDescription(spoken_text(view))
        elif now == self.now:
            return
        self.now = now
        self.update()

    def set_to_scale(self, to_scale: bool) -> None:
        """True lengths of time, or each step apart from the next."""
        if to_scale != self.to_scale:
            self.to_scale = to_scale
            self._make_room()
            self.update()

    def _make_room(self) -> None:
        scale = self.theme.ui_scale
        view = self.view
        rows = len(view.hosts) if view is not None else 0
        self.setMinimumHeight(round((HEADER + FOOT + rows * PITCH_MIN) * scale))
        self.setMinimumWidth(0 if view is None or self.to_scale else width_for(view, scale))

    def choose(self, number: int) -> None:
        """Choose a step by its place on the way."""
        if self.view is not None and self.view.steps and number != self.chosen:
            self.chosen = min(max(number, 0), len(self.view.steps) - 1)
            self.chosen_changed.emit(self.chosen)
            self.update()

    def step_at(self, at: QPointF) -> int:
        """The step under a point, -1 for none."""
        if self.view is None or not self.view.steps:
            return -1
        return step_at(self.view, self._layout(self.view), at.x(), at.y(), (DOT + 6) * self.theme.ui_scale)

    def place_of(self, number: int) -> QPointF:
        """Where a step is."""
        assert self.view is not None
        layout, step = self._layout(self.view), self.view.steps[number]
        return QPointF(layout.x_of(step.time), layout.rows[step.host])

    def _layout(self, view: CausesView) -> SpaceTimeLayout:
        return layout_of(view, self.width(), self.height(), self.theme.ui_scale, to_scale=self.to_scale)

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.theme is not current_theme():
            self._use_theme()
            self._make_room()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, self.theme.px(10), self.theme.surface.panel, self.theme.line.subtle)
            if self.view is None or not self.view.steps:
                paint_empty_place(p, self.theme, self.stamps, box, "waypoints", EMPTY)
            else:
                self.painter.paint(p, self.view, self._layout(self.view), self.chosen, self.now, self.width())
            self.ring.paint(p)

    # --- mouse and keys ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.step_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and at >= 0 and self.view is not None:
            self.choose(at)
            self.event_asked.emit(self.view.steps[at].event_number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.step_at(event.position()) >= 0
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go along the way, Return goes to the event."""
        key = Qt.Key(event.key())
        if self.view is None or not self.view.steps:
            super().keyPressEvent(event)
        elif key in ARROWS:
            self.choose(self.chosen + ARROWS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.choose(0 if key == Qt.Key.Key_Home else len(self.view.steps) - 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.event_asked.emit(self.view.steps[self.chosen].event_number)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        return show_tooltip(self, event, self.text_at) or super().event(event)

    def text_at(self, at: QPointF) -> str:
        """What is there, in words; nothing for nothing."""
        step = self.step_at(at)
        return tooltip_of(self.view.steps[step]) if step >= 0 and self.view is not None else ""


def tooltip_of(one: Step) -> str:
    """What happened, what it meant, and when; a line each."""
    lines = [step_text(one), *one.moments[:6]]
    if len(one.moments) > 6:
        lines.append(f"… and {len(one.moments) - 6} more")
    lines.append(f"{clock(one.time)} · event {grouped(one.event_number)}")
    if one.time > one.since:
        began = {"message": "on its way for", "silence": "silent for", "timer": "waited"}[one.kind]
        lines.append(f"{began} {duration_text(one.time - one.since)}")
    return "\n".join(lines)


def spoken_text(view: CausesView) -> str:
    """The way for somebody who hears it, from the event back."""
    return ". ".join([question_of(view), *(step_text(one) for one in reversed(view.steps))])
