"""LogSegment: one file of batches with its sparse offset index and time index (spec 1.3)."""

import struct
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from lab.env import Disk, Packed
from lab.kafka.log.transaction_index import SUFFIX as TRANSACTIONS
from lab.kafka.log.transaction_index import sane_aborted
from lab.kafka.protocol.records import HEADER_SIZE, LOG_OVERHEAD, RecordBatch

OFFSET_ENTRY = struct.Struct(">ii")
TIME_ENTRY = struct.Struct(">qi")
_SIZE_AT = 8
SNAPSHOT = ".snapshot"
NAMES_KEPT = 1_024
"""Names of files that are not put together again for each batch."""
KINDS = (".log", ".index", ".timeindex", TRANSACTIONS, SNAPSHOT)


def _stem(path: str, suffix: str) -> str:
    return path.removesuffix(suffix).removesuffix(".log")


@lru_cache(NAMES_KEPT)
def _file(path: str, suffix: str, kind: str) -> str:
    return f"{_stem(path, suffix)}{kind}{suffix}"


class LogSegment(Packed):
    """A segment: its files are named by the offset it begins at, that of the batches is `path`. `suffix`: what
    the names end with while the cleaner makes it (`.cleaned`, `.swap`), or when it is set aside (`.deleted`).
    """

    __slots__ = (
        "base_offset",
        "created_ms",
        "first_timestamp_ms",
        "max_timestamp_ms",
        "max_timestamp_offset",
        "path",
        "since_index",
        "size",
        "suffix",
        "time_indexed_ms",
    )

    def __init__(self, folder: str, base_offset: int, created_ms: int, suffix: str = "") -> None:
        self.suffix = suffix
        self.path = f"{folder}/{base_offset:020d}.log{suffix}"
        self.base_offset = base_offset
        self.created_ms = created_ms
        self.size = 0
        self.since_index = 0
        self.first_timestamp_ms = -1
        self.max_timestamp_ms = -1
        self.max_timestamp_offset = -1
        self.time_indexed_ms = -1

    # --- files ------------------------------------------------------------------------------------

    @property
    def stem(self) -> str:
        """What the paths of its files begin with; worked out, since it would be a second string in every checkpoint."""
        return _stem(self.path, self.suffix)

    def file(self, kind: str) -> str:
        """The path of its file of this kind, which may not exist."""
        return _file(self.path, self.suffix, kind)

    def files(self, disk: Disk) -> list[str]:
        """The files that exist of this segment."""
        return [path for path in map(self.file, KINDS) if disk.exists(path)]

    def rename(self, disk: Disk, suffix: str) -> None:
        """Give all its files another suffix."""
        old = self.suffix
        for path in self.files(disk):
            disk.replace(path, f"{path.removesuffix(old)}{suffix}")
        self.path = f"{self.stem}.log{suffix}"
        self.suffix = suffix

    def delete(self, disk: Disk) -> None:
        """Remove its files."""
        for path in self.files(disk):
            disk.delete(path)

    # --- writing ----------------------------------------------------------------------------------

    def create(self, disk: Disk) -> None:
        """The file exists before its first batch: its name alone tells a restarted process where the log ends."""
        disk.append(self.path, b"")

    def append(self, disk: Disk, batch: RecordBatch, interval_bytes: int) -> None:
        """Write a batch, and an index entry if enough bytes have come since the last. Raises DiskFull."""
        disk.append(self.path, batch.data)
        self.account(disk, batch, interval_bytes)

    def account(self, disk: Disk, batch: RecordBatch, interval_bytes: int) -> None:
        """Take a batch that stands at the end of the file into the counts and indexes."""
        if batch.max_timestamp_ms > self.max_timestamp_ms:
            self.max_timestamp_ms = batch.max_timestamp_ms
            self.max_timestamp_offset = batch.last_offset
        if self.since_index > interval_bytes:
            entry = OFFSET_ENTRY.pack(batch.last_offset - self.base_offset, self.size)
            disk.append(self.file(".index"), entry)
            self._index_time(disk)
            self.since_index = 0
        if self.first_timestamp_ms < 0:
            self.first_timestamp_ms = batch.max_timestamp_ms
        self.size += batch.size
        self.since_index += batch.size

    def index_full(self, disk: Disk, max_bytes: int) -> bool:
        """Whether one of its indexes has no room for another entry; the time index keeps one for the end."""
        entries = disk.size(self.file(".index")) // OFFSET_ENTRY.size
        times = disk.size(self.file(".timeindex")) // TIME_ENTRY.size
        return entries >= max_bytes // OFFSET_ENTRY.size or times >= max_bytes // TIME_ENTRY.size - 1

    def close(self, disk: Disk) -> None:
        """No more appends: the time index ends with the newest timestamp."""
        self._index_time(disk)

    def _index_time(self, disk: Disk) -> None:
        """The newest timestamp so far, and the first batch that had it; never backwards."""
        if self.max_timestamp_ms > self.time_indexed_ms:
            entry = TIME_ENTRY.pack(self.max_timestamp_ms, self.max_timestamp_offset - self.base_offset)
            disk.append(self.file(".timeindex"), entry)
            self.time_indexed_ms = self.max_timestamp_ms

    # --- reading ----------------------------------------------------------------------------------

    def batch_at(self, disk: Disk, position: int) -> RecordBatch:
        """The batch that begins at a byte position of the file."""
        head = disk.read(self.path, position + _SIZE_AT, 4)
        size = int.from_bytes(head, "big") + LOG_OVERHEAD
        return RecordBatch(disk.read(self.path, position, size))

    def batches(self, disk: Disk, position: int = 0) -> Iterator[tuple[int, RecordBatch]]:
        """(position, batch) from a byte position on."""
        while position < self.size:
            batch = self.batch_at(disk, position)
            yield position, batch
            position += batch.size

    def index_entries(self, disk: Disk) -> list[tuple[int, int]]:
        """(offset, position) of each entry of the offset index; the file has offsets less the segment's base."""
        entries = OFFSET_ENTRY.iter_unpack(self._all(disk, ".index"))
        return [(self.base_offset + relative, position) for relative, position in entries]

    def time_index_entries(self, disk: Disk) -> list[tuple[int, int]]:
        """(timestamp in ms, offset) of each entry of the time index."""
        entries = TIME_ENTRY.iter_unpack(self._all(disk, ".timeindex"))
        return [(timestamp_ms, self.base_offset + relative) for timestamp_ms, relative in entries]

    def _all(self, disk: Disk, kind: str) -> bytes:
        path = self.file(kind)
        return disk.read(path, 0, disk.size(path)) if disk.exists(path) else b""

    def position_for(self, disk: Disk, offset: int) -> int:
        """The byte position of the first batch that ends at `offset` or later; the size if there is none."""
        start = self._floor(disk, ".index", OFFSET_ENTRY, 0, offset - self.base_offset)
        position = start[1] if start is not None else 0
        for at, batch in self.batches(disk, position):
            if batch.last_offset >= offset:
                return at
        return self.size

    def indexed_before(self, disk: Disk, position: int) -> int:
        """The byte position of the last batch the index names at or before a byte position; 0 if it names none."""
        found = self._floor(disk, ".index", OFFSET_ENTRY, 1, position)
        return found[1] if found is not None else 0

    def batches_from_time(self, disk: Disk, timestamp_ms: int) -> Iterator[tuple[int, RecordBatch]]:
        """Batches from somewhere before the first record that is at least so young."""
        floor = self._floor(disk, ".timeindex", TIME_ENTRY, 0, timestamp_ms - 1)
        position = self.position_for(disk, self.base_offset + floor[1]) if floor is not None else 0
        return self.batches(disk, position)

    def _floor(self, disk: Disk, suffix: str, entry: struct.Struct, column: int, key: int) -> tuple[int, int] | None:
        """The last entry of an index whose key is at most `key`."""
        path = self.file(suffix)
        low, high = 0, disk.size(path) // entry.size
        found = None
        while low < high:
            middle = (low + high) // 2
            values: tuple[int, int] = entry.unpack(disk.read(path, middle * entry.size, entry.size))
            if values[column] <= key:
                found, low = values, middle + 1
            else:
                high = middle
        return found

    def end_offset(self, disk: Disk) -> int:
        """One past its last record, which stands behind the last index entry."""
        end = self.base_offset
        for _, batch in self.batches(disk, self.indexed_before(disk, self.size)):
            end = batch.next_offset
        return end

    # --- opening ----------------------------------------------------------------------------------

    def open(self, disk: Disk, interval_bytes: int) -> bool:
        """Take what an earlier process left as it is: counts follow from the indexes and what stands behind their last
        entries. False if an index is missing or cannot be right.

        Since 2.3 Kafka looks at the index of transactions only and believes the other two. It makes each file with its
        segment; here one comes with its first entry.
        """
        self.size = disk.size(self.path)
        if not self.size:
            return not any(disk.size(self.file(kind)) for kind in (".index", ".timeindex", TRANSACTIONS))
        if self._lacks_index(disk, interval_bytes) or not sane_aborted(disk, self.file(TRANSACTIONS), self.base_offset):
            return False
        indexed = self._last_position(disk)
        dated = None if indexed is None else self._last_date(disk)
        if indexed is None or dated is None:
            return False
        self.since_index = self.size - indexed
        self.first_timestamp_ms = self.batch_at(disk, 0).max_timestamp_ms
        self._note_newest(disk, dated)
        return True

    def _lacks_index(self, disk: Disk, interval_bytes: int) -> bool:
        """Whether there is no offset index, and a batch stands where it would have got an entry."""
        return not disk.size(self.file(".index")) and any(at > interval_bytes for at, _ in self.batches(disk))

    def _last_position(self, disk: Disk) -> int | None:
        """Where the batch stands that the offset index names last, 0 if none; None if no such batch stands there."""
        entries = self._rising(disk, ".index", OFFSET_ENTRY)
        if not entries:
            return None if entries is None else 0
        relative, position = entries[-1]
        if min(entries[0]) < 0 or position > self.size - HEADER_SIZE:
            return None
        return position if self.batch_at(disk, position).last_offset == self.base_offset + relative else None

    def _last_date(self, disk: Disk) -> int | None:
        """Where the batch stands that the time index names last; None if there is no such batch of that date."""
        entries = self._rising(disk, ".timeindex", TIME_ENTRY)
        if not entries or entries[0][1] < 0:
            return None
        timestamp_ms, relative = entries[-1]
        offset = self.base_offset + relative
        position = self.position_for(disk, offset)
        if position == self.size:
            return None
        batch = self.batch_at(disk, position)
        return position if (batch.max_timestamp_ms, batch.last_offset) == (timestamp_ms, offset) else None

    def _rising(self, disk: Disk, kind: str, entry: struct.Struct) -> list[tuple[int, int]] | None:
        """The entries of an index; None if it does not end with a whole one, or they do not rise."""
        size = disk.size(self.file(kind))
        if size % entry.size:
            return None
        found: list[tuple[int, int]] = list(entry.iter_unpack(disk.read(self.file(kind), 0, size))) if size else []
        return found if all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(found)) else None

    def _note_newest(self, disk: Disk, position: int) -> None:
        """The youngest record, from a byte position on: a time index that lacks its last entries does no harm."""
        for at, batch in self.batches(disk, position):
            if batch.max_timestamp_ms > self.max_timestamp_ms:
                self.max_timestamp_ms = batch.max_timestamp_ms
                self.max_timestamp_offset = batch.last_offset
                if at == position:
                    self.time_indexed_ms = batch.max_timestamp_ms

    # --- mending ----------------------------------------------------------------------------------

    def truncate(self, disk: Disk, offset: int, interval_bytes: int) -> None:
        """Cut at the first batch that reaches `offset`, and make the indexes anew. What stays is not checked: a corrupt
        batch is no reason to give up what stands behind it.
        """
        disk.truncate(self.path, self.position_for(disk, offset))
        for _ in self.rebuild(disk, interval_bytes, checked=False):
            pass

    def recover(self, disk: Disk, interval_bytes: int) -> bool:
        """Read the file from its beginning, checking every batch; cut it at the first bad one. Returns
        whether all of it was good.
        """
        length = disk.size(self.path)
        for _ in self.rebuild(disk, interval_bytes, checked=True):
            pass
        return self.size == length

    def rebuild(self, disk: Disk, interval_bytes: int, *, checked: bool) -> Iterator[RecordBatch]:
        """Each batch of the file, taken into counts and indexes that begin anew; `checked`: up to the first
        bad one, where the file is cut.
        """
        for kind in (".index", ".timeindex"):
            if disk.exists(self.file(kind)):
                disk.truncate(self.file(kind), 0)
        length = disk.size(self.path)
        self.size = self.since_index = 0
        self.first_timestamp_ms = self.max_timestamp_ms = self.max_timestamp_offset = self.time_indexed_ms = -1
        while self.size < length:
            batch = self._sound_batch(disk, length) if checked else self.batch_at(disk, self.size)
            if batch is None:
                disk.truncate(self.path, self.size)
                return
            self.account(disk, batch, interval_bytes)
            yield batch

    def _sound_batch(self, disk: Disk, length: int) -> RecordBatch | None:
        """The batch at the end of what is accounted for, if it is whole and its CRC is right."""
        left = length - self.size
        if left < HEADER_SIZE:
            return None
        size = int.from_bytes(disk.read(self.path, self.size + _SIZE_AT, 4), "big", signed=True) + LOG_OVERHEAD
        if not HEADER_SIZE <= size <= left:
            return None
        batch = RecordBatch(disk.read(self.path, self.size, size))
        return batch if batch.valid_crc() else None
