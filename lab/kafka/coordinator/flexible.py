"""Flexible encoding of coordinators' records: compact strings and arrays, and what stands for no tagged fields."""

from lab.kafka.coordinator.plain import PlainReader
from lab.kafka.protocol.topic_ids import TopicId, topic_id_of


def unsigned_varint(value: int) -> bytes:
    """A whole number of 0 or more, seven bits a byte."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def compact_string(text: str | None) -> bytes:
    """Its length plus one, then UTF-8; 0: null."""
    if text is None:
        return b"\x00"
    data = text.encode()
    return unsigned_varint(len(data) + 1) + data


def compact_bytes(data: bytes) -> bytes:
    """Their number plus one, then they."""
    return unsigned_varint(len(data) + 1) + data


def compact_array(items: list[bytes]) -> bytes:
    """Their number plus one, then each."""
    return unsigned_varint(len(items) + 1) + b"".join(items)


NO_TAGS = b"\x00"


def only_tag(struct_of_it: bytes) -> bytes:
    """One tagged field, number 0, a nullable struct that is there."""
    present = b"\x01" + struct_of_it
    return b"\x01\x00" + unsigned_varint(len(present)) + present


class FlexibleReader(PlainReader):
    """Reads what the functions above wrote, in the same order; keys are plain in flexible records too."""

    def varint(self) -> int:
        """An unsigned varint."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def count(self) -> int:
        """How many items a compact array has."""
        return self.varint() - 1

    def string(self) -> str | None:
        """A compact string."""
        size = self.varint() - 1
        return None if size < 0 else self.take(size).decode()

    def blob(self) -> bytes:
        """Compact bytes that are there."""
        return self.take(self.varint() - 1)

    def has_only_tag(self) -> bool:
        """Whether the inverse of `only_tag` comes now; its struct is next. Else there are no tags."""
        if not self.varint():
            return False
        tag, _, present = self.varint(), self.varint(), self.varint()
        assert (tag, present) == (0, 1), (tag, present)
        return True

    def text(self) -> str:
        """A compact string that is there."""
        found = self.string()
        assert found is not None
        return found

    def topic_id(self) -> TopicId:
        """Sixteen bytes."""
        return topic_id_of(self.take(16))

    def tags(self) -> None:
        """No tagged field."""
        assert self.varint() == 0
