"""Cleaning: one clean of one log, in small steps, since it goes on beside everything else (spec 1.9).

First the dirty part is read and of each key the newest offset noted. Then all segments up to there are copied,
without what is outdated, a group of small ones into one; each group takes the place of its sources by renaming
`.cleaned` to `.swap` and then to its own name, so that a crash leaves the old or the new, never half. Offsets
never change: holes appear.
"""

from dataclasses import dataclass

from lab.kafka.log.cleaned_transactions import CleanedTransactions
from lab.kafka.log.filtering import Rule, filtered
from lab.kafka.log.offset_map import OffsetMap
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.transaction_index import ENTRY, SUFFIX, VERSION
from lab.kafka.log.unified_log import RELATIVE_MAX, UnifiedLog
from lab.kafka.protocol.extents import extents_in, payload_of
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import RecordBatch

MAP, COPY, FLUSH, SWAP, DONE = "map", "copy", "flush", "swap", "done"
BATCHES_A_STEP = 32
"""A step is a turn of the broker, and others wait for it. A flush is a step of its own: it takes longest."""


@dataclass(slots=True)
class Swapped:
    """A group of segments, by their base offsets, has become one, which ends before `next_offset`."""

    base_offsets: tuple[int, ...]
    next_offset: int
    bytes_before: int
    bytes_after: int


