"""EmptyPlace: what a canvas says where it has nothing to show: an icon, what is missing, what to do."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from lab.ui.canvas.pen import put_icon
from lab.ui.canvas.stamps import MIDDLE, Stamps
from lab.ui.theme import Theme


def paint_empty_place(
    p: QPainter, theme: Theme, stamps: Stamps, box: QRectF, icon: str, words: tuple[str, str]
) -> None:
    """In the middle of `box`. `words`: a title and a sentence."""
    title, hint = words
    middle = box.center()
    put_icon(p, icon, theme.text.t3, QPointF(middle.x(), middle.y() - theme.px(34)), theme.px(26))
    stamps.put(p, middle.x(), middle.y(), title, theme.text.t1, 14, 600, share=MIDDLE)
    stamps.put(p, middle.x(), middle.y() + theme.px(22), hint, theme.text.t3, 12.5, share=MIDDLE)
