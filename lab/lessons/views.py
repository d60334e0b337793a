"""What a lesson panel shows: frozen views of a running lesson."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionView:
    """One answer of a question. After the verdict `right` says what the engine found."""

    key: str
    text: str
    chosen: bool
    right: bool | None


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A prediction. `state`: open, locked (play goes on), scored. A number question has no options."""

    text: str
    kind: str
    options: tuple[OptionView, ...]
    answer: str
    confidence: str
    state: str
    verdict: str
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class PredictionView:
    """A prediction as the report tells it. `outcome`: right, wrong, or open while it has not been put to the test."""

    step: int
    question: str
    answer: str
    confidence: str
    truth: str
    outcome: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something to bring about. `state`: waiting, current, done, failed. `problem`: why it failed."""

    text: str
    state: str
    problem: str


@dataclass(frozen=True, slots=True)
class LessonView:
    """One step of a lesson. `text` is Markdown. `done`: every step's checks hold. `select`: the name of the thing
    that the page is about; `charts`: the metrics that the lesson is.
    """

    track: str
    title: str
    step: int
    steps: int
    step_title: str
    text: str
    question: QuestionView | None
    tasks: tuple[TaskView, ...]
    hints_shown: tuple[str, ...]
    hints_left: int
    can_go_back: bool
    can_go_on: bool
    waiting_for: str
    done: bool
    score: str
    predictions: tuple[PredictionView, ...] = ()
    select: str = ""
    charts: tuple[str, ...] = ()