class Cleaning:
    """A clean in the midst of it. `end_offset`: where the dirty part ends that it looks at; lower, once the map was
    full. `bytes_done` of about `bytes_all` have been read or written.
    """

    __slots__ = (
        "bytes_all",
        "bytes_done",
        "end_offset",
        "first_dirty",
        "group",
        "groups",
        "kept",
        "log",
        "output",
        "position",
        "rule",
        "seen",
        "source",
        "stage",
        "transactions",
    )

    def __init__(self, log: UnifiedLog, first_dirty: int, end_offset: int, now_ms: int, buffer_bytes: int) -> None:
        self.log = log
        self.first_dirty = first_dirty
        self.end_offset = end_offset
        self.rule = Rule(OffsetMap(buffer_bytes, first_dirty - 1), now_ms, log.config.delete_retention_ms)
        self.stage = MAP
        self.transactions = CleanedTransactions(log.disk, log.segments, first_dirty)
        self.groups: list[list[LogSegment]] = [[one for one in log.segments if one.base_offset < end_offset]]
        self.group = self.source = 0
        self.position = -1
        self.output: LogSegment | None = None
        self.seen = self.kept = 0
        self.bytes_done = 0
        self.bytes_all = 2 * sum(one.size for one in self.groups[0])

    def step(self, max_bytes: int, now_ms: int) -> Swapped | None:
        """Work on at most so many bytes, but one batch at least. Raises Malformed where the log is damaged."""
        if self.stage == SWAP:
            return self._swap(now_ms)
        if self.stage == FLUSH:
            self._flush_next()
            return None
        end = self.bytes_done + max_bytes
        for _ in range(BATCHES_A_STEP):
            if self.stage == MAP:
                self._map_next()
            elif self.stage == COPY:
                self._copy_next()
            if self.bytes_done >= end or self.stage in (FLUSH, DONE):
                break
        return None

    def abort(self) -> None:
        """Leave the sources as they are."""
        if self.output is not None:
            self.output.delete(self.log.disk)
            self.output = None
        self.stage = DONE

    # --- the offset map ---------------------------------------------------------------------------

    def _map_next(self) -> None:
        """Note the keys of the next dirty batch."""
        log, sources = self.log, self.groups[0]
        if self.source == len(sources):
            self._begin_copying()
            return
        segment = sources[self.source]
        if self.position < 0:
            following = sources[self.source + 1].base_offset if self.source + 1 < len(sources) else self.end_offset
            if following <= self.first_dirty:
                self.source += 1
                return
            self.position = segment.position_for(log.disk, self.first_dirty)
        if self.position >= segment.size:
            self._next_source()
            return
        batch = segment.batch_at(log.disk, self.position)
        if batch.base_offset >= self.end_offset:
            self._next_source()
            return
        self.position += batch.size
        self.bytes_done += batch.size
        if not self._note(batch):
            self._begin_copying()

    def _note(self, batch: RecordBatch) -> bool:
        """Whether the map had room for all keys of the batch."""
        newest = self.rule.newest
        if self.transactions.may_drop(batch) or batch.is_control:
            newest.latest_offset = max(newest.latest_offset, batch.last_offset)
            return True
        base, first_dirty = batch.base_offset, self.first_dirty
        if len(newest.offsets) + batch.record_count <= newest.slots and base >= first_dirty:
            newest.offsets.update(
                [(one[2], base + one[0]) for one in extents_in(payload_of(batch), batch.record_count)
                 if one[2] is not None]
            )  # fmt: skip
        else:
            for delta, _, key, _, _, _ in extents_in(payload_of(batch), batch.record_count):
                if key is not None and base + delta >= first_dirty:
                    if newest.full:
                        return False
                    newest.put(key, base + delta)
        newest.latest_offset = max(newest.latest_offset, batch.last_offset)
        return True

    def _next_source(self) -> None:
        """The segment is over: all up to the next one has been looked at, also where compaction left holes."""
        sources, newest = self.groups[0], self.rule.newest
        self.source += 1
        self.position = -1
        following = sources[self.source].base_offset if self.source < len(sources) else self.end_offset
        newest.latest_offset = max(newest.latest_offset, min(following, self.end_offset) - 1)

    def _begin_copying(self) -> None:
        self.end_offset = self.rule.newest.latest_offset + 1
        self.groups = self._grouped([one for one in self.groups[0] if one.base_offset < self.end_offset])
        self.bytes_all = self.bytes_done + sum(one.size for group in self.groups for one in group)
        self.transactions = CleanedTransactions(self.log.disk, self.log.segments)
        self.group = self.source = self.position = 0
        self.stage = COPY if self.groups else DONE

    def _grouped(self, sources: list[LogSegment]) -> list[list[LogSegment]]:
        """Neighbours that together are no larger than one segment may be: what was cleaned often is small."""
        log = self.log
        groups: list[list[LogSegment]] = []
        for segment in sources:
            at = log.segments.index(segment)
            last_offset = log.segments[at + 1].base_offset - 1
            if groups and last_offset - groups[-1][0].base_offset <= RELATIVE_MAX and self._fit((*groups[-1], segment)):
                groups[-1].append(segment)
            else:
                groups.append([segment])
        return groups

    def _fit(self, segments: tuple[LogSegment, ...]) -> bool:
        """Whether these would do as one, as large as they are now."""
        config, disk = self.log.config, self.log.disk
        return sum(one.size for one in segments) <= config.segment_bytes and all(
            sum(disk.size(one.file(kind)) for one in segments) <= config.segment_index_bytes
            for kind in (".index", ".timeindex")
        )

    # --- copying ----------------------------------------------------------------------------------

    def _copy_next(self) -> None:
        """Copy what is left of the next batch."""
        log, sources = self.log, self.groups[self.group]
        output = self.output
        if output is None:
            output = self.output = LogSegment(log.folder, sources[0].base_offset, sources[-1].created_ms, ".cleaned")
            output.delete(log.disk)  # what an earlier clean may have left
            output.create(log.disk)
        source = sources[self.source]
        if self.position >= source.size:
            self.source += 1
            self.position = 0
            if self.source == len(sources):
                self._close(output)
            return
        batch = source.batch_at(log.disk, self.position)
        self.position += batch.size
        self.bytes_done += batch.size
        self._copy(output, batch)

    def _copy(self, output: LogSegment, batch: RecordBatch) -> None:
        log = self.log
        if not batch.valid_crc():
            raise Malformed(f"a batch at {batch.base_offset}: its CRC is wrong")
        aborted = self.transactions.still_aborted(batch)
        droppable = self.transactions.may_drop(batch)
        keep_empty = log.producers.is_last(batch) or batch.next_offset == self.end_offset
        left, count = filtered(self.rule, batch, droppable=droppable, keep_empty=keep_empty)
        self.seen += batch.record_count
        self.kept += count
        if left is None:
            return
        output.append(log.disk, left, log.config.index_interval_bytes)
        self.bytes_done += left.size
        self.bytes_all += left.size
        if aborted is not None:
            log.disk.append(output.file(SUFFIX), ENTRY.pack(VERSION, *aborted))

    def _close(self, output: LogSegment) -> None:
        output.close(self.log.disk)
        self.position = 0
        self.stage = FLUSH

    def _flush_next(self) -> None:
        """All of it is safe on the disk before anything that it replaces goes."""
        disk, output = self.log.disk, self.output
        assert output is not None
        files = output.files(disk)
        disk.flush(files[self.position])
        self.position += 1
        if self.position == len(files):
            output.rename(disk, ".swap")
            self.stage = SWAP

    def _swap(self, now_ms: int) -> Swapped:
        """The new segment takes the place of its sources."""
        sources, output = self.groups[self.group], self.output
        assert output is not None
        before = sum(one.size for one in sources)
        self.log.replace_segments(sources, output, now_ms)
        segments = self.log.segments
        next_offset = segments[segments.index(output) + 1].base_offset
        self.output = None
        self.group += 1
        self.source = self.position = 0
        self.stage = COPY if self.group < len(self.groups) else DONE
        return Swapped(tuple(one.base_offset for one in sources), next_offset, before, output.size)
