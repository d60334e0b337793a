"""LensCanvas: one partition under the lens: its replicas on one offset axis, and the groups that read it."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
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
from PySide6.QtWidgets import QApplication, QWidget

from lab.cluster.probes.lens import ROOM
from lab.cluster.probes.views import LensView
from lab.ui.canvas.cell_sprites import CellSprites
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.lens_frame import FramePainter, legend_of
from lab.ui.canvas.lens_geometry import (
    LensGeometry,
    follows_end,
    geometry_of,
    last_first,
    newest_offset,
    oldest_offset,
)
from lab.ui.canvas.lens_groups import GroupPainter
from lab.ui.canvas.lens_replicas import ReplicaPainter
from lab.ui.canvas.lens_transactions import TransactionPainter, transaction_at, transaction_of
from lab.ui.canvas.lens_words import (
    cell_text,
    empty_text,
    group_text,
    replica_note,
    replica_text,
    spoken_text,
    stable_text,
    transaction_text,
)
from lab.ui.canvas.pen import ratio_of
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.theme import current_theme

NOTCH = 120
WHEEL_CELLS = 3
SCROLL_KEYS = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -20, Qt.Key.Key_PageDown: 20,
}  # fmt: skip
ROW_KEYS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
OWN_KEYS = {*SCROLL_KEYS, *ROW_KEYS, Qt.Key.Key_Home, Qt.Key.Key_End}


class LensCanvas(QWidget):
    """Paints a `LensView`. `window_changed` carries the end offset to show up to, None for the newest."""

    selected = Signal(str, str)
    context_requested = Signal(str, str, QPoint)
    window_changed = Signal(object)
    offset_asked = Signal(str, object)
    """A broker and an offset of its log: where that lies in the files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Partition lens")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(140)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.ring = FocusRing(self)
        self.view: LensView | None = None
        self.scrolled = 0.0
        self.hovered: int | None = None
        self._pressed: tuple[QPointF, int] | None = None
        self._dragged = False
        self._notches = 0.0
        self._frame: QPixmap | None = None
        self._frame_key: tuple[object, ...] = ()
        self._use_theme()

    def _use_theme(self) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.frame_painter = FramePainter(self.theme, self.stamps)
        self.replica_painter = ReplicaPainter(self.theme, self.stamps)
        self.group_painter = GroupPainter(self.theme, self.stamps)
        self.transaction_painter = TransactionPainter(self.theme, self.stamps)
        self.sprites = CellSprites(self.theme, 1, 1, 1.0)
        self._frame_key = ()

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(972), self.theme.px(290))

    def set_view(self, view: LensView | None) -> None:
        """Show `view`; None for no partition. An equal view paints nothing."""
        if view == self.view:
            return
        if view is None or self.view is None or view.partition != self.view.partition:
            self.scrolled = 0.0
            self.hovered = None
        self.view = view
        self.update()

    def geometry_now(self) -> LensGeometry:
        """Where everything is, for the present view and size."""
        assert self.view is not None
        return geometry_of(self.view, self.width(), self.height(), self.theme.ui_scale, self.scrolled)

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.theme is not current_theme():
            self._use_theme()
        with QPainter(self) as p:
            empty = empty_text(self.view)
            if empty is not None or self.view is None:
                p.fillRect(self.rect(), self.theme.surface.canvas)
                paint_empty_place(p, self.theme, self.stamps, QRectF(self.rect()), "layers", empty or ("", ""))
                return
            g = self.geometry_now()
            p.drawPixmap(0, 0, self._frame_of(self.view, g, ratio_of(p)))
            self._paint_rows(p, self.view, g)
            self.ring.paint(p)

    def _frame_of(self, view: LensView, g: LensGeometry, ratio: float) -> QPixmap:
        """The picture of what stands still; drawn anew when any of it changed."""
        legend = legend_of(view)
        names = tuple((one.broker, one.role, one.in_sync, replica_note(one)) for one in view.replicas)
        groups = tuple((one.group, one.category, one.note or one.member) for one in view.groups)
        key = (view.partition, names, groups, legend, ratio, g.width, g.height, g.pitch, g.cells, g.scroll, g.lanes)
        if self._frame is None or key != self._frame_key:
            self._frame_key = key
            self._frame = QPixmap(round(g.width * ratio), round(g.height * ratio))
            self._frame.setDevicePixelRatio(ratio)
            self._frame.fill(self.theme.surface.canvas)
            with QPainter(self._frame) as p:
                self.frame_painter.paint(p, view, g, legend)
        return self._frame

    def _paint_rows(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        sprites = self._sprites_for(g, ratio_of(p))
        painter = self.replica_painter
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        flag = painter.flag_text(view, g)
        flag_box = painter.flag_box(flag, view, g)
        stable_box = self.transaction_painter.flag_box(view, g, flag_box)
        rows = QRectF(0, g.top - 4 * g.scale, g.width, g.height)
        painter.paint_ruler(p, g, flag_box, stable_box)
        self.transaction_painter.paint_brackets(p, view, g)
        p.setClipRect(rows)
        painter.paint_wash(p, view, g)
        if self.hovered is not None and g.first <= self.hovered < g.first + g.cells:
            painter.paint_hover(p, self.hovered, g)
        for row, replica in enumerate(view.replicas):
            painter.paint_row(p, replica, row, g, sprites)
        self.transaction_painter.strike_aborted(p, view, g)
        p.setClipRect(QRectF(0, g.axis_top - 4 * g.scale, g.width, g.height))
        self.transaction_painter.paint_stable_line(p, view, g)
        painter.paint_watermark(p, view, g)
        p.setClipRect(rows)
        for row, group in enumerate(view.groups):
            self.group_painter.paint(p, group, row, view.high_watermark, g)
        self._paint_scrollbar(p, g)
        p.setClipping(False)
        self.transaction_painter.paint_flag(p, stable_box, view, g)
        painter.paint_flag(p, flag, flag_box, view, g)
        self._paint_notices(p, view, g)

    def _sprites_for(self, g: LensGeometry, ratio: float) -> CellSprites:
        size = (g.pitch - g.gap, g.cell_height, ratio)
        if size != (self.sprites.width, self.sprites.height, self.sprites.ratio):
            self.sprites = CellSprites(self.theme, *size)
        return self.sprites

    def _paint_scrollbar(self, p: QPainter, g: LensGeometry) -> None:
        """How much of the rows is visible, when not all are."""
        if not g.overflow:
            return
        room = g.height - g.top
        share = room / (room + g.overflow)
        top = g.top + g.scroll * share
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self.theme.line.strong)
        p.drawRoundedRect(QRectF(g.width - 6 * g.scale, top, 3 * g.scale, room * share), 1.5, 1.5)

    def _paint_notices(self, p: QPainter, view: LensView, g: LensGeometry) -> None:
        """No records yet; or that newer ones than these are there."""
        ink = self.theme.text.t3
        if view.replicas and not any(one.cells for one in view.replicas) and follows_end(view):
            middle = QPointF((g.left + g.right) / 2, g.cell_middle(0))
            self.stamps.put(p, middle.x(), middle.y(), "no records yet", ink, 12.5, share=MIDDLE)
        box = self.follow_box(g)
        if box is not None:
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(self.theme.surface.raised)
            p.drawRoundedRect(box, box.height() / 2, box.height() / 2)
            self.stamps.put(p, box.center().x(), box.center().y(), FOLLOW, self.theme.text.t1, 11.5, 500, share=MIDDLE)

    def follow_box(self, g: LensGeometry) -> QRectF | None:
        """The button that goes to the newest records; None while they are to be seen."""
        if self.view is None or newest_offset(self.view) <= self.view.end_offset:
            return None
        wide = self.stamps.width(FOLLOW, 11.5, 500) + 18 * g.scale
        return QRectF(g.width - wide - 12 * g.scale, 40 * g.scale, wide, 20 * g.scale)

    # --- scrolling --------------------------------------------------------------------------------

    def show_from(self, first: int) -> None:
        """Ask for the window that begins at `first`; the last one follows the end again."""
        view = self.view
        if view is None or not view.exists:
            return
        last = last_first(view)
        first = min(max(first, min(oldest_offset(view), last)), last)
        if first >= last:
            if not follows_end(view):
                self.window_changed.emit(None)
        elif first != view.first_offset:
            self.window_changed.emit(first + view.end_offset - view.first_offset - ROOM)

    def _scroll_rows(self, pixels: float) -> None:
        if self.view is not None and self.view.exists:
            self.scrolled = min(max(self.scrolled + pixels, 0.0), self.geometry_now().overflow)
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Through the offsets; over the names through the rows."""
        if self.view is None or not self.view.exists:
            return
        event.accept()
        angle = event.angleDelta()
        turned = angle.x() or angle.y()
        if event.position().x() < self.geometry_now().left and self.geometry_now().overflow:
            self._scroll_rows(-turned / NOTCH * self.theme.px(36))
            return
        self._notches -= turned / NOTCH * WHEEL_CELLS
        whole = int(self._notches)
        self._notches -= whole
        if whole:
            self.show_from(self.view.first_offset + whole)

    def event(self, event: QEvent) -> bool:
        """With the focus here, Home and End go through the log, not through time."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in OWN_KEYS:
            event.accept()
            return True
        return show_tooltip(self, event, self.text_at) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if self.view is None or key not in OWN_KEYS:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_End:
            self.show_from(last_first(self.view))
        elif key == Qt.Key.Key_Home:
            self.show_from(0)
        elif key in ROW_KEYS:
            self._scroll_rows(ROW_KEYS[key] * self.theme.px(36))
        else:
            self.show_from(self.view.first_offset + SCROLL_KEYS[key])

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setAccessibleDescription(spoken_text(self.view))

    # --- the mouse --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.view is not None:
            self._pressed = (event.position(), self.view.first_offset)
            self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.view is None or not self.view.exists:
            return
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            start, first = self._pressed
            moved = event.position().x() - start.x()
            if self._dragged or abs(moved) >= QApplication.startDragDistance():
                self._dragged = True
                self.show_from(first - round(moved / self.geometry_now().pitch))
            return
        self._hover(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if event.button() != Qt.MouseButton.LeftButton or pressed is None or self._dragged or self.view is None:
            return
        button = self.follow_box(self.geometry_now()) if self.view.exists else None
        if button is not None and button.contains(event.position()):
            self.show_from(last_first(self.view))
            return
        subject = self.subject_at(event.position())
        if subject is not None:
            self.selected.emit(*subject)
        cell = self.cell_at(event.position())
        if cell is not None:
            self.offset_asked.emit(*cell)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hovered(None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        subject = self.subject_at(QPointF(event.pos()))
        if subject is not None:
            self.context_requested.emit(*subject, event.globalPos())

    def _hover(self, at: QPointF) -> None:
        g = self.geometry_now()
        over_cells = g.replica_at(at.y()) is not None
        self._set_hovered(g.offset_at(at.x()) if over_cells else None)
        named = at.x() < g.left and self.subject_at(at) is not None
        leads = named or self.cell_at(at) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)

    def _set_hovered(self, offset: int | None) -> None:
        if offset != self.hovered:
            self.hovered = offset
            self.update()

    def subject_at(self, at: QPointF) -> tuple[str, str] | None:
        """Kind and name of what is there: a name stands for its broker or group, the rest for the partition."""
        view = self.view
        if view is None or not view.exists:
            return None
        g = self.geometry_now()
        replica, group = g.replica_at(at.y()), g.group_at(at.y())
        if replica is not None and at.x() < g.left:
            return "broker", view.replicas[replica].broker
        if group is not None:
            one = view.groups[group]
            on_name = at.x() < g.left
            return ("group", one.group) if on_name or not one.member else ("consumer", one.member)
        return "partition", view.partition

    def cell_at(self, at: QPointF) -> tuple[str, int] | None:
        """The broker and the offset of the cell there; one that was compacted away is a cell, too."""
        if self.view is None or not self.view.exists:
            return None
        g = self.geometry_now()
        row, offset = g.replica_at(at.y()), g.offset_at(at.x())
        if row is None or not any(cell.offset == offset for cell in self.view.replicas[row].cells):
            return None
        return self.view.replicas[row].broker, offset or 0

    def text_at(self, at: QPointF) -> str:
        """What is there, in words; nothing for nothing."""
        view = self.view
        if view is None or not view.exists:
            return ""
        g = self.geometry_now()
        row, group = g.replica_at(at.y()), g.group_at(at.y())
        if group is not None:
            return group_text(view.groups[group])
        if row is None:
            bracket = transaction_at(view, g, at)
            return transaction_text(bracket) if bracket is not None else self._stable_text_at(view, g, at)
        offset = g.offset_at(at.x())
        found = (cell for cell in view.replicas[row].cells if cell.offset == offset)
        cell = next(found, None)
        if cell is None:
            return replica_text(view.replicas[row])
        own = transaction_of(view, cell.offset)
        text = cell_text(view.replicas[row], cell)
        return "\n".join([text, *([transaction_text(own)] if own is not None else []), LEADS])

    def _stable_text_at(self, view: LensView, g: LensGeometry, at: QPointF) -> str:
        flag = self.replica_painter.flag_box(self.replica_painter.flag_text(view, g), view, g)
        return stable_text(view) if self.transaction_painter.flag_box(view, g, flag).contains(at) else ""


FOLLOW = "End ▸"
LEADS = "Click: where it lies in the files, and how it is found there"
