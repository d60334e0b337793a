"""The catalogue: every scenario there is, in order."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from lab.cluster.refused import Refused, wanted
from lab.lessons.format import read_lesson
from lab.lessons.model import Lesson
from lab.lessons.toml_table import shown
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
    lesson = read_lesson(_file_of(name))
    if seed is None:
        return lesson
    wanted(seed >= 0, "wanted a seed of 0 or more", seed)
    return replace(lesson, spec=replace(lesson.spec, seed=seed))


def _file_of(name: str) -> Path:
    """By its name first, so that one broken file does not keep the others from being played."""
    path = Path(name)
    if path.suffix == ".md" and (path.is_file() or path.parent != Path()):
        return path
    files = sorted(scenarios_folder().glob("*.md"))
    wanted_name = name.removesuffix(".md").lower()
    by_name = [file for file in files if file.stem.lower() == wanted_name]
    if by_name:
        return by_name[0]
    by_code = [one.path for one in lessons() if one.code.lower() == wanted_name and one.path is not None]
    if by_code:
        return by_code[0]
    raise Refused(f"there is no scenario {shown(name)}; {_hint(wanted_name, [file.stem for file in files])}")


def _hint(word: str, names: list[str]) -> str:
    """The nearest name, or where all of them are told: there are too many for one sentence."""
    near = [one for one in names if word and word in one] or get_close_matches(word[:60], names, 1)
    return f"did you mean {near[0]!r}?" if near else f"'lab list' tells the {len(names)} there are"
