"""RecordBatch and Record: format v2, byte for byte (spec 1.1).

A batch is its bytes; the header is parsed once, the records when asked for. Leader and followers share
one object. The CRC covers everything from the attributes on, so a leader assigns offsets and its epoch
without touching it.
"""

import struct
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from crc32c import crc32c

from lab.env.sealed import Sealed
from lab.kafka.protocol.compression import Compression, compress, decompress
from lab.kafka.protocol.primitives import SIGNED, Malformed, read_varint, varint

HEADER = struct.Struct(">qiibIhiqqqhii")
HEADER_SIZE = 61
CRC_FROM = 21
LOG_OVERHEAD = 12
_PLACE = struct.Struct(">qii")
_AFTER_CRC = struct.Struct(">hiqqqhii")
_CRC = struct.Struct(">I")

COMPRESSION_MASK = 0x07
LOG_APPEND_TIME = 0x08
TRANSACTIONAL = 0x10
CONTROL = 0x20
DELETE_HORIZON = 0x40
NO_TIME = -1
SEQUENCES = 1 << 31
DECODED = 16
"""Batches whose records are kept decoded: the ledger and a consumer read the newest ones, each all of it."""


class Header(NamedTuple):
    """A record's header: a name and bytes."""

    key: str
    value: bytes | None


