"""The cleaner: of each key, the newest record of the closed segments stays (spec 1.9, first storey).

Offsets never change: holes appear. Tombstones stay for delete.retention.ms after their segment was
written, counted from their own timestamp (the real cleaner counts from when it first saw them).
"""

from dataclasses import dataclass

from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import Record, RecordBatch


@dataclass(slots=True)
class CompactionReport:
    """What one pass did: records seen and kept below `end_offset`."""

    end_offset: int
    seen: int
    kept: int


def cleanable(log: UnifiedLog, cleaned_to: int) -> tuple[int, int]:
    """Bytes the cleaner may clean and has not seen yet, and all bytes it may clean."""
    closed = _closed(log)
    dirty = sum(segment.size for segment in closed if segment.base_offset >= cleaned_to)
    return dirty, sum(segment.size for segment in closed)


def _closed(log: UnifiedLog) -> list[LogSegment]:
    """The segments below the high watermark, never the active one."""
    return [
        segment for segment, following in zip(log.segments, log.segments[1:], strict=False)
        if following.base_offset <= log.high_watermark
    ]  # fmt: skip


def compact(log: UnifiedLog, now_ms: int) -> CompactionReport:
    """Rewrite all closed segments below the high watermark. The active segment is never touched."""
    closed = _closed(log)
    newest: dict[bytes, int] = {}
    for segment in closed:
        for _, batch in segment.batches(log.disk):
            for record in batch.records():
                if record.key is not None:
                    newest[record.key] = record.offset
    seen = kept = 0
    for segment in closed:
        counts = _rewrite(log, segment, newest, now_ms)
        seen += counts[0]
        kept += counts[1]
    end = log.segments[len(closed)].base_offset
    log.tail = ()
    return CompactionReport(end, seen, kept)


def _rewrite(log: UnifiedLog, segment: LogSegment, newest: dict[bytes, int], now_ms: int) -> tuple[int, int]:
    """One segment through `.cleaned` and `.swap`, so that a crash leaves the old or the new, never half."""
    disk, path = log.disk, segment.path
    seen = kept = 0
    cleaned: list[RecordBatch] = []
    for _, batch in segment.batches(disk):
        records = batch.records()
        stay = [record for record in records if _stays(log, record, newest, now_ms)]
        seen += len(records)
        kept += len(stay)
        if records and len(stay) == len(records):
            cleaned.append(batch)
        elif stay or _is_last_of_producer(log, batch):
            cleaned.append(batch.keeping(stay))
    disk.write(f"{path}.cleaned", b"")
    for batch in cleaned:
        disk.append(f"{path}.cleaned", batch.data)
    disk.flush(f"{path}.cleaned")  # what it replaces was flushed, and may be gone from everywhere else
    disk.replace(f"{path}.cleaned", f"{path}.swap")
    disk.replace(f"{path}.swap", path)
    segment.recover(disk, log.config.index_interval_bytes)
    segment.close(disk)
    return seen, kept


def _stays(log: UnifiedLog, record: Record, newest: dict[bytes, int], now_ms: int) -> bool:
    if record.key is None or newest[record.key] != record.offset:
        return False
    return record.value is not None or record.timestamp_ms + log.config.delete_retention_ms > now_ms


def _is_last_of_producer(log: UnifiedLog, batch: RecordBatch) -> bool:
    """An empty header must stay so that a restarted broker still knows the producer's last sequence."""
    entry = log.producers.entries.get(batch.producer_id)
    return entry is not None and bool(entry.batches) and entry.batches[-1][2] == batch.base_offset
