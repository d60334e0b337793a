"""OptionButton: one answer of a prediction, a wide radio button whose text wraps."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from lab.lessons.views import OptionView
from lab.lessons.wording import plain
from lab.ui.theme import Theme, current_theme

PADDING = 10
RADIO = 14
MINIMUM_HEIGHT = 34


class OptionButton(QAbstractButton):
    """Shows an `OptionView`. After the verdict a tick marks the right answer and a cross a wrong choice."""

    def __init__(self, option: OptionView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self.setProperty("role", "option")
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setChecked(option.chosen)
        self.setText(plain(option.text))
        self.setAccessibleName(plain(option.text))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        scale = current_theme().ui_scale
        text = self.fontMetrics().boundingRect(
            0, 0, int(width - (3 * PADDING + RADIO) * scale), 10_000,
            int(Qt.TextFlag.TextWordWrap), self.text(),
        )  # fmt: skip
        return max(int(MINIMUM_HEIGHT * scale), text.height() + int(2 * (PADDING - 2) * scale))

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()  # the style sheet's font arrives after the layout first asked

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        scale = theme.ui_scale
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_box(p, theme)
            middle = self.height() / 2
            mark = QRectF(PADDING * scale, middle - RADIO * scale / 2, RADIO * scale, RADIO * scale)
            self._paint_mark(p, theme, mark)
            left = (2 * PADDING + RADIO) * scale
            box = QRectF(left, 0, self.width() - left - PADDING * scale, self.height())
            p.setPen(theme.text.t1 if self._is_bright() else theme.text.t2)
            p.setFont(self.font())
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            p.drawText(box, int(flags), self.text())

    def _is_bright(self) -> bool:
        return self.isChecked() or bool(self.option.right)

    def _paint_box(self, p: QPainter, theme: Theme) -> None:
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        edge = theme.line.normal
        if self.option.right:
            edge = theme.state.ok
        elif self.option.right is False and self.option.chosen:
            edge = theme.state.fail
        elif self.isChecked() or self.hasFocus():
            edge = theme.interactive.accent
        hovered = self.isEnabled() and self.underMouse()
        selected = self.isChecked() or hovered
        p.setPen(QPen(edge, 1.5 if self._is_bright() or self.hasFocus() else 1))
        p.setBrush(theme.interactive.selected_bg if selected else theme.surface.panel)
        p.drawRoundedRect(box, 7, 7)

    def _paint_mark(self, p: QPainter, theme: Theme, box: QRectF) -> None:
        if self.option.right:
            _paint_strokes(p, box, theme, good=True)
            return
        if self.option.right is False and self.option.chosen:
            _paint_strokes(p, box, theme, good=False)
            return
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.setPen(QPen(theme.text.t1 if self.isChecked() else theme.line.strong, 1.6))
        p.drawEllipse(box)
        if self.isChecked():
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(theme.text.t1)
            quarter = box.width() / 4
            p.drawEllipse(box.adjusted(quarter, quarter, -quarter, -quarter))


def _paint_strokes(p: QPainter, box: QRectF, theme: Theme, *, good: bool) -> None:
    """A tick or a cross inside `box`."""
    x, y, w, h = box.x(), box.y(), box.width(), box.height()
    pen = QPen(theme.state.ok if good else theme.state.fail, 2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    p.setPen(pen)
    if good:
        p.drawLine(int(x + 0.1 * w), int(y + 0.55 * h), int(x + 0.4 * w), int(y + 0.85 * h))
        p.drawLine(int(x + 0.4 * w), int(y + 0.85 * h), int(x + 0.9 * w), int(y + 0.2 * h))
        return
    p.drawLine(int(x + 0.15 * w), int(y + 0.15 * h), int(x + 0.85 * w), int(y + 0.85 * h))
    p.drawLine(int(x + 0.85 * w), int(y + 0.15 * h), int(x + 0.15 * w), int(y + 0.85 * h))
