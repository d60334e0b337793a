"""UnifiedLog: one replica's records, over its segments."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.env import Disk, Packed
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log import producer_snapshots
from lab.kafka.log.leader_epochs import LeaderEpochCache
from lab.kafka.log.producer_state import ProducerState
from lab.kafka.log.segment import SNAPSHOT, LogSegment
from lab.kafka.log.transaction_index import add_aborted, cut_aborted, read_aborted
from lab.kafka.log.transactions import IN_TRANSACTION, TransactionState
from lab.kafka.log.validator import AppendRefused, check_batch, in_topic_codec
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from lab.kafka.log.compaction import Compaction

TAIL = 8
"""Batches kept in memory: followers and consumers mostly read the newest."""
RELATIVE_MAX = (1 << 31) - 1
Due = Callable[[LogSegment, int], bool]
"""Whether a segment goes, asked with it and one past its last offset."""


@dataclass(slots=True)
class AppendInfo:
    """What an append did. `batch` is as stored; a duplicate stored nothing and tells the old offsets. `committed`:
    whether the high watermark has moved with it, because nobody else has to have the records.
    """

    base_offset: int
    last_offset: int
    log_append_time_ms: int
    batch: RecordBatch | None
    rolled: bool = False
    committed: bool = False


@dataclass(slots=True)
class Deleted:
    """A segment whose files wait to be unlinked."""

    paths: tuple[str, ...]
    unlink_at_ms: int


class UnifiedLog(Packed):
    """One replica's records.

    log_start_offset <= last_stable_offset <= high_watermark <= log_end_offset, always.
    """

    __slots__ = (
        "compaction",
        "config",
        "deleted",
        "disk",
        "epochs",
        "folder",
        "high_watermark",
        "log_end_offset",
        "log_start_offset",
        "partition",
        "producers",
        "recovery_point",
        "segments",
        "tail",
    )

    def __init__(self, disk: Disk, partition: TopicPartition, config: TopicConfig) -> None:
        self.disk = disk
        self.partition = partition
        self.folder = f"logs/{partition}"
        self.config = config
        self.epochs = LeaderEpochCache(disk, self.folder)
        self.producers = ProducerState()
        self.segments: list[LogSegment] = []
        self.tail: tuple[RecordBatch, ...] = ()
        self.deleted: list[Deleted] = []
        self.log_start_offset = 0
        self.high_watermark = 0
        self.log_end_offset = 0
        self.recovery_point = 0
        self.compaction: Compaction | None = None

    @property
    def last_stable_offset(self) -> int:
        """Up to where everything is decided; without open transactions, the high watermark."""
        producers = self.producers
        unstable = producers.first_unstable_offset if producers.transactional else None
        if unstable is None:
            return self.high_watermark
        return min(max(unstable, self.log_start_offset), self.high_watermark)

    @property
    def active(self) -> LogSegment:
        """The segment that is written to."""
        return self.segments[-1]

    @property
    def size_bytes(self) -> int:
        """Bytes in all segments."""
        return sum(segment.size for segment in self.segments)

    def flushed_offset(self) -> int:
        """All below it would survive a power loss now."""
        segment = self.active
        flushed = self.disk.flushed(segment.path)
        if flushed >= segment.size:
            return self.log_end_offset
        for position, batch in segment.batches(self.disk, self._indexed_before(segment, flushed)):
            if position + batch.size > flushed:
                return batch.base_offset
        return self.log_end_offset

    def _indexed_before(self, segment: LogSegment, position: int) -> int:
        """A batch position at or before a byte position, near it: from the tail, or else from the sparse index."""
        at = segment.size
        for batch in reversed(self.tail):
            at -= batch.size
            if at <= position:
                return max(at, 0)
        return segment.indexed_before(self.disk, position)

    # --- appending --------------------------------------------------------------------------------

    def append_as_leader(
        self, batch: RecordBatch, leader_epoch: int, now_ms: int, *, from_client: bool = True
    ) -> AppendInfo | AppendRefused:
        """Check a batch, give it offsets and the epoch, write it. Raises DiskFull."""
        if from_client:
            refused = check_batch(batch, self.config, now_ms)
            if refused is not None:
                return refused
            recoded = in_topic_codec(batch, self.config)
            if isinstance(recoded, AppendRefused):
                return recoded
            batch = recoded
        if batch.producer_id >= 0:
            known = self.producers.duplicate_of(batch) if batch.base_sequence >= 0 else None
            if known is not None:
                return AppendInfo(known[2], known[3], known[4], None)
            error = self.producers.refusal(batch)
            if error:
                return AppendRefused(error, f"sequence {batch.base_sequence} of producer {batch.producer_id}")
        append_time = -1
        if self.config.message_timestamp_type == "LogAppendTime":
            append_time = now_ms
            batch = batch.with_append_time(now_ms)
        if batch.size > self.config.segment_bytes:
            return AppendRefused(ErrorCode.RECORD_LIST_TOO_LARGE, f"segment.bytes is {self.config.segment_bytes}")
        placed = batch.placed(self.log_end_offset, leader_epoch)
        rolled = self._write(placed, now_ms)
        return AppendInfo(placed.base_offset, placed.last_offset, append_time, placed, rolled)

    def append_as_follower(self, batch: RecordBatch, now_ms: int) -> bool:
        """Write a batch as the leader had it. It must begin where this log ends, or later (compaction). Returns whether
        a segment began with it.
        """
        assert batch.base_offset >= self.log_end_offset or not self.segments, (
            batch.base_offset,
            self.log_end_offset,
        )
        return self._write(batch, now_ms)

    def _write(self, batch: RecordBatch, now_ms: int) -> bool:
        epochs = self.epochs
        if not epochs.entries or epochs.entries[-1][0] != batch.leader_epoch:
            epochs.assign(self.disk, batch.leader_epoch, batch.base_offset)
        rolled = self._should_roll(batch, now_ms)
        if rolled:
            self._roll(batch.base_offset, now_ms)
        self.segments[-1].append(self.disk, batch, self.config.index_interval_bytes)
        self.log_end_offset = batch.next_offset
        self.tail = (*self.tail[1 - TAIL :], batch)
        if batch.attributes & IN_TRANSACTION:
            self.learn_transaction(batch, self.segments[-1])
        elif batch.producer_id >= 0:
            self.producers.update(batch)
        if self.log_end_offset - self.recovery_point >= self.config.flush_messages:
            self.flush()
        return rolled

    def learn(self, batch: RecordBatch, segment: LogSegment | None) -> None:
        """What a batch that stands in the log tells of its producer; of an abort the index of `segment` is told."""
        if batch.attributes & IN_TRANSACTION:
            self.learn_transaction(batch, segment)
        else:
            self.producers.update(batch)

    def learn_transaction(self, batch: RecordBatch, segment: LogSegment | None) -> None:
        """A batch of a transaction, or the marker that ends one: an abort is written into the index of `segment`."""
        producers = self.producers
        if not isinstance(producers, TransactionState):
            producers = self.producers = TransactionState(producers.entries)
        if not batch.is_control:
            producers.update(batch)
            return
        aborted = producers.end(batch)
        if aborted is not None and segment is not None:
            add_aborted(self.disk, segment.stem, aborted)

    def _should_roll(self, batch: RecordBatch, now_ms: int) -> bool:
        """By size, by age in message time, by a full index, by too large a relative offset (spec 1.4)."""
        active = self.segments[-1]
        config = self.config
        if not active.size:
            return False
        if active.size > config.segment_bytes - batch.size:
            return True
        if active.since_index > config.index_interval_bytes and active.index_full(
            self.disk, config.segment_index_bytes
        ):
            return True
        waited = batch.max_timestamp_ms - active.first_timestamp_ms
        if active.first_timestamp_ms < 0 or batch.max_timestamp_ms < 0:
            waited = now_ms - active.created_ms
        if waited > config.segment_ms or (waited > config.max_compaction_lag_ms and config.compacted):
            return True
        return batch.last_offset - active.base_offset > RELATIVE_MAX

    def _roll(self, base_offset: int, now_ms: int) -> None:
        base = max(base_offset, self.log_end_offset)
        if self.segments:
            self._close_active(base)
        self.begin_segment(base, now_ms)

    def close(self) -> None:
        """The process ends cleanly: the next one need not look at any record."""
        self._close_active(self.log_end_offset)

    def _close_active(self, end: int) -> None:
        """What is known of the producers is written down, and all files of the segment are made safe: the next process
        will believe them.
        """
        producer_snapshots.take(self, end)
        self.active.close(self.disk)
        for path in self.active.files(self.disk):
            if self.disk.flushed(path) < self.disk.size(path):
                self.disk.flush(path)
        self.recovery_point = end

    def begin_segment(self, base_offset: int, now_ms: int) -> None:
        """A new active segment."""
        segment = LogSegment(self.folder, base_offset, now_ms)
        segment.create(self.disk)
        self.segments.append(segment)

    def flush(self) -> None:
        """fsync the active segment. Its indexes need not be safe: after a crash they are made anew."""
        self.disk.flush(self.active.path)
        self.recovery_point = self.log_end_offset

    # --- reading ----------------------------------------------------------------------------------

    def read(
        self, offset: int, max_bytes: int, up_to: int, *, min_one: bool = True
    ) -> tuple[RecordBatch, ...] | ErrorCode:
        """Batches from the one that holds `offset`, all wholly below `up_to`, at most `max_bytes` (but the
        first one whole, with `min_one`).
        """
        if offset < self.log_start_offset or offset > self.log_end_offset:
            return ErrorCode.OFFSET_OUT_OF_RANGE
        if offset >= up_to:
            return ()
        found: list[RecordBatch] = []
        taken = 0
        for batch in self._batches_from(offset):
            if batch.next_offset > up_to:
                break
            taken += batch.size
            if taken > max_bytes and not (min_one and not found):
                break
            found.append(batch)
        return tuple(found)

    def _batches_from(self, offset: int) -> Iterable[RecordBatch]:
        tail = self.tail
        if tail and offset >= tail[0].base_offset:
            at = len(tail)
            while at and tail[at - 1].last_offset >= offset:
                at -= 1
            return tail[at:]
        return self._stored_from(offset)

    def _stored_from(self, offset: int) -> Iterator[RecordBatch]:
        for at in range(self._segment_at(offset), len(self.segments)):
            segment = self.segments[at]
            for _, batch in segment.batches(self.disk, segment.position_for(self.disk, offset)):
                yield batch

    def _segment_at(self, offset: int) -> int:
        return max(0, bisect_right(self.segments, offset, key=lambda one: one.base_offset) - 1)

    def offset_for_timestamp(self, timestamp_ms: int, up_to: int) -> tuple[int, int, int] | None:
        """(timestamp, offset, epoch) of the first record at least so young, below `up_to` (spec 1.10)."""
        for segment in self.segments:
            if segment.max_timestamp_ms < timestamp_ms:
                continue
            for _, batch in segment.batches_from_time(self.disk, timestamp_ms):
                if batch.max_timestamp_ms < timestamp_ms:
                    continue
                for record in batch.readable():
                    if record.timestamp_ms >= timestamp_ms and record.offset >= self.log_start_offset:
                        if record.offset >= up_to:
                            return None
                        return record.timestamp_ms, record.offset, batch.leader_epoch
        return None

    def offset_of_max_timestamp(self) -> tuple[int, int, int] | None:
        """(timestamp, offset, epoch) of the youngest record."""
        best: tuple[int, int, int] | None = None
        newest = max((segment.max_timestamp_ms for segment in self.segments), default=-1)
        for segment in self.segments:
            if newest < 0 or segment.max_timestamp_ms != newest:
                continue
            for _, batch in segment.batches(self.disk):
                if batch.max_timestamp_ms == newest:
                    for record in batch.readable():
                        if best is None and record.timestamp_ms == newest:
                            best = newest, record.offset, batch.leader_epoch
        return best

    def aborted_transactions(self, offset: int, up_to: int) -> tuple[tuple[int, int], ...]:
        """(producer id, first offset) of the aborted transactions that have records in [offset, up_to)."""
        if not self.producers.transactional:
            return ()
        found: list[tuple[int, int]] = []
        for segment in self.segments[self._segment_at(offset) :]:
            for one in read_aborted(self.disk, segment.stem):
                if one.last_offset >= offset and one.first_offset < up_to:
                    found.append((one.producer_id, one.first_offset))
                if one.last_stable_offset >= up_to:
                    return tuple(found)
        return tuple(found)

    # --- epochs and offsets -----------------------------------------------------------------------

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int]:
        """Where an epoch ended here; (-1, -1) if this log cannot tell."""
        return self.epochs.end_offset_for(epoch, self.log_end_offset)

    def begin_epoch(self, epoch: int) -> None:
        """A new leader's epoch begins at the end of its log."""
        self.epochs.assign(self.disk, epoch, self.log_end_offset)

    def set_high_watermark(self, offset: int) -> None:
        """Move the high watermark; never beyond the end."""
        assert offset <= self.log_end_offset, (self.partition, offset, self.log_end_offset)
        self.high_watermark = offset
        self.producers.replicated(offset)

    def set_log_start_offset(self, offset: int) -> None:
        """Everything below is gone, though its bytes may still be there."""
        assert offset <= self.log_end_offset, (self.partition, offset, self.log_end_offset)
        self.log_start_offset = max(self.log_start_offset, offset)
        self.epochs.truncate_from_start(self.disk, self.log_start_offset)

    # --- truncation -------------------------------------------------------------------------------

    def truncate_to(self, offset: int, now_ms: int) -> None:
        """Cut everything from `offset` on; batches that reach over it go whole (spec 1.8)."""
        if offset >= self.log_end_offset:
            self.epochs.truncate_from_end(self.disk, offset)
            return
        if self.segments[0].base_offset > offset:
            self.truncate_fully_and_start_at(offset, now_ms)
            return
        while self.active.base_offset > offset:
            self.segments.pop().delete(self.disk)
        if self.compaction is not None:
            self.compaction.truncated(offset)
        self.active.truncate(self.disk, offset, self.config.index_interval_bytes)
        cut_aborted(self.disk, self.active.stem, offset)
        self.tail = ()
        self.epochs.truncate_from_end(self.disk, offset)
        self.log_end_offset = offset
        self.log_start_offset = min(self.log_start_offset, offset)
        self.high_watermark = min(self.high_watermark, offset)
        self.recovery_point = min(self.recovery_point, offset)
        producer_snapshots.rebuild(self, offset)

    def truncate_fully_and_start_at(self, offset: int, now_ms: int) -> None:
        """Drop all records and begin again at `offset`."""
        if self.compaction is not None:
            self.compaction.truncated(offset)
        while self.segments:
            self.segments.pop().delete(self.disk)
        self.epochs.truncate_from_end(self.disk, 0)
        producer_snapshots.remove_all(self)
        self.producers = ProducerState()
        self.tail = ()
        self.log_start_offset = self.log_end_offset = self.recovery_point = offset
        self.high_watermark = offset
        self.begin_segment(offset, now_ms)

    # --- retention (spec 1.7) ---------------------------------------------------------------------

    def delete_old_segments(self, now_ms: int) -> str:
        """One retention pass. Returns why segments went; empty if none did."""
        reasons: list[str] = []
        if self._delete_while(lambda one, end: end <= self.log_start_offset and one is not self.active, now_ms):
            reasons.append("log start")
        if self.config.deletes and self.config.retention_bytes >= 0:
            excess = self.size_bytes - self.config.retention_bytes
            sizes = self._oversize(excess)
            if self._delete_while(lambda one, end: one.base_offset in sizes, now_ms):
                reasons.append("retention.bytes")
        if self.config.deletes and self.config.retention_ms >= 0:
            oldest = now_ms - self.config.retention_ms
            if self._delete_while(lambda one, end: self.largest_timestamp(one) < oldest, now_ms):
                reasons.append("retention.ms")
        return " and ".join(reasons)

    def _oversize(self, excess: int) -> dict[int, None]:
        """The oldest segments that fit into the excess; so at least retention.bytes stay."""
        found: dict[int, None] = {}
        for segment in self.segments:
            excess -= segment.size
            if excess < 0:
                break
            found[segment.base_offset] = None
        return found

    def largest_timestamp(self, segment: LogSegment) -> int:
        """How young a segment is: its youngest record, or, where none has a date, its file."""
        return segment.max_timestamp_ms if segment.max_timestamp_ms >= 0 else segment.created_ms

    def _delete_while(self, due: Due, now_ms: int) -> bool:
        """Delete from the oldest on, up to the first that is not due. Nothing above the high watermark goes."""
        count = 0
        for at, segment in enumerate(self.segments):
            last = at + 1 == len(self.segments)
            end = self.log_end_offset if last else self.segments[at + 1].base_offset
            if end > self.high_watermark or not due(segment, end) or (last and not segment.size):
                break
            count += 1
        if count == 0:
            return False
        if count == len(self.segments):
            self._roll(self.log_end_offset, now_ms)
        for segment in self.segments[:count]:
            self._set_aside(segment, now_ms)
        del self.segments[:count]
        self.set_log_start_offset(self.segments[0].base_offset)
        if self.tail and self.tail[0].base_offset < self.log_start_offset:
            self.tail = tuple(batch for batch in self.tail if batch.last_offset >= self.log_start_offset)
        return True

    def replace_segments(self, sources: Sequence[LogSegment], cleaned: LogSegment, now_ms: int) -> None:
        """What the cleaner made of some neighbours takes their place; its files end with `.swap` so far. Where a
        segment still begins, its snapshot stays.
        """
        at = self.segments.index(sources[0])
        assert self.segments[at : at + len(sources)] == list(sources), (self.partition, cleaned.base_offset)
        snapshot = sources[0].file(SNAPSHOT)
        if self.disk.exists(snapshot):
            self.disk.replace(snapshot, cleaned.file(SNAPSHOT))
        for segment in sources:
            self._set_aside(segment, now_ms)
        cleaned.rename(self.disk, "")
        self.segments[at : at + len(sources)] = [cleaned]
        self.tail = tuple([batch for batch in self.tail if batch.base_offset >= self.active.base_offset])

    def _set_aside(self, segment: LogSegment, now_ms: int) -> None:
        segment.rename(self.disk, ".deleted")
        self.deleted.append(Deleted(tuple(segment.files(self.disk)), now_ms + self.config.file_delete_delay_ms))

    def purge_deleted(self, now_ms: int) -> None:
        """Unlink files that were set aside long enough ago (file.delete.delay.ms)."""
        due = [one for one in self.deleted if one.unlink_at_ms <= now_ms]
        for one in due:
            for path in one.paths:
                if self.disk.exists(path):
                    self.disk.delete(path)
            self.deleted.remove(one)

    def delete_files(self) -> None:
        """The partition is gone: remove everything."""
        for path in self.disk.list(self.folder):
            self.disk.delete(path)


def read_all(log: UnifiedLog) -> Sequence[RecordBatch]:
    """Every batch, for tests and tools."""
    return [batch for segment in log.segments for _, batch in segment.batches(log.disk)]
