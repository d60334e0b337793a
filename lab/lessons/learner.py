"""Learners that play a lesson without a window: the model one, one that does nothing, one that predicts wrongly."""

from collections.abc import Mapping
from typing import Any, cast

from lab.cluster.actions import action_from
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.cluster.words import Value
from lab.env import Micros, seconds
from lab.lessons.expressions import parse
from lab.lessons.model import Step
from lab.lessons.runner import LessonRunner
from lab.lessons.toml_table import refuse

LEARNERS = ("solution", "idle", "wrong")
PATIENCE: Micros = seconds(120)
"""How long a learner waits for a step to be done before giving up."""
LOOK_EVERY: Micros = 100_000


class Learner:
    """Plays a runner to its end, or to a breakpoint. `until`: stop at this instant, wherever it is."""

    def __init__(self, runner: LessonRunner, kind: str, until: Micros | None = None) -> None:
        self.runner = runner
        self.session: Session = runner.session
        self.kind = kind
        self.until = until if until is not None else 1 << 62

    def play(self) -> None:
        """All steps, as far as this learner gets, from where the lesson opens."""
        self._run(self.runner.lesson.opens_at)
        if self.kind == "idle":
            self._run(min(PATIENCE, self.until))
            return
        while not self._step() and self.runner.at + 1 < len(self.runner.lesson.steps) and not self._over():
            self.runner.next_step()

    def _over(self) -> bool:
        session = self.session
        return session.now >= self.until or bool(session.violation) or session.stop is not None

    def _step(self) -> str:
        """One page. Returns what it still waits for."""
        step = self.runner.step
        if step.question is not None and not self.runner.state.locked:
            question = step.question
            self.runner.answer(self._value(question.wrong if self.kind == "wrong" else question.solution))
            self.runner.set_confidence("certain")
            self.runner.lock()
        for number, item in enumerate(step.solve, 1):
            if self._over():
                break
            try:
                self._do(item)
            except Refused as wrong:
                raise self._refused(step, number, wrong) from None
        deadline = self.session.now + PATIENCE
        while self.runner.unfinished() and self.session.now < deadline and not self._over():
            self._run(LOOK_EVERY)
        return self.runner.unfinished()

    def _refused(self, step: Step, number: int, wrong: Refused) -> Refused:
        """What is there only when it is time could not be looked for when the file was read."""
        lesson = self.runner.lesson
        message = f"solve, number {number} of this step: {wrong}"
        return refuse(lesson.path.name if lesson.path is not None else lesson.name, step.line, message)

    def _do(self, item: Mapping[str, Any]) -> None:
        """One line of the model solution: wait, wait until, or an action."""
        if "wait" in item:
            self._run(int(float(item["wait"]) * 1_000_000))
        elif "until" in item:
            self._wait_until(str(item["until"]), seconds(int(item.get("within", 60))))
        else:
            self.session.post(action_from(self._filled(item)))

    def _wait_until(self, source: str, within: Micros) -> None:
        names = self.runner.state.names
        expression = parse(source, frozenset(names))
        deadline = self.session.now + within
        while not expression.holds(self.session.world, names) and not self._over():
            if self.session.now >= deadline:
                raise Refused(f"the model solution waited {within // 1_000_000} s in vain for {source}")
            self._run(LOOK_EVERY)

    def _filled(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An action with its expressions (texts that begin with `=`) replaced by their values."""
        return {name: {field: self._value(value) for field, value in fields.items()} for name, fields in item.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(one) for one in cast("list[Any]", value)]
        if not (isinstance(value, str) and value.startswith("=")):
            return value
        names: Mapping[str, Value] = self.runner.state.names
        return parse(value[1:], frozenset(names)).value(self.session.world, names)

    def _run(self, duration: Micros) -> None:
        self.session.run_to(min(self.session.now + duration, max(self.until, self.session.now)))
