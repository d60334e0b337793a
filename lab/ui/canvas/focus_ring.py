"""FocusRing: where the keyboard is, on a canvas that was reached by it; a click asks for no ring."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from lab.ui.theme import current_theme

KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
COMES_BACK = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The focus was elsewhere only for a while: a menu, another window."""


class FocusRing(QObject):
    """Belongs to one canvas, watches how the focus comes and goes there, and is painted last."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.by_keyboard = False
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note the focus events, and let every event pass."""
        if isinstance(event, QFocusEvent):
            if event.reason() not in COMES_BACK:
                self.by_keyboard = event.gotFocus() and event.reason() in KEYBOARD
            self.canvas.update()
        return False

    def is_shown(self) -> bool:
        """Whether there is a ring now."""
        return self.by_keyboard and self.canvas.hasFocus()

    def paint(self, p: QPainter) -> None:
        """The ring, just inside the canvas's edge."""
        if not self.is_shown():
            return
        p.setPen(QPen(current_theme().interactive.accent, 1.5))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(QRectF(self.canvas.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 5, 5)
