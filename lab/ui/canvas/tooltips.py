"""Tooltips: what a canvas says of the thing under the mouse; Qt's own have one text for a whole widget."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget


def show_tooltip(canvas: QWidget, event: QEvent, text_at: Callable[[QPointF], str]) -> bool:
    """Whether `event` asked for a tooltip, which is then shown; an empty text takes away the one before."""
    if event.type() != QEvent.Type.ToolTip or not isinstance(event, QHelpEvent):
        return False
    QToolTip.showText(event.globalPos(), text_at(QPointF(event.pos())), canvas)
    return True
