"""Progress: how far each step of a lesson has come, in memory and in a session's file."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from lab.cluster.refused import wanted
from lab.cluster.session.saved import read_as
from lab.cluster.words import Value
from lab.env import Micros
from lab.lessons.model import Lesson

NEVER: Micros = 1 << 62


@dataclass(slots=True)
class StepState:
    """How far one step has come. Times are virtual; NEVER is not yet."""

    names: dict[str, Value] = field(default_factory=dict[str, Value])
    entered: bool = False
    entered_at: Micros = 0
    answer: str = ""
    confidence: str = "guess"
    locked: bool = False
    scored_at: Micros = NEVER
    right: bool = False
    truth: str = ""
    why: str = ""
    right_options: tuple[str, ...] = ()
    tasks: list[Micros] = field(default_factory=list[Micros])
    seen: list[Micros] = field(default_factory=list[Micros])
    broken: list[Micros] = field(default_factory=list[Micros])
    hints: int = 0


@dataclass(frozen=True, slots=True)
class SavedStep:
    """A step in a file: all of its state but what it remembers, which is taken again from the run."""

    entered: bool
    entered_at: Micros
    answer: str
    confidence: str
    locked: bool
    scored_at: Micros
    right: bool
    truth: str
    why: str
    right_options: tuple[str, ...]
    tasks: tuple[Micros, ...]
    seen: tuple[Micros, ...]
    broken: tuple[Micros, ...]
    hints: int


@dataclass(frozen=True, slots=True)
class SavedLesson:
    """A lesson in a file: the page that is open, its steps, and the checks of the whole."""

    at: int
    steps: tuple[SavedStep, ...]
    whole: SavedStep


FIELDS = tuple(one.name for one in dataclasses.fields(SavedStep))
LISTS = ("tasks", "seen", "broken")


def progress_of(at: int, states: Sequence[StepState], whole: StepState) -> dict[str, Any]:
    """As plain data."""
    return dataclasses.asdict(SavedLesson(at, tuple(_saved(one) for one in states), _saved(whole)))


def progress_from(data: object, lesson: Lesson) -> SavedLesson:
    """The inverse. Raises Refused with the place where it is not progress of this lesson."""
    found = cast("SavedLesson", read_as(SavedLesson, data, "lesson"))
    wanted(len(found.steps) == len(lesson.steps), f"lesson.steps: wanted {len(lesson.steps)}", len(found.steps))
    wanted(0 <= found.at < len(lesson.steps), f"lesson.at: wanted 0 to {len(lesson.steps) - 1}", found.at)
    for place, (step, one) in enumerate(zip(lesson.steps, found.steps, strict=True)):
        if one.entered:
            _check_sizes(one, len(step.tasks), len(step.checks), f"lesson.steps[{place}]")
    _check_sizes(found.whole, 0, len(lesson.checks), "lesson.whole")
    wanted(found.steps[found.at].entered, f"lesson.steps[{found.at}].entered: wanted true, being open", False)
    return found


def _check_sizes(one: SavedStep, tasks: int, checks: int, where: str) -> None:
    sizes = (len(one.tasks), len(one.seen), len(one.broken))
    wanted(sizes == (tasks, checks, checks), f"{where}: wanted {tasks} tasks and {checks} checks", sizes)


def state_of(saved: SavedStep) -> StepState:
    """A step's state, remembering nothing yet."""
    values: dict[str, Any] = {name: getattr(saved, name) for name in FIELDS}
    values.update((name, list(values[name])) for name in LISTS)
    return StepState(**values)


def _saved(state: StepState) -> SavedStep:
    values: dict[str, Any] = {name: getattr(state, name) for name in FIELDS}
    values.update((name, tuple(values[name])) for name in LISTS)
    return SavedStep(**values)
