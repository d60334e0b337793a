"""Small files: all that stands beside the `.log` files: indexes, snapshots of producers, checkpoints, properties."""

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from crc32c import crc32c

from lab.disks.data_folder import read_properties
from lab.disks.found import Found, Other, Problem, Table, Values
from lab.kafka.log.producer_snapshots import COUNT, ENTRY, HEAD, VERSION
from lab.kafka.log.producer_state import Remembered
from lab.kafka.log.segment import OFFSET_ENTRY, TIME_ENTRY
from lab.kafka.log.transaction_index import ENTRY as ABORTED_ENTRY

Reader = Callable[[Path, int], Iterator[Found]]
"""Reads a file, given the offset in its name (0 if there is none)."""


# --- indexes --------------------------------------------------------------------------------------


def read_offset_index(path: Path, base_offset: int) -> Iterator[Found]:
    """Offset and byte position of some batches: the entry names the last offset of the batch that stands there."""
    rows, note, problems = _entries(path, OFFSET_ENTRY)
    yield Table(
        str(path), "an offset index", ("offset", "position"),
        tuple((base_offset + row[0], row[1]) for row in rows), note,
    )  # fmt: skip
    yield from problems
    yield from _falling(path, rows, OFFSET_ENTRY, ("offset", "position"))


def read_time_index(path: Path, base_offset: int) -> Iterator[Found]:
    """The newest timestamp up to an offset, at some offsets."""
    rows, note, problems = _entries(path, TIME_ENTRY)
    yield Table(
        str(path), "a time index", ("timestamp_ms", "offset"),
        tuple((row[0], base_offset + row[1]) for row in rows), note,
    )  # fmt: skip
    yield from problems
    yield from _falling(path, rows, TIME_ENTRY, ("timestamp", "offset"))


def read_transaction_index(path: Path, base_offset: int) -> Iterator[Found]:
    """The aborted transactions whose markers stand in the segment."""
    rows, note, problems = _entries(path, ABORTED_ENTRY)
    columns = ("version", "producer_id", "first_offset", "last_offset", "last_stable_offset")
    yield Table(str(path), "an index of aborted transactions", columns, tuple(rows), note)
    yield from problems
    for at, row in enumerate(rows):
        if row[3] < base_offset:
            yield Problem(
                str(path), at * ABORTED_ENTRY.size, f"a marker at {base_offset:,} or behind", f"one at {row[3]:,}"
            )  # fmt: skip


def _entries(path: Path, entry: struct.Struct) -> tuple[list[tuple[int, ...]], str, list[Problem]]:
    """The entries; a note about what is reserved behind them (Kafka maps indexes into memory at their full size and
    cuts them when it stops in order); and what is wrong with their bytes.
    """
    data = path.read_bytes()
    used = _used(data, entry.size)
    whole = used // entry.size * entry.size
    note = f"{len(data) - used:,} bytes of zeros behind them, reserved" if used < len(data) else ""
    rows: list[tuple[int, ...]] = list(entry.iter_unpack(data[:whole]))
    if whole == used:
        return rows, note, []
    return rows, note, [Problem(str(path), whole, f"an entry of {entry.size} bytes", f"the last {used - whole}")]


