"""What compiled readers and writers call: compact lengths, tag sections, and the words of what is wrong."""

import struct
from collections.abc import Collection
from typing import Any, TypeAlias, cast

from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.topics import TopicPartition

Buffer: TypeAlias = bytes | memoryview
SHORT = tuple(bytes((number,)) for number in range(0x80))


def uvarint(number: int) -> bytes:
    """An unsigned number, seven bits a byte, the lowest first."""
    if number < 0x80:
        return SHORT[number]
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def read_uvarint(buf: Buffer, at: int) -> tuple[int, int]:
    """The number at `at`, and where the next byte is. Raises Malformed beyond five bytes, IndexError at the end."""
    value = shift = 0
    while True:
        byte = buf[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 28:
            raise Malformed(f"a length at byte {at}: at most 5 bytes wanted")


def skip_tags(buf: Buffer, at: int, end: int) -> int:
    """Behind a tag section nobody here knows anything of; most of them are empty."""
    if buf[at] == 0:
        return at + 1
    count, at = read_uvarint(buf, at)
    for _ in range(count):
        _, at = read_uvarint(buf, at)
        size, at = read_uvarint(buf, at)
        at += size
        if at > end:
            raise short(size, at, end)
    return at


def short(wanted: int, at: int, end: int) -> Malformed:
    """A length that leads beyond the end."""
    return Malformed(f"{wanted} bytes wanted before byte {at}, which is {at - end} beyond the end")


def null(name: str, at: int) -> Malformed:
    """A null where there must be something."""
    return Malformed(f"{name} before byte {at}: something wanted, null found")


Topics: TypeAlias = Collection[tuple[str, list[Any]]]
"""Topics, each with what follows it: (partition, value), or the partition alone."""


def grouped(table: "dict[TopicPartition, Any] | tuple[TopicPartition, ...]") -> Topics:
    """By topic, in the order in which topics come up."""
    found: dict[str, list[Any]] = {}
    if isinstance(table, dict):
        if len(table) == 1:
            for (topic, partition), value in table.items():
                return ((topic, [(partition, value)]),)
        for (topic, partition), value in table.items():
            found.setdefault(topic, []).append((partition, value))
    else:
        for topic, partition in table:
            found.setdefault(topic, []).append(partition)
    return found.items()


def in_runs(table: "dict[TopicPartition, Any] | tuple[TopicPartition, ...]") -> Topics:
    """In the order of the partitions: a topic comes up again where another was between."""
    found: list[tuple[str, list[Any]]] = []
    run: list[Any] = []
    for one in table:
        topic, partition = one
        if not found or found[-1][0] != topic:
            run = []
            found.append((topic, run))
        run.append((partition, table[one]) if isinstance(table, dict) else partition)
    return found


RUNTIME: dict[str, Any] = {
    "read_uvarint": read_uvarint, "uvarint": uvarint, "skip_tags": skip_tags, "short": short, "null": null,
    "SHORT": SHORT, "TopicPartition": TopicPartition, "new": cast("Any", tuple).__new__, "grouped": grouped,
    "in_runs": in_runs, "unpack_from": struct.unpack_from, "pack": struct.pack, "Malformed": Malformed,
}  # fmt: skip
