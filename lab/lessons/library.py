"""The catalogue: every scenario there is, in order."""

from dataclasses import dataclass, replace
from pathlib import Path

from lab.cluster.refused import Refused
from lab.lessons.format import read_lesson
from lab.lessons.model import Lesson
from lab.resources import scenarios_folder


@dataclass(frozen=True, slots=True)
class Card:
    """A scenario on the start page."""

    name: str
    code: str
    title: str
    track: str
    minutes: int
    summary: str
    sandbox: bool


def lessons() -> list[Lesson]:
    """All scenarios of the folder, in their order. Raises Refused for the first that is wrong."""
    found = [read_lesson(path) for path in sorted(scenarios_folder().glob("*.md"))]
    return sorted(found, key=lambda one: (one.order, one.name))


def catalogue() -> tuple[Card, ...]:
    """What the start page shows."""
    return tuple(
        Card(one.name, one.code, one.title, one.track, one.minutes, one.summary, one.sandbox) for one in lessons()
    )


def find_lesson(name: str, seed: int | None = None) -> Lesson:
    """A scenario by its name, its code (`D3`), or a file's path. Raises Refused with what there is."""
    path = Path(name)
    if path.suffix == ".md" and path.is_file():
        lesson = read_lesson(path)
    else:
        known = lessons()
        wanted = name.lower()
        found = [one for one in known if wanted in (one.name.lower(), one.code.lower())]
        if not found:
            raise Refused(f"there is no scenario {name!r}; there are {', '.join(one.name for one in known)}")
        lesson = found[0]
    return lesson if seed is None else replace(lesson, spec=replace(lesson.spec, seed=seed))
