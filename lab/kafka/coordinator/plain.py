"""Plain encoding of coordinators' records, as inflexible versions and all keys have it: lengths of a fixed size."""

import struct


def plain_string(text: str | None) -> bytes:
    """Its length in two bytes, then UTF-8; -1: null."""
    if text is None:
        return b"\xff\xff"
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def plain_bytes(data: bytes) -> bytes:
    """Their number in four bytes, then they."""
    return struct.pack(">i", len(data)) + data


class PlainReader:
    """Reads what the functions above wrote, in the same order."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at: int = at

    def number(self, form: str) -> int:
        """One number of a struct format."""
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def take(self, size: int) -> bytes:
        """The next bytes."""
        self.at += size
        return self.data[self.at - size : self.at]

    def plain_string(self) -> str | None:
        """A string, or null."""
        size = self.number(">h")
        return None if size < 0 else self.take(size).decode()

    def plain_text(self) -> str:
        """A string that is there."""
        found = self.plain_string()
        assert found is not None
        return found

    def plain_bytes(self) -> bytes:
        """Bytes that are there."""
        return self.take(self.number(">i"))
