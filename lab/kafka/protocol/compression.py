"""Compression of a batch's records: gzip, snappy (xerial framing), lz4 frames, zstd; by cramjam."""

from enum import IntEnum
from typing import Any, cast

import cramjam

from lab.kafka.protocol.primitives import Malformed

# cramjam ships no complete type stubs; its codecs are modules with compress and decompress.
_codecs = cast("Any", cramjam)
XERIAL = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
BLOCK = 32 * 1024


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
                return bytes(_codecs.gzip.decompress(data))
            case Compression.SNAPPY:
                return _unsnappy(data)
            case Compression.LZ4:
                return bytes(_codecs.lz4.decompress(data))
            case Compression.ZSTD:
                return bytes(_codecs.zstd.decompress(data))
    except _codecs.DecompressionError as wrong:
        raise Malformed(f"{codec.name.lower()} wanted: {wrong}") from None


def _unsnappy(data: bytes) -> bytes:
    if not data.startswith(XERIAL[:8]):
        return bytes(_codecs.snappy.decompress_raw(data))
    found: list[bytes] = []
    at = len(XERIAL)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(bytes(_codecs.snappy.decompress_raw(data[at + 4 : at + 4 + size])))
        at += 4 + size
    return b"".join(found)
