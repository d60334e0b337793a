"""Record batches of format v2, written anew so that both brokers get bytes which our own code has not made."""

import struct

from crc32c import crc32c

TRANSACTIONAL = 1 << 4
NOBODY = (-1, -1, -1)
"""Producer id, epoch and first sequence of a producer that is not idempotent."""
Row = tuple[bytes | None, bytes | None]


def batch(
    rows: list[Row], now_ms: int, *, producer: tuple[int, int, int] = NOBODY, attributes: int = 0, count: int = -1
) -> bytes:
    body = b"".join(_record(number, key, value) for number, (key, value) in enumerate(rows))
    last, found = len(rows) - 1, len(rows) if count < 0 else count
    inner = struct.pack(">hiqqqhii", attributes, last, now_ms, now_ms, *producer, found) + body
    return struct.pack(">qiibI", 0, 9 + len(inner), -1, 2, crc32c(inner)) + inner


def values(*words: str) -> list[Row]:
    return [(b"k", word.encode()) for word in words]


def with_a_wrong_crc(data: bytes) -> bytes:
    return data[:-2] + bytes((data[-2] ^ 1,)) + data[-1:]


def heads(data: bytes) -> list[dict[str, int]]:
    """What the batches in an answer say of themselves."""
    found, at = [], 0
    while at + 61 <= len(data):
        base, size, epoch, magic, _, attributes, last, first_ms, max_ms, producer, producer_epoch, sequence, count = (
            struct.unpack_from(">qiibIhiqqqhii", data, at)
        )
        if at + 12 + size > len(data):
            break
        found.append({
            "base_offset": base, "size": size, "leader_epoch": epoch, "magic": magic, "attributes": attributes,
            "last_offset_delta": last, "first_timestamp": first_ms, "max_timestamp": max_ms, "producer_id": producer,
            "producer_epoch": producer_epoch, "base_sequence": sequence, "count": count,
        })  # fmt: skip
        at += 12 + size
    return found


def _record(number: int, key: bytes | None, value: bytes | None) -> bytes:
    body = b"\0" + _varint(0) + _varint(number) + _bytes(key) + _bytes(value) + _varint(0)
    return _varint(len(body)) + body


def _bytes(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(value: int) -> bytes:
    rest, found = (value << 1) ^ (value >> 63), bytearray()
    while rest >= 0x80:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes((*found, rest))
