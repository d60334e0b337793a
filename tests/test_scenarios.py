"""Every scenario there is: it plays to its end, nobody passes it by doing nothing or by predicting wrongly,
and what it tells of exists in its world.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lab.cluster.build import ADMIN, CONTROLLER, image_of
from lab.cluster.session.session import Session
from lab.kafka.clients.recipes import ConsumerRecipe, ShareConsumerRecipe
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.share import ShareConsumerConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.lessons import terminal
from lab.lessons.catalogue import find_lesson
from lab.lessons.format import read_lesson
from lab.lessons.learner import Learner
from lab.lessons.model import Lesson, Option, Question, Step
from lab.lessons.prose import UNTOLD, expressions_in
from lab.lessons.runner import LessonRunner
from lab.resources import scenarios_folder

FILES = sorted(scenarios_folder().glob("*.md"))
NAMES = [file.stem for file in FILES]
OTHER_SEEDS = (1, 2024)
"""The first is what `.ci/run` plays by the command as well."""
MEMBERS = (ConsumerRecipe, ShareConsumerRecipe)
TERMS = ("poll()", "send()", "earliest", "latest", "none", "time:", "ago:", *(code.name for code in ErrorCode))
"""What may be in code type and is nothing of one world: calls, values of settings, errors."""


@cache
def lesson_of(name: str) -> Lesson:
    return read_lesson(scenarios_folder() / f"{name}.md")


@cache
def played(name: str, learner: str = "solution", seed: int | None = None) -> LessonRunner:
    lesson = find_lesson(name, seed)
    runner = LessonRunner(lesson, Session(lesson.spec, lesson.title, lesson.name))
    Learner(runner, learner).play()
    return runner


TAUGHT = [name for name in NAMES if not lesson_of(name).sandbox]


def played_once(names: list[str]) -> list[Any]:
    """Each with a mark that keeps all tests of one scenario in one process, where its runs are remembered."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


# --- the three learners ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", played_once(NAMES))
def test_the_solution_passes(name: str):
    runner = played(name)
    assert runner.session.violation == ""
    assert runner.problems() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", OTHER_SEEDS)
@pytest.mark.parametrize("name", played_once(NAMES))
def test_the_solution_passes_under_other_dice(name: str, seed: int):
    runner = played(name, seed=seed)
    assert runner.session.violation == ""
    assert runner.problems() == []


@pytest.mark.parametrize("name", played_once(NAMES))
def test_who_does_nothing_does_not_pass(name: str):
    """Because nothing was done, and for no other reason: what holds always holds for the idle too."""
    problems = played(name, "idle").problems()
    assert any("not reached" in one or "not done" in one for one in problems)
    assert not [one for one in problems if "broken" in one or "at the end" in one]


@pytest.mark.parametrize("name", played_once(TAUGHT))
def test_who_predicts_wrongly_does_not_pass(name: str):
    """Because of every prediction, and of nothing else."""
    problems = played(name, "wrong").problems()
    asked = sum(step.question is not None for step in lesson_of(name).steps)
    assert len(problems) == asked
    assert all("the engine says" in one for one in problems)


@pytest.mark.parametrize(("learner", "code"), [("solution", 0), ("idle", 1), ("wrong", 1)])
def test_the_command_says_so_with_its_exit_code(learner: str, code: int, capsys: pytest.CaptureFixture[str]):
    played_code = terminal.play("A1", learner=learner, seed=None, until_seconds=None, out=None, as_json=False)
    assert played_code == code
    assert ("not passed" in capsys.readouterr().out) is bool(code)


# --- what a scenario must have --------------------------------------------------------------------


