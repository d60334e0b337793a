"""Labels and frames by role: what they look like is in style.py."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QSizePolicy, QWidget

from lab.ui.icons import icon
from lab.ui.theme import current_theme

LINE_HEIGHT_PERCENT = 128
ICON_APART = 5
"""Pixels between an icon and its words, besides the two that Qt leaves; no style sheet can say it."""


def text_label(text: str, role: str, *, wrap: bool = False) -> QLabel:
    """A label that looks as `role` says. Plain text unless `set_rich` gives it marks."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    label.setWordWrap(wrap)
    if wrap:
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def set_rich(label: QLabel, html: str) -> None:
    """Show `html`, made by `wording.rich`; does nothing if it is what the label shows already."""
    text = f'<div style="line-height: {LINE_HEIGHT_PERCENT}%">{html}</div>'
    if label.text() != text:
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setText(text)


def set_role(widget: QWidget, role: str) -> None:
    """Change what a widget looks like; restyles only on a real change, for restyling is slow."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """An icon for a label, `size` pixels wide in the theme's scale."""
    wide = current_theme().px(size)
    return icon(name, colour, size).pixmap(wide, wide)


def show_icon(button: QAbstractButton, name: str, tone: str = "t1", size: int = 18) -> None:
    """Give `button` an icon at its full size, apart from the words beside it."""
    apart = ICON_APART if button.text() else 0
    theme = current_theme()
    button.setIcon(icon(name, tone, size, apart))
    button.setIconSize(QSize(theme.px(size + apart), theme.px(size)))


def tab_focus_only(button: QAbstractButton) -> None:
    """A click does not leave the focus on `button`, so that Space still plays and pauses afterwards."""
    if button.focusPolicy() in (Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.ClickFocus):
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def rule() -> QFrame:
    """A thin horizontal line between two groups."""
    line = QFrame()
    line.setProperty("role", "rule")
    line.setFixedHeight(1)
    return line
