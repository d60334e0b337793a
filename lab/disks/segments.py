"""Segments: the batches and records of a `.log` file, whoever wrote it. Nothing in it is believed."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

from lab.disks.found import Batch, Found, OneRecord, Problem, Segment
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import HEADER_SIZE, LOG_APPEND_TIME, LOG_OVERHEAD, Record, RecordBatch

MAGIC_AT = 16
OLD_MIN = 14
"""The shortest message of the formats before batches (magic 0 and 1), behind its offset and size."""
KIND = struct.Struct(">hh")
MARKER_VALUE = struct.Struct(">hi")
CONTROLS = ("ABORT", "COMMIT", "LEADER_CHANGE", "SNAPSHOT_HEADER", "SNAPSHOT_FOOTER", "KRAFT_VERSION", "KRAFT_VOTERS")
MARKERS = 2
"""The first two are the markers of transactions."""


def read_segment(path: Path, base_offset: int, *, records: bool = True) -> Iterator[Found]:
    """The segment, then each batch with its records and what is wrong with it."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        yield Segment(str(path), size, base_offset)
        position, next_offset = 0, base_offset
        while position < size:
            file.seek(position)
            head = file.read(HEADER_SIZE)
            problem = _header_problem(str(path), position, head, size - position)
            if problem is not None:
                yield problem
            length = _length(head)
            if length is None or not OLD_MIN + LOG_OVERHEAD <= length <= size - position:
                return  # whatever stands behind it, nobody can tell where it begins
            if problem is None:
                file.seek(position)
                batch = RecordBatch(file.read(length))
                yield from _batch(str(path), position, batch, next_offset, records)
                next_offset = max(next_offset, batch.next_offset)
            position += length


def _length(head: bytes) -> int | None:
    """How long the batch says it is; None if the end of the file cuts off even that."""
    if len(head) < LOG_OVERHEAD:
        return None
    return int.from_bytes(head[8:LOG_OVERHEAD], "big", signed=True) + LOG_OVERHEAD


def _header_problem(path: str, position: int, head: bytes, left: int) -> Problem | None:
    length = _length(head)
    if length is None:
        return Problem(path, position, f"a batch header of {HEADER_SIZE} bytes", f"the last {left}")
    if not any(head):
        return Problem(path, position, "a batch", f"zeros, in the last {left:,} bytes: reserved and never written")
    if len(head) > MAGIC_AT and head[MAGIC_AT] in (0, 1):
        return Problem(path, position, "magic 2 (batches, since Kafka 0.11)", f"magic {head[MAGIC_AT]}, an older one")
    if length < HEADER_SIZE:
        return Problem(path, position, f"a batch of at least {HEADER_SIZE} bytes", f"a length of {length}")
    if length > left:
        return Problem(path, position, f"a batch of {length:,} bytes", f"the last {left:,}: the end is torn off")
    if head[MAGIC_AT] != 2:
        return Problem(path, position, "magic 2", f"magic {head[MAGIC_AT]}")
    return None


def _batch(path: str, position: int, batch: RecordBatch, next_offset: int, records: bool) -> Iterator[Found]:
    valid = batch.valid_crc()
    try:
        codec = batch.compression.name.lower()
    except Malformed as wrong:
        codec = "unknown"
        yield Problem(path, position, "a codec of 0 to 4", str(wrong).rpartition(", ")[2].removesuffix(" found"))
    yield Batch(
        position, batch.size, batch.base_offset, batch.last_offset, batch.record_count, codec, batch.leader_epoch,
        batch.producer_id, batch.producer_epoch, batch.base_sequence, batch.last_sequence, batch.is_transactional,
        batch.is_control, bool(batch.attributes & LOG_APPEND_TIME), batch.delete_horizon_ms,
        batch.base_timestamp_ms, batch.max_timestamp_ms, valid,
    )  # fmt: skip
    if batch.base_offset < next_offset:
        yield Problem(path, position, f"a base offset of at least {next_offset:,}", f"{batch.base_offset:,}")
    if batch.last_offset < batch.base_offset:
        yield Problem(
            path, position, "a last offset delta of at least 0", f"{batch.last_offset - batch.base_offset:,}"
        )  # fmt: skip
    if not valid:
        yield Problem(
            path, position, f"CRC {batch.crc:#010x}, as the header says", "bytes of another CRC: they were changed"
        )  # fmt: skip
        return
    if codec == "unknown":
        return
    try:
        found = batch.records()
    except Malformed as wrong:
        yield Problem(path, position, "records as the header says", str(wrong))
        return
    if records:
        for record in found:
            yield OneRecord(
                record.offset, record.timestamp_ms, record.key, record.value,
                tuple((one.key, one.value) for one in record.headers), _control(record) if batch.is_control else "",
            )  # fmt: skip


def _control(record: Record) -> str:
    """What a control record says, in Kafka's words."""
    if record.key is None or len(record.key) < KIND.size:
        return "a control record without a type"
    kind: int = KIND.unpack_from(record.key)[1]
    if not 0 <= kind < len(CONTROLS):
        return f"a control record of type {kind}"
    if kind < MARKERS and record.value is not None and len(record.value) >= MARKER_VALUE.size:
        _, coordinator_epoch = MARKER_VALUE.unpack_from(record.value)
        return f"{CONTROLS[kind]}, coordinator epoch {coordinator_epoch}"
    return CONTROLS[kind]
