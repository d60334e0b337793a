"""LogFilesCanvas: the files of a replica with their byte positions, and the way a lookup of an offset goes in them."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from lab.cluster.probes.offset_lookup import LookupView
from lab.cluster.probes.segments import SegmentsView, SegmentView, SetAside
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.log_files_layout import ByteWindow, LogFilesLayout, height_for, layout_of
from lab.ui.canvas.log_files_painter import LogFilesPainter
from lab.ui.canvas.log_files_words import (
    batch_text,
    card_text,
    empty_text,
    index_text,
    spoken_text,
    step_texts,
    time_index_text,
)
from lab.ui.canvas.pen import rounded
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.theme import current_theme

NOTCH = 120
PAN = 0.1
OWN_KEYS = (Qt.Key.Key_Home, Qt.Key.Key_End)


class LogFilesCanvas(QWidget):
    """Paints a `SegmentsView` and a `LookupView`. `offset_asked(offset)`: look that one up. `zoom_asked(notches, byte)`
    and `move_asked(share)`: another part of the file.
    """

    offset_asked = Signal(object)
    zoom_asked = Signal(float, object)
    move_asked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Files of a log")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.ring = FocusRing(self)
        self.view: SegmentsView | None = None
        self.lookup: LookupView | None = None
        self.shown = -1
        self.window_shown: ByteWindow = (0, 0)
        self._use_theme()

    def _use_theme(self) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.painter = LogFilesPainter(self.theme, self.stamps)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(1100), self.theme.px(540))

    def show_files(
        self, view: SegmentsView | None, lookup: LookupView | None, shown: int, window: ByteWindow
    ) -> None:  # fmt: skip
        """Show the segment with the base offset `shown`, and of it the bytes in `window`. Equal ones paint nothing."""
        if (view, lookup, shown, window) == (self.view, self.lookup, self.shown, self.window_shown):
            return
        self.view, self.lookup, self.shown, self.window_shown = view, lookup, shown, window
        steps = len(step_texts(view, lookup)) if view is not None and lookup is not None else 0
        self.setMinimumHeight(height_for(steps, self.theme.ui_scale))
        self.update()

    def layout_now(self) -> LogFilesLayout | None:
        """Where everything is."""
        segment = self.segment_shown()
        if self.view is None or segment is None:
            return None
        return layout_of(self.view, segment, self.window_shown, self.width(), self.theme.ui_scale)

    def segment_shown(self) -> SegmentView | None:
        """The one whose file is shown."""
        segments = self.view.segments if self.view is not None else ()
        return next((one for one in segments if one.base_offset == self.shown), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.theme is not current_theme():
            self._use_theme()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, self.theme.px(10), self.theme.surface.panel, self.theme.line.subtle)
            empty, layout = empty_text(self.view), self.layout_now()
            if empty is not None or layout is None or self.view is None:
                paint_empty_place(p, self.theme, self.stamps, box, "database", empty or ("", ""))
            else:
                self.painter.paint(p, self.view, self.lookup, layout)
            self.ring.paint(p)

    # --- mouse ------------------------------------------------------------------------------------

    def offset_at(self, at: QPointF) -> int | None:
        """The offset that a click there asks for."""
        layout = self.layout_now()
        if layout is None:
            return None
        card, batch = layout.card_at(at), layout.batch_at(at)
        if isinstance(card, SegmentView):
            return card.base_offset
        if batch is not None:
            return layout.offset_in(batch, at.x())
        chip = self._chip_at(at)
        return None if chip is None else chip[1][0] if chip[0] == "index" else chip[1][1]

    def _chip_at(self, at: QPointF) -> tuple[str, tuple[int, int]] | None:
        return next(((kind, entry) for box, kind, entry in self.painter.chips if box.contains(at)), None)

    def text_at(self, at: QPointF) -> str:
        """What is there, in words; nothing for nothing."""
        layout = self.layout_now()
        if layout is None or self.view is None:
            return ""
        card, batch, chip = layout.card_at(at), layout.batch_at(at), self._chip_at(at)
        if isinstance(card, (SegmentView, SetAside)):
            return card_text(card)
        if batch is not None:
            return batch_text(self.view, layout.shown, batch, layout.offset_in(batch, at.x()))
        if chip is None:
            return ""
        return index_text(self.view, chip[1]) if chip[0] == "index" else time_index_text(chip[1])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        offset = self.offset_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and offset is not None:
            self.offset_asked.emit(offset)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.offset_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Over the bytes: up and down zooms around the mouse, sideways or with Shift moves. Elsewhere it scrolls."""
        layout, at = self.layout_now(), event.position()
        if layout is None or not layout.file.top() <= at.y() <= layout.lane.bottom():
            event.ignore()
            return
        angle = event.angleDelta()
        sideways = angle.x() or (angle.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        event.accept()
        if sideways:
            self.move_asked.emit(-sideways / NOTCH * PAN)
        else:
            self.zoom_asked.emit(angle.y() / NOTCH, layout.position_at(at.x()))

    # --- keys -------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """With the focus here, Home and End go through the log, not through time."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in OWN_KEYS:
            event.accept()
            return True
        return show_tooltip(self, event, self.text_at) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right: the offset before, the next one. Up and down: the segment before, the next."""
        key = event.key()
        zooms = {Qt.Key.Key_Plus: 1.0, Qt.Key.Key_Equal: 1.0, Qt.Key.Key_Minus: -1.0}
        asked = self._offset_for(key)
        if asked is not None:
            self.offset_asked.emit(asked)
        elif key in zooms:
            self.zoom_asked.emit(zooms[Qt.Key(key)], None)
        else:
            super().keyPressEvent(event)

    def _offset_for(self, key: int) -> int | None:
        view, lookup = self.view, self.lookup
        if view is None or not view.segments or lookup is None:
            return None
        bases = [one.base_offset for one in view.segments]
        before = [one for one in bases if one < self.shown]
        after = [one for one in bases if one > self.shown]
        last = max(view.log_end_offset - 1, view.log_start_offset)
        wanted = {
            Qt.Key.Key_Left: lookup.offset - 1, Qt.Key.Key_Right: lookup.offset + 1,
            Qt.Key.Key_Up: before[-1] if before else self.shown, Qt.Key.Key_Down: after[0] if after else self.shown,
            Qt.Key.Key_Home: view.log_start_offset, Qt.Key.Key_End: last,
        }.get(Qt.Key(key))  # fmt: skip
        return None if wanted is None else min(max(wanted, view.log_start_offset), view.log_end_offset)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setAccessibleDescription(spoken_text(self.view, self.lookup))
