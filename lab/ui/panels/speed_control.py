"""SpeedControl: four speeds in a row, and a menu with all of them."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from lab.ui.actions import SPEEDS
from lab.ui.wording import speed_text

SHOWN = ((1, 4), (1, 1), (4, 1), (16, 1))


class SpeedControl(QFrame):
    """Emits `chosen(numerator, denominator)`. A speed that is not among the four takes the last button."""

    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "segments")
        self.setAccessibleName("Speed")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Maximum)
        self.speed = (1, 1)
        self.compact = False
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        self.buttons: dict[tuple[int, int], QPushButton] = {}
        for speed in SHOWN:
            self.buttons[speed] = self._button(speed_text(*speed))
            self.buttons[speed].clicked.connect(partial(self._choose, speed))
            row.addWidget(self.buttons[speed])
        self.other = self._button("")
        self.other.hide()
        row.addWidget(self.other)
        self.more = QToolButton()
        self.more.setProperty("role", "segment-more")
        self.more.setText("⋯")
        self.more.setToolTip("All speeds (keys 1 to 9)")
        self.more.setAccessibleName("All speeds")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu())
        row.addWidget(self.more)

    def set_speed(self, numerator: int, denominator: int, *, behind: bool) -> None:
        """Show the speed; `behind`: the machine cannot keep up with it."""
        speed = (numerator, denominator)
        for one, button in self.buttons.items():
            button.setChecked(one == speed)
        self.speed = speed
        self._show_buttons()
        self.other.setChecked(True)
        self.other.setText(speed_text(*speed))
        if bool(self.property("behind")) != behind:
            self.setProperty("behind", behind)
            self.setToolTip("Running behind: this machine cannot keep up" if behind else "")
            self.style().unpolish(self)
            self.style().polish(self)

    def set_compact(self, compact: bool) -> None:
        """Only the present speed and the menu, or all four."""
        self.compact = compact
        self._show_buttons()

    def _show_buttons(self) -> None:
        for one, button in self.buttons.items():
            button.setVisible(not self.compact or one == self.speed)
        self.other.setVisible(self.speed not in self.buttons)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "segment")
        button.setCheckable(True)
        button.setAccessibleName(f"Speed {text}")
        return button

    def _choose(self, speed: tuple[int, int], _checked: bool = False) -> None:
        self.chosen.emit(*speed)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for number, speed in enumerate(SPEEDS, 1):
            entry = menu.addAction(f"{speed_text(*speed)}\t{number}")
            entry.triggered.connect(partial(self._choose, speed))
        return menu
