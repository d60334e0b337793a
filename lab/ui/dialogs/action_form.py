"""ActionForm: the fields of an offer as a small dialog; a refusal appears in it and it stays open."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.refused import Refused
from lab.lessons.wording import plain
from lab.ui.labels import text_label

if TYPE_CHECKING:
    from lab.cluster.session.session import Field, Offer


PATH_FIELDS = ("path", "file")
ROWS_SHOWN = 16
"""How many choices of a long list are seen at once."""


class ActionForm(QDialog):
    """Asks for an offer's fields and hands their texts to `submit`, which may raise Refused."""

    def __init__(
        self,
        offer: "Offer",
        submit: Callable[[dict[str, str]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.submit = submit
        self.setWindowTitle(offer.title)
        self.setMinimumWidth(380)
        self.inputs: dict[str, QLineEdit | QComboBox] = {}
        self.note = text_label("", "quiet", wrap=True)
        self.note.hide()
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        for field in offer.form:
            self.inputs[field.name] = _input(field)
            form.addRow(_label(field), self._with_chooser(field.name))
        self.refusal = text_label("", "refusal", wrap=True)
        self.refusal.hide()
        for field in offer.form:
            self._follow(field)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = self.buttons.addButton(offer.title, QDialogButtonBox.ButtonRole.AcceptRole)
        go.setProperty("role", "primary")
        self.buttons.accepted.connect(self.try_submit)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        layout.addWidget(text_label(offer.title, "section"))
        if offer.tooltip:
            layout.addWidget(text_label(plain(offer.tooltip), "quiet", wrap=True))
        layout.addLayout(form)
        layout.addWidget(self.note)
        layout.addWidget(self.refusal)
        layout.addWidget(self.buttons)

    def _follow(self, field: "Field") -> None:
        """Where a setting is chosen, show its value, and what it means."""
        box = self.inputs[field.name]
        if not field.notes or not isinstance(box, QComboBox):
            return
        notes = {one.setting: one for one in field.notes}
        box.setMaxVisibleItems(ROWS_SHOWN)

        def show(setting: str) -> None:
            value = self.inputs.get("value")
            if isinstance(value, QLineEdit):
                value.setText(notes[setting].value)
                value.setPlaceholderText("empty: the default")
            self.note.setText(notes[setting].note)
            self.refusal.hide()

        box.currentTextChanged.connect(show)
        show(box.currentText())
        self.note.show()

    def choose_setting(self, setting: str) -> None:
        """Have the form ask for the value of this setting."""
        box = self.inputs.get("setting")
        if isinstance(box, QComboBox):
            box.setCurrentText(setting)
            self.inputs["value"].setFocus()

    def _with_chooser(self, name: str) -> QWidget:
        """The field; one that takes a path gets a button to look for the file."""
        line = self.inputs[name]
        if name not in PATH_FIELDS or not isinstance(line, QLineEdit):
            return line
        button = QPushButton("Browse …")
        button.setAutoDefault(False)
        button.setAccessibleName("Look for the file")
        button.clicked.connect(lambda: self._choose_file(line))
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(button)
        return holder

    def _choose_file(self, line: QLineEdit) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a file", line.text())
        if chosen:
            line.setText(chosen)

    def values(self) -> dict[str, str]:
        """What is in the fields now, by name."""
        return {name: _text(widget) for name, widget in self.inputs.items()}

    def try_submit(self) -> None:
        """Submit; on a refusal show its sentence and stay."""
        try:
            self.submit(self.values())
        except Refused as refused:
            self.refusal.setText(str(refused))
            self.refusal.show()
            return
        self.accept()


def _label(field: "Field") -> QLabel:
    unit = f" ({field.unit})" if field.unit else ""
    return text_label(f"{field.label}{unit}", "body")


def _input(field: "Field") -> QLineEdit | QComboBox:
    """A line for numbers and text, a list for choices. Ranges are checked by the offer, which says why."""
    if field.kind == "choice":
        box = QComboBox()
        box.addItems([*field.choices])
        box.setCurrentText(field.default)
        box.setAccessibleName(field.label)
        return box
    line = QLineEdit(field.default)
    line.setAccessibleName(field.label)
    line.setPlaceholderText(range_text(field))
    line.setToolTip(range_text(field))
    return line


def range_text(field: "Field") -> str:
    """`1 to 60 s`: what a number field takes."""
    if field.kind != "int" or (field.minimum is None and field.maximum is None):
        return ""
    unit = f" {field.unit}" if field.unit else ""
    if field.maximum is None:
        return f"{field.minimum} or more{unit}"
    if field.minimum is None:
        return f"up to {field.maximum}{unit}"
    return f"{field.minimum} to {field.maximum}{unit}"


def _text(widget: QLineEdit | QComboBox) -> str:
    return widget.currentText() if isinstance(widget, QComboBox) else widget.text()
