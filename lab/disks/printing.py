"""Printing: what was found in a folder of logs, as lines for people or as JSON for programs (`lab logs`)."""

import base64
import dataclasses
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from lab.disks.found import Batch, Folder, Found, OneRecord, Other, Problem, Segment, Table, Values
from lab.disks.reading import read

SHOWN_MAX = 60
"""Characters of a key or a value."""
ROWS_MAX = 20
"""Rows of a table; JSON has all."""
PROBLEMS = 1


def print_logs(path: Path, *, as_json: bool, records: bool) -> int:
    """Print what is found at a path. Returns 1 if there are problems among it. Raises Refused."""
    problems = 0
    try:
        for one in read(path, records=records):
            problems += isinstance(one, Problem)
            print(json.dumps(to_data(one), ensure_ascii=False) if as_json else to_text(one))
        if not as_json:
            print(f"{problems:,} problems" if problems != 1 else "1 problem")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough (`lab logs DIR | head`); the interpreter must not try to flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PROBLEMS if problems else 0


# --- for programs ---------------------------------------------------------------------------------


def to_data(one: Found) -> dict[str, Any]:
    """As one JSON object: what it is, then its fields."""
    data: dict[str, Any] = {"kind": KINDS[type(one)]}
    for field in dataclasses.fields(one):
        data[field.name] = _plain(getattr(one, field.name))
    return data


KINDS: dict[type, str] = {
    Folder: "folder", Segment: "segment", Batch: "batch", OneRecord: "record", Table: "table", Values: "values",
    Other: "other", Problem: "problem",
}  # fmt: skip


def _plain(value: object) -> object:
    """Bytes are text where they are UTF-8, else an object that says they are base64."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return [_plain(one) for one in cast("tuple[object, ...]", value)]
    return value


# --- for people -----------------------------------------------------------------------------------


def to_text(one: Found) -> str:
    """As one line, or for a table a few."""
    match one:
        case Folder():
            return f"\n{one.path}: {one.what}"
        case Segment():
            return f"  {_name(one.path)}: a segment from offset {one.base_offset:,}, {one.size_bytes:,} bytes"
        case Batch():
            return _batch_text(one)
        case OneRecord():
            return f"        {one.offset:>10,}  {date(one.timestamp_ms)}  {_record_text(one)}"
        case Table():
            return _table_text(one)
        case Values():
            values = ", ".join(f"{key} {value}" for key, value in one.values)
            return f"  {_name(one.path)}: {one.what}: {values}"
        case Other():
            return f"  {_name(one.path)}: {one.what}, {one.size_bytes:,} bytes"
        case Problem():
            return f"  !! {one}"


def _batch_text(one: Batch) -> str:
    parts = [
        f"offsets {one.base_offset:,} to {one.last_offset:,}",
        f"{one.record_count:,} {'record' if one.record_count == 1 else 'records'}",
        f"{one.size_bytes:,} bytes",
        "uncompressed" if one.codec == "none" else one.codec,
        f"leader epoch {one.leader_epoch}",
    ]
    if one.producer_id >= 0:
        sequence = f" sequence {one.base_sequence} to {one.last_sequence}" if one.base_sequence >= 0 else ""
        parts.append(f"producer {one.producer_id} epoch {one.producer_epoch}{sequence}")
    parts += ["transactional"] * one.transactional + ["control"] * one.control
    parts += [f"{'append' if one.log_append_time else 'create'} time up to {date(one.max_timestamp_ms)}"]
    if one.delete_horizon_ms is not None:
        parts.append(f"tombstones may go from {date(one.delete_horizon_ms)}")
    parts.append("CRC valid" if one.crc_valid else "CRC WRONG")
    return f"    byte {one.position:,}: {', '.join(parts)}"


def _record_text(one: OneRecord) -> str:
    if one.control:
        return one.control
    headers = "".join(f"  [{key}: {_shortened(value)}]" for key, value in one.headers)
    return f"{_shortened(one.key)} = {_shortened(one.value)}{headers}"


def _shortened(value: bytes | None) -> str:
    """Text where it is text that can be printed, else its bytes in hexadecimal; null for what is not there."""
    if value is None:
        return "null"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or (value and not text):
        text = f"0x{value[:SHOWN_MAX].hex()}"
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}… ({len(value):,} bytes)"


def _table_text(one: Table) -> str:
    rows = [one.rows[at] for at in range(min(len(one.rows), ROWS_MAX))]
    count = "no entries" if not one.rows else "1 entry" if len(one.rows) == 1 else f"{len(one.rows):,} entries"
    note = f"; {one.note}" if one.note else ""
    lines = [f"  {_name(one.path)}: {one.what}, {count}{note}"]
    for row in rows:
        fields = (f"{column} {value}" for column, value in zip(one.columns, row, strict=True))
        lines.append(f"        {', '.join(fields)}")
    if len(one.rows) > ROWS_MAX:
        lines.append(f"        … {len(one.rows) - ROWS_MAX:,} more (all of them with --json)")
    return "\n".join(lines)


def date(timestamp_ms: int) -> str:
    """A timestamp in UTC; the number itself where it is none, or of no year we know."""
    if timestamp_ms < 0:
        return "no date"
    try:
        text = datetime.fromtimestamp(timestamp_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{timestamp_ms} ms"
    return text.replace("+00:00", "Z")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
