"""Segments: the files of one replica, down to index entries and batches, and what the cleaner does to them."""

from dataclasses import dataclass

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.lookup import broker_at
from lab.env import Disk
from lab.kafka.log.compaction import Dirtiness, dirtiness
from lab.kafka.log.segment import OFFSET_ENTRY, TIME_ENTRY, LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """A batch in its file: bytes from `position`, offsets from `base_offset` to `last_offset`, of which `records`
    are left. `horizon_ms`: when its tombstones may go; None before the cleaner has seen one.
    """

    position: int
    size_bytes: int
    base_offset: int
    last_offset: int
    records: int
    control: bool
    horizon_ms: int | None

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

    @property
    def dirty_percent(self) -> int:
        """The share that is dirty."""
        return 100 * self.dirty_bytes // max(1, self.clean_bytes + self.dirty_bytes)


@dataclass(frozen=True, slots=True)
class SegmentsView:
    """A replica's log on its disk. `torn_start`: the log start lies inside a batch, whose earlier records are still
    in the file. `others`: (name, bytes) of files that are no segment's: checkpoints, and what waits to be unlinked or
    is being made by the cleaner. `cleaner`: None where the topic is not compacted.
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


@dataclass(frozen=True, slots=True)
class Segments:
    """The files of a partition's replica on a broker (or on the leader, with ""). `batches_of`: the base offset of
    the segment whose batches are wanted too; they are many.
    """

    partition: str
    broker: str = ""
    batches_of: int = -1

    def __call__(self, world: World) -> SegmentsView:
        """The answer; without segments when that broker has no running replica."""
        name = partition_of(self.partition)
        state = image_of(world).partition(name) if name is not None else None
        node = self.broker or (f"broker-{state.leader_id}" if state is not None else "")
        broker = broker_at(world, node)
        partition = broker.partitions.get(name) if broker is not None and name is not None else None
        if partition is None:
            return SegmentsView(self.partition, node, 0, 0, 0, 0, False, (), (), None)
        log = partition.log
        host = world.hosts[node]
        segments = tuple(_segment(log, place, self.batches_of) for place in range(len(log.segments)))
        named = {name: None for one in segments for name, _ in one.files}
        return SegmentsView(
            self.partition, node, log.log_start_offset, log.high_watermark, log.log_end_offset, log.recovery_point,
            _torn(log), segments, tuple(one for one in _files(log.disk, log.folder) if one[0] not in named),
            _cleaner(log, host.clock.read(world.epoch_ms, world.now)),
        )  # fmt: skip


def _segment(log: UnifiedLog, place: int, batches_of: int) -> SegmentView:
    disk, segment = log.disk, log.segments[place]
    active = segment is log.active
    end = log.log_end_offset if active else log.segments[place + 1].base_offset
    batches: tuple[BatchPlace, ...] = ()
    holes: list[tuple[int, int]] = []
    if segment.base_offset == batches_of:
        batches = tuple(_places(disk, segment))
        holes = _holes(segment, batches, end)
    checkpoint = log.compaction.checkpoint if log.compaction is not None else 0
    base = segment.base_offset
    return SegmentView(
        base, end, segment.size, active, end <= checkpoint, disk.flushed(segment.path), log.largest_timestamp(segment),
        tuple((path.rsplit("/", 1)[1], disk.size(path)) for path in segment.files(disk)),
        tuple((base + delta, at) for delta, at in OFFSET_ENTRY.iter_unpack(_all_of(disk, segment, ".index"))),
        tuple((date, base + delta) for date, delta in TIME_ENTRY.iter_unpack(_all_of(disk, segment, ".timeindex"))),
        batches, tuple(holes),
    )  # fmt: skip


def _all_of(disk: Disk, segment: LogSegment, kind: str) -> bytes:
    path = segment.file(kind)
    return disk.read(path, 0, disk.size(path)) if disk.exists(path) else b""


def _places(disk: Disk, segment: LogSegment) -> list[BatchPlace]:
    return [
        BatchPlace(
            position, batch.size, batch.base_offset, batch.last_offset, batch.record_count, batch.is_control,
            batch.delete_horizon_ms,
        )
        for position, batch in segment.batches(disk)
    ]  # fmt: skip


def _holes(segment: LogSegment, batches: tuple[BatchPlace, ...], end: int) -> list[tuple[int, int]]:
    """Between batches; what is missing inside of one is told by the batch."""
    found: list[tuple[int, int]] = []
    at = segment.base_offset
    for one in batches:
        if one.base_offset > at:
            found.append((at, one.base_offset))
        at = one.last_offset + 1
    return [*found, (at, end)] if at < end else found


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
