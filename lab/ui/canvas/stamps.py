"""Stamps: short texts of one theme, laid out once and painted many times."""

from collections import OrderedDict

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QStaticText

from lab.ui.theme import Theme

KEPT = 1500
LEFT, MIDDLE, RIGHT = 0.0, 0.5, 1.0
"""Which part of the text stands at the given x."""


class Stamps:
    """A `QStaticText` costs 3 µs to paint where `drawText` in a box costs 26."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._made: OrderedDict[tuple[str, float, int, bool], tuple[QStaticText, QFont, float, float]] = OrderedDict()

    def width(self, text: str, size: float, weight: int = 400, *, mono: bool = False) -> float:
        """How wide the text is, in pixels."""
        return self._of(text, size, weight, mono)[2]

    def put(
        self,
        p: QPainter,
        x: float,
        y: float,
        text: str,
        colour: QColor,
        size: float,
        weight: int = 400,
        *,
        share: float = LEFT,
        mono: bool = False,
    ) -> None:
        """Paint the text with its middle line at `y`; `share` of its width lies left of `x`."""
        static, font, width, height = self._of(text, size, weight, mono)
        p.setFont(font)
        p.setPen(colour)
        p.drawStaticText(QPointF(round(x - share * width), round(y - height / 2)), static)

    def _of(self, text: str, size: float, weight: int, mono: bool) -> tuple[QStaticText, QFont, float, float]:
        key = (text, size, weight, mono)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(text, self.theme.font(size, weight, mono=mono))
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        return found

    def _make(self, text: str, font: QFont) -> tuple[QStaticText, QFont, float, float]:
        static = QStaticText(text)
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.prepare(font=font)
        extent = static.size()
        return static, font, extent.width(), extent.height()
