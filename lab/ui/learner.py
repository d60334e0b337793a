"""Learner: what the person in front of the lesson panel does, passed on to the running lesson."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.cluster.refused import Refused

if TYPE_CHECKING:
    from lab.lessons.runner import LessonRunner
    from lab.ui.main_window import MainWindow


class Learner:
    """Every method shows the lesson anew; a refusal becomes a banner."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window
        panel = window.page.lesson
        panel.card.answered.connect(self.answer)
        panel.card.confidence_chosen.connect(self.set_confidence)
        panel.card.committed.connect(self.lock)
        panel.next_asked.connect(self.next_step)
        panel.back_asked.connect(self.previous_step)
        panel.hint_asked.connect(self.hint)

    def _tell(self, tell: "Callable[[LessonRunner], object]") -> bool:
        """Tell the lesson something; False when it refused or there is none."""
        session = self.window.session
        if session is None or session.lesson is None:
            return False
        try:
            tell(session.lesson)
        except Refused as refused:
            self.window.say(str(refused))
            return False
        self.window.refresh()
        return True

    def answer(self, answer: str) -> None:
        """Choose an option, or give a number; an empty field says nothing."""
        if answer:
            self._tell(lambda lesson: lesson.answer(answer))

    def set_confidence(self, confidence: str) -> None:
        """How sure: guess, fairly sure, certain."""
        self._tell(lambda lesson: lesson.set_confidence(confidence))

    def lock(self) -> None:
        """Commit the prediction and let time run."""
        if self._tell(lambda lesson: lesson.lock()):
            self.window.play()

    def next_step(self) -> None:
        """Turn the page."""
        if self._tell(lambda lesson: lesson.next_step()):
            self.window.selection.select_what_the_page_is_about()

    def previous_step(self) -> None:
        """Turn the page back."""
        self._tell(lambda lesson: lesson.previous_step())

    def hint(self) -> None:
        """One more hint."""
        self._tell(lambda lesson: lesson.hint())
