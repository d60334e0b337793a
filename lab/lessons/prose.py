"""Prose: text of a scenario in which braces hold an expression, so that it says the engine's numbers.

`{born()} records were made` is filled when its page is turned to and then stays as it is; what explains a
prediction is filled when that is scored. An author thus writes no number that another seed would make a lie.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from lab.cluster.figures import grouped
from lab.cluster.refused import Refused
from lab.cluster.words import Value
from lab.lessons.expressions import parse
from lab.lessons.model import Question, Step
from lab.world.world import World

BRACES = re.compile(r"\{([^{}]*)\}")
UNTOLD = "—"


def expressions_in(text: str) -> list[str]:
    """What stands in braces."""
    return BRACES.findall(text)


def filled(text: str, world: World, names: Mapping[str, Value]) -> str:
    """`text` with each expression's value now; a dash for what cannot be told."""

    def value(found: re.Match[str]) -> str:
        try:
            return _shown(parse(found.group(1), frozenset(names)).value(world, names))
        except Refused:
            return UNTOLD

    return BRACES.sub(value, text)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return grouped(value) if isinstance(value, int) else value


def filled_page(step: Step, world: World, names: Mapping[str, Value]) -> Step:
    """A step as it is read: everything filled but what explains the prediction afterwards."""

    def say(text: str) -> str:
        return filled(text, world, names)

    return replace(
        step,
        text=say(step.text),
        question=None if step.question is None else _asked(step.question, world, names),
        tasks=tuple(replace(one, text=say(one.text)) for one in step.tasks),
        checks=tuple(replace(one, text=say(one.text)) for one in step.checks),
        hints=tuple(say(one) for one in step.hints),
    )


def _asked(question: Question, world: World, names: Mapping[str, Value]) -> Question:
    options = tuple(replace(one, text=filled(one.text, world, names)) for one in question.options)
    return replace(question, text=filled(question.text, world, names), options=options)
