"""Anatomy: a frame taken apart, field by field, with the protocol's names and the bytes each field stands in.

It walks the same schema from which the codec is compiled, over the same bytes, and so also tells of what the engine
does without: unused fields, tags nobody here knows. It is for eyes, so it may be slow, and a frame that breaks off is
told as far as it goes.
"""

import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.kafka.protocol.apis import APIS, SIZE_BYTES
from lab.kafka.protocol.codec import Buffer, read_uvarint
from lab.kafka.protocol.codec.source import Source, keyed
from lab.kafka.protocol.messages.api_versions import API_VERSIONS
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import HEADER as BATCH
from lab.kafka.protocol.records import LOG_OVERHEAD
from lab.kafka.protocol.schema import (
    TOPIC_ID,
    Api,
    Array,
    ByTopic,
    Converted,
    Field,
    Fixed,
    Kind,
    Message,
    Single,
    Sized,
    Struct,
    Table,
)

NUMBERS = {"?": "bool", "b": "int8", "h": "int16", "H": "uint16", "i": "int32", "q": "int64", "16s": "uuid"}
TAGS = "tagged_fields"
BATCH_FIELDS = (
    ("base_offset", "q"), ("batch_length", "i"), ("partition_leader_epoch", "i"), ("magic", "b"), ("crc", "I"),
    ("attributes", "h"), ("last_offset_delta", "i"), ("base_timestamp", "q"), ("max_timestamp", "q"),
    ("producer_id", "q"), ("producer_epoch", "h"), ("base_sequence", "i"), ("records_count", "i"),
)  # fmt: skip
"""What stands before the records of a batch (spec 1.1)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field, or a row of them: where it stands in the frame, from `start` to before `end`. `value`: what was read;
    of an array, how many there are; None for a null, and for a row of fields.
    """

    path: str
    name: str
    kind: str
    depth: int
    start: int
    end: int
    value: Any


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A frame's parts in the order of their bytes, rows before what stands in them. `wrong`: why it breaks off."""

    title: str
    parts: tuple[Part, ...]
    wrong: str = ""


def anatomy_of_request(frame: Buffer) -> Anatomy:
    """A request, without its size."""
    walk = _Walk(frame)
    try:
        with walk.row("header", "request header"):
            key = walk.number("request_api_key", "h")
            version = walk.number("request_api_version", "h")
            walk.number("correlation_id", "i")
            walk.sized("client_id", Sized(text=True), "h", compact=False)
            api = APIS.get(key)
            schema = api.request(version) if api is not None and api.versions.has(version) else None
            if schema is not None and schema.is_flexible(version):
                walk.tags(Source(schema, version), ())
    except (struct.error, IndexError, UnicodeDecodeError, Malformed) as wrong:
        return Anatomy("a request", walk.done(), f"broken off: {wrong}")
    title = f"{api.name if api is not None else f'API key {key}'} v{version} request"
    if schema is None:
        return Anatomy(title, walk.done(), "no version that is known here")
    return walk.message(title, schema, version)


def anatomy_of_response(api: Api, version: int, frame: Buffer) -> Anatomy:
    """The answer to a request of that API and version, without its size."""
    walk = _Walk(frame)
    schema = api.response(version)
    try:
        with walk.row("header", "response header"):
            walk.number("correlation_id", "i")
            if schema.is_flexible(version) and api is not API_VERSIONS:
                walk.tags(Source(schema, version), ())
    except (struct.error, IndexError, Malformed) as wrong:
        return Anatomy("a response", walk.done(), f"broken off: {wrong}")
    return walk.message(f"{api.name} v{version} response", schema, version)


def without_size(data: bytes) -> bytes:
    """A frame as it goes over the connection, without the four bytes before it."""
    return data[SIZE_BYTES:]


