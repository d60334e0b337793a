"""LessonRunner: a lesson played on a session: predictions locked, tasks watched, checks kept, all scored by the engine.

The run is looked at every tenth of a virtual second. What was seen belongs to a branch of history: going back
and acting differently takes it back too.
"""

import re
from collections.abc import Mapping
from typing import Any

from lab.cluster.figures import grouped
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.cluster.words import Value
from lab.env import Micros, millis
from lab.lessons.expressions import number_of
from lab.lessons.model import CONFIDENCES, Check, Lesson, Question, Step
from lab.lessons.progress import NEVER, StepState, progress_from, progress_of, state_of
from lab.lessons.prose import filled, filled_page
from lab.lessons.views import LessonView, OptionView, PredictionView, QuestionView, TaskView
from lab.world.world import World

LOOK: Micros = millis(100)
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


class LessonRunner:
    """One lesson on one session."""

    def __init__(self, lesson: Lesson, session: Session) -> None:
        self.lesson = lesson
        self.session = session
        self.at = 0
        self.states = [StepState() for _ in lesson.steps]
        self.pages = list(lesson.steps)
        self.whole = StepState(entered=True)
        self._prepare(self.whole, lesson.checks, 0)
        session.lesson = self
        session.timeline.sample_every(LOOK, self._look, self._cut)
        self._enter()

    # --- steps ------------------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The step on the page, as it is read."""
        return self.pages[self.at]

    @property
    def state(self) -> StepState:
        """How far it has come."""
        return self.states[self.at]

    def _prepare(self, state: StepState, checks: tuple[Check, ...], tasks: int) -> None:
        state.tasks = [NEVER] * tasks
        state.seen = [NEVER] * len(checks)
        state.broken = [NEVER] * len(checks)

    def _enter(self) -> None:
        """A step begins."""
        state = self.state
        if state.entered:
            return
        state.entered = True
        self._prepare(state, self.step.checks, len(self.step.tasks))
        self.take_in(self.at, self.session.world, self.session.now)
        if self.step.question is not None:
            self.session.pause()

    def take_in(self, at: int, world: World, time: Micros) -> None:
        """What step `at` remembers is taken now, and its page filled with the numbers of now."""
        step, state = self.lesson.steps[at], self.states[at]
        state.entered_at = time
        state.names = dict(self.states[at - 1].names) if at else {}
        for name, expression in step.remember:
            try:
                state.names[name] = expression.value(world, state.names)
            except Refused:
                state.names[name] = -1
        self.pages[at] = filled_page(step, world, state.names)

    def next_step(self) -> None:
        """On to the next page. Raises Refused while this one is not done."""
        reason = self.unfinished()
        if reason:
            raise Refused(reason)
        if self.at + 1 < len(self.lesson.steps):
            self.at += 1
            self._enter()
            self.session.revision += 1

    def previous_step(self) -> None:
        """Back to read."""
        self.at = max(0, self.at - 1)
        self.session.revision += 1

    def unfinished(self) -> str:
        """What this step still waits for; empty if it is done."""
        step, state = self.step, self.state
        if step.question is not None and not state.locked:
            return "Make your prediction first."
        waiting = [task.text for task, at in zip(step.tasks, state.tasks, strict=True) if at == NEVER]
        if waiting:
            return f"To do: {waiting[0]}"
        if step.question is not None and state.scored_at == NEVER:
            return "Let time go on: the answer is not known yet."
        waiting = [
            one.text for one, at in zip(step.checks, state.seen, strict=True) if one.when == "sometime" and at == NEVER
        ]
        return f"Not seen yet: {waiting[0]}" if waiting else ""

    # --- predictions ------------------------------------------------------------------------------

    def blocked(self) -> str:
        """Why time may not go on."""
        if self.step.question is not None and not self.state.locked:
            return "Make your prediction first, then lock it."
        return ""

    def answer(self, given: str | int) -> None:
        """Choose an option, or say a number. Raises Refused for something that is neither."""
        question = self._open_question()
        text = str(given).strip()
        if question.options and text not in [option.key for option in question.options]:
            raise Refused(f"wanted one of {', '.join(option.key for option in question.options)}, found {text!r}")
        if not question.options:
            text = text.replace(",", "")
            if text and not WHOLE_NUMBER.fullmatch(text):
                raise Refused(f"wanted a whole number, found {text[:40]!r}")
        self.state.answer = text
        self.session.revision += 1

    def set_confidence(self, confidence: str) -> None:
        """guess, fairly sure or certain."""
        self._open_question()
        if confidence not in CONFIDENCES:
            raise Refused(f"wanted one of {', '.join(CONFIDENCES)}, found {confidence!r}")
        self.state.confidence = confidence
        self.session.revision += 1

    def lock(self) -> None:
        """The prediction stands; time may go on. Raises Refused without an answer."""
        self._open_question()
        if not self.state.answer:
            raise Refused("choose an answer first")
        self.state.locked = True
        self.session.revision += 1

    def _open_question(self) -> Question:
        question = self.step.question
        if question is None:
            raise Refused("this step asks nothing")
        if self.state.locked:
            raise Refused("the prediction is locked")
        return question

    def hint(self) -> None:
        """One more hint."""
        self.state.hints = min(self.state.hints + 1, len(self.step.hints))
        self.session.revision += 1

    # --- saved and taken up again -----------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """How far the lesson has come, for a session's file."""
        return progress_of(self.at, self.states, self.whole)

    def take_up(self, data: object) -> None:
        """Go on where `data` says. The run is looked at again where each step began, so that its page and what it
        remembers are those of then. Raises Refused for what is not the progress of this lesson.
        """
        saved, session = progress_from(data, self.lesson), self.session
        now, event = session.now, session.event_number
        self.states = [state_of(one) for one in saved.steps]
        for at, state in enumerate(self.states):
            if state.entered and 0 <= state.entered_at <= session.latest:
                session.seek(state.entered_at)
                self.take_in(at, session.world, state.entered_at)
        self.at = saved.at
        self.whole = state_of(saved.whole)
        session.seek(now)
        session.seek_event(event)

    # --- watching ---------------------------------------------------------------------------------

    def _look(self, world: World, time: Micros) -> None:
        """Ten times a virtual second."""
        if self.state.entered_at == NEVER:
            self.take_in(self.at, world, time)
        self._watch(world, time, self.whole, self.lesson.checks, {})
        state, step = self.state, self.step
        self._watch(world, time, state, step.checks, state.names)
        for place, task in enumerate(step.tasks):
            if state.tasks[place] == NEVER and task.check.holds(world, state.names):
                state.tasks[place] = time
        question = step.question
        if (
            question is not None
            and state.locked
            and state.scored_at == NEVER
            and question.when.holds(world, state.names)
        ):
            self._score(world, time, question, state)

    def _watch(
        self,
        world: World,
        time: Micros,
        state: StepState,
        checks: tuple[Check, ...],
        names: Mapping[str, Value],
    ) -> None:
        for place, check in enumerate(checks):
            if check.when == "sometime" and state.seen[place] != NEVER:
                continue
            if state.broken[place] != NEVER:
                continue
            holds = check.expression.holds(world, names)
            if check.when == "sometime" and holds:
                state.seen[place] = time
            elif (check.when == "never" and holds) or (check.when == "always" and not holds):
                state.broken[place] = time

    def _score(self, world: World, time: Micros, question: Question, state: StepState) -> None:
        """The engine says who was right; while it cannot tell, or no option has come true, the question is open."""
        if question.answer is not None:
            try:
                truth = number_of(question.answer.value(world, state.names))
            except Refused:
                return
            state.truth = grouped(truth)
            state.right = abs(int(state.answer) - truth) <= question.tolerance
        else:
            state.right_options = tuple(one.key for one in question.options if one.holds.holds(world, state.names))
            if not state.right_options:
                return
            state.truth = "; ".join(one.text for one in question.options if one.key in state.right_options)
            state.right = state.answer in state.right_options
        reply = next((one.but for one in question.options if one.key == state.answer and not state.right), "")
        state.why = filled(f"{reply} {question.why}".strip(), world, state.names)
        state.scored_at = time

    def _cut(self, time: Micros) -> None:
        """What was seen after `time` belongs to another branch."""
        for state in (*self.states, self.whole):
            for times in (state.tasks, state.seen, state.broken):
                times[:] = [NEVER if one > time else one for one in times]
            if state.scored_at > time:
                state.scored_at = NEVER
            if state.entered_at > time:
                state.entered_at = NEVER

    # --- the result -------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """Everything that keeps the lesson from being passed; none when it is."""
        found: list[str] = []
        for number, (step, state) in enumerate(zip(self.pages, self.states, strict=True), 1):
            found += [f"step {number}: {text}" for text in self._step_problems(step, state)]
        return found + self._check_problems(self.lesson.checks, self.whole, {})

    def _step_problems(self, step: Step, state: StepState) -> list[str]:
        if not state.entered:
            return ["not reached"]
        found = [f"not done: {task.text}" for task, at in zip(step.tasks, state.tasks, strict=True) if at == NEVER]
        if step.question is not None:
            if not state.locked:
                found.append("no prediction was made")
            elif state.scored_at == NEVER:
                found.append("the prediction was never put to the test")
            elif not state.right:
                found.append(f"predicted {state.answer!r}, the engine says {state.truth!r}")
        return found + self._check_problems(step.checks, state, state.names)

    def _check_problems(self, checks: tuple[Check, ...], state: StepState, names: Mapping[str, Value]) -> list[str]:
        found: list[str] = []
        for check, seen, broken in zip(checks, state.seen, state.broken, strict=True):
            if check.when == "sometime" and seen == NEVER:
                found.append(f"never happened: {check.text}")
            elif check.when == "finally" and not check.expression.holds(self.session.world, names):
                found.append(f"does not hold at the end: {check.text}")
            elif broken != NEVER:
                found.append(f"broken at {broken / 1e6:.1f} s: {check.text}")
        return found

    def score(self) -> tuple[int, int]:
        """Predictions that were right, and predictions there are."""
        asked = [state for step, state in zip(self.lesson.steps, self.states, strict=True) if step.question is not None]
        return sum(state.right and state.scored_at != NEVER for state in asked), len(asked)

    @property
    def passed(self) -> bool:
        """Whether every check holds and every prediction was right."""
        return not self.problems()

    # --- what the panel shows ---------------------------------------------------------------------

    def view(self) -> LessonView:
        """The page."""
        step, state = self.step, self.state
        right, asked = self.score()
        last = self.at + 1 == len(self.lesson.steps)
        waiting = self.unfinished()
        return LessonView(
            track=self.lesson.track,
            title=self.lesson.title,
            step=self.at + 1,
            steps=len(self.lesson.steps),
            step_title=step.title,
            text=step.text,
            question=self._question_view(step, state),
            tasks=self._task_views(step, state),
            hints_shown=step.hints[: state.hints],
            hints_left=len(step.hints) - state.hints,
            can_go_back=self.at > 0,
            can_go_on=not waiting and not last,
            waiting_for=waiting,
            done=last and not waiting,
            score=f"{right} of {asked} predictions right" if asked else "",
            predictions=self._predictions(),
            select=step.select or self.lesson.select,
            charts=self.lesson.charts,
        )

    def _question_view(self, step: Step, state: StepState) -> QuestionView | None:
        question = step.question
        if question is None:
            return None
        scored = state.scored_at != NEVER
        options = tuple(
            OptionView(
                one.key,
                one.text,
                one.key == state.answer,
                one.key in state.right_options if scored else None,
            )
            for one in question.options
        )
        numbers = [place for place, one in enumerate(self.lesson.steps) if one.question is not None]
        verdict = ""
        if scored:
            verdict = f"{'Right' if state.right else 'Not so'}: **{state.truth}**. {state.why}".strip()
        stage = "scored" if scored else "locked" if state.locked else "open"
        return QuestionView(
            question.text, question.kind, options, state.answer, state.confidence, stage, verdict,
            numbers.index(self.at) + 1, len(numbers),
        )  # fmt: skip

    def _predictions(self) -> tuple[PredictionView, ...]:
        return tuple(
            _prediction(number, step.question, state)
            for number, (step, state) in enumerate(zip(self.lesson.steps, self.states, strict=True), 1)
            if step.question is not None
        )

    def _task_views(self, step: Step, state: StepState) -> tuple[TaskView, ...]:
        found: list[TaskView] = []
        current = step.question is None or state.locked
        for task, at in zip(step.tasks, state.tasks, strict=True):
            if at != NEVER:
                found.append(TaskView(task.text, "done", ""))
            else:
                found.append(TaskView(task.text, "current" if current else "waiting", ""))
                current = False
        for check, broken in zip(step.checks, state.broken, strict=True):
            if broken != NEVER:
                found.append(TaskView(check.text, "failed", f"broken at {broken / 1e6:.1f} s"))
        return tuple(found)


def _prediction(step: int, question: Question, state: StepState) -> PredictionView:
    answer = next((one.text for one in question.options if one.key == state.answer), state.answer)
    scored = state.scored_at != NEVER
    outcome = ("right" if state.right else "wrong") if scored else "open"
    confidence = state.confidence if state.locked else ""
    return PredictionView(step, question.text, answer, confidence, state.truth if scored else "", outcome)
