"""Bytes as a hex dump, and a record decoded field by field."""

from datetime import UTC, datetime

from lab.cluster.probes.views import RecordRow

BYTES_A_LINE = 16


def hex_dump(data: bytes) -> str:
    """Offset, sixteen bytes in two groups of eight, and their printable characters, line by line."""
    return "\n".join(_line(start, data[start : start + BYTES_A_LINE]) for start in range(0, len(data), BYTES_A_LINE))


def byte_columns(first: int, last: int) -> list[tuple[int, int]]:
    """Where the bytes `first` to `last` of a line stand in it, as stretches of columns: in each group of eight, then
    their characters.
    """
    found: list[tuple[int, int]] = []
    for group in (0, 8):
        begin, end = max(first, group), min(last, group + 7)
        if begin <= end:
            found.append((_column(begin), _column(end) + 2))
    letters = _column(BYTES_A_LINE - 1) + 4
    return [*found, (letters + first, letters + last + 1)]


def _column(place: int) -> int:
    return 8 + 3 * place + (1 if place >= 8 else 0)


def _line(start: int, part: bytes) -> str:
    left, right = part[:8].hex(" "), part[8:].hex(" ")
    letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
    return f"{start:06x}  {left:<23}  {right:<23}  {letters}"


def date_text(timestamp_ms: int) -> str:
    """A record's timestamp as a date in UTC, or the bare number where no calendar has it."""
    try:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{timestamp_ms} ms"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{timestamp_ms % 1000:03}"


def decoded(row: RecordRow) -> tuple[tuple[str, str], ...]:
    """The fields of a record as (label, value), in the order of the record batch format."""
    headers = tuple((f"header {key}", value) for key, value in row.headers)
    return (
        ("offset", str(row.offset)),
        ("timestamp", f"{date_text(row.timestamp_ms)} ({row.timestamp_ms} ms)"),
        ("key", row.key),
        ("value", row.value),
        *headers,
        ("batch", f"{row.batch[0]}–{row.batch[1]}"),
        *((("crc", "does not match: the batch is corrupt"),) if row.corrupt else ()),
        ("leader_epoch", str(row.leader_epoch)),
        ("producer_id", str(row.producer_id) if row.producer_id >= 0 else "none"),
        ("sequence", str(row.sequence) if row.sequence >= 0 else "none"),
        ("size", f"{row.size_bytes} bytes"),
    )
