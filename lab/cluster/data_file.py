"""A data file becomes rows: what a producer replays of the real outside.

CSV with a header line, or JSON lines. The timestamp column may hold seconds or milliseconds since 1970
or an ISO 8601 date. Times become microseconds since the first row. A malformed row is refused with its
line number, or skipped and reported, as the user chose.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lab.cluster.refused import Refused, wanted
from lab.cluster.spec import DataSpec
from lab.env import Micros
from lab.resources import assets_folder

ROWS_MAX = 1_000_000
BYTES_MAX = 200_000_000
MILLISECONDS_FROM = 100_000_000_000
"""A whole number from here on is milliseconds since 1970, below it seconds (the year 5138)."""


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
        found = (folder / path).resolve()
        if found.is_relative_to(folder.resolve()) and found.is_file():
            return found
    raise Refused(f"wanted a data file in assets/data or beside the scenario, found {path!r}")


def read_rows(spec: DataSpec, path: Path) -> tuple[tuple[DataRow, ...], tuple[BadRow, ...]]:
    """All good rows in order of time, and the bad ones. Raises Refused, at once where `bad_rows` is refuse."""
    wanted(spec.bad_rows in ("refuse", "skip"), f"{path.name}: wanted bad_rows refuse or skip", spec.bad_rows)
    wanted(
        path.stat().st_size <= BYTES_MAX, f"{path.name}: wanted at most {BYTES_MAX:,} bytes", f"{path.stat().st_size:,}"
    )
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
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        if path.suffix == ".csv":
            reader = csv.DictReader(file)
            for row in reader:
                short = None in row or None in row.values()
                columns = len(reader.fieldnames or ())
                yield reader.line_num, f"wanted {columns} columns" if short else row
            return
        for line, text in enumerate(file, 1):
            if text.strip():
                yield line, _json_row(text)


def _json_row(text: str) -> Mapping[str, Any] | str:
    try:
        found = json.loads(text)
    except ValueError as wrong:
        return f"wanted JSON, found {wrong}"
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else "wanted a JSON object"


def _parsed(spec: DataSpec, row: Mapping[str, Any] | str) -> tuple[int, bytes | None, bytes]:
    if isinstance(row, str):
        raise Refused(row)
    at = _micros(_column(row, spec.timestamp)) if spec.timestamp else 0
    key = str(_column(row, spec.key)).encode() if spec.key else None
    if spec.value:
        return at, key, str(_column(row, spec.value)).encode()
    return at, key, json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()


def _column(row: Mapping[str, Any], name: str) -> object:
    if name not in row:
        raise Refused(f"wanted a column {name!r}, found {', '.join(row)}")
    return row[name]


def _micros(value: object) -> Micros:
    """A timestamp as microseconds since 1970. A date without a zone is UTC."""
    text = str(value).strip()
    if text.lstrip("-").isdigit():
        number = int(text)
        return number * 1_000 if abs(number) >= MILLISECONDS_FROM else number * 1_000_000
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"wanted a timestamp, found {text!r}") from None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    since = date - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
