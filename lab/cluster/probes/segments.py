"""Segments: the files of one replica, down to index entries and batches, and what the cleaner does to them."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.lookup.parts import broker_at
from lab.env import Disk
from lab.kafka.log.compaction import Dirtiness, dirtiness
from lab.kafka.log.segment import OFFSET_ENTRY, TIME_ENTRY, LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World

INDEX_ENTRY_BYTES, TIME_ENTRY_BYTES = OFFSET_ENTRY.size, TIME_ENTRY.size


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """A batch in its file: bytes from `position`, offsets from `base_offset` to `last_offset`, of which `records`
    are left. `horizon_ms`: when its tombstones may go; None before the cleaner has seen one. `corrupt`: it does not
    match its CRC.
    """

    position: int
    size_bytes: int
    base_offset: int
    last_offset: int
    records: int
    control: bool
    horizon_ms: int | None
    corrupt: bool = False

    @property
    def missing(self) -> int:
        """How many offsets of it compaction has emptied."""
        return self.last_offset - self.base_offset + 1 - self.records


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment. `files`: (name, bytes). `index`: (offset, position) of each entry; `time_index`: (timestamp,
    offset). `cleaned`: wholly below the cleaner's checkpoint. `holes`: offsets between its batches that are gone, as
    (first, one past the last). `largest_ms`: the timestamp that decides about its age.
    """

    base_offset: int
    next_offset: int
    size_bytes: int
    active: bool
    cleaned: bool
    flushed_bytes: int
    largest_ms: int
    files: tuple[tuple[str, int], ...]
    index: tuple[tuple[int, int], ...]
    time_index: tuple[tuple[int, int], ...]
    batches: tuple[BatchPlace, ...]
    holes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CleanerView:
    """What the cleaner knows of a log. `stage`: map, copy, flush or swap while it works on it, else empty; then
    `done_bytes` of `all_bytes` have been read or written.
    """

    checkpoint: int
    first_uncleanable: int
    clean_bytes: int
    dirty_bytes: int
    ratio_percent: int
    stage: str
    done_bytes: int
    all_bytes: int
    uncleanable: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A segment that is no longer part of the log: all its files, which are unlinked in `left_ms`."""

    base_offset: int
    size_bytes: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class SegmentsView:
    """A replica's log on its disk. `torn_start`: the log start lies inside a batch, whose earlier records are still
    in the file. `others`: (name, bytes) of files that are no segment's: checkpoints, and what waits to be unlinked or
    is being made by the cleaner. `cleaner`: None where the topic is not compacted. `flushed_offset`: all below it would
    survive a power loss; `recovery_point`: all below it has been flushed on purpose, and is not read at a restart.
    """

    partition: str
    broker: str
    log_start_offset: int
    high_watermark: int
    log_end_offset: int
    recovery_point: int
    torn_start: bool
    segments: tuple[SegmentView, ...]
    others: tuple[tuple[str, int], ...]
    cleaner: CleanerView | None
    flushed_offset: int = 0
    segment_bytes: int = 0
    index_interval_bytes: int = 0
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class Segments:
    """The files of a partition's replica on a broker (or on the leader, with ""). `batches_of`: the base offset of
    the segment whose batches are wanted too; they are many. `within`: only those that lie, if only in part, between
    these two byte positions.
    """

    partition: str
    broker: str = ""
    batches_of: int = -1
    within: tuple[int, int] | None = None

    def __call__(self, world: World) -> SegmentsView:
        """The answer; without segments when that broker has no running replica."""
        node, log = log_on(world, self.partition, self.broker)
        if log is None:
            return SegmentsView(self.partition, node, 0, 0, 0, 0, False, (), (), None)
        now_ms = world.hosts[node].clock.read(world.epoch_ms, world.now)
        segments = tuple(_segment(log, place, self.batches_of, self.within) for place in range(len(log.segments)))
        named = {name: None for one in segments for name, _ in one.files}
        return SegmentsView(
            self.partition, node, log.log_start_offset, log.high_watermark, log.log_end_offset, log.recovery_point,
            _torn(log), segments, tuple(one for one in _files(log.disk, log.folder) if one[0] not in named),
            _cleaner(log, now_ms), log.flushed_offset(), log.config.segment_bytes, log.config.index_interval_bytes,
            tuple(_set_aside(log, now_ms)),
        )  # fmt: skip


def log_on(world: World, partition: str, broker: str) -> tuple[str, UnifiedLog | None]:
    """The broker that is meant (the leader, with ""), and its log of the partition, if it runs and has one."""
    name = partition_of(partition)
    state = image_of(world).partition(name) if name is not None else None
    node = broker or (f"broker-{state.leader_id}" if state is not None else "")
    found = broker_at(world, node)
    replica = found.partitions.get(name) if found is not None and name is not None else None
    return node, replica.log if replica is not None else None


def _set_aside(log: UnifiedLog, now_ms: int) -> Iterator[SetAside]:
    for one in log.deleted:
        paths = [path for path in one.paths if log.disk.exists(path)]
        if paths:
            base = int(paths[0].rsplit("/", 1)[1].partition(".")[0])
            yield SetAside(base, sum(map(log.disk.size, paths)), max(0, one.unlink_at_ms - now_ms))


def _segment(log: UnifiedLog, place: int, batches_of: int, within: tuple[int, int] | None) -> SegmentView:
    disk, segment = log.disk, log.segments[place]
    active = segment is log.active
    end = log.log_end_offset if active else log.segments[place + 1].base_offset
    batches: tuple[BatchPlace, ...] = ()
    holes: list[tuple[int, int]] = []
    if segment.base_offset == batches_of:
        batches = tuple(_places(disk, segment, *(within or (0, segment.size))))
        holes = _holes(segment, batches, end)
    checkpoint = log.compaction.checkpoint if log.compaction is not None else 0
    base = segment.base_offset
    return SegmentView(
        base, end, segment.size, active, end <= checkpoint, disk.flushed(segment.path), log.largest_timestamp(segment),
        tuple((path.rsplit("/", 1)[1], disk.size(path)) for path in segment.files(disk)),
        tuple(segment.index_entries(disk)), tuple(segment.time_index_entries(disk)), batches, tuple(holes),
    )  # fmt: skip


def _places(disk: Disk, segment: LogSegment, first: int, end: int) -> Iterator[BatchPlace]:
    """Found through the index, so that a look at the end of a long file does not read all of it."""
    for position, batch in segment.batches(disk, segment.indexed_before(disk, first)):
        if position >= end:
            return
        if position + batch.size > first:
            yield place_of(position, batch)


def place_of(position: int, batch: RecordBatch) -> BatchPlace:
    """A batch that begins at a byte position."""
    return BatchPlace(
        position, batch.size, batch.base_offset, batch.last_offset, batch.record_count, batch.is_control,
        batch.delete_horizon_ms, not batch.valid_crc(),
    )  # fmt: skip


def _holes(segment: LogSegment, batches: tuple[BatchPlace, ...], end: int) -> list[tuple[int, int]]:
    """Between batches; what is missing inside of one is told by the batch. At the ends of the file only where these
    are among what was asked for.
    """
    if not batches:
        return [(segment.base_offset, end)] if not segment.size and segment.base_offset < end else []
    found: list[tuple[int, int]] = []
    at = segment.base_offset if batches[0].position == 0 else batches[0].base_offset
    for one in batches:
        if one.base_offset > at:
            found.append((at, one.base_offset))
        at = one.last_offset + 1
    last = batches[-1]
    return [*found, (at, end)] if at < end and last.position + last.size_bytes >= segment.size else found


def _torn(log: UnifiedLog) -> bool:
    found = log.read(log.log_start_offset, 1, log.log_end_offset)
    return isinstance(found, tuple) and bool(found) and found[0].base_offset < log.log_start_offset


def _files(disk: Disk, folder: str) -> list[tuple[str, int]]:
    return [(path.rsplit("/", 1)[1], disk.size(path)) for path in disk.list(folder)]


def _cleaner(log: UnifiedLog, now_ms: int) -> CleanerView | None:
    if not log.config.compacted:
        return None
    compaction = log.compaction
    checkpoint = compaction.checkpoint if compaction is not None else 0
    running = compaction.running if compaction is not None else None
    found: Dirtiness = dirtiness(log, checkpoint, now_ms)
    return CleanerView(
        checkpoint, found.first_uncleanable, found.clean_bytes, found.cleanable_bytes,
        log.config.min_cleanable_dirty_ratio_percent, running.stage if running is not None else "",
        running.bytes_done if running is not None else 0, running.bytes_all if running is not None else 0,
        compaction.uncleanable if compaction is not None else "",
    )  # fmt: skip
