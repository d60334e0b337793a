"""Lesson, Step, Question, Task, Check: a scenario as data, as its file says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.cluster.session.script import Script
from lab.cluster.spec import ClusterSpec
from lab.env import Micros
from lab.lessons.expressions import Expression

CONFIDENCES = ("guess", "fairly sure", "certain")


@dataclass(frozen=True, slots=True)
class Option:
    """One answer. `holds` is asked of the engine when the question is scored: nobody else knows who was right.
    `but`: what is said to somebody who chose it and was wrong.
    """

    key: str
    text: str
    holds: Expression
    but: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A prediction. A number question has `answer`, a choice has `options`; scored once `when` holds."""

    text: str
    when: Expression
    options: tuple[Option, ...] = ()
    answer: Expression | None = None
    tolerance: int = 0
    why: str = ""
    solution: str = ""
    wrong: str = ""

    @property
    def kind(self) -> str:
        """`choice` or `number`."""
        return "choice" if self.options else "number"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to bring about: done at the first instant at which `check` holds."""

    text: str
    check: Expression


@dataclass(frozen=True, slots=True)
class Check:
    """A claim about the run. `when`: sometime (it did happen), always, never, finally (at the end)."""

    when: str
    expression: Expression
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A page: prose, perhaps a prediction, tasks, checks. `remember`: values taken when the step begins, to be
    used by name in its expressions and those of the steps after it. `solve`: what the model learner does.
    """

    title: str
    text: str
    line: int
    question: Question | None = None
    tasks: tuple[Task, ...] = ()
    checks: tuple[Check, ...] = ()
    hints: tuple[str, ...] = ()
    remember: tuple[tuple[str, Expression], ...] = ()
    solve: tuple[Mapping[str, Any], ...] = ()
    select: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A whole scenario. `checks` hold over all steps. `script`: what happens by itself. `opens_at`: the instant it is
    opened at, the run up to there being its past. `charts`: the metrics it is about; none: the usual ones.
    """

    name: str
    code: str
    title: str
    track: str
    minutes: int
    summary: str
    spec: ClusterSpec
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    select: str
    path: Path | None
    order: int
    sandbox: bool = False
    script: Script = ()
    opens_at: Micros = 0
    charts: tuple[str, ...] = ()
