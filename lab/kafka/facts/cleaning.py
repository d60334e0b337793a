"""Facts of what is cleaned out of logs: by the cleaner, and by retention."""

from dataclasses import dataclass

from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class CleaningStarted:
    """The cleaner has chosen this log: from `first_dirty` to before `end_offset` it is dirty."""

    partition: TopicPartition
    first_dirty: int
    end_offset: int
    clean_bytes: int
    dirty_bytes: int


@dataclass(slots=True)
class SegmentsCleaned:
    """Cleaned neighbours have become one segment, named by the first. The clean knows all keys below `end_offset`; the
    last batches of the segment, up to `next_offset`, are written anew all the same, some with a delete horizon.
    """

    partition: TopicPartition
    base_offsets: tuple[int, ...]
    next_offset: int
    end_offset: int
    bytes_before: int
    bytes_after: int


@dataclass(slots=True)
class Compacted:
    """A clean is done: of `seen` records in the segments up to `end_offset`, `kept` stayed."""

    partition: TopicPartition
    end_offset: int
    seen: int
    kept: int


@dataclass(slots=True)
class CleaningFailed:
    """The cleaner cannot read this log, and leaves it alone from now on."""

    partition: TopicPartition
    reason: str


@dataclass(slots=True)
class SegmentsDeleted:
    """Retention has set whole segments aside; their files stay for file.delete.delay.ms."""

    partition: TopicPartition
    base_offsets: tuple[int, ...]
    size_bytes: int
    reason: str
