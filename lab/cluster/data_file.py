"""A data file becomes rows: what a producer replays of the real outside.

CSV with a header line, or JSON lines. The timestamp column may hold seconds or milliseconds since 1970
or an ISO 8601 date. Times become microseconds since the first row. A malformed row is refused with its
line number, or skipped and reported, as the user chose.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.spec import DataSpec
from lab.env import Micros
from lab.resources import assets_folder

ROWS_MAX = 1_000_000
BYTES_MAX = 200_000_000
MILLISECONDS_FROM = 100_000_000_000
"""A whole number from here on is milliseconds since 1970, below it seconds (the year 5138)."""
WHOLE = re.compile(r"-?[0-9]{1,15}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row: when (since the first row), key and value."""

    at: Micros
    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped."""

    line: int
    reason: str


def locate(path: str, beside: Path | None = None) -> Path:
    """The file a scenario names: below `assets/data`, or beside the scenario. Never outside of both."""
    for folder in (assets_folder() / "data", beside):
        if folder is None:
            continue
        try:
            found = (folder / path).resolve()
            if found.is_relative_to(folder.resolve()) and found.is_file():
                return found
        except (OSError, ValueError):
            break  # a name no file can have
    raise Refused(f"wanted a data file in assets/data or beside the scenario, found {shown(path)}")


def data_files() -> tuple[str, ...]:
    """The names of what lies in `assets/data`."""
    return tuple(sorted(one.name for one in (assets_folder() / "data").iterdir() if one.suffix in (".csv", ".jsonl")))


def skipped_text(name: str, bad: tuple[BadRow, ...]) -> str:
    """What was left out of a file, in one sentence."""
    first = f"line {bad[0].line}: {bad[0].reason}"
    return (
        f"of {name} {len(bad):,} rows are skipped, the first in {first}"
        if len(bad) > 1
        else f"{name}, {first}; skipped"
    )


def read_rows(spec: DataSpec, path: Path) -> tuple[tuple[DataRow, ...], tuple[BadRow, ...]]:
    """All good rows in order of time, and the bad ones. Raises Refused, at once where `bad_rows` is refuse."""
    wanted(spec.bad_rows in ("refuse", "skip"), f"{path.name}: wanted bad_rows refuse or skip", shown(spec.bad_rows))
    try:
        found = path.stat()
        wanted(found.st_size <= BYTES_MAX, f"{path.name}: wanted at most {BYTES_MAX:,} bytes", f"{found.st_size:,}")
        return _sorted(spec, path, found.st_mtime_ns)
    except OSError as wrong:
        raise Refused(f"{path.name}: wanted a file to read, found {wrong.strerror}") from None


@lru_cache(maxsize=4)
def _sorted(spec: DataSpec, path: Path, changed_at_ns: int) -> tuple[tuple[DataRow, ...], tuple[BadRow, ...]]:
    """Kept, since a menu asks several times a second whether a file could be sent."""
    rows: list[tuple[int, bytes | None, bytes]] = []
    bad: list[BadRow] = []
    for line, row in _rows(path):
        try:
            rows.append(_parsed(spec, row))
        except Refused as wrong:
            if spec.bad_rows == "refuse":
                raise Refused(f"{path.name}, line {line}: {wrong}") from None
            bad.append(BadRow(line, str(wrong)))
        wanted(len(rows) <= ROWS_MAX, f"{path.name}: wanted at most {ROWS_MAX:,} rows", f"more at line {line}")
    wanted(bool(rows), f"{path.name}: wanted at least one good row", "none")
    rows.sort(key=lambda row: row[0])
    first = rows[0][0]
    return tuple(DataRow(at - first, key, value) for at, key, value in rows), tuple(bad)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Line numbers and rows; a string in place of a row says what is wrong with it."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        if path.suffix.lower() == ".csv":
            yield from _csv_rows(csv.reader(file, strict=True))
            return
        for line, text in enumerate(file, 1):
            if text.strip():
                yield line, _json_row(text)


def _csv_rows(reader: "Iterator[list[str]]") -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """After a field beyond the csv module's limit the rest of the line is a row of its own, and likely a bad one."""
    names: list[str] | None = None
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield reader.line_num, f"wanted CSV, found {wrong}"  # type: ignore[attr-defined]
            continue
        if not fields:
            continue
        if names is None:
            names = fields
        elif len(fields) == len(names):
            yield reader.line_num, dict(zip(names, fields, strict=True))  # type: ignore[attr-defined]
        else:
            yield reader.line_num, f"wanted {len(names)} columns, found {len(fields)}"  # type: ignore[attr-defined]


def _json_row(text: str) -> Mapping[str, Any] | str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return f"wanted JSON, found {shown(text.strip())}"
    return (
        cast("Mapping[str, Any]", found) if isinstance(found, dict) else f"wanted a JSON object, found {shown(found)}"
    )


def _parsed(spec: DataSpec, row: Mapping[str, Any] | str) -> tuple[int, bytes | None, bytes]:
    if isinstance(row, str):
        raise Refused(row)
    at = _micros(_column(row, spec.timestamp)) if spec.timestamp else 0
    found = _column(row, spec.key) if spec.key else None
    key = None if found is None else _encoded(found)
    return at, key, _encoded(_column(row, spec.value) if spec.value else row)


def _encoded(value: object) -> bytes:
    """Text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused(f"wanted Unicode text, found {shown(text)}") from None


def _column(row: Mapping[str, Any], name: str) -> object:
    wanted(name in row, f"wanted a column {name!r}", ", ".join(row))
    return row[name]


def _micros(value: object) -> Micros:
    """A timestamp as microseconds since 1970. A date without a zone is UTC."""
    text = str(value).strip()
    try:
        if WHOLE.fullmatch(text):
            number = int(text)
            since = timedelta(milliseconds=number) if abs(number) >= MILLISECONDS_FROM else timedelta(seconds=number)
            date = EPOCH + since
        else:
            date = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Refused(f"wanted a timestamp of the years 1 to 9999, found {shown(text)}") from None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    since = date - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
