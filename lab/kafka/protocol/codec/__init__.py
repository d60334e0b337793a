"""The codec: a schema compiled into straight-line Python, a reader and a writer a version, when they are first used.

Fixed fields that stand together are one `struct` call, short lengths are read without one, and records stay slices of
the frame. An interpreter of schemas would be shorter, and several times slower on the requests that come by the
thousand.
"""

from lab.kafka.protocol.codec.compiled import decode, encode, reader, writer
from lab.kafka.protocol.codec.runtime import Buffer, read_uvarint, skip_tags, uvarint

__all__ = ["Buffer", "decode", "encode", "read_uvarint", "reader", "skip_tags", "uvarint", "writer"]
