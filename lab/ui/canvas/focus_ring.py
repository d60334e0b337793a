"""FocusRing: where the keyboard is, on a canvas that was reached by it; a click asks for no ring."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from lab.ui.theme import current_theme

KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
COMES_BACK = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""The focus was elsewhere only for a while: a menu, another window."""


class FocusRing:
    """Belongs to one canvas, which hands over its focus events and paints the ring last."""

    def __init__(self, canvas: QWidget) -> None:
        self.canvas = canvas
        self.by_keyboard = False

    def take(self, event: QFocusEvent) -> None:
        """Note how the focus came or went."""
        if event.reason() not in COMES_BACK:
            self.by_keyboard = event.gotFocus() and event.reason() in KEYBOARD
        self.canvas.update()

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
