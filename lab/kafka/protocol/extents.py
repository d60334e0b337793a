"""Extent: where one record lies in a batch, without the record itself; what the cleaner looks at (spec 1.1.2).

Decoding a record whole costs four times as much, and the cleaner only wants its key and whether it has a value:
what stays is copied as the bytes it is.
"""

from typing import TypeAlias

from lab.kafka.protocol.compression import decompress
from lab.kafka.protocol.primitives import Malformed, read_varint
from lab.kafka.protocol.records import COMPRESSION_MASK, HEADER_SIZE, RecordBatch

NULL = 1
"""The length -1 of a key or value that is null, zig-zag encoded."""


Extent: TypeAlias = tuple[int, int, bytes | None, bool, int, int]
"""A record as (offset and timestamp relative to the batch, key, whether it has a value, start, end): the bytes from
start to end of the payload are it. A plain tuple, since there are as many as records.
"""


def payload_of(batch: RecordBatch) -> bytes:
    """The encoded records of a batch, unpacked. Raises Malformed."""
    data = batch.data[HEADER_SIZE:]
    return decompress(batch.compression, data) if batch.attributes & COMPRESSION_MASK else data


def extents_in(data: bytes, count: int) -> list[Extent]:
    """The records of a payload. Raises Malformed. Numbers of one and two bytes are read here: a call a number would
    take as long as all the rest.
    """
    found: list[Extent] = []
    at = 0
    try:
        for _ in range(count):
            start = at
            byte = data[at]
            if byte < 0x80:
                length, at = byte >> 1, at + 1
            elif data[at + 1] < 0x80:
                length, at = (data[at + 1] << 7 | byte & 0x7F) >> 1, at + 2
            else:
                length, at = read_varint(data, at)
                if length < 0:
                    raise Malformed(f"a record at byte {start}: a length of at least 0 wanted, {length} found")
            end = at + length
            byte = data[at + 1]
            if byte < 0x80:
                timestamp_delta, at = (byte >> 1) ^ -(byte & 1), at + 2
            else:
                timestamp_delta, at = read_varint(data, at + 1, 10)
            byte = data[at]
            if byte < 0x80:
                offset_delta, at = byte >> 1, at + 1
            elif data[at + 1] < 0x80:
                offset_delta, at = (data[at + 1] << 7 | byte & 0x7F) >> 1, at + 2
            else:
                offset_delta, at = read_varint(data, at)
            byte = data[at]
            at += 1
            if byte == NULL:
                key = None
            else:
                if byte < 0x80:
                    size = byte >> 1
                else:
                    size, at = read_varint(data, at - 1)
                key = data[at : at + size]
                at += size
            found.append((offset_delta, timestamp_delta, key, data[at] != NULL, start, end))
            at = end
    except IndexError:
        raise Malformed(f"a record before byte {len(data)}: more bytes wanted, none left") from None
    if at != len(data):
        raise Malformed(f"a batch: {count} records in {len(data)} bytes wanted, {at} used")
    return found
