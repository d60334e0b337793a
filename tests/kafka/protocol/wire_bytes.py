"""Bytes that a schema allows, made by walking it: an interpreter, to be told apart from the compiled codec."""

import random
import struct
from enum import EnumType
from typing import Any

from lab.kafka.protocol.codec import uvarint
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_fetch import AcknowledgeType
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.schema import (
    INT64,
    TOPIC_ID,
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
    error_and_sentence,
)

RANGES = {"b": 7, "h": 15, "i": 31, "q": 63, "H": 16}
UNUSED = object()
ACKNOWLEDGE_TYPE = Fixed("b", AcknowledgeType)


class Maker:
    """One message's worth of bytes. Keys of tables never come twice."""

    def __init__(self, schema: Message, version: int, seed: int) -> None:
        self.schema = schema
        self.version = version
        self.flexible = schema.is_flexible(version)
        self.dice = random.Random(f"{schema.kind.__name__} {version} {seed}")
        self.keys = 0

    def message(self) -> bytes:
        return self.fields(self.schema.struct.fields)

    def fields(self, fields: tuple[Field, ...], *, tags: bool = True) -> bytes:
        found = [
            self.value(one.kind, self.given(one))
            for one in fields
            if one.tag is None and one.versions.has(self.version)
        ]
        if self.flexible and tags:
            found.append(self.tags(fields))
        return b"".join(found)

    def given(self, one: Field) -> Any:
        """What the engine does not know has one value; a time lies in a year that a calendar has."""
        if one.attribute is None:
            return one.default
        return self.dice.randrange(1 << 41) if "time" in one.name and one.kind == INT64 else UNUSED

    def tags(self, fields: tuple[Field, ...]) -> bytes:
        known = [one for one in fields if one.tag is not None and one.tagged.has(self.version) and one.attribute]
        found: list[bytes] = []
        for one in sorted(known, key=lambda one: one.tag or 0):
            empty = self.length(0, "i") if isinstance(one.kind, Array) else None
            data = self.value(one.kind)
            plain = isinstance(one.kind, Fixed) and data == struct.pack(f">{one.kind.code}", one.default)
            if self.dice.random() < 0.7 and data != empty and not plain:
                found.append(uvarint(one.tag or 0) + uvarint(len(data)) + data)
        return uvarint(len(found)) + b"".join(found)

    def length(self, size: int, code: str) -> bytes:
        return uvarint(size + 1) if self.flexible else struct.pack(f">{code}", size)

    def value(self, kind: Kind, given: Any = UNUSED) -> bytes:
        match kind:
            case Fixed():
                return struct.pack(f">{kind.code}", self.number(kind) if given is UNUSED else given)
            case Sized():
                return self.sized(kind, given)
            case Converted():
                return self.value(kind.kind, given)
            case Single():
                return self.value(kind.of)
            case Struct() if given is not UNUSED:
                body = [self.value(one.kind, value) for one, value in zip(kind.fields, given, strict=True)]
                return b"".join(body) + (b"\0" if self.flexible else b"")
            case Struct() if kind.parts is error_and_sentence:
                said = error_and_sentence(self.dice.choice(list(ErrorCode)))
                known = [
                    (one, value) for one, value in zip(kind.fields, said, strict=True) if one.versions.has(self.version)
                ]
                return b"".join(self.value(one.kind, value) for one, value in known)
            case Struct():
                if kind.nullable.has(self.version):
                    if self.dice.random() < 0.3:
                        return struct.pack(">b", -1)
                    return struct.pack(">b", 1) + self.fields(kind.fields)
                return self.fields(kind.fields, tags=not kind.inline)
            case Array():
                return self.rows(kind, lambda: self.value(kind.of), given)
            case Table():
                return self.rows(kind, lambda: self.entry(kind.key, kind.value, kind.key_at), given)
            case ByTopic():
                return self.rows(kind, lambda: self.topic(kind), given)

    def number(self, kind: Fixed) -> Any:
        if isinstance(kind.meaning, EnumType):
            return self.dice.choice(list(kind.meaning)).value
        if kind.code == "?":
            return self.dice.random() < 0.5
        if kind.code == "16s":
            return self.dice.randbytes(16)
        most = 1 << RANGES[kind.code]
        return self.dice.randrange(0 if kind.code == "H" else -most, most)

    def sized(self, kind: Sized, given: Any) -> bytes:
        code = "h" if kind.text else "i"
        if given is None or (
            given is UNUSED and kind.nullable.has(self.version) and not kind.view and self.dice.random() < 0.25
        ):
            return self.length(-1, code)
        if given is not UNUSED:
            data = given.encode() if kind.text else given
        elif kind.text:
            data = self.name().encode()
        elif kind.view:
            data = self.batch()
        else:
            data = self.dice.randbytes(self.dice.choice((0, 3, 200)))
        return self.length(len(data), code) + data

    def name(self) -> str:
        self.keys += 1
        return f"n{self.keys}" + self.dice.choice(("", "é", "x" * 130))

    def batch(self) -> bytes:
        return RecordBatch.build([Record(0, 5, b"k", b"v" * self.dice.randrange(200))]).data

    def rows(self, kind: Array | Table | ByTopic, row: Any, given: Any) -> bytes:
        if given is None or (given is UNUSED and kind.nullable.has(self.version) and self.dice.random() < 0.2):
            return self.length(-1, "i")
        # Of acknowledge types there is one for all offsets, or one an offset.
        count = 1 if isinstance(kind, Array) and kind.of == ACKNOWLEDGE_TYPE else self.dice.randrange(4)
        rows = [row() for _ in range(count)] if given is UNUSED else []
        return self.length(len(rows), "i") + b"".join(rows)

    def entry(self, key: Field, value: Field | Struct | None, key_at: int) -> bytes:
        others = () if value is None else value.fields if isinstance(value, Struct) else (value,)
        drawn = (
            self.value(key.kind) if not isinstance(key.kind, Fixed) else struct.pack(f">{key.kind.code}", self.fresh())
        )
        before = [one for one in others[:key_at] if one.versions.has(self.version)]
        behind = self.fields(others[key_at:])
        return self.fields(tuple(before), tags=False) + drawn + behind

    def topic(self, kind: ByTopic) -> bytes:
        name = self.value(TOPIC_ID if kind.ids.has(self.version) else Sized(text=True))
        rows = [
            struct.pack(">i", self.fresh()) if kind.value is None
            else self.entry(Field(kind.index, Fixed("i")), kind.value, kind.key_at)
            for _ in range(1 + self.dice.randrange(3))
        ]  # fmt: skip
        return name + self.length(len(rows), "i") + b"".join(rows) + (b"\0" if self.flexible else b"")

    def fresh(self) -> int:
        self.keys += 1
        return self.keys
