"""A Markdown file becomes a Lesson; what is wrong is refused with file, line and remedy.

A TOML head between `+++` lines describes the cluster. One `#` heading is the title. Each `##` heading is
a step; a step's ```lab block, TOML again, holds its prediction, tasks, checks and model solution.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lab.cluster.actions import ACTIONS
from lab.cluster.refused import Refused
from lab.cluster.spec import (
    ClusterSpec,
    ConsumerSpec,
    DataSpec,
    ProducerSpec,
    TopicSpec,
    settings,
)
from lab.lessons.expressions import Expression, parse
from lab.lessons.model import Check, Lesson, Option, Question, Step, Task

VERSION = 1
BYTES_MAX = 200_000
WAITS = ("wait", "until", "within")
TEMPORAL = ("sometime", "always", "never", "finally")


@dataclass(frozen=True, slots=True)
class Block:
    """Text with the number of its first line."""

    text: str
    line: int


class Reader:
    """One scenario file on its way to a Lesson. Every complaint goes through `refuse`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, line: int, message: str) -> Refused:
        """The exception for a complaint about `line`."""
        return Refused(f"{self.path.name}, line {line}: {message}")

    # --- pieces of the file -----------------------------------------------------------------------

    def text(self) -> str:
        """The file's text; refused when it is missing, huge or not text."""
        try:
            size = self.path.stat().st_size
            if size > BYTES_MAX:
                raise self.refuse(1, f"wanted at most {BYTES_MAX:,} bytes, found {size:,}")
            return self.path.read_text(encoding="utf-8")
        except OSError as wrong:
            raise Refused(f"cannot read {self.path}: {wrong.strerror}") from None
        except UnicodeDecodeError:
            raise self.refuse(1, "wanted UTF-8 text") from None

    def toml(self, block: Block, what: str) -> dict[str, Any]:
        """A block of TOML, its syntax errors told with the line in the file."""
        try:
            return tomllib.loads(block.text)
        except tomllib.TOMLDecodeError as wrong:
            at = re.search(r"line (\d+)", str(wrong))
            line = block.line + int(at.group(1)) - 1 if at else block.line
            raise self.refuse(line, f"{what} is not TOML: {wrong}") from None

    def lesson(self) -> Lesson:
        """The whole file."""
        head, body = self._split(self.text())
        values = self.toml(head, "the head")
        self._known(values, HEAD_KEYS, head.line, "the head")
        version = values.get("version", VERSION)
        if version != VERSION:
            raise self.refuse(head.line, f"wanted version {VERSION}, found {version}: written for a newer lab?")
        title, steps = self._steps(body)
        try:
            spec = self._spec(values).checked()
        except Refused as wrong:
            raise self.refuse(head.line, str(wrong)) from None
        return Lesson(
            name=self.path.stem,
            code=self._str(values, "code", head.line),
            title=title,
            track=self._str(values, "track", head.line),
            minutes=self._int(values, "minutes", head.line, 10),
            summary=self._str(values, "summary", head.line),
            flavour=self._str(values, "flavour", head.line, "Java client 4.0"),
            spec=spec,
            steps=steps,
            checks=self._checks(values.get("check", []), head.line, frozenset()),
            select=self._str(values, "select", head.line, ""),
            path=self.path,
            order=self._int(values, "order", head.line, 999),
            sandbox=bool(values.get("sandbox", False)),
        )

    def _split(self, text: str) -> tuple[Block, Block]:
        lines = text.split("\n")
        if lines[0].strip() != "+++":
            raise self.refuse(1, "wanted a head: a line +++, then TOML, then +++")
        for number, line in enumerate(lines[1:], 2):
            if line.strip() == "+++":
                head = Block("\n".join(lines[1 : number - 1]), 2)
                return head, Block("\n".join(lines[number:]), number + 1)
        raise self.refuse(1, "the head has no end: wanted a second line +++")

    def _steps(self, body: Block) -> tuple[str, tuple[Step, ...]]:
        title = ""
        steps: list[Step] = []
        current: tuple[str, int] | None = None
        text: list[str] = []
        fenced: list[str] | None = None
        block: Block | None = None
        fence_line = 0

        def close() -> None:
            if current is not None:
                steps.append(self._step(current[0], current[1], "\n".join(text).strip(), block))

        for number, line in enumerate(body.text.split("\n"), body.line):
            if fenced is not None:
                if line.strip() == "```":
                    block = Block("\n".join(fenced), fence_line + 1)
                    fenced = None
                else:
                    fenced.append(line)
            elif line.strip() == "```lab":
                if block is not None:
                    raise self.refuse(number, "wanted one ```lab block a step")
                if current is None:
                    raise self.refuse(number, "wanted a ## heading before the ```lab block")
                fenced, fence_line = [], number
            elif line.startswith("## "):
                close()
                current, text, block = (line[3:].strip(), number), [], None
            elif line.startswith("# ") and current is None:
                title = line[2:].strip()
            elif current is not None:
                text.append(line)
        if fenced is not None:
            raise self.refuse(fence_line, "this ```lab block has no end")
        close()
        if not title:
            raise self.refuse(body.line, "wanted a title: a line beginning with '# '")
        if not steps:
            raise self.refuse(body.line, "wanted at least one step: a line beginning with '## '")
        return title, tuple(steps)

    # --- a step -----------------------------------------------------------------------------------

    def _step(self, title: str, line: int, text: str, block: Block | None) -> Step:
        if block is None:
            return Step(title, text, line)
        values = self.toml(block, "the ```lab block")
        at = block.line
        self._known(values, STEP_KEYS, at, f"step {title!r}")
        remembered = cast("Mapping[str, str]", values.get("remember", {}))
        names = frozenset(remembered)
        return Step(
            title,
            text,
            line,
            question=self._question(values.get("question"), at, names),
            tasks=tuple(
                Task(self._str(task, "text", at), self._expression(task, "check", at, names))
                for task in self._tables(values, "task", at)
            ),
            checks=self._checks(values.get("check", []), at, names),
            hints=tuple(self._strings(values, "hints", at)),
            remember=tuple((name, self._parse(source, at, frozenset())) for name, source in remembered.items()),
            solve=tuple(self._solve(values, at, names)),
            select=self._str(values, "select", at, ""),
            speed=self._str(values, "speed", at, ""),
        )

    def _question(self, values: object, line: int, names: frozenset[str]) -> Question | None:
        if values is None:
            return None
        table = self._table(values, line, "question")
        self._known(table, QUESTION_KEYS, line, "the question")
        options = tuple(
            Option(
                self._str(one, "key", line),
                self._str(one, "text", line),
                self._expression(one, "holds", line, names),
            )
            for one in self._tables(table, "option", line)
        )
        answer = self._expression(table, "answer", line, names) if "answer" in table else None
        if bool(options) == (answer is not None):
            raise self.refuse(line, "a question wants either options or an answer")
        return Question(
            text=self._str(table, "text", line),
            when=self._expression(table, "when", line, names),
            options=options,
            answer=answer,
            tolerance=self._int(table, "tolerance", line, 0),
            why=self._str(table, "why", line, ""),
            solution=str(table.get("solution", "")),
            wrong=str(table.get("wrong", "")),
        )

    def _checks(self, values: object, line: int, names: frozenset[str]) -> tuple[Check, ...]:
        found: list[Check] = []
        for table in self._tables({"check": values}, "check", line):
            self._known(table, (*TEMPORAL, "text"), line, "a check")
            kinds = [kind for kind in TEMPORAL if kind in table]
            if len(kinds) != 1:
                raise self.refuse(line, f"a check wants one of {', '.join(TEMPORAL)}")
            expression = self._expression(table, kinds[0], line, names)
            found.append(Check(kinds[0], expression, self._str(table, "text", line, expression.source)))
        return tuple(found)

    def _solve(self, values: Mapping[str, Any], line: int, names: frozenset[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for one in self._tables(values, "solve", line):
            first = next(iter(one), "")
            if first not in ACTIONS and first not in WAITS:
                raise self.refuse(line, f"solve: there is no action {first!r}")
            if "until" in one:
                self._parse(str(one["until"]), line, names)
            found.append(one)
        return found

    # --- the cluster ------------------------------------------------------------------------------

    def _spec(self, values: Mapping[str, Any]) -> ClusterSpec:
        cluster = cast("Mapping[str, Any]", values.get("cluster", {}))
        self._known(cluster, CLUSTER_KEYS, 2, "cluster")
        return ClusterSpec(
            seed=self._int(values, "seed", 2, 42),
            brokers=self._int(cluster, "brokers", 2, 3),
            broker_config=settings(cast("Mapping[str, object]", cluster.get("config", {}))),
            disk_capacity_bytes=cluster.get("disk_capacity_bytes"),
            link_extra_us=self._int(cluster, "link_extra_us", 2, 0),
            topics=tuple(self._topic(one) for one in self._tables(values, "topic", 2)),
            producers=tuple(self._producer(one) for one in self._tables(values, "producer", 2)),
            consumers=tuple(self._consumer(one) for one in self._tables(values, "consumer", 2)),
        )

    def _topic(self, one: Mapping[str, Any]) -> TopicSpec:
        self._known(one, ("name", "partitions", "replicas", "config"), 2, "a topic")
        return TopicSpec(
            self._str(one, "name", 2),
            self._int(one, "partitions", 2, 1),
            self._int(one, "replicas", 2, 1),
            settings(cast("Mapping[str, object]", one.get("config", {}))),
        )

    def _producer(self, one: Mapping[str, Any]) -> ProducerSpec:
        self._known(one, PRODUCER_KEYS, 2, "a producer")
        data = one.get("data")
        return ProducerSpec(
            name=self._str(one, "name", 2),
            topic=self._str(one, "topic", 2),
            rate=self._int(one, "rate", 2, 10),
            keys=self._str(one, "keys", 2, "none"),
            value_bytes=self._int(one, "value_bytes", 2, 100),
            count=self._int(one, "count", 2, 0) or None,
            config=settings(cast("Mapping[str, object]", one.get("config", {}))),
            data=None if data is None else self._data(self._table(data, 2, "data")),
        )

    def _data(self, one: Mapping[str, Any]) -> DataSpec:
        self._known(
            one,
            ("path", "key", "value", "timestamp", "pace_percent", "rate", "bad_rows"),
            2,
            "data",
        )
        return DataSpec(
            path=self._str(one, "path", 2),
            key=self._str(one, "key", 2, ""),
            value=self._str(one, "value", 2, ""),
            timestamp=self._str(one, "timestamp", 2, ""),
            pace_percent=self._int(one, "pace_percent", 2, 100),
            rate=self._int(one, "rate", 2, 0),
            bad_rows=self._str(one, "bad_rows", 2, "refuse"),
        )

    def _consumer(self, one: Mapping[str, Any]) -> ConsumerSpec:
        self._known(one, CONSUMER_KEYS, 2, "a consumer")
        return ConsumerSpec(
            name=self._str(one, "name", 2),
            group=self._str(one, "group", 2),
            topics=tuple(self._strings(one, "topics", 2)),
            work_us=self._int(one, "work_us", 2, 0) + 1_000 * self._int(one, "work_ms", 2, 0),
            commit=self._str(one, "commit", 2, "auto"),
            config=settings(cast("Mapping[str, object]", one.get("config", {}))),
        )

    # --- values -----------------------------------------------------------------------------------

    def _known(self, values: Mapping[str, Any], keys: Sequence[str], line: int, what: str) -> None:
        for key in values:
            if key not in keys:
                raise self.refuse(line, f"{what} has no {key!r}; there are {', '.join(keys)}")

    def _table(self, value: object, line: int, what: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.refuse(line, f"{what}: wanted a table, found {value!r}")
        return cast("Mapping[str, Any]", value)

    def _tables(self, values: Mapping[str, Any], key: str, line: int) -> list[Mapping[str, Any]]:
        found = values.get(key, [])
        if not isinstance(found, list):
            raise self.refuse(line, f"{key}: wanted a list of tables")
        return [self._table(one, line, key) for one in cast("list[object]", found)]

    def _strings(self, values: Mapping[str, Any], key: str, line: int) -> list[str]:
        found = values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in cast("list[object]", found)):
            raise self.refuse(line, f"{key}: wanted a list of texts")
        return cast("list[str]", found)

    def _str(self, values: Mapping[str, Any], key: str, line: int, default: str | None = None) -> str:
        found = values.get(key, default)
        if not isinstance(found, str):
            raise self.refuse(line, f"{key}: wanted a text" + ("" if found is None else f", found {found!r}"))
        return found

    def _int(self, values: Mapping[str, Any], key: str, line: int, default: int) -> int:
        found = values.get(key, default)
        if type(found) is not int:
            raise self.refuse(line, f"{key}: wanted a whole number, found {found!r}")
        return found

    def _expression(self, values: Mapping[str, Any], key: str, line: int, names: frozenset[str]) -> Expression:
        return self._parse(self._str(values, key, line), line, names)

    def _parse(self, source: str, line: int, names: frozenset[str]) -> Expression:
        try:
            return parse(source, names)
        except Refused as wrong:
            raise self.refuse(line, str(wrong)) from None


HEAD_KEYS = ("version", "code", "track", "minutes", "summary", "flavour", "order", "seed", "select", "sandbox",
             "cluster", "topic", "producer", "consumer", "check")  # fmt: skip
STEP_KEYS = ("question", "task", "check", "hints", "remember", "solve", "select", "speed")
QUESTION_KEYS = ("text", "when", "option", "answer", "tolerance", "why", "solution", "wrong")
CLUSTER_KEYS = ("brokers", "config", "disk_capacity_bytes", "link_extra_us")
PRODUCER_KEYS = (
    "name",
    "topic",
    "rate",
    "keys",
    "value_bytes",
    "count",
    "config",
    "data",
)
CONSUMER_KEYS = ("name", "group", "topics", "work_us", "work_ms", "commit", "config")


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file. Raises Refused with file, line and remedy."""
    return Reader(path).lesson()
