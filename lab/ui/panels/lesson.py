"""LessonPanel: where one is in the lesson, the prose, the prediction, the tasks, and the way on."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.lessons.views import LessonView
from lab.lessons.wording import rich
from lab.ui.labels import set_rich, show_icon, text_label
from lab.ui.panels.progress_bars import ProgressBars
from lab.ui.panels.prose import prose_html
from lab.ui.panels.question_card import QuestionCard
from lab.ui.panels.task_list import TaskList
from lab.ui.theme import current_theme

CARD_MARGIN = 14
TEXT_MARGIN = 20


class LessonPanel(QWidget):
    """Shows a `LessonView`. `set_compact(True)` leaves only the question, for narrow windows."""

    next_asked = Signal()
    back_asked = Signal()
    hint_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lesson")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Lesson")
        self.view: LessonView | None = None
        self.compact = False
        self.where = text_label("", "track")
        self.bars = ProgressBars()
        self.heading = text_label("", "h1", wrap=True)
        self.prose = QLabel()
        self.prose.setWordWrap(True)
        self.prose.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.card = QuestionCard()
        self.tasks = TaskList()
        self.hints = text_label("", "hint", wrap=True)
        self.waiting = text_label("", "quiet", wrap=True)
        self.done = text_label("", "verdict-right", wrap=True)
        self.back = self._footer_button("Back", self.back_asked)
        self.hint = self._footer_button("Hint", self.hint_asked)
        self.go_on = self._footer_button("Next step", self.next_asked)
        self.go_on.setProperty("role", "primary")
        self.place = text_label("", "place")
        self._arrange()
        self.update_theme()

    def set_view(self, view: LessonView) -> None:
        """Show `view`; parts that are the same are left alone."""
        if view == self.view:
            return
        before, self.view = self.view, view
        self.where.setText(f"{view.track} · step {view.step} of {view.steps}")
        self.bars.set_progress(view.step, view.steps)
        self.heading.setText(view.step_title)
        if before is None or before.text != view.text:
            self._show_prose(view.text)
        self.card.setVisible(view.question is not None)
        if view.question is not None:
            self.card.set_view(view.question)
        self.tasks.set_tasks(view.tasks)
        self.tasks.setVisible(bool(view.tasks) and not self.compact)
        self._show_rest(view)
        if before is None or before.step != view.step:
            self.scroll_area.verticalScrollBar().setValue(0)

    def set_compact(self, compact: bool) -> None:
        """Only the question and the way on, or everything."""
        self.compact = compact
        self.prose.setVisible(not compact)
        self.where.setVisible(not compact)
        if self.view is not None:
            self._show_rest(self.view)
            self.tasks.setVisible(bool(self.view.tasks) and not compact)

    def update_theme(self) -> None:
        """Take the current theme's colours and scale."""
        show_icon(self.back, "arrow-left", "t1", 18)
        show_icon(self.hint, "lightbulb", "t1", 18)
        show_icon(self.go_on, "arrow-right", "on_accent", 16)
        self.card.update_theme()
        self.tasks.update_theme()
        if self.view is not None:
            self._show_prose(self.view.text)

    # --- building ---------------------------------------------------------------------------------

    def _footer_button(self, text: str, asked: object) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "flat")
        button.setAccessibleName(text)
        button.clicked.connect(asked)
        return button

    def _arrange(self) -> None:
        body = QWidget()
        body.setObjectName("lesson-body")
        inner = QVBoxLayout(body)
        inner.setContentsMargins(CARD_MARGIN, 18, CARD_MARGIN, 16)
        inner.setSpacing(10)
        inner.addLayout(_indented(self.where, self.bars, self.heading, self.prose))
        inner.addWidget(self.card)
        rest = (self.tasks, self.hints, self.done, self.go_on, self.waiting)
        inner.addLayout(_indented(*rest))
        inner.addStretch()
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidget(body)
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.scroll_area)
        layout.addWidget(self._footer())

    def _footer(self) -> QWidget:
        footer = QWidget()
        footer.setProperty("role", "footer")
        row = QHBoxLayout(footer)
        row.setContentsMargins(16, 8, 16, 8)
        row.addWidget(self.back)
        row.addStretch()
        row.addWidget(self.place)
        row.addStretch()
        row.addWidget(self.hint)
        return footer

    # --- showing ----------------------------------------------------------------------------------

    def _show_prose(self, text: str) -> None:
        theme = current_theme()
        set_rich(self.prose, prose_html(text, theme.font(theme.sizes["lesson"]), theme))

    def _show_rest(self, view: LessonView) -> None:
        self.place.setText(f"{view.step} / {view.steps}")
        self.back.setEnabled(view.can_go_back)
        self.hint.setEnabled(view.hints_left > 0)
        self.hint.setText(f"Hint · {view.hints_left}" if view.hints_shown else "Hint")
        self.hints.setVisible(bool(view.hints_shown) and not self.compact)
        set_rich(self.hints, "<br><br>".join(rich(one) for one in view.hints_shown))
        self.go_on.setVisible(view.can_go_on and view.step < view.steps)
        self.waiting.setVisible(bool(view.waiting_for) and not view.can_go_on)
        set_rich(self.waiting, rich(view.waiting_for))
        self.done.setVisible(view.done)
        set_rich(self.done, f"Lesson complete. {rich(view.score)}")


def _indented(*widgets: QWidget) -> QVBoxLayout:
    """Widgets set in by the card's padding, so that text in and outside the card stands in one line."""
    column = QVBoxLayout()
    column.setContentsMargins(TEXT_MARGIN - CARD_MARGIN, 0, TEXT_MARGIN - CARD_MARGIN, 0)
    column.setSpacing(10)
    for widget in widgets:
        column.addWidget(widget)
    return column
