"""What was painted: how often, and whether two pictures can be told apart."""

from dataclasses import fields, replace

import numpy as np
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QImage

from lab.ui.theme import Line, State, current_theme
from tests.ui.golden import pixels_of


class Paints(QObject):
    """Counts the paint events of widgets."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def forget_all_hues() -> None:
    """Give every state, category and line of the present theme one and the same colour: what can still be told
    apart is told by shape. Only for a theme that the `look` fixture replaces after the test.
    """
    theme = current_theme()
    one = theme.text.t2
    theme.state = replace(theme.state, **{field.name: one for field in fields(State)})
    theme.line = Line(one, one, one)
    theme.category = (one,) * len(theme.category)
    theme._darker = {}


def unlike(one: QImage, other: QImage) -> int:
    """In how many pixels two pictures of one size differ clearly."""
    off = np.abs(pixels_of(one) - pixels_of(other)).max(axis=2)
    return int((off > 48).sum())