class _Walk:
    """Where we are in a frame, and what was found before."""

    def __init__(self, frame: Buffer) -> None:
        self.frame = frame
        self.at = 0
        self.parts: list[Part | None] = []
        self.open: list[tuple[int, str, str, int]] = []
        self.path: list[str] = []

    # --- what is found ----------------------------------------------------------------------------

    def done(self) -> tuple[Part, ...]:
        """All parts; rows that were not read to their end end where we are."""
        while self.open:
            self._close(None)
        return tuple(one for one in self.parts if one is not None)

    def message(self, title: str, schema: Message, version: int) -> Anatomy:
        """All that stands behind the header."""
        source = Source(schema, version)
        try:
            self.fields(source, schema.struct.fields)
        except (struct.error, IndexError, UnicodeDecodeError, Malformed) as wrong:
            return Anatomy(title, self.done(), f"broken off: {wrong}")
        left = len(self.frame) - self.at
        return Anatomy(title, self.done(), f"{left} bytes too many" if left else "")

    def _found(self, name: str, kind: str, start: int, value: Any) -> None:
        path = ".".join((*self.path, name))
        self.parts.append(Part(path, name, kind, len(self.path), start, self.at, value))

    @contextmanager
    def row(self, name: str, kind: str, value: Any = None, start: int | None = None) -> Generator[None]:
        """What is found within stands in this."""
        self.open.append((len(self.parts), name, kind, self.at if start is None else start))
        self.parts.append(None)
        self.path.append(name)
        yield
        self._close(value)

    def _close(self, value: Any) -> None:
        place, name, kind, start = self.open.pop()
        path = ".".join(self.path)
        self.path.pop()
        self.parts[place] = Part(path, name, kind, len(self.path), start, self.at, value)

    # --- kinds ------------------------------------------------------------------------------------

    def fields(self, source: Source, fields: tuple[Field, ...], *, tags: bool = True) -> None:
        """Fields in a row, and their tag section."""
        for one in source.fields(fields):
            self.kind(source, one.name, one.kind)
        if source.flexible and tags:
            self.tags(source, fields)

    def kind(self, source: Source, name: str, kind: Kind) -> None:
        """One field of a kind."""
        match kind:
            case Fixed():
                self.number(name, kind.code, kind)
            case Sized():
                self.sized(name, kind, "h" if kind.text else "i", compact=source.flexible)
            case Converted():
                self.kind(source, name, kind.kind)
            case Single():
                self.kind(source, name, kind.of)
            case Struct():
                self._struct(source, name, kind)
            case Array():
                self._array(source, name, lambda place: self.kind(source, place, kind.of))
            case Table():
                fields = keyed(kind.key, kind.value, kind.key_at)
                self._array(source, name, lambda place: self._in_row(source, place, fields))
            case ByTopic():
                self._array(source, name, lambda place: self._topic(source, place, kind))

    def number(self, name: str, code: str, kind: Fixed | None = None) -> Any:
        """A number, a truth, an id."""
        start = self.at
        (value,) = struct.unpack_from(f">{code}", self.frame, start)
        self.at += struct.calcsize(f">{code}")
        meant = kind.meaning(value) if kind is not None and kind.meaning is not None else value
        self._found(name, NUMBERS.get(code, "uint32"), start, meant)
        return value

    def sized(self, name: str, kind: Sized, code: str, *, compact: bool) -> None:
        """Bytes behind their length; the length is a part of them."""
        start = self.at
        size = self._length(code, compact=compact)
        self._left(size)
        data = self.frame[self.at : self.at + max(size, 0)]
        called = ("compact " if compact else "") + ("string" if kind.text else "records" if kind.view else "bytes")
        if kind.view and size > 0:
            with self.row(name, called, size, start):
                self._records(self.at + size)
            return
        self.at += len(data)
        value = None if size < 0 else str(data, "utf-8") if kind.text else bytes(data)
        self._found(name, called, start, value)

    def _length(self, code: str, *, compact: bool) -> int:
        if compact:
            size, self.at = read_uvarint(self.frame, self.at)
            return size - 1
        (size,) = struct.unpack_from(f">{code}", self.frame, self.at)
        self.at += struct.calcsize(f">{code}")
        return int(size)

    def _left(self, size: int) -> None:
        if self.at + size > len(self.frame):
            raise Malformed(f"{size} bytes wanted at byte {self.at}, {len(self.frame) - self.at} left")

    def _records(self, end: int) -> None:
        """Batch after batch; of what is none, or is cut off, the bytes."""
        count = 0
        while end - self.at >= BATCH.size:
            (length,) = struct.unpack_from(">i", self.frame, self.at + 8)
            behind = self.at + LOG_OVERHEAD + length
            if self.frame[self.at + 16] != 2 or not self.at + BATCH.size <= behind <= end:
                break
            with self.row(f"batch[{count}]", "record batch"):
                for name, code in BATCH_FIELDS:
                    self.number(name, code)
                self._rest("records", behind)
            count += 1
        if self.at < end:
            self._rest("rest", end)

    def _rest(self, name: str, end: int) -> None:
        start, self.at = self.at, end
        self._found(name, "bytes", start, bytes(self.frame[start:end]))

    def _array(self, source: Source, name: str, element: Callable[[str], None]) -> None:
        start = self.at
        count = self._length("i", compact=source.flexible)
        self._left(count)  # an element has a byte at least
        called = "compact array" if source.flexible else "array"
        if count < 0:
            self._found(name, called, start, None)
            return
        with self.row(name, called, count, start):
            for place in range(count):
                element(f"[{place}]")

    def _struct(self, source: Source, name: str, kind: Struct) -> None:
        if kind.inline:  # its fields stand among their neighbours
            self.fields(source, kind.fields, tags=False)
            return
        if kind.nullable.has(source.version):
            start = self.at
            (present,) = struct.unpack_from(">b", self.frame, start)
            self.at += 1
            if present < 0:
                self._found(name, "struct", start, None)
                return
            with self.row(name, "struct", start=start):
                self.fields(source, kind.fields)
            return
        self._in_row(source, name, kind.fields)

    def _in_row(self, source: Source, name: str, fields: tuple[Field, ...]) -> None:
        with self.row(name, "struct"):
            self.fields(source, fields)

    def _topic(self, source: Source, place: str, kind: ByTopic) -> None:
        index = Field(kind.index, Fixed("i"))
        if kind.value is None:
            inner: Kind = Array(index.kind)
        else:
            inner = Array(Struct(None, keyed(index, kind.value, kind.key_at)))
        by_id = kind.ids.has(source.version)
        topic = Field("topic_id", TOPIC_ID) if by_id else Field(kind.topic, Sized(text=True))
        self._in_row(source, place, (topic, Field(kind.partitions, inner)))

    def tags(self, source: Source, fields: tuple[Field, ...]) -> None:
        """A tag section: most have one byte, which says that it is empty."""
        known = {one.tag: one for one in source.tagged(fields)}
        start = self.at
        count, self.at = read_uvarint(self.frame, start)
        if not count:
            self._found(TAGS, "tags", start, 0)
            return
        with self.row(TAGS, "tags", count, start):
            for _ in range(count):
                self._tag(source, known)

    def _tag(self, source: Source, known: dict[int | None, Field]) -> None:
        start = self.at
        tag, self.at = read_uvarint(self.frame, start)
        size, self.at = read_uvarint(self.frame, self.at)
        self._left(size)
        end = self.at + size
        one = known.get(tag)
        with self.row(f"tag {tag}", "tag" if one is not None else "unknown tag", size, start):
            if one is not None:
                self.kind(source, one.name, one.kind)
            if self.at < end:
                self._rest("rest", end)
