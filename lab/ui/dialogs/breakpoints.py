"""BreakpointsDialog: at what the run shall stop. Each choice takes effect at once."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.session.breakpoints import KINDS, Breakpoint
from lab.ui.labels import rule, text_label

LAG_USUAL, LAG_MAX = 1_000, 999_999_999
ALL_GROUPS = "any group"
Chosen = tuple[Breakpoint, ...]


class BreakpointsDialog(QDialog):
    """Shows what is set, and hands every changed choice to `apply`. `groups`: whose lag can be watched."""

    def __init__(
        self, chosen: Chosen, groups: tuple[str, ...], apply: Callable[[Chosen], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.apply = apply
        self.setWindowTitle("Stop when …")
        self.setMinimumWidth(480)
        kinds = {one.kind for one in chosen}
        lag = next((one for one in chosen if one.kind == "lag"), Breakpoint("lag", "", LAG_USUAL))
        self.boxes = {kind: QCheckBox(_sentence(text)) for kind, text in KINDS.items()}
        for kind, box in self.boxes.items():
            box.setChecked(kind in kinds)
            box.toggled.connect(self._changed)
        self.group = QComboBox()
        self.group.addItems(list(dict.fromkeys((ALL_GROUPS, *groups, *([lag.group] if lag.group else [])))))
        self.group.setCurrentText(lag.group or ALL_GROUPS)
        self.group.setAccessibleName("Group whose lag is watched")
        self.group.currentTextChanged.connect(self._changed)
        self.records = QSpinBox()
        self.records.setRange(0, LAG_MAX)
        self.records.setGroupSeparatorShown(True)
        self.records.setSuffix(" records")
        self.records.setValue(lag.records)
        self.records.setAccessibleName("More records behind than")
        self.records.valueChanged.connect(self._changed)
        self.always = QCheckBox(_sentence("an invariant breaks (always)"))
        self.always.setChecked(True)
        self.always.setEnabled(False)
        self.always.setToolTip("That is a mistake of the engine: the world always stops, and cannot go on")
        self._arrange()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(11)
        layout.addWidget(text_label("Stop when …", "section"))
        layout.addWidget(text_label(
            "Time stops at the very event, the thing is selected, and W says what led to it. While you go anywhere by "
            "hand, nothing stops you.", "quiet", wrap=True,
        ))  # fmt: skip
        layout.addWidget(rule())
        for kind, box in self.boxes.items():
            layout.addWidget(box)
            if kind == "lag":
                layout.addLayout(self._lag_row())
        layout.addWidget(self.always)
        layout.addWidget(rule())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        clear = buttons.addButton("Clear all", QDialogButtonBox.ButtonRole.ResetRole)
        clear.clicked.connect(self.clear)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self._changed_look()

    def _lag_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.group, 1)
        row.addWidget(text_label("is more than", "small"), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.records, 1)
        row.addWidget(text_label("behind", "small"))
        return row

    def chosen(self) -> Chosen:
        """What is set now."""
        group = self.group.currentText()
        lag = Breakpoint("lag", "" if group == ALL_GROUPS else group, self.records.value())
        return tuple(
            lag if kind == "lag" else Breakpoint(kind) for kind, box in self.boxes.items() if box.isChecked()
        )  # fmt: skip

    def clear(self) -> None:
        """Nothing stops the run."""
        for box in self.boxes.values():
            box.setChecked(False)

    def _changed(self) -> None:
        self._changed_look()
        self.apply(self.chosen())

    def _changed_look(self) -> None:
        for widget in (self.group, self.records):
            widget.setEnabled(self.boxes["lag"].isChecked())


def _sentence(text: str) -> str:
    return f"… {text}"
