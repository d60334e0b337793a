"""CommandPalette: type a few letters of an action or of a thing in the cluster, then Return."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from lab.ui.icons import icon

ROWS_MAX = 60
WIDTH = 560
HEIGHT = 420


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the palette. `hint`: its shortcut, or what kind of thing it is."""

    text: str
    hint: str
    icon: str
    run: Callable[[], None]


def fits(entry: Entry, typed: str) -> bool:
    """Every word typed occurs in the entry."""
    text = f"{entry.text} {entry.hint}".lower()
    return all(word in text for word in typed.lower().split())


def best_first(entries: list[Entry], typed: str) -> list[Entry]:
    """The fitting entries: those that begin with what was typed first, otherwise in their own order."""
    start = typed.lower().strip()
    fitting = [entry for entry in entries if fits(entry, typed)]
    return sorted(fitting, key=lambda entry: not entry.text.lower().startswith(start))[:ROWS_MAX]


class CommandPalette(QDialog):
    """Up, Down and Return work while typing."""

    def __init__(self, entries: list[Entry], prompt: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Command palette")
        self.setProperty("role", "palette")
        self.setFixedSize(WIDTH, HEIGHT)
        self.entries = entries
        self.shown: list[Entry] = []
        self.line = QLineEdit()
        self.line.setPlaceholderText(prompt)
        self.line.setAccessibleName(prompt)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.show_matches)
        self.line.returnPressed.connect(self.run_current)
        self.line.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Matches")
        self.list.setUniformItemSizes(True)
        self.list.itemActivated.connect(self.run_current)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.show_matches("")
        self.line.setFocus()

    def show_matches(self, typed: str) -> None:
        """List what fits."""
        self.shown = best_first(self.entries, typed)
        self.list.clear()
        for entry in self.shown:
            hint = f"    {entry.hint}" if entry.hint else ""
            self.list.addItem(QListWidgetItem(icon(entry.icon, "t2", 16), f"{entry.text}{hint}"))
        self.list.setCurrentRow(0)

    def run_current(self) -> None:
        """Close, then do the current entry."""
        at = self.list.currentRow()
        if not 0 <= at < len(self.shown):
            return
        entry = self.shown[at]
        self.accept()
        entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                last = self.list.count() - 1
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), last))
                return True
        return super().eventFilter(watched, event)
