"""QuestionCard: "Predict first": options or a number, how sure one is, then commit and see."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.lessons.views import QuestionView
from lab.lessons.wording import plain, rich
from lab.ui.labels import pixmap, set_rich, set_role, show_icon, tab_focus_only, text_label
from lab.ui.panels.option_button import OptionButton
from lab.ui.theme import Theme, current_theme

VERDICT = re.compile(r"(.*?: \*\*.*?\*\*\.?) (.+)", re.DOTALL)
"""`Right: **the truth**.`, and why."""
CONFIDENCES = ("guess", "fairly sure", "certain")


class QuestionCard(QFrame):
    """Shows a `QuestionView`. Emits what the learner says; it never knows who is right before the engine."""

    answered = Signal(str)
    confidence_chosen = Signal(str)
    committed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.view: QuestionView | None = None
        self.options: list[OptionButton] = []
        self.option_group = QButtonGroup(self)
        self.text = text_label("", "question", wrap=True)
        self.count = text_label("", "caption")
        self.answers = QVBoxLayout()
        self.number = self._number_field()
        self.confidence, self.confidence_buttons = self._confidence_row()
        self.commit, self.commit_row = self._commit_row()
        self.verdict = text_label("", "verdict", wrap=True)
        self._arrange()

    def set_view(self, view: QuestionView) -> None:
        """Show `view`; the number being typed is left alone while the question is open."""
        if view == self.view:
            return
        before, self.view = self.view, view
        set_rich(self.text, rich(view.text))
        self.text.setAccessibleName(plain(view.text))
        self.count.setText(f"{view.number} of {view.count}" if view.count > 1 else "")
        if before is None or before.options != view.options or before.text != view.text:
            self._rebuild_options(view)
        is_number = view.kind == "number"
        self.number.setVisible(is_number)
        if not self.number.hasFocus() or view.state != "open":
            self.number.setText(view.answer)
        self._show_state(view)

    # --- building ---------------------------------------------------------------------------------

    def _number_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText("a whole number")
        field.setAccessibleName("Your prediction, a whole number")
        field.setMaxLength(18)
        field.editingFinished.connect(lambda: self.answered.emit(field.text().strip()))
        return field

    def _confidence_row(self) -> tuple[QWidget, dict[str, QPushButton]]:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(row)
        for name in CONFIDENCES:
            button = QPushButton(name)
            button.setCheckable(True)
            button.setProperty("role", "chip")
            button.setAccessibleName(f"How sure: {name}")
            button.clicked.connect(lambda _=False, chosen=name: self.confidence_chosen.emit(chosen))
            group.addButton(button)
            layout.addWidget(button)
            buttons[name] = button
        layout.addStretch()
        return row, buttons

    def _commit_row(self) -> tuple[QPushButton, QWidget]:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(8)
        button = QPushButton("Commit && run on")
        button.setProperty("role", "primary")
        button.setAccessibleName("Commit the prediction and run on")
        button.clicked.connect(self.commit_answer)
        layout.addWidget(button)
        layout.addWidget(text_label("or press ↵", "quiet"))
        layout.addStretch()
        return button, row

    def _arrange(self) -> None:
        self.symbol = QLabel()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.symbol)
        head.addWidget(text_label("Predict first", "card-title"))
        head.addStretch()
        head.addWidget(self.count)
        self.answers.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 13)
        layout.setSpacing(9)
        layout.addLayout(head)
        layout.addWidget(self.text)
        layout.addLayout(self.answers)
        layout.addWidget(self.number)
        layout.addWidget(self.confidence)
        layout.addWidget(self.commit_row)
        layout.addWidget(self.verdict)
        self.update_theme()

    def update_theme(self) -> None:
        """Redraw the icons in the current theme."""
        self.symbol.setPixmap(pixmap("circle-help", "t1", 16))
        show_icon(self.commit, "play", "on_accent", 16)
        if self.view is not None:
            self._show_state(self.view)

    # --- showing ----------------------------------------------------------------------------------

    def _rebuild_options(self, view: QuestionView) -> None:
        focused = next((one.option.key for one in self.options if one.hasFocus()), None)
        for old in self.options:
            self.option_group.removeButton(old)
            self.answers.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.options = [OptionButton(option) for option in view.options]
        for button in self.options:
            key = button.option.key
            button.clicked.connect(lambda _=False, chosen=key: self.answered.emit(chosen))
            self.option_group.addButton(button)
            self.answers.addWidget(button)
            tab_focus_only(button)
            if key == focused:
                button.setFocus()

    def _show_state(self, view: QuestionView) -> None:
        is_open = view.state == "open"
        for option in self.options:
            option.setEnabled(is_open)
        self.number.setEnabled(is_open)
        self.confidence.setVisible(is_open)
        for name, button in self.confidence_buttons.items():
            button.setChecked(name == view.confidence)
        self.commit_row.setVisible(is_open)
        self.commit.setEnabled(is_open and bool(view.answer or view.kind == "number"))
        self.verdict.setVisible(not is_open)
        if view.state == "locked":
            set_rich(self.verdict, f"Locked in, <b>{view.confidence}</b>. Play on and see.")
            set_role(self.verdict, "verdict")
        elif view.state == "scored":
            set_rich(self.verdict, verdict_html(view.verdict, current_theme()))
            set_role(self.verdict, "verdict-right" if self._was_right(view) else "verdict-wrong")

    def _was_right(self, view: QuestionView) -> bool:
        if view.options:
            return any(option.chosen and option.right for option in view.options)
        return view.verdict.lower().startswith("right")

    # --- doing ------------------------------------------------------------------------------------

    def commit_answer(self) -> None:
        """Hand over what is typed, then commit; nothing happens while the question is not open."""
        if self.view is None or self.view.state != "open":
            return
        if self.view.kind == "number":
            self.answered.emit(self.number.text().strip())
        self.committed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.commit_answer()
            return
        super().keyPressEvent(event)


def verdict_html(verdict: str, theme: Theme) -> str:
    """The verdict in the colour of its label; why it is so in that of prose, for it is to be read."""
    parts = VERDICT.fullmatch(verdict)
    if parts is None:
        return rich(verdict)
    said, why = parts.groups()
    return f'{rich(said)} <span style="color: {theme.text.t2.name()}; font-weight: 400">{rich(why)}</span>'