class Record(NamedTuple):
    """One record. A value of None is a tombstone. A tuple, so that all who read a batch may share its records."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()


class RecordBatch(Sealed):
    """One batch. Immutable: assigning offsets makes another one. What a real client has sent is, until a leader has
    placed it, a view of the frame in which it came.
    """

    __slots__ = (
        "attributes",
        "base_offset",
        "base_sequence",
        "base_timestamp_ms",
        "crc",
        "data",
        "last_offset",
        "last_sequence",
        "leader_epoch",
        "max_timestamp_ms",
        "next_offset",
        "producer_epoch",
        "producer_id",
        "record_count",
        "size",
    )

    def __init__(self, data: bytes) -> None:
        (
            self.base_offset,
            length,
            self.leader_epoch,
            _,
            self.crc,
            self.attributes,
            last_offset_delta,
            self.base_timestamp_ms,
            self.max_timestamp_ms,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.record_count,
        ) = HEADER.unpack_from(data)
        self.data = data
        self.size = length + LOG_OVERHEAD
        self.last_offset = self.base_offset + last_offset_delta
        self.next_offset = self.last_offset + 1
        # They wrap from 2147483647 to 0.
        self.last_sequence = (self.base_sequence + last_offset_delta) % SEQUENCES if self.base_sequence >= 0 else -1

    # --- making one -------------------------------------------------------------------------------

    @classmethod
    def build(
        cls,
        records: Sequence[Record],
        *,
        producer_id: int = -1,
        producer_epoch: int = -1,
        base_sequence: int = -1,
        base_offset: int = 0,
        leader_epoch: int = -1,
        compression: Compression = Compression.NONE,
        transactional: bool = False,
        control: bool = False,
    ) -> "RecordBatch":
        """A batch of records with offsets 0, 1, 2 … from `base_offset`; their own offsets are not looked at."""
        assert records, "a batch holds at least one record"
        base_timestamp = records[0].timestamp_ms
        payload = b"".join([encode_record(record, place, base_timestamp) for place, record in enumerate(records)])
        max_timestamp = max([record.timestamp_ms for record in records])
        attributes = compression | (TRANSACTIONAL if transactional else 0) | (CONTROL if control else 0)
        body = compress(compression, payload) if compression else payload
        return cls.assembled(
            attributes, len(records) - 1, base_timestamp, max_timestamp, producer_id, producer_epoch,
            base_sequence, len(records), body, base_offset, leader_epoch,
        )  # fmt: skip

    @classmethod
    def assembled(
        cls,
        attributes: int,
        last_offset_delta: int,
        base_timestamp_ms: int,
        max_timestamp_ms: int,
        producer_id: int,
        producer_epoch: int,
        base_sequence: int,
        record_count: int,
        body: bytes,
        base_offset: int,
        leader_epoch: int,
    ) -> "RecordBatch":
        """A batch from its header fields and the encoded (and compressed) records."""
        fields = _AFTER_CRC.pack(
            attributes, last_offset_delta, base_timestamp_ms, max_timestamp_ms, producer_id,
            producer_epoch, base_sequence, record_count,
        )  # fmt: skip
        length = HEADER_SIZE - LOG_OVERHEAD + len(body)
        place = _PLACE.pack(base_offset, length, leader_epoch)
        return cls(b"".join((place, b"\x02", _CRC.pack(crc32c(body, crc32c(fields))), fields, body)))

    @classmethod
    def parse(cls, data: bytes) -> "RecordBatch":
        """The batch that `data` is, exactly. Raises Malformed; the CRC is not looked at."""
        if len(data) < HEADER_SIZE:
            raise Malformed(f"a batch header: {HEADER_SIZE} bytes wanted, {len(data)} left")
        if data[16] != 2:
            raise Malformed(f"a batch: magic 2 wanted, {data[16]} found")
        batch = cls(data)
        if batch.size != len(data):
            raise Malformed(f"a batch: {batch.size} bytes wanted, {len(data)} found")
        if batch.last_offset < batch.base_offset:
            raise Malformed(f"a batch: a last offset delta of at least 0 wanted at {batch.base_offset}")
        return batch

    @classmethod
    def parse_all(cls, data: bytes) -> "tuple[RecordBatch, ...]":
        """The batches that `data` is, one behind the other. Raises Malformed."""
        found: list[RecordBatch] = []
        at = 0
        while at < len(data):
            if len(data) - at < HEADER_SIZE:
                raise Malformed(f"a batch header at byte {at}: {HEADER_SIZE} bytes wanted, {len(data) - at} left")
            size = int.from_bytes(data[at + 8 : at + LOG_OVERHEAD], "big", signed=True) + LOG_OVERHEAD
            found.append(cls.parse(data[at : at + max(size, HEADER_SIZE)]))
            at += found[-1].size
        return tuple(found)

    # --- reading it -------------------------------------------------------------------------------

    @property
    def compression(self) -> Compression:
        """The codec of the records. Raises Malformed for one that does not exist."""
        codec = self.attributes & COMPRESSION_MASK
        if codec > max(Compression):
            raise Malformed(f"a batch: a codec of 0 to {max(Compression)} wanted, {codec} found")
        return Compression(codec)

    @property
    def is_transactional(self) -> bool:
        """Whether the batch belongs to a transaction."""
        return bool(self.attributes & TRANSACTIONAL)

    @property
    def is_control(self) -> bool:
        """Whether it is a marker, which no application ever sees."""
        return bool(self.attributes & CONTROL)

    @property
    def delete_horizon_ms(self) -> int | None:
        """From when on the cleaner may drop the batch's tombstones; None before it has seen them (KIP-534)."""
        return self.base_timestamp_ms if self.attributes & DELETE_HORIZON else None

    def valid_crc(self) -> bool:
        """Whether the bytes are what their writer meant."""
        return crc32c(memoryview(self.data)[CRC_FROM : self.size]) == self.crc

    @lru_cache(maxsize=DECODED)  # noqa: B019 (it holds sixteen batches, whoever they belong to)
    def records(self) -> tuple[Record, ...]:
        """The records, decoded. Raises Malformed."""
        data = self._unpacked()
        found: list[Record] = []
        at, offset = 0, self.base_offset
        for _ in range(self.record_count):
            record, at = decode_record(data, at, self.base_offset, self.base_timestamp_ms)
            if record.offset < offset:
                raise Malformed(f"a record before byte {at}: offset {offset} or more wanted, {record.offset} found")
            offset = record.offset + 1
            found.append(record)
        if at != len(data):
            raise Malformed(f"a batch: {self.record_count} records wanted, {len(data) - at} bytes left over")
        if offset > self.next_offset:
            raise Malformed(f"a batch: offsets up to {self.last_offset} wanted, {offset - 1} found")
        if self.attributes & LOG_APPEND_TIME:
            return tuple([record._replace(timestamp_ms=self.max_timestamp_ms) for record in found])
        return tuple(found)

    def readable(self) -> tuple[Record, ...]:
        """The records, for who only looks on: none of a batch by which a real client has stored what is no record."""
        try:
            return self.records()
        except Malformed:
            return ()

    def newest(self, count: int) -> tuple[Record, ...]:
        """The last so many records, for who only looks on. Those before are stepped over by their lengths: to decode
        ten thousand for the sake of the last eight takes longer than a frame.
        """
        starts: deque[int] = deque(maxlen=count)
        at = 0
        try:
            data = self._unpacked()
            for _ in range(self.record_count):
                starts.append(at)
                length, at = read_varint(data, at)
                if length < 0:
                    return ()
                at += length
            return tuple([decode_record(data, one, self.base_offset, self.base_timestamp_ms)[0] for one in starts])
        except Malformed:
            return ()

    def _unpacked(self) -> bytes:
        """The bytes of the records. Raises Malformed."""
        data = bytes(self.data[HEADER_SIZE:])
        return decompress(self.compression, data) if self.attributes & COMPRESSION_MASK else data

    # --- another one like it ----------------------------------------------------------------------

    def placed(self, base_offset: int, leader_epoch: int) -> "RecordBatch":
        """This batch where a leader puts it. The CRC stays: it does not cover these fields."""
        place = _PLACE.pack(base_offset, self.size - LOG_OVERHEAD, leader_epoch)
        return RecordBatch(place + memoryview(self.data)[16:])

    def with_append_time(self, now_ms: int) -> "RecordBatch":
        """This batch with the broker's time for all its records (`message.timestamp.type=LogAppendTime`)."""
        return RecordBatch.assembled(
            self.attributes | LOG_APPEND_TIME, self.last_offset - self.base_offset, self.base_timestamp_ms,
            now_ms, self.producer_id, self.producer_epoch, self.base_sequence, self.record_count,
            self.data[HEADER_SIZE:], self.base_offset, self.leader_epoch,
        )  # fmt: skip

    def recompressed(self, codec: Compression) -> "RecordBatch":
        """This batch with its records in another codec. Raises Malformed if they cannot be unpacked."""
        body = compress(codec, decompress(self.compression, bytes(self.data[HEADER_SIZE:])))
        return RecordBatch.assembled(
            self.attributes & ~COMPRESSION_MASK | codec, self.last_offset - self.base_offset,
            self.base_timestamp_ms, self.max_timestamp_ms, self.producer_id, self.producer_epoch,
            self.base_sequence, self.record_count, body, self.base_offset, self.leader_epoch,
        )  # fmt: skip


