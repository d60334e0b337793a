"""ProgressBars: one short bar a step of a lesson, lit up to the current one."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lab.ui.theme import current_theme

GAP = 4
THICKNESS = 4


class ProgressBars(QWidget):
    """`set_progress(step, steps)`: steps before are bright, the current one is half lit, later ones dark."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step = 0
        self.steps = 0
        self.setFixedHeight(THICKNESS)

    def set_progress(self, step: int, steps: int) -> None:
        """Show step `step` (from 1) of `steps`."""
        if (step, steps) == (self.step, self.steps):
            return
        self.step, self.steps = step, steps
        self.setAccessibleName(f"step {step} of {steps}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.steps:
            return
        theme = current_theme()
        width = (self.width() - GAP * (self.steps - 1)) / self.steps
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(Qt.PenStyle.NoPen)
            for number in range(1, self.steps + 1):
                shade = theme.line.subtle
                if number < self.step:
                    shade = theme.interactive.accent
                elif number == self.step:
                    shade = theme.text.t3
                p.setBrush(shade)
                left = (number - 1) * (width + GAP)
                p.drawRoundedRect(QRectF(left, 0, width, THICKNESS), 2, 2)
