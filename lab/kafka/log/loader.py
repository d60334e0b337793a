"""Opening a log at start: what is on the disk, and after a crash what of it is sound (spec 1.5)."""

from lab.env import Disk
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log import producer_snapshots
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.transaction_index import SUFFIX as TRANSACTIONS
from lab.kafka.log.transaction_index import cut_aborted
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.topics import TopicPartition

INDEXES = (".index", ".timeindex", TRANSACTIONS)


def load_log(
    disk: Disk,
    partition: TopicPartition,
    config: TopicConfig,
    now_ms: int,
    *,
    clean: bool = True,
    recovery_point: int = 0,
    log_start_offset: int = 0,
    high_watermark: int = 0,
) -> UnifiedLog:
    """The log of a partition, new or as an earlier process left it. Unless that one stopped cleanly, all
    segments from the recovery point on are read and cut at the first batch that is not sound.
    """
    log = UnifiedLog(disk, partition, config)
    log.log_start_offset = log.log_end_offset = log_start_offset
    if not disk.list(log.folder):
        log.begin_segment(log_start_offset, now_ms)
        log.high_watermark = log.recovery_point = log_start_offset
        return log
    _finish_interrupted_work(log, now_ms)
    _open_segments(log, None if clean else recovery_point, now_ms)
    if log.segments:
        log.log_end_offset = log.active.end_offset(disk)
    else:
        log.begin_segment(log_start_offset, now_ms)
    # Whoever stopped cleanly has flushed everything; the checkpoint may be older than that.
    flushed = log.log_end_offset if clean else recovery_point
    _set_offsets(log, flushed, log_start_offset, high_watermark, now_ms)
    producer_snapshots.remove_strays(log)
    producer_snapshots.rebuild(log, log.log_end_offset)
    return log


def _finish_interrupted_work(log: UnifiedLog, now_ms: int) -> None:
    """Remove what was being deleted or cleaned; finish swaps that were complete (spec 1.5, steps 1 and 2)."""
    disk = log.disk
    for path in disk.list(log.folder):
        if path.endswith(".deleted"):
            disk.delete(path)
    unfinished = _made_by_the_cleaner(log, ".cleaned", now_ms)
    swaps = _made_by_the_cleaner(log, ".swap", now_ms)
    for segment in unfinished:
        segment.delete(disk)
    for segment in swaps:
        if unfinished and segment.base_offset >= unfinished[0].base_offset:
            segment.delete(disk)
        else:
            _swap_in(log, segment, now_ms)


def _made_by_the_cleaner(log: UnifiedLog, suffix: str, now_ms: int) -> list[LogSegment]:
    paths = [path.rsplit("/", 1)[1] for path in log.disk.list(log.folder) if path.endswith(suffix)]
    return [LogSegment(log.folder, base, now_ms, suffix) for base in sorted({int(path[:20]) for path in paths})]


def _swap_in(log: UnifiedLog, swap: LogSegment, now_ms: int) -> None:
    """A complete `.swap` replaces all segments that begin in what it covers."""
    disk = log.disk
    if not disk.exists(swap.path):
        swap.delete(disk)  # its indexes had not been renamed yet when the process ended, and now it stands already
        return
    for _ in swap.rebuild(disk, log.config.index_interval_bytes, checked=False):
        pass
    end = max([batch.next_offset for _, batch in swap.batches(disk)], default=swap.base_offset + 1)
    for base in _bases(log):
        if swap.base_offset <= base < end:
            LogSegment(log.folder, base, now_ms).delete(disk)
    swap.rename(disk, "")


def _bases(log: UnifiedLog) -> list[int]:
    return sorted(int(path.rsplit("/", 1)[1][:20]) for path in log.disk.list(log.folder) if path.endswith(".log"))


def _open_segments(log: UnifiedLog, recovery_point: int | None, now_ms: int) -> None:
    """Take the segments as they are, but for those from the recovery point on, and those whose indexes are not sane."""
    bases = _bases(log)
    _delete_orphans(log, bases)
    for place, base in enumerate(bases):
        segment = LogSegment(log.folder, base, now_ms)
        next_base = bases[place + 1] if place + 1 < len(bases) else None
        unsafe = recovery_point is not None and (next_base is None or next_base > recovery_point)
        sound = True
        if unsafe or not segment.open(log.disk, log.config.index_interval_bytes):
            sound = _recover(log, segment)
        log.segments.append(segment)
        if unsafe and not sound:
            for later in bases[place + 1 :]:
                LogSegment(log.folder, later, now_ms).delete(log.disk)
            break


def _delete_orphans(log: UnifiedLog, bases: list[int]) -> None:
    """Indexes of what is not there."""
    for path in log.disk.list(log.folder):
        if path.endswith(INDEXES) and int(path.rsplit("/", 1)[1][:20]) not in bases:
            log.disk.delete(path)


def _recover(log: UnifiedLog, segment: LogSegment) -> bool:
    """Read a segment behind those that are open already, and make its indexes anew. False if it had to be cut."""
    disk = log.disk
    length = disk.size(segment.path)
    producer_snapshots.rebuild(log, segment.base_offset)
    cut_aborted(disk, segment.stem, 0)
    end = segment.base_offset
    for batch in segment.rebuild(disk, log.config.index_interval_bytes, checked=True):
        log.learn(batch, segment)
        end = batch.next_offset
        if not log.epochs.entries or batch.leader_epoch > log.epochs.latest:
            log.epochs.assign(disk, batch.leader_epoch, batch.base_offset)
    segment.close(disk)
    producer_snapshots.take(log, end)
    return segment.size == length


def _set_offsets(log: UnifiedLog, recovery_point: int, log_start_offset: int, high_watermark: int, now_ms: int) -> None:
    if log.log_end_offset < log_start_offset:
        log.truncate_fully_and_start_at(log_start_offset, now_ms)
    log.log_start_offset = max(log_start_offset, log.segments[0].base_offset)
    log.epochs.truncate_from_end(log.disk, log.log_end_offset)
    log.epochs.truncate_from_start(log.disk, log.log_start_offset)
    log.high_watermark = max(log.log_start_offset, min(high_watermark, log.log_end_offset))
    log.recovery_point = min(recovery_point, log.log_end_offset)
