"""Record batches as spec 1.1 draws them, field by field and bit by bit: nothing here is the engine's."""

import dataclasses
import struct

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, its bits reversed."""


def castagnoli(data: bytes) -> int:
    """CRC-32C, a bit at a time."""
    found = 0xFFFFFFFF
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = (found >> 1) ^ (POLYNOMIAL if found & 1 else 0)
    return found ^ 0xFFFFFFFF


def zigzag(number: int, bits: int = 32) -> bytes:
    """n -> (n << 1) ^ (n >> bits - 1), then seven bits a byte, the low ones first."""
    left = ((number << 1) ^ (number >> (bits - 1))) & ((1 << bits) - 1)
    found = b""
    while True:
        found += bytes([(left & 0x7F) | (0x80 if left > 0x7F else 0)])
        left >>= 7
        if not left:
            return found


def sized(data: bytes | None) -> bytes:
    """Bytes behind their length; null has the length -1."""
    return zigzag(-1) if data is None else zigzag(len(data)) + data


def record(
    key: bytes | None,
    value: bytes | None,
    offset_delta: int = 0,
    timestamp_delta: int = 0,
    headers: tuple[tuple[str, bytes | None], ...] = (),
) -> bytes:
    """One record (spec 1.1.2)."""
    body = struct.pack(">b", 0)
    body += zigzag(timestamp_delta, 64) + zigzag(offset_delta) + sized(key) + sized(value) + zigzag(len(headers))
    for name, content in headers:
        body += sized(name.encode()) + sized(content)
    return zigzag(len(body)) + body


@dataclasses.dataclass
class Batch:
    """The 61 bytes of spec 1.1.1, and the records behind them."""

    records: bytes
    records_count: int = 1
    base_offset: int = 0
    partition_leader_epoch: int = -1
    magic: int = 2
    attributes: int = 0
    last_offset_delta: int | None = None
    base_timestamp: int = 0
    max_timestamp: int = 0
    producer_id: int = -1
    producer_epoch: int = -1
    base_sequence: int = -1

    def encoded(self) -> bytes:
        last = self.records_count - 1 if self.last_offset_delta is None else self.last_offset_delta
        covered = struct.pack(">h", self.attributes)
        covered += struct.pack(">i", last)
        covered += struct.pack(">q", self.base_timestamp)
        covered += struct.pack(">q", self.max_timestamp)
        covered += struct.pack(">q", self.producer_id)
        covered += struct.pack(">h", self.producer_epoch)
        covered += struct.pack(">i", self.base_sequence)
        covered += struct.pack(">i", self.records_count)
        covered += self.records
        before = struct.pack(">ib", self.partition_leader_epoch, self.magic)
        after_length = before + struct.pack(">I", castagnoli(covered)) + covered
        return struct.pack(">qi", self.base_offset, len(after_length)) + after_length