def _used(data: bytes, entry_size: int) -> int:
    """Where the zeros at the end begin. A first entry of zeros, and nothing else, is an entry."""
    end = len(data.rstrip(b"\0"))
    whole = -(-end // entry_size) * entry_size
    return len(data) if len(data) - whole < entry_size else whole


def _falling(
    path: Path, rows: list[tuple[int, ...]], entry: struct.Struct, names: tuple[str, str]
) -> Iterator[Problem]:
    for at in range(1, len(rows)):
        for column, name in enumerate(names):
            if rows[at][column] <= rows[at - 1][column]:
                found = f"{rows[at][column]} behind {rows[at - 1][column]}"
                yield Problem(str(path), at * entry.size, f"{name}s that rise", found)


# --- what stands in a partition's folder ----------------------------------------------------------


def read_producer_snapshot(path: Path, end_offset: int) -> Iterator[Found]:
    """What the log knew of its producers below the offset in the name."""
    data = path.read_bytes()
    if len(data) < HEAD.size + COUNT.size:
        yield Problem(str(path), 0, f"a snapshot of at least {HEAD.size + COUNT.size} bytes", str(len(data)))
        return
    version, crc = HEAD.unpack_from(data)
    body = data[HEAD.size :]
    (count,) = COUNT.unpack_from(body)
    if version != VERSION:
        yield Problem(str(path), 0, f"version {VERSION}", str(version))
    if crc != crc32c(body):
        yield Problem(str(path), 2, f"CRC {crc:#010x}, as the head says", f"{crc32c(body):#010x} of the bytes")
    entries = body[COUNT.size :]
    if len(entries) != count * ENTRY.size:
        yield Problem(
            str(path), HEAD.size, f"{count:,} producers of {ENTRY.size} bytes", f"{len(entries):,} bytes"
        )  # fmt: skip
    whole = len(entries) // ENTRY.size * ENTRY.size
    rows = tuple(ENTRY.iter_unpack(entries[:whole]))
    what = f"the producers, as known below offset {end_offset:,}"
    yield Table(str(path), what, Remembered._fields, rows)


def read_leader_epochs(path: Path, _: int) -> Iterator[Found]:
    """At which offset each leader epoch began."""
    yield from _checkpoint(path, "leader epochs", ("epoch", "start_offset"), (int, int))


def read_partition_metadata(path: Path, _: int) -> Iterator[Found]:
    """Of which topic the log is."""
    lines = _text(path).splitlines()
    values = tuple((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in lines))
    yield Values(str(path), "whose log it is", values)
    if [key for key, _ in values] != ["version", "topic_id"]:
        yield Problem(str(path), 0, "version and topic_id", ", ".join(key for key, _ in values) or "nothing")


def read_json(path: Path, _: int) -> Iterator[Found]:
    """`quorum-state`, the mark of a clean stop, and what a served cluster says of itself."""
    try:
        data = json.loads(_text(path))
    except ValueError as wrong:
        yield Problem(str(path), 0, "JSON", str(wrong))
        return
    if isinstance(data, dict):
        yield Values(str(path), JSON_FILES[path.name], tuple(cast("dict[str, object]", data).items()))
    else:
        yield Problem(str(path), 0, "an object", type(data).__name__)


# --- what stands in a log directory ---------------------------------------------------------------


def read_offsets(path: Path, _: int) -> Iterator[Found]:
    """A checkpoint of one offset a partition."""
    yield from _checkpoint(path, OFFSET_FILES[path.name], ("topic", "partition", "offset"), (str, int, int))


def read_meta(path: Path, _: int) -> Iterator[Found]:
    """To which cluster and machine a log directory belongs."""
    yield Values(str(path), "whose log directory it is", tuple(read_properties(_text(path)).items()))


def _checkpoint(path: Path, what: str, columns: tuple[str, ...], kinds: tuple[type, ...]) -> Iterator[Found]:
    """Kafka's checkpoint files: version, how many, and one line each."""
    lines = _text(path).splitlines()
    if not lines:  # Kafka makes the file when it starts, and writes it when there is something to say
        yield Table(str(path), what, columns, (), "never written")
        return
    rows: list[tuple[object, ...]] = []
    problems: list[Problem] = []
    if lines[0] != "0":
        problems.append(Problem(str(path), 0, "version 0 in line 1", lines[0]))
    if len(lines) < 2 or not lines[1].isdigit() or int(lines[1]) != len(lines) - 2:
        said = f"{lines[1] if len(lines) > 1 else 'nothing'}, and {len(lines[2:])} follow"
        problems.append(Problem(str(path), 0, "in line 2 how many lines follow", said))
    for number, line in enumerate(lines[2:], 3):
        try:
            rows.append(tuple(kind(word) for kind, word in zip(kinds, line.split(), strict=True)))
        except ValueError:
            problems.append(Problem(str(path), -1, f"{', '.join(columns)} in line {number}", repr(line)))
    yield Table(str(path), what, columns, tuple(rows))
    yield from problems


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def other(path: Path) -> Found:
    """A file nobody here can read."""
    return Other(str(path), path.stat().st_size, "not a file of a log")


OFFSET_FILES = {
    "replication-offset-checkpoint": "high watermarks",
    "recovery-point-offset-checkpoint": "recovery points: all before them is flushed",
    "log-start-offset-checkpoint": "where logs begin",
    "cleaner-offset-checkpoint": "up to where the cleaner has been",
}
JSON_FILES = {
    "quorum-state": "a voter's epoch, vote and leader",
    ".kafka_cleanshutdown": "it was stopped in order: nothing needs to be checked",
    "streaming-lab.json": "a cluster of lab serve",
}
NAMED: dict[str, Reader] = {
    **dict.fromkeys(OFFSET_FILES, read_offsets),
    **dict.fromkeys(JSON_FILES, read_json),
    "meta.properties": read_meta,
    "leader-epoch-checkpoint": read_leader_epochs,
    "partition.metadata": read_partition_metadata,
}
"""Files known by their names."""
OF_SEGMENT: dict[str, Reader] = {
    "index": read_offset_index,
    "timeindex": read_time_index,
    "txnindex": read_transaction_index,
    "snapshot": read_producer_snapshot,
}
"""Files named by an offset, by what stands behind it."""