@pytest.mark.parametrize("name", TAUGHT)
def test_it_has_something_that_happens_something_that_holds_and_predictions(name: str):
    lesson = lesson_of(name)
    kinds = {check.when for step in lesson.steps for check in step.checks} | {check.when for check in lesson.checks}
    assert "sometime" in kinds
    assert kinds & {"always", "never"}
    assert 4 <= len(lesson.steps) <= 7
    questions = [step.question for step in lesson.steps if step.question is not None]
    assert len(questions) >= 2
    assert all(question.why and question.solution != question.wrong for question in questions)


@pytest.mark.parametrize("name", TAUGHT)
def test_no_option_is_right_or_wrong_whatever_the_engine_does(name: str):
    for question in questions_of(lesson_of(name)):
        constant = [one.key for one in question.options if "(" not in one.holds.source]
        assert not constant


@pytest.mark.parametrize("name", played_once(TAUGHT))
def test_the_engine_finds_exactly_one_option_right(name: str):
    runner = played(name)
    for step, state in zip(runner.lesson.steps, runner.states, strict=True):
        if step.question is not None and step.question.options:
            assert state.right_options == (step.question.solution,)


@pytest.mark.parametrize("name", TAUGHT)
def test_each_step_that_wants_something_done_gives_a_hint(name: str):
    assert all(step.hints for step in lesson_of(name).steps if step.tasks)


# --- what a person reads --------------------------------------------------------------------------


def questions_of(lesson: Lesson) -> list[Question]:
    return [step.question for step in lesson.steps if step.question is not None]


def texts_of(step: Step) -> list[str]:
    found = [step.text, *step.hints, *(one.text for one in step.tasks), *(one.text for one in step.checks)]
    if step.question is not None:
        found += [step.question.text, step.question.why, *(said(one) for one in step.question.options)]
    return found


def said(option: Option) -> str:
    return f"{option.text} {option.but}"


@pytest.mark.parametrize("name", played_once(NAMES))
def test_every_number_in_braces_can_be_told(name: str):
    """When the page is turned to; and, for what explains a prediction, when that is scored."""
    runner = played(name)
    for step, page, state in zip(runner.lesson.steps, runner.pages, runner.states, strict=True):
        for source, shown in zip(texts_of(step), texts_of(page), strict=True):
            assert shown.count(UNTOLD) == source.count(UNTOLD), shown
        if step.question is not None:
            assert state.why.count(UNTOLD) == step.question.why.count(UNTOLD)
            assert not expressions_in(state.why)


@pytest.mark.parametrize("name", played_once(NAMES))
def test_what_is_named_exists(name: str):
    """`code` in the text is the name of something in this world, a setting, or a word of Kafka's."""
    runner = played(name)
    known = names_in(runner)
    for step in runner.lesson.steps:
        for text in texts_of(step):
            for token in re.findall(r"`([^`]+)`", text):
                if not expressions_in(token):
                    assert re.split("=|(?<=:)", token)[0] in known, f"step {step.title!r}: there is no {token!r}"


def names_in(runner: LessonRunner) -> set[str]:
    world = runner.session.world
    image = image_of(world)
    settings = [
        name
        for config in (TopicConfig, ProducerConfig, ConsumerConfig, BrokerConfig, ShareConsumerConfig)
        for name in config.settings
    ]
    keys = {key for one in runner.lesson.spec.producers for key in one.keys.split(",")}
    sent = {
        text.partition("=")[0]
        for step in runner.lesson.steps for one in step.solve if "send" in one for text in one["send"]["records"]
    }  # fmt: skip
    return {
        *world.hosts, *image.topics, *(str(one.partition) for one in image.all_partitions()), *settings, *keys, *sent,
        *TERMS, ADMIN, CONTROLLER,
        *(host.recipe.group_id for host in world.hosts.values() if isinstance(host.recipe, MEMBERS)),
    }  # fmt: skip


def test_the_folder_is_in_order():
    lessons = [lesson_of(name) for name in NAMES]
    orders = [one.order for one in lessons]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)
    assert len({one.code for one in lessons}) == len(lessons)
    assert all(Path(name).name == name for name in NAMES)
