"""Compression of a batch's records: gzip, snappy (xerial framing), lz4 frames, zstd; by cramjam."""

from enum import IntEnum
from typing import Any, cast

import cramjam

from lab.kafka.protocol.primitives import Malformed

# cramjam ships no complete type stubs; its codecs are modules with compress and decompress.
_codecs = cast("Any", cramjam)
XERIAL = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
BLOCK = 32 * 1024
UNPACKED_MAX = 64 << 20
"""More than this no batch holds: a few kB of zeros, packed well, would otherwise fill the memory."""
ROOM = 1 << 16
FULL = "failed to write whole buffer"


class Compression(IntEnum):
    """The codec in the low three bits of a batch's attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


def compress(codec: Compression, data: bytes) -> bytes:
    """`data` in the codec's framing as Kafka wants it."""
    match codec:
        case Compression.NONE:
            return data
        case Compression.GZIP:
            return bytes(_codecs.gzip.compress(data))
        case Compression.SNAPPY:
            blocks = (data[at : at + BLOCK] for at in range(0, len(data), BLOCK))
            packed = (bytes(_codecs.snappy.compress_raw(block)) for block in blocks)
            return XERIAL + b"".join(len(one).to_bytes(4, "big") + one for one in packed)
        case Compression.LZ4:
            return bytes(_codecs.lz4.compress(data))
        case Compression.ZSTD:
            return bytes(_codecs.zstd.compress(data))


def decompress(codec: Compression, data: bytes) -> bytes:
    """The inverse. Raises Malformed."""
    try:
        match codec:
            case Compression.NONE:
                return data
            case Compression.GZIP:
                return _unpacked(_codecs.gzip, data)
            case Compression.SNAPPY:
                return _unsnappy(data)
            case Compression.LZ4:
                return _unpacked(_codecs.lz4, data)
            case Compression.ZSTD:
                return _unpacked(_codecs.zstd, data)
    except _codecs.DecompressionError as wrong:
        raise Malformed(f"{codec.name.lower()} wanted: {wrong}") from None


def _unpacked(codec: Any, data: bytes) -> bytes:
    """Into a room that is made larger until all has room in it. Raises DecompressionError, and Malformed."""
    room = 8 * len(data) + ROOM
    while True:
        found = bytearray(min(room, UNPACKED_MAX))
        try:
            size = codec.decompress_into(data, found)
        except _codecs.DecompressionError as wrong:
            if FULL not in str(wrong):
                raise
            if room >= UNPACKED_MAX:
                raise _too_much() from None
            room *= 8
        else:
            return bytes(memoryview(found)[:size])


def _unsnappy(data: bytes) -> bytes:
    if not data.startswith(XERIAL[:8]):
        return _unsnapped(data)
    found: list[bytes] = []
    at = len(XERIAL)
    total = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(_unsnapped(data[at + 4 : at + 4 + size]))
        total += len(found[-1])
        if total > UNPACKED_MAX:
            raise _too_much()
        at += 4 + size
    return b"".join(found)


def _unsnapped(block: bytes) -> bytes:
    """A block of snappy says first how long it will be."""
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > UNPACKED_MAX:
        raise _too_much()
    return bytes(_codecs.snappy.decompress_raw(block))


def _too_much() -> Malformed:
    return Malformed(f"a batch: at most {UNPACKED_MAX:,} bytes of records wanted, more found")
