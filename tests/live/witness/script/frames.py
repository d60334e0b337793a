"""Frames that are wrong, and what becomes of the connection."""

import struct

from tests.live.witness.talk import Talk


def frames(talk: Talk) -> None:
    if talk.lowest:
        return

    def head(key: int, version: int, body: bytes = b"", name: bytes = b"\0\1x") -> bytes:
        data = struct.pack(">hhi", key, version, 7) + name + body
        return struct.pack(">i", len(data)) + data

    talk.frame("an unknown API", head(999, 0))
    talk.frame("an API of controllers only", head(52, 0, b"\0" * 20))
    talk.frame("an API below 0", head(-1, 0))
    talk.frame("Metadata in an unknown version", head(3, 99, b"\0" * 8))
    talk.frame("Metadata in a version below 0", head(3, -1, b"\0" * 8))
    talk.frame("ApiVersions in an unknown version", head(18, 99, b"\0" * 8))
    talk.frame("Produce in a version of old", head(0, 2, b"\0" * 20))
    talk.frame("Fetch in a version of old", head(1, 3, b"\0" * 20))
    talk.frame("a size of 0", struct.pack(">i", 0))
    talk.frame("a size below 0", struct.pack(">i", -1))
    talk.frame("a size of 2 GiB", struct.pack(">i", (1 << 31) - 1))
    talk.frame("a size of 101 MiB", struct.pack(">i", 101 << 20))
    talk.frame("half a head", struct.pack(">ih", 2, 3))
    talk.frame("a body that ends too early", head(3, 1, b"\0\0\0\5"))
    talk.frame("bytes behind the end of the body", head(3, 1, b"\0\0\0\0" + b"junk"))
    talk.frame("an array of 2 milliards", head(3, 1, b"\x7f\xff\xff\xff"))
    talk.frame("a word of another coding", head(3, 1, b"\0\0\0\1\0\2\xff\xfe"))
    talk.frame("the name of a client that is null", head(3, 1, b"\0\0\0\0", b"\xff\xff"))
    talk.frame("plain HTTP", b"GET / HTTP/1.1\r\n\r\n")


PARTS = (frames,)
