"""OffsetLookup: the way from an offset to its batch: a segment, an entry of its index, and a scan from there."""

from bisect import bisect_right
from dataclasses import dataclass

from lab.cluster.probes.segments import BatchPlace, log_on, place_of
from lab.env import Disk
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.world.world import World

FOUND, BELOW, AT_END, BEYOND, NO_LOG = "found", "below the log start", "at the log end", "beyond the log end", "no log"
"""How a lookup ends. Of these, `below` and `beyond` are a fetch's OFFSET_OUT_OF_RANGE, and at the end a fetch waits."""


@dataclass(frozen=True, slots=True)
class LookupView:
    """A lookup of `offset` in the log of `broker`. `segment`: the base offset of the file in which the batch was found;
    `passed`: those of files looked through before it, in which compaction has left nothing so high. `entries`: how many
    the index of that file has; `entry`: (offset, position) of the last at or below `offset`, None where there is none.
    `scanned`: the batches read from there on; the last is the one found.
    """

    partition: str
    broker: str
    offset: int
    outcome: str
    segment: int = -1
    passed: tuple[int, ...] = ()
    entries: int = 0
    entry: tuple[int, int] | None = None
    scanned: tuple[BatchPlace, ...] = ()

    @property
    def batch(self) -> BatchPlace | None:
        """The batch found."""
        return self.scanned[-1] if self.scanned else None

    @property
    def start(self) -> int:
        """The byte position at which the scan begins."""
        return self.entry[1] if self.entry is not None else 0


@dataclass(frozen=True, slots=True)
class OffsetLookup:
    """`broker`: on whose disk; "" is the leader's.

    The way is the one through the files, as Kafka goes it for every fetch. Our broker has the newest batches at hand
    and need not go it for them; it finds the same ones.
    """

    partition: str
    broker: str
    offset: int

    def __call__(self, world: World) -> LookupView:
        """The answer, at this instant."""
        node, log = log_on(world, self.partition, self.broker)
        if log is None:
            return LookupView(self.partition, node, self.offset, NO_LOG)
        if not log.log_start_offset <= self.offset < log.log_end_offset:
            below, end = self.offset < log.log_start_offset, self.offset == log.log_end_offset
            return LookupView(self.partition, node, self.offset, BELOW if below else AT_END if end else BEYOND)
        return self._search(node, log)

    def _search(self, node: str, log: UnifiedLog) -> LookupView:
        first = max(0, bisect_right(log.segments, self.offset, key=lambda one: one.base_offset) - 1)
        for at in range(first, len(log.segments)):
            segment = log.segments[at]
            index = segment.index_entries(log.disk)
            place = bisect_right(index, self.offset, key=lambda entry: entry[0]) - 1
            entry = index[place] if place >= 0 else None
            scanned = _scan(log.disk, segment, entry[1] if entry is not None else 0, self.offset)
            if scanned:
                passed = tuple(one.base_offset for one in log.segments[first:at])
                return LookupView(
                    self.partition, node, self.offset, FOUND, segment.base_offset, passed, len(index), entry, scanned
                )
        return LookupView(self.partition, node, self.offset, AT_END)


def _scan(disk: Disk, segment: LogSegment, start: int, offset: int) -> tuple[BatchPlace, ...]:
    """From a byte position up to the first batch that ends at `offset` or later; nothing if none does."""
    found: list[BatchPlace] = []
    for position, batch in segment.batches(disk, start):
        found.append(place_of(position, batch))
        if batch.last_offset >= offset:
            return tuple(found)
    return ()
