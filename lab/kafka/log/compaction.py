"""Compaction: how far the cleaner has come in one log, how dirty the rest is, and the clean that is going on."""

from dataclasses import dataclass

from lab.kafka.log.cleaner import Cleaning
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import UnifiedLog

MILLION = 1_000_000


class Compaction:
    """What a compacted log remembers of its cleaner. `checkpoint`: all below is clean. `uncleanable`: why it is
    left alone from now on.
    """

    __slots__ = ("checkpoint", "running", "uncleanable")

    def __init__(self, checkpoint: int) -> None:
        self.checkpoint = checkpoint
        self.running: Cleaning | None = None
        self.uncleanable = ""

    def truncated(self, offset: int) -> None:
        """The log was cut: what is being cleaned may be gone, and what comes in its place has not been seen."""
        self.abort()
        self.checkpoint = min(self.checkpoint, offset)

    def abort(self) -> None:
        """Give up the clean that is going on; what it has swapped in already stays."""
        if self.running is not None:
            self.running.abort()
            self.running = None


@dataclass(frozen=True, slots=True)
class Dirtiness:
    """A log as the cleaner sees it (spec 1.9.1). Bytes below `first_dirty` are clean, from there to
    `first_uncleanable` they are dirty and may be cleaned. `overdue`: max.compaction.lag.ms is over.
    """

    first_dirty: int
    first_uncleanable: int
    clean_bytes: int
    cleanable_bytes: int
    overdue: bool

    @property
    def per_million(self) -> int:
        """The dirty share; Kafka has a fraction."""
        return self.cleanable_bytes * MILLION // max(1, self.clean_bytes + self.cleanable_bytes)

    def wants_cleaning(self, ratio_percent: int) -> bool:
        """Strictly more than min.cleanable.dirty.ratio, or too old."""
        if self.overdue and self.cleanable_bytes:
            return True
        return self.cleanable_bytes * 100 > (self.clean_bytes + self.cleanable_bytes) * ratio_percent


def dirtiness(log: UnifiedLog, checkpoint: int, now_ms: int) -> Dirtiness:
    """What there is to clean in a log."""
    first_dirty = checkpoint
    if not log.log_start_offset <= checkpoint <= log.log_end_offset:
        first_dirty = log.log_start_offset
    dirty = _between(log, first_dirty, log.active.base_offset)
    end = _first_uncleanable(log, dirty, now_ms)
    clean = _between(log, -1, first_dirty)
    cleanable = _between(log, first_dirty, end)
    return Dirtiness(
        first_dirty, end, sum(one.size for one in clean), sum(one.size for one in cleanable),
        _overdue(log, dirty, now_ms),
    )  # fmt: skip


def _between(log: UnifiedLog, start: int, end: int) -> list[LogSegment]:
    """The segments that hold offsets of [start, end): whole ones, however little of them is meant."""
    if start >= end:
        return []
    ends = [one.base_offset for one in log.segments[1:]] + [log.log_end_offset + 1]
    pairs = zip(log.segments, ends, strict=True)
    return [one for one, following in pairs if following > start and one.base_offset < end]


def _first_uncleanable(log: UnifiedLog, dirty: list[LogSegment], now_ms: int) -> int:
    """Never the active segment, nothing undecided, nothing younger than min.compaction.lag.ms."""
    end = min(log.last_stable_offset, log.active.base_offset)
    lag = log.config.min_compaction_lag_ms
    if lag > 0:
        for segment in dirty:
            if log.largest_timestamp(segment) > now_ms - lag:
                return min(end, segment.base_offset)
    return end


def _overdue(log: UnifiedLog, dirty: list[LogSegment], now_ms: int) -> bool:
    """Whether the oldest dirty record has waited longer than max.compaction.lag.ms."""
    earliest = min((one.first_timestamp_ms for one in dirty if one.first_timestamp_ms > 0), default=now_ms)
    return now_ms - earliest > log.config.max_compaction_lag_ms
