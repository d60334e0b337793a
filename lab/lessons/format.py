"""A Markdown file becomes a Lesson; what is wrong is refused with file, line and remedy.

A TOML head between `+++` lines describes the cluster. One `#` heading is the title. Each `##` heading is
a step; a step's ```lab block, TOML again, holds its prediction, tasks, checks and model solution. Braces in
what a person reads hold expressions (`lab/lessons/prose.py`).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lab.cluster.actions import ACTIONS, ClusterAction, action_from
from lab.cluster.refused import Refused
from lab.cluster.session.recorder import METRICS
from lab.cluster.session.script import Script
from lab.env import Micros
from lab.lessons.expressions import Expression, parse
from lab.lessons.model import Check, Lesson, Option, Question, Step, Task
from lab.lessons.prose import expressions_in
from lab.lessons.spec_format import read_spec
from lab.lessons.toml_table import Lines, TomlTable, nearest, read_toml, refuse, shown

VERSION = 1
BYTES_MAX = 200_000
LINE_MAX = 2_000
"""tomllib takes quadratic time for a dotted key, which cannot be longer than its line."""
WAITS = ("wait", "until", "within")
WAIT_MAX_S = 86_400
MINUTES_MAX = 600
TEMPORAL = ("sometime", "always", "never", "finally")
CHARTS = 3
SCRIPT_MAX_US = 1_000 * 3_600 * 1_000_000
"""No run is longer: to open one is to run it."""
HEAD_KEYS = ("version", "code", "track", "minutes", "summary", "order", "seed", "select", "sandbox", "charts",
             "opens_at_us", "script", "cluster", "topic", "producer", "consumer", "processor", "share_consumer",
             "check")  # fmt: skip
STEP_KEYS = ("question", "task", "check", "hints", "remember", "solve", "select")
QUESTION_KEYS = ("text", "when", "option", "answer", "tolerance", "why", "solution", "wrong")

Names = frozenset[str]


@dataclass(slots=True)
class Page:
    """The lines of a step, as they are gathered: prose, and what its ```lab block holds."""

    title: str
    line: int
    prose: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    block: list[tuple[int, str]] | None = None


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file. Raises Refused with file, line and remedy."""
    lines = _lines(path)
    head, body = _split(path.name, lines)
    title, pages = _pages(path.name, body)
    table = read_toml(path.name, "the head", head)
    table.only(HEAD_KEYS)
    version = table.whole("version", VERSION)
    if version != VERSION:
        raise table.refuse(f"wanted version {VERSION}, found {version}: it was written for a newer lab", "version")
    names: Names = frozenset()
    steps: list[Step] = []
    for page in pages:
        steps.append(_step(path.name, page, names))
        names |= {name for name, _ in steps[-1].remember}
    return Lesson(
        name=path.stem,
        code=table.text("code"),
        title=title,
        track=table.text("track"),
        minutes=_minutes(table),
        summary=table.text("summary"),
        spec=read_spec(table),
        steps=tuple(steps),
        checks=_checks(table, frozenset()),
        select=table.text("select", ""),
        path=path,
        order=table.whole("order", 999),
        sandbox=table.truth("sandbox", False),
        script=_script(table),
        opens_at=_instant(table, "opens_at_us"),
        charts=_charts(table),
    )


def _minutes(table: TomlTable) -> int:
    found = table.whole("minutes", 10)
    if not 1 <= found <= MINUTES_MAX:
        raise table.refuse(f"minutes: wanted 1 to {MINUTES_MAX}, found {found}", "minutes")
    return found


def _charts(table: TomlTable) -> tuple[str, ...]:
    """Three metrics, since there is room for three."""
    found = table.texts("charts")
    unknown = next((one for one in found if one not in METRICS), None)
    if unknown is not None:
        raise table.refuse(f"charts: there is no metric {shown(unknown)}; {nearest(unknown, METRICS)}", "charts")
    if len(found) not in (0, CHARTS):
        raise table.refuse(f"charts: wanted {CHARTS} metrics, found {len(found)}", "charts")
    return found


# --- the file -------------------------------------------------------------------------------------


def _lines(path: Path) -> Lines:
    """The file's lines; refused when it is missing, huge or not text."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as wrong:
        raise Refused(f"cannot read {path}: {wrong.strerror}") from None
    if len(data) > BYTES_MAX:
        raise refuse(path.name, 1, f"wanted a scenario of at most {BYTES_MAX:,} bytes, found more")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise refuse(path.name, line, f"wanted UTF-8 text, found byte 0x{data[wrong.start]:02x}") from None
    lines = tuple((number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1))
    for number, line in lines:
        if len(line) > LINE_MAX:
            raise refuse(path.name, number, f"wanted lines of at most {LINE_MAX:,} characters, found {len(line):,}")
    return lines


def _split(file: str, lines: Lines) -> tuple[Lines, Lines]:
    """Head and body."""
    if lines[0][1].strip() != "+++":
        raise refuse(file, 1, "wanted a head: a line +++, then TOML, then another line +++")
    for number, line in lines[1:]:
        if line.strip() == "+++":
            return lines[1 : number - 1], lines[number:]
    raise refuse(file, 1, "the head has no end: wanted a second line +++")


def _pages(file: str, body: Lines) -> tuple[str, list[Page]]:
    """The title, and each step's lines."""
    title = ""
    pages: list[Page] = []
    fence = 0
    for number, line in body:
        page = pages[-1] if pages else None
        if fence:
            assert page is not None
            assert page.block is not None
            if line.strip() == "```":
                fence = 0
            else:
                page.block.append((number, line))
        elif line.startswith("## "):
            pages.append(Page(line[3:].strip(), number))
        elif page is None and line.startswith("# "):
            title = line[2:].strip()
        elif page is None and line.strip():
            raise refuse(file, number, "wanted a step's heading before this: a line beginning with '## '")
        elif page is not None and line.strip() == "```lab":
            if page.block is not None:
                raise refuse(file, number, "wanted one ```lab block a step, found a second")
            page.block, fence = [], number
        elif page is not None:
            page.prose.append((number, line))
    if fence:
        raise refuse(file, fence, "this ```lab block has no end: wanted a line ```")
    first = body[0][0] if body else 1
    if not title:
        raise refuse(file, first, "wanted a title: a line beginning with '# '")
    if not pages:
        raise refuse(file, first, "wanted at least one step: a line beginning with '## '")
    return title, pages


