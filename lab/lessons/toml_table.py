"""TomlTable: a table of a scenario file whose values come out in their type, or are refused with their line.

`tomllib` tells no line numbers, so a table keeps the lines it stands in and looks for its keys there. That
finds the right line for whatever a person writes; where it cannot, it names the table's first.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lab.cluster.refused import Refused

Lines = tuple[tuple[int, str], ...]
"""Lines of a file with their numbers, from 1."""


@dataclass(frozen=True, slots=True)
class TomlTable:
    """`values` of `what`, standing in `lines` of `file`."""

    file: str
    what: str
    values: Mapping[str, Any]
    lines: Lines

    def refuse(self, message: str, key: str = "") -> Refused:
        """The exception for a complaint about the table, or about the value of `key`."""
        return refuse(self.file, self.line(key), message)

    def line(self, key: str = "") -> int:
        """Where `key` stands, or the table begins."""
        spelt = rf"[\"']?{re.escape(key)}[\"']?"
        begins = re.compile(rf"\s*\[\[?([\w.-]+\.)?{spelt}\]|(^|.*[\s{{,]){spelt}\s*[.=]")
        if key:
            for number, line in self.lines:
                if begins.match(line):
                    return number
        return self.lines[0][0]

    def only(self, keys: Iterable[str]) -> None:
        """Refuse any other key, with the nearest of those there are."""
        for key in self.values:
            if key not in keys:
                raise self.refuse(f"{self.what} has no {key!r}; {nearest(key, keys)}", key)

    # --- values -----------------------------------------------------------------------------------

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        found = self._given(key, default)
        if not isinstance(found, str):
            raise self._wrong(key, "a text")
        return found

    def whole(self, key: str, default: int) -> int:
        """A whole number."""
        found = self._given(key, default)
        if type(found) is not int:
            raise self._wrong(key, "a whole number")
        return found

    def truth(self, key: str, default: bool) -> bool:
        """true or false."""
        found = self._given(key, default)
        if type(found) is not bool:
            raise self._wrong(key, "true or false")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none if it is not there."""
        found = self.values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in cast("list[object]", found)):
            raise self._wrong(key, 'a list of texts like ["a", "b"]')
        return tuple(cast("list[str]", found))

    def table(self, key: str) -> "TomlTable":
        """A table within; an empty one if it is not there."""
        found = self.values.get(key, {})
        if not isinstance(found, dict):
            raise self._wrong(key, f"a table, [{key}]")
        return TomlTable(self.file, key, cast("dict[str, Any]", found), self._from(self.line(key)))

    def tables(self, key: str, what: str = "") -> "list[TomlTable]":
        """A list of tables, [[key]], each with its own lines; none if it is not there."""
        found = self.values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in cast("list[object]", found)):
            raise self._wrong(key, f"tables, each under a line [[{key}]]")
        items = cast("list[dict[str, Any]]", found)
        return [
            TomlTable(self.file, what or f"[[{key}]]", one, lines)
            for one, lines in zip(items, self._each(key, len(items)), strict=True)
        ]

    def _given(self, key: str, default: object) -> object:
        if key not in self.values and default is None:
            raise self.refuse(f"{self.what} wants {key!r}")
        return self.values.get(key, default)

    def _wrong(self, key: str, wanted: str) -> Refused:
        return self.refuse(f"{key}: wanted {wanted}, found {shown(self.values[key])}", key)

    # --- lines ------------------------------------------------------------------------------------

    def _from(self, first: int) -> Lines:
        return tuple(one for one in self.lines if one[0] >= first)

    def _each(self, key: str, count: int) -> list[Lines]:
        """The lines of each table of a list: from its header, or its opening brace, to the next one's."""
        header = re.compile(rf"\s*\[\[([\w.-]+\.)?{re.escape(key)}\]\]")
        starts = [number for number, line in self.lines if header.match(line)]
        if not starts:
            starts = [number for number, line in self._from(self.line(key)) if line.lstrip().startswith("{")]
        if len(starts) != count or not count:
            return [self._from(self.line(key))] * count
        ends = [*starts[1:], self.lines[-1][0] + 1]
        return [
            tuple(one for one in self.lines if start <= one[0] < end) for start, end in zip(starts, ends, strict=True)
        ]


def read_toml(file: str, what: str, lines: Lines) -> TomlTable:
    """The table that `lines` hold. Raises Refused with the line of a syntax error."""
    text = "\n".join(line for _, line in lines)
    first = lines[0][0] if lines else 1
    try:
        return TomlTable(file, what, tomllib.loads(text), lines or ((first, ""),))
    except tomllib.TOMLDecodeError as wrong:
        at = re.search(r"line (\d+)", str(wrong))
        reason = re.sub(r" \(at [^)]*\)$", "", str(wrong))
        raise refuse(file, first + int(at.group(1)) - 1 if at else first, f"{what} is not TOML: {reason}") from None
    except (RecursionError, ValueError):
        raise refuse(file, first, f"{what} is not TOML: wanted fewer levels and shorter numbers") from None


def refuse(file: str, line: int, message: str) -> Refused:
    """The exception for a complaint about a line of a file."""
    return Refused(f"{file}, line {line}: {message}")


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …` or, when nothing is near, `there are …`."""
    known = list(known)
    near = difflib.get_close_matches(word[:60], known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def shown(value: object) -> str:
    """A value in a sentence, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
