"""Encode and decode: compiled readers and writers, made when a version is first used."""

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from lab.kafka.protocol.codec.reading import read_fields
from lab.kafka.protocol.codec.runtime import Buffer
from lab.kafka.protocol.codec.source import Source
from lab.kafka.protocol.codec.writing import Packer, values_of, write_fields
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.schema import Message

Read: TypeAlias = Callable[[Buffer, int, int], tuple[Any, int]]
"""From a buffer, a position and its end: the message, and where the next byte is."""
Write: TypeAlias = Callable[[Any, Callable[[Buffer], None]], None]
"""A message, given piece by piece to a function such as `list.append`."""


def decode(schema: Message, version: int, data: Buffer, at: int = 0, *, exact: bool = True) -> Any:
    """The message that stands at `at`, and if `exact` ends with `data`. Raises Malformed, and nothing else."""
    end = len(data)
    try:
        found, at = reader(schema, version)(data, at, end)
    except Malformed as wrong:
        raise Malformed(f"{schema.kind.__name__} v{version}: {wrong}") from wrong
    except (struct.error, IndexError, ValueError, OverflowError, MemoryError) as wrong:
        raise Malformed(f"{schema.kind.__name__} v{version}, {end} bytes: {wrong}") from wrong
    if at > end or (exact and at < end):
        raise Malformed(f"{schema.kind.__name__} v{version}: {at} bytes wanted, {end} found")
    return found


def encode(schema: Message, version: int, body: object) -> list[Buffer]:
    """The pieces of a message in order: those of records are the log's own bytes."""
    pieces: list[Buffer] = []
    writer(schema, version)(body, pieces.append)
    return pieces


@cache
def reader(schema: Message, version: int) -> Read:
    """The compiled reader of a version."""
    source = Source(schema, version)
    source.line("def read(buf, at, end):")
    with source.indented():
        values = read_fields(source, schema.struct.fields)
        source.line(f"return {source.make(schema.struct.make, values)}, at")
    return source.compiled("read")


@cache
def writer(schema: Message, version: int) -> Write:
    """The compiled writer of a version."""
    source = Source(schema, version)
    source.line("def write(it, add):")
    with source.indented():
        packer = Packer(source, "add")
        write_fields(packer, schema.struct.fields, values_of(packer, schema.struct, "it"))
        packer.flush()
        source.line("return None")
    return source.compiled("write")
