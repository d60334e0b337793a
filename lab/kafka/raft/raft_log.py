"""RaftLog: a voter's log and snapshots on its disk."""

from collections.abc import Sequence

from lab.env import Disk
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.loader import load_log
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.quorum import OffsetAndEpoch
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.raft import snapshots


class RaftLog:
    """Batches, each atomic; the high watermark is unknown (-1) until a leader tells it, or a snapshot shows it."""

    __slots__ = ("config", "disk", "high_watermark", "log", "snapshots")

    def __init__(self, disk: Disk, partition: TopicPartition, config: BrokerConfig, now_ms: int) -> None:
        self.disk = disk
        self.config = config
        settings = TopicConfig({
            "segment.bytes": config.metadata_log_segment_bytes, "segment.ms": config.metadata_log_segment_ms,
            "retention.ms": -1,
        })  # fmt: skip
        self.log = load_log(disk, partition, settings, now_ms, clean=False)
        self.snapshots = snapshots.listed(disk, self.log.folder)
        self.high_watermark = -1
        if self.snapshots:
            self._begin_at_least_at(self.snapshots[-1], now_ms)

    def _begin_at_least_at(self, snapshot_id: OffsetAndEpoch, now_ms: int) -> None:
        if self.log.log_end_offset < snapshot_id[0]:
            self._begin_at(snapshot_id, now_ms)
        self._know_last_epoch()
        self.commit(snapshot_id[0])

    def _begin_at(self, snapshot_id: OffsetAndEpoch, now_ms: int) -> None:
        """Nothing before a snapshot is known any more but the epoch of the last record."""
        self.log.truncate_fully_and_start_at(snapshot_id[0], now_ms)
        self._know_last_epoch()

    def _know_last_epoch(self) -> None:
        """An empty log behind a snapshot goes on from that one's epoch."""
        if self.snapshots and not self.log.epochs.entries:
            end_offset, epoch = self.snapshots[-1]
            assert end_offset == self.end_offset, (end_offset, self.end_offset)
            self.log.epochs.assign(self.disk, epoch, end_offset)

    # --- how far it goes --------------------------------------------------------------------------

    @property
    def start_offset(self) -> int:
        """The first offset that is still here."""
        return self.log.log_start_offset

    @property
    def end_offset(self) -> int:
        """One past the last record."""
        return self.log.log_end_offset

    @property
    def last_epoch(self) -> int:
        """The epoch of the last record; 0 if there never was one."""
        return max(self.log.epochs.latest, 0)

    @property
    def end(self) -> OffsetAndEpoch:
        """The last epoch and the end offset: the longer log is the greater pair (Raft 5.4.1)."""
        return self.last_epoch, self.end_offset

    def epoch_at(self, offset: int) -> int:
        """Who wrote the record at an offset that is here; -1 if it is not."""
        found = [epoch for epoch, start in self.log.epochs.entries if start <= offset]
        return found[-1] if found and offset < self.end_offset else -1

    # --- writing ----------------------------------------------------------------------------------

    def append(self, batches: Sequence[RecordBatch], now_ms: int) -> None:
        """Write batches where they belong, and flush. Raises DiskFull."""
        for batch in batches:
            assert batch.base_offset == self.end_offset, (batch.base_offset, self.end_offset)
            self.log.append_as_follower(batch, now_ms)
        self.log.flush()

    def truncate(self, offset: int, now_ms: int) -> None:
        """Cut all from `offset` on. What is committed is never cut."""
        assert offset >= self.high_watermark, (offset, self.high_watermark)
        self.log.truncate_to(offset, now_ms)
        self._know_last_epoch()

    def commit(self, offset: int) -> bool:
        """Move the high watermark on; never back, never beyond the end. Returns whether it moved."""
        offset = min(offset, self.end_offset)
        if offset <= self.high_watermark:
            return False
        self.high_watermark = offset
        self.log.set_high_watermark(max(offset, self.start_offset))
        return True

    # --- reading ----------------------------------------------------------------------------------

    def read(self, offset: int, max_bytes: int, up_to: int) -> tuple[RecordBatch, ...]:
        """Whole batches from an offset that is here, below `up_to`."""
        found = self.log.read(offset, max_bytes, up_to)
        assert not isinstance(found, ErrorCode), (offset, self.start_offset, self.end_offset)
        return found

    def snapshot_for(self, fetch_offset: int, last_fetched_epoch: int) -> OffsetAndEpoch | None:
        """The snapshot that whoever is so far must fetch first: it is new, or this log begins behind its end."""
        if not self.snapshots:
            return None
        earliest = self.snapshots[0]
        behind = fetch_offset < self.start_offset
        elsewhere = fetch_offset == self.start_offset and last_fetched_epoch != earliest[1]
        cut = self.start_offset > 0 and (behind or elsewhere or last_fetched_epoch < earliest[1])
        return self.snapshots[-1] if fetch_offset == 0 or cut else None

    def parts_from(self, fetch_offset: int, last_fetched_epoch: int) -> tuple[int, int] | None:
        """Where another log that ends so parts from this one, as (epoch, end offset); None if it is a part of it."""
        if fetch_offset == 0:
            return None
        epoch, end_offset = self.log.end_offset_for_epoch(last_fetched_epoch)
        if epoch == last_fetched_epoch and end_offset >= fetch_offset:
            return None
        return max(epoch, 0), max(end_offset, self.start_offset)

    def end_of(self, diverging_epoch: tuple[int, int]) -> int:
        """To where this log agrees with a leader that says so: the end of the last epoch both have."""
        epoch, end_offset = diverging_epoch
        mine, my_end = self.log.end_offset_for_epoch(epoch)
        if mine < 0:
            return min(self.end_offset, end_offset)
        return min(my_end, end_offset) if mine == epoch else my_end

    # --- snapshots --------------------------------------------------------------------------------

    @property
    def latest_snapshot(self) -> OffsetAndEpoch | None:
        """The newest one."""
        return self.snapshots[-1] if self.snapshots else None

    def take_snapshot(self, values: Sequence[bytes], end_offset: int, now_ms: int) -> OffsetAndEpoch:
        """Keep what is committed below `end_offset` as these values. Raises DiskFull."""
        assert end_offset <= self.high_watermark, (end_offset, self.high_watermark)
        snapshot_id = end_offset, self.epoch_at(end_offset - 1)
        snapshots.write(self.disk, self.log.folder, snapshot_id, values, now_ms)
        self.snapshots.append(snapshot_id)
        self.clean(now_ms)
        return snapshot_id

    def take_over(self, snapshot_id: OffsetAndEpoch, data: bytes, now_ms: int) -> None:
        """A leader's snapshot in the place of the whole log. Raises DiskFull."""
        assert snapshot_id[0] >= self.high_watermark, (snapshot_id, self.high_watermark)
        snapshots.receive(self.disk, self.log.folder, snapshot_id, data)
        self.snapshots = [*(one for one in self.snapshots if one < snapshot_id), snapshot_id]
        self._begin_at(snapshot_id, now_ms)
        self.high_watermark = snapshot_id[0]

    def snapshot_values(self, snapshot_id: OffsetAndEpoch) -> list[bytes]:
        """What a snapshot says."""
        return snapshots.read(self.disk, self.log.folder, snapshot_id)

    def snapshot_bytes(self, snapshot_id: OffsetAndEpoch, position: int, max_bytes: int) -> tuple[int, bytes]:
        """The length of a snapshot's file, and a slice of it."""
        path = snapshots.path_of(self.log.folder, snapshot_id)
        return self.disk.size(path), self.disk.read(path, position, max_bytes)

    def clean(self, now_ms: int) -> None:
        """Beyond metadata.max.retention.bytes the oldest snapshot goes, and all of the log that the next one holds;
        the newest always stays.
        """
        limit = self.config.metadata_max_retention_bytes
        while len(self.snapshots) > 1 and self._size() > limit >= 0:
            oldest = self.snapshots.pop(0)
            self.disk.delete(snapshots.path_of(self.log.folder, oldest))
            self.log.set_log_start_offset(self.snapshots[0][0])
            self.log.delete_old_segments(now_ms)
            self.log.purge_deleted(now_ms + self.log.config.file_delete_delay_ms)

    def _size(self) -> int:
        files = [snapshots.path_of(self.log.folder, one) for one in self.snapshots]
        return self.log.size_bytes + sum(self.disk.size(path) for path in files)
