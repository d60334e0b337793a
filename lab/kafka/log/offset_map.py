"""OffsetMap: of each key the newest offset, as many keys as a buffer holds (spec 1.9, Kafka's SkimpyOffsetMap).

Kafka keeps the MD5 of a key, 16 bytes, and the offset, 8. The room is counted so here too, but the key itself is
kept: two keys are never taken for one.
"""

ENTRY_BYTES = 24
LOAD_PERCENT = 90
"""A hash table that is full is slow: Kafka's log.cleaner.io.buffer.load.factor of 0.9."""


class OffsetMap:
    """Keys and the newest offset of each; `latest_offset`: all up to it has been looked at."""

    __slots__ = ("latest_offset", "offsets", "slots")

    def __init__(self, buffer_bytes: int, latest_offset: int) -> None:
        self.offsets: dict[bytes, int] = {}
        self.slots = max(1, buffer_bytes // ENTRY_BYTES * LOAD_PERCENT // 100)
        self.latest_offset = latest_offset

    @property
    def full(self) -> bool:
        """Whether there is no room for another key."""
        return len(self.offsets) >= self.slots

    def put(self, key: bytes, offset: int) -> None:
        """A younger record of a key."""
        self.offsets[key] = offset
        self.latest_offset = offset