# --- a step ---------------------------------------------------------------------------------------


def _step(file: str, page: Page, earlier: Names) -> Step:
    block = tuple(page.block or ())
    table = read_toml(file, f"step {page.title!r}", block or ((page.line, ""),))
    table.only(STEP_KEYS)
    remember: list[tuple[str, Expression]] = []
    names = earlier
    memory = table.table("remember")
    for name in memory.values:
        if not name.isidentifier():
            raise memory.refuse(f"remember: wanted a name of letters, digits and _, found {shown(name)}", name)
        remember.append((name, _expression(memory, name, names)))
        names |= {name}
    for number, line in page.prose:
        _braces(file, number, line, names)
    return Step(
        page.title,
        "\n".join(line for _, line in page.prose).strip(),
        page.line,
        question=_question(table.table("question"), names) if "question" in table.values else None,
        tasks=tuple(_task(one, names) for one in table.tables("task", "a task")),
        checks=_checks(table, names),
        hints=tuple(_checked_text(table, "hints", one, names) for one in table.texts("hints")),
        remember=tuple(remember),
        solve=tuple(_solve(one, names) for one in table.tables("solve", "a line of the solution")),
        select=table.text("select", ""),
    )


def _task(table: TomlTable, names: Names) -> Task:
    table.only(("text", "check"))
    return Task(_prose(table, "text", names), _expression(table, "check", names))


def _checks(table: TomlTable, names: Names) -> tuple[Check, ...]:
    found: list[Check] = []
    for one in table.tables("check", "a check"):
        one.only((*TEMPORAL, "text"))
        kinds = [kind for kind in TEMPORAL if kind in one.values]
        if len(kinds) != 1:
            raise one.refuse(f"a check wants one of {', '.join(TEMPORAL)}, found {len(kinds)}")
        expression = _expression(one, kinds[0], names)
        found.append(Check(kinds[0], expression, _prose(one, "text", names, expression.source)))
    return tuple(found)


def _question(table: TomlTable, names: Names) -> Question:
    table.only(QUESTION_KEYS)
    options = tuple(_option(one, names) for one in table.tables("option", "an option"))
    answer = _expression(table, "answer", names) if "answer" in table.values else None
    if bool(options) == (answer is not None):
        raise table.refuse("a question wants either options or an answer")
    keys = [one.key for one in options]
    if options and len(set(keys)) < max(2, len(keys)):
        raise table.refuse("a question wants at least two options, each with its own key", "option")
    for key in ("solution", "wrong"):
        _learners_answer(table, key, keys, names)
    return Question(
        text=_prose(table, "text", names),
        when=_expression(table, "when", names),
        options=options,
        answer=answer,
        tolerance=table.whole("tolerance", 0),
        why=_prose(table, "why", names, ""),
        solution=str(table.values["solution"]),
        wrong=str(table.values["wrong"]),
    )


