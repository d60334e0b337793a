"""A log against a list: whatever is done to it, and however it is stopped, it holds what the list holds."""

import struct

from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import MS, Folder

Batch = tuple[int, int, int, tuple[bytes, ...]]
"""Base offset, leader epoch, timestamp, values."""


class LogAgainstList(RuleBasedStateMachine):
    """`batches` is the list. Cuts are at the borders of batches, as the protocols make them."""

    @initialize(interval=st.sampled_from([0, 150, 4_096]), segment_bytes=st.sampled_from([300, 700, 1 << 30]))
    def open(self, interval: int, segment_bytes: int) -> None:
        self.folder = Folder(index_interval_bytes=interval, segment_bytes=segment_bytes, segment_ms=40)
        self.batches: list[Batch] = []
        self.start = 0
        self.committed = 0
        self.mark = 0

    @property
    def end(self) -> int:
        return self.batches[-1][0] + len(self.batches[-1][3]) if self.batches else 0

    @property
    def borders(self) -> list[int]:
        return [one[0] for one in self.batches] + [self.end]

    # --- what is done to it -----------------------------------------------------------------------

    @rule(values=st.lists(st.binary(max_size=50), min_size=1, max_size=3), later=st.integers(0, 30))
    def append(self, values: list[bytes], later: int) -> None:
        """One producer, which numbers its records as the log does."""
        self.folder.now_ms += later
        sent = self.sent(self.end, self.folder.now_ms, tuple(values))
        assert self.folder.append(sent) == [self.end]
        self.batches.append((self.end, self.folder.epoch, self.folder.now_ms, tuple(values)))

    def sent(self, sequence: int, ts: int, values: tuple[bytes, ...]) -> RecordBatch:
        found = [Record(0, ts, b"k", value) for value in values]
        return RecordBatch.build(found, producer_id=7, producer_epoch=0, base_sequence=sequence)

    @precondition(lambda self: self.batches and self.start < self.end)
    @rule()
    def send_the_last_batch_again(self) -> None:
        """Of one below the log start nothing is known after a crash: producers are read again from there on."""
        base, _, ts, values = self.batches[-1]
        found = self.folder.offer(self.sent(base, ts, values))
        assert found == AppendInfo(base, base + len(values) - 1, ts, None)

    @rule(by=st.integers(1, 3))
    def elect(self, by: int) -> None:
        self.folder.epoch += by
        self.folder.log.begin_epoch(self.folder.epoch)

    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        self.mark = data.draw(st.sampled_from([one for one in self.borders if one >= self.mark]))
        self.folder.commit(self.mark)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def truncate(self, data: st.DataObject) -> None:
        """Back to a border above the high watermark."""
        at = data.draw(st.sampled_from([one for one in self.borders if one >= self.mark]))
        self.folder.log.truncate_to(at, self.folder.now_ms)
        self.batches = [one for one in self.batches if one[0] < at]
        self.committed = min(self.committed, at)

    @rule(data=st.data())
    def delete_records(self, data: st.DataObject) -> None:
        """The log start may come to stand inside a batch."""
        self.start = data.draw(st.integers(self.start, max(self.start, self.mark)))
        self.folder.log.set_log_start_offset(self.start)

    @rule()
    def flush(self) -> None:
        self.folder.log.flush()
        self.committed = self.end

    @rule()
    def write_back(self) -> None:
        """The operating system does it; nobody is told."""
        self.folder.disk.write_back()
        self.committed = self.end

    # --- how it is stopped ------------------------------------------------------------------------

    @rule()
    def stop_cleanly(self) -> None:
        self.folder.log.flush()
        self.committed = self.end
        self.folder.reopen(clean=True, log_start_offset=self.start, hw=self.mark)

    @rule(behind=st.integers(0, 5))
    def kill_the_process(self, behind: int) -> None:
        """What it wrote is in the page cache; the recovery point was written down a while ago."""
        point = max(0, self.folder.log.recovery_point - behind)
        self.folder.reopen(clean=False, recovery_point=point, log_start_offset=self.start, hw=self.mark)

    @rule(behind=st.integers(0, 5))
    def lose_power(self, behind: int) -> None:
        """A prefix of the list is left, with all of it that was safe."""
        point = max(0, self.folder.log.recovery_point - behind)
        safe = self.folder.log.flushed_offset()
        assert safe >= self.committed
        self.folder.lose_power()
        self.start = min(self.start, safe)
        log = self.folder.reopen(clean=False, recovery_point=point, log_start_offset=self.start, hw=self.mark)
        assert log.log_end_offset >= safe
        assert log.log_end_offset in self.borders
        self.batches = [one for one in self.batches if one[0] < log.log_end_offset]
        self.mark = min(self.mark, log.log_end_offset)
        self.committed = min(self.committed, self.end)

    # --- what is always so ------------------------------------------------------------------------

    @invariant()
    def the_files_hold_the_list(self) -> None:
        folder = self.folder
        wanted = [
            (base + at, ts, value) for base, _, ts, values in self.batches for at, value in enumerate(values)
        ]  # fmt: skip
        assert [(one.offset, one.timestamp_ms, one.value) for one in folder.stored()] == wanted
        assert folder.log.log_end_offset == self.end
        assert (folder.log.log_start_offset, folder.log.high_watermark) == (self.start, self.mark)

    @invariant()
    def every_offset_is_found(self) -> None:
        for base, _, ts, values in self.batches:
            for offset in (base, base + len(values) - 1):
                if offset >= self.start:
                    found = self.folder.read(offset)
                    assert isinstance(found, list)
                    assert found == [one[0] for one in self.batches if one[0] >= base]
            newest = self.folder.log.offset_for_timestamp(ts, self.end)
            at_least = [one for one in self.batches if one[2] >= ts and one[0] + len(one[3]) > self.start]
            assert newest is None or newest[1] == max(at_least[0][0], self.start)
            assert (newest is None) == (not at_least)

    @invariant()
    def epochs_begin_with_their_first_batch(self) -> None:
        wanted: dict[int, int] = {}
        for base, epoch, _, values in self.batches:
            if base + len(values) > self.start:
                wanted.setdefault(epoch, max(base, self.start))
        known = [(epoch, at) for epoch, at in self.folder.log.epochs.entries if at < self.end]
        assert known == list(wanted.items())

    @invariant()
    def indexes_point_at_batches_that_end_there(self) -> None:
        for segment in self.folder.log.segments:
            starts = dict(segment.batches(self.folder.disk))
            entries = struct.iter_unpack(">ii", self.folder.file(".index", segment.base_offset))
            for relative, position in entries:
                assert starts[position].last_offset == segment.base_offset + relative
            times = self.folder.time_index(segment.base_offset)
            assert times == sorted(times)
            assert all(ts - MS <= self.folder.now_ms for ts, _ in times)


TestLogAgainstList = LogAgainstList.TestCase
TestLogAgainstList.settings = effort(max_examples=60, stateful_step_count=30, deadline=None)
