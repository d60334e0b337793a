"""ShortcutsDialog: every key, straight from the table of actions."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from lab.ui.actions import ACTIONS, WindowAction
from lab.ui.labels import text_label

COLUMNS = 2


class ShortcutsDialog(QDialog):
    """The keys in groups, in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for names in balanced(groups()):
            column = QVBoxLayout()
            column.setSpacing(18)
            for name in names:
                column.addWidget(self._group(name))
            column.addStretch()
            columns.addLayout(column)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 16)
        layout.addLayout(columns)
        layout.addWidget(buttons)

    def _group(self, group: str) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        grid.addWidget(text_label(group, "section"), 0, 0, 1, 2)
        for at, action in enumerate(with_keys(group), 1):
            keys = QKeySequence(action.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            grid.addWidget(text_label(action.text, "body"), at, 0)
            grid.addWidget(text_label(keys, "key"), at, 1, Qt.AlignmentFlag.AlignRight)
        return holder


def groups() -> list[str]:
    """The groups of actions, in the table's order."""
    return list(dict.fromkeys(action.group for action in ACTIONS))


def balanced(names: list[str]) -> list[list[str]]:
    """The groups shared out so that the columns are about equally long."""
    columns: list[list[str]] = [[] for _ in range(COLUMNS)]
    lengths = [0] * COLUMNS
    for name in names:
        shortest = lengths.index(min(lengths))
        columns[shortest].append(name)
        lengths[shortest] += len(with_keys(name)) + 2
    return columns


def with_keys(group: str) -> list[WindowAction]:
    """The actions of a group that have a shortcut."""
    return [action for action in ACTIONS if action.group == group and action.shortcut]