def encode_record(record: Record, offset_delta: int, base_timestamp_ms: int) -> bytes:
    """One record as it stands in a batch: its length, then its body (spec 1.1.2)."""
    key, value = record.key, record.value
    parts = [b"\x00", varint(record.timestamp_ms - base_timestamp_ms), varint(offset_delta)]
    parts += (b"\x01",) if key is None else (varint(len(key)), key)
    parts += (b"\x01",) if value is None else (varint(len(value)), value)
    parts.append(varint(len(record.headers)))
    for header in record.headers:
        name = header.key.encode()
        parts += (varint(len(name)), name)
        parts += (b"\x01",) if header.value is None else (varint(len(header.value)), header.value)
    body = b"".join(parts)
    return varint(len(body)) + body


def decode_record(data: bytes, at: int, base_offset: int, base_timestamp_ms: int) -> tuple[Record, int]:
    """The record at `at`, and where the next one begins. Raises Malformed."""
    length, at = read_varint(data, at)
    end = at + length
    if length < 0 or end > len(data):
        raise Malformed(f"a record at byte {at}: {length} bytes wanted, {len(data) - at} left")
    timestamp_delta, at = read_varint(data, at + 1, 10)
    offset_delta, at = read_varint(data, at)
    key, at = _sized(data, at)
    value, at = _sized(data, at)
    count, at = read_varint(data, at)
    if not 0 <= count <= end - at:
        raise Malformed(f"a record's headers at byte {at}: a count of 0 to {end - at} wanted, {count} found")
    headers: tuple[Header, ...] = ()
    for _ in range(count):
        name, at = _sized(data, at)
        content, at = _sized(data, at)
        if name is None:
            raise Malformed(f"a header before byte {at}: a name wanted, null found")
        headers += (Header(_text(name), content),)
    if at != end:
        raise Malformed(f"a record: {length} bytes wanted, {at - end + length} used")
    return Record(base_offset + offset_delta, base_timestamp_ms + timestamp_delta, key, value, headers), at


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed(f"a header's name: UTF-8 wanted, {data!r} found") from None


def _sized(data: bytes, at: int) -> tuple[bytes | None, int]:
    if at < len(data) and data[at] < 0x80:  # nearly all of them, and there are four in a record
        size = SIGNED[data[at]]
        at += 1
    else:
        size, at = read_varint(data, at)
    if size < 0:
        return None, at
    end = at + size
    if end > len(data):
        raise Malformed(f"a field at byte {at}: {size} bytes wanted, {len(data) - at} left")
    return data[at:end], end


def batches_in(data: bytes) -> list[RecordBatch]:
    """All whole batches in `data`; a part of one at the end is left out, as clients must."""
    found: list[RecordBatch] = []
    at = 0
    while len(data) - at >= HEADER_SIZE:
        size = int.from_bytes(data[at + 8 : at + 12], "big", signed=True) + LOG_OVERHEAD
        if size < HEADER_SIZE:
            raise Malformed(f"a batch at byte {at}: at least {HEADER_SIZE} bytes wanted, {size} found")
        if at + size > len(data):
            break
        found.append(RecordBatch.parse(data[at : at + size]))
        at += size
    return found