def _option(table: TomlTable, names: Names) -> Option:
    table.only(("key", "text", "holds", "but"))
    return Option(
        table.text("key"),
        _prose(table, "text", names),
        _expression(table, "holds", names),
        _prose(table, "but", names, ""),
    )


def _learners_answer(table: TomlTable, key: str, options: list[str], names: Names) -> None:
    """What the headless learners say: an option, or a number, perhaps an expression's (`= born()`)."""
    if key not in table.values:
        raise table.refuse(f"a question wants {key!r}: what a learner says who is {RIGHT[key]}")
    found = table.values[key]
    if options and found not in options:
        raise table.refuse(f"{key}: wanted one of {', '.join(options)}, found {shown(found)}", key)
    if not options and isinstance(found, str) and found.startswith("="):
        _parse(table, key, found[1:], names)
    elif not options and type(found) is not int:
        raise table.refuse(f"{key}: wanted a whole number, found {shown(found)}", key)


RIGHT = {"solution": "right", "wrong": "wrong"}


def _solve(table: TomlTable, names: Names) -> Mapping[str, Any]:
    """`{ wait = 2 }`, `{ until = "…", within = 30 }` or one action, checked as far as it can be before it is time."""
    first = next(iter(table.values), "")
    if first not in ACTIONS and first not in WAITS:
        raise table.refuse(f"there is no action {first!r}; {nearest(first, (*ACTIONS, 'wait', 'until'))}", first)
    if first in WAITS:
        table.only(WAITS)
        if "until" in table.values:
            _expression(table, "until", names)
        for key in ("wait", "within"):
            seconds = table.values.get(key, 0)
            if type(seconds) not in (int, float) or not 0 <= seconds <= WAIT_MAX_S:
                raise table.refuse(f"{key}: wanted 0 to {WAIT_MAX_S:,} seconds, found {shown(seconds)}", key)
        return table.values
    fields = table.table(first)
    fields.only([one.name for one in dataclasses.fields(ACTIONS[first])])
    computed = [text for text in _texts_of(fields.values) if text.startswith("=")]
    for text in computed:
        _parse(table, first, text[1:], names)
    if not computed:
        try:
            action_from(table.values)
        except Refused as wrong:
            raise table.refuse(str(wrong), first) from None
    return table.values


def _texts_of(value: object) -> Iterable[str]:
    """All texts in a value."""
    match value:
        case str():
            yield value
        case dict():
            for one in cast("dict[str, object]", value).values():
                yield from _texts_of(one)
        case list():
            for one in cast("list[object]", value):
                yield from _texts_of(one)
        case _:
            return


# --- expressions and prose ------------------------------------------------------------------------


def _expression(table: TomlTable, key: str, names: Names) -> Expression:
    return _parse(table, key, table.text(key), names)


def _parse(table: TomlTable, key: str, source: str, names: Names) -> Expression:
    try:
        return parse(source, names)
    except Refused as wrong:
        raise table.refuse(f"{key}: {wrong}", key) from None


def _prose(table: TomlTable, key: str, names: Names, default: str | None = None) -> str:
    return _checked_text(table, key, table.text(key, default), names)


def _checked_text(table: TomlTable, key: str, text: str, names: Names) -> str:
    if key in table.values:
        _braces(table.file, table.line(key), text, names)
    return text


def _braces(file: str, line: int, text: str, names: Names) -> None:
    for source in expressions_in(text):
        try:
            parse(source, names)
        except Refused as wrong:
            raise refuse(file, line, f"in braces: {wrong}") from None


# --- the script -----------------------------------------------------------------------------------


def _script(table: TomlTable) -> Script:
    """`{ at_us = 3_000_001, crash = { node = "broker-2" } }`, one an instant."""
    found: list[tuple[Micros, ClusterAction]] = []
    for one in table.tables("script", "a line of the script"):
        at = _instant(one, "at_us")
        if found and at <= found[-1][0]:
            raise one.refuse(f"at_us: wanted a later instant than the line before it ({found[-1][0]:,}), found {at:,}")
        try:
            found.append((at, action_from({name: one.values[name] for name in one.values if name != "at_us"})))
        except Refused as wrong:
            raise one.refuse(str(wrong)) from None
    return tuple(found)


def _instant(table: TomlTable, key: str) -> Micros:
    at = table.whole(key, 0)
    if not 0 <= at <= SCRIPT_MAX_US:
        raise table.refuse(f"{key}: wanted 0 to {SCRIPT_MAX_US:,} microseconds, found {at:,}", key)
    return at
