"""GanttCanvas: a group over virtual time: partitions and their owners, rebalances, and whom they stopped."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QWidget

from lab.cluster.probes.ownership import GroupOwnership
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.pen import rounded
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.time_axis import TimeAxis, whole_end
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.charts.gantt_layout import (
    LEFT,
    NARROW,
    RIGHT,
    GanttLayout,
    GanttRow,
    Stretch,
    edges_of,
    ends_of,
    height_for,
    layout_of,
    stretch_at,
)
from lab.ui.charts.gantt_painter import GanttPainter
from lab.ui.charts.gantt_words import spoken_text, stretch_text
from lab.ui.icons import icon
from lab.ui.theme import current_theme

NOTCH = 120
PAN = 0.1
EMPTY = (
    "No group has partitions yet",
    "Add a consumer, and let time go on: who owns what is shown from its first poll on.",
)


class GanttCanvas(QWidget):
    """Paints a `GroupOwnership`. A click asks for the instant under it; on a short stretch, for where that began."""

    seek_asked = Signal(object)
    event_asked = Signal(int)
    why_asked = Signal(int)
    selected = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Who owned which partition when")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.ring = FocusRing(self)
        self.group: GroupOwnership | None = None
        self.now: Micros = 0
        self.latest: Micros = 0
        self.zoomed_to: tuple[Micros, Micros] | None = None
        self.chosen = -1
        self._use_theme()

    def _use_theme(self) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.painter = GanttPainter(self.theme, self.stamps)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(972), height_for(self.group, self.theme.ui_scale))

    def show_group(self, group: GroupOwnership | None, now: Micros, latest: Micros) -> None:
        """Show a group at an instant. Equal ones paint nothing."""
        if (group, now, latest) == (self.group, self.now, self.latest):
            return
        if group is None or self.group is None or group.group != self.group.group:
            self.zoomed_to, self.chosen = None, -1
        self.group, self.now, self.latest = group, now, latest
        self.setMinimumHeight(height_for(group, self.theme.ui_scale))
        self.update()

    # --- where things are -------------------------------------------------------------------------

    def axis(self) -> TimeAxis:
        """The stretch of time that is shown, in pixels."""
        start, end = self.zoomed_to or (0, whole_end(self.latest))
        scale = self.theme.ui_scale
        return TimeAxis(LEFT * scale, max(self.width() - RIGHT * scale, LEFT * scale + 50), start, end)

    def layout_now(self) -> GanttLayout | None:
        """Where the rows are."""
        if self.group is None:
            return None
        return layout_of(self.group, self.height(), self.theme.ui_scale)

    def chosen_row(self) -> GanttRow | None:
        """The row that the arrow keys have chosen; None: all of them."""
        layout = self.layout_now()
        return layout.rows[self.chosen] if layout is not None and 0 <= self.chosen < len(layout.rows) else None

    def stretch_at(self, at: QPointF) -> Stretch | None:
        """What is under a point."""
        layout, axis = self.layout_now(), self.axis()
        row = layout.row_at(at.y()) if layout is not None else None
        if self.group is None or row is None or at.x() < axis.left - 4:
            return None
        return stretch_at(self.group, row, at.x(), axis, self.latest)

    def subject_at(self, at: QPointF) -> tuple[str, str] | None:
        """Kind and name of the thing whose name is under a point."""
        layout = self.layout_now()
        row = layout.row_at(at.y()) if layout is not None else None
        if self.group is None or row is None or at.x() >= self.axis().left - 4:
            return None
        return {"member": "consumer"}.get(row.kind, row.kind), row.name

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.theme is not current_theme():
            self._use_theme()
            self.setMinimumHeight(height_for(self.group, self.theme.ui_scale))
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, self.theme.px(10), self.theme.surface.panel, self.theme.line.subtle)
            if self.group is None or not self.group.partitions:
                paint_empty_place(p, self.theme, self.stamps, box, "users", EMPTY)
            else:
                self._paint(p, self.group)
            self.ring.paint(p)

    def _paint(self, p: QPainter, group: GroupOwnership) -> None:
        axis, layout, painter = self.axis(), self.layout_now(), self.painter
        assert layout is not None
        painter.paint_header(p, group, self.width())
        painter.paint_ground(p, layout, axis, self.chosen_row() if self.ring.is_shown() else None)
        painter.paint_members(p, group, layout)
        painter.paint_rows(p, group, layout, axis, self.latest)
        painter.paint_future(p, layout, axis, self.now)
        painter.paint_axis(p, layout, axis, self.now)

    # --- zooming ----------------------------------------------------------------------------------

    def zoom(self, notches: float, x: float | None = None) -> None:
        """Closer or wider around a pixel, or around the instant shown."""
        axis = self.axis()
        under = axis.x_of(self.now) if x is None and axis.shows(self.now) else x
        self._look_at(axis.zoomed((axis.left + axis.right) / 2 if under is None else under, notches, self.latest))

    def show_whole_run(self) -> None:
        """From the beginning to the newest instant."""
        self._look_at(None)

    def _look_at(self, to: tuple[Micros, Micros] | None) -> None:
        if to != self.zoomed_to:
            self.zoomed_to = to
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Up and down zooms around the mouse; sideways, or with Shift, moves."""
        angle = event.angleDelta()
        sideways = angle.x() or (angle.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        event.accept()
        if not sideways:
            self.zoom(angle.y() / NOTCH, event.position().x())
        elif self.zoomed_to is not None:
            self._look_at(self.axis().moved(-sideways / NOTCH * PAN, self.latest))

    # --- mouse and keys ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.group is None:
            return
        at, axis = event.position(), self.axis()
        subject = self.subject_at(at)
        if subject is not None:
            self.selected.emit(*subject)
            return
        if not axis.left - 4 <= at.x() <= axis.right + 4:
            return
        one = self.stretch_at(at)
        if one is not None:
            left, right = ends_of(one, axis, self.latest)
            if right - left <= NARROW:
                self.event_asked.emit(one.event_number)
                return
        self.seek_asked.emit(min(axis.time_at(at.x()), self.latest))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        over = self.stretch_at(at) is not None or self.subject_at(at) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Go to where a stretch began, or ask why it did."""
        one = self.stretch_at(QPointF(event.pos()))
        if one is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        number = one.event_number
        go = menu.addAction(icon("corner-down-left", "t1", 17), f"Go to {clock(one.start)}")
        go.triggered.connect(lambda _=False: self.event_asked.emit(number))
        why = menu.addAction(icon("waypoints", "t1", 17), "Why? What led to it")
        why.triggered.connect(lambda _=False: self.why_asked.emit(number))
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down choose a row, left and right go to where something began or ended there, Return to what it
        is about.
        """
        key = event.key()
        layout = self.layout_now()
        zooms = {Qt.Key.Key_Plus: 1.0, Qt.Key.Key_Equal: 1.0, Qt.Key.Key_Minus: -1.0}
        if key in zooms:
            self.zoom(zooms[Qt.Key(key)])
        elif key == Qt.Key.Key_0:
            self.show_whole_run()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and layout is not None:
            step = 1 if key == Qt.Key.Key_Down else -1
            self.chosen = min(max(self.chosen + step, -1), len(layout.rows) - 1)
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen_row() is not None:
            row = self.chosen_row()
            assert row is not None
            self.selected.emit({"member": "consumer"}.get(row.kind, row.kind), row.name)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.group is not None:
            self._step(forward=key == Qt.Key.Key_Right)
        else:
            super().keyPressEvent(event)

    def _step(self, *, forward: bool) -> None:
        assert self.group is not None
        edges = edges_of(self.group, self.chosen_row())
        found = [one for one in edges if (one > self.now if forward else one < self.now)]
        if found:
            self.seek_asked.emit(found[0] if forward else found[-1])

    def text_at(self, at: QPointF) -> str:
        """What is there, in words; nothing for nothing."""
        one, subject = self.stretch_at(at), self.subject_at(at)
        if subject is not None:
            return f"Go to the {subject[0]} {subject[1]}"
        return stretch_text(one, self.latest) if one is not None else ""

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setAccessibleDescription(spoken_text(self.group))

    def event(self, event: QEvent) -> bool:
        return show_tooltip(self, event, self.text_at) or super().event(event)
