"""SimDisk: a host's files, with a page cache that a power loss empties.

A file is a Vec of pieces, each what one append wrote. Leader and followers share the same `bytes`
object, so replication does not triple memory, and a checkpoint of the disk costs the same after an hour
as after a minute.
"""

from typing import Protocol, TypeAlias

from lab.env.disk import Disk, DiskFull
from lab.env.sealed import Sealed
from lab.env.units import Micros
from lab.env.vec import Spine, Vec
from lab.world.dice import Stream

OP_US: Micros = 4
"""A write into the page cache."""
KILOBYTE_US: Micros = 1
FLUSH_US: Micros = 800
"""An fsync of a fast disk."""
BULK_BYTES = 1_024


class HostDisk(Disk, Protocol):
    """What a world asks of a host's disk, besides what the host's process does with it. `cost`: what this turn's
    operations have taken so far.
    """

    capacity: int | None
    slowdown: int
    used: int
    cost: Micros
    dirty: dict[str, None]
    write_back_due: bool

    def write_back(self) -> None:
        """The operating system writes everything dirty to the platter."""
        ...

    def lose_power(self, dice: Stream) -> None:
        """Drop what was never flushed."""
        ...


class Bulk(Sealed):
    """A large piece, as a checkpoint refers to it: a real client's batches are a thousand times what a teaching world's
    are, and the last few of each file would make a checkpoint of megabytes.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class File:
    """One file: its name, pieces as (position, bytes), its length, and how much of it is safe."""

    __slots__ = ("_near", "flushed", "path", "pieces", "size")

    def __init__(self, path: str) -> None:
        self.path = path
        self.pieces: Vec[tuple[int, bytes]] = Vec()
        self.size = 0
        self.flushed = 0
        self._near = 0

    def row(self) -> "FileRow":
        """It all, as a checkpoint holds it. Where the last read ended is a guess for the next one, and no part of the
        world: whoever only looks at a file must change nothing.
        """
        pieces = self.pieces
        last = [data if len(data) < BULK_BYTES else Bulk(data) for _, data in pieces.tail]
        return self.path, self.size, self.flushed, pieces.spine, *last

    @classmethod
    def of_row(cls, row: "FileRow") -> "File":
        """The file that such a row was of. The pieces it names are the last ones, one after the other."""
        path, size, flushed, spine, *last = row
        file = cls(path)
        file.size, file.flushed, file.pieces.spine = size, flushed, spine
        tail, at = file.pieces.tail, size - sum(len(one.data if isinstance(one, Bulk) else one) for one in last)
        for one in last:
            data = one.data if isinstance(one, Bulk) else one
            tail.append((at, data))
            at += len(data)
        return file

    def read(self, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start`."""
        end = min(start + size, self.size)
        if start >= end:
            return b""
        at = self._piece_at(start)
        position, data = self.pieces[at]
        if start == position and end == position + len(data):
            self._near = at
            return data
        found = [data[start - position : end - position]]
        position += len(data)
        while position < end:
            at += 1
            position, data = self.pieces[at]
            found.append(data[: end - position])
            position += len(data)
        self._near = at
        return found[0] if len(found) == 1 else b"".join(found)

    def _piece_at(self, position: int) -> int:
        """The index of the piece that holds the byte at `position`; at once, if it is near the last one read."""
        pieces = self.pieces
        low, high = 0, len(pieces) - 1
        near = self._near
        if near <= high and pieces[near][0] <= position:
            if near == high or position < pieces[near + 1][0]:
                return near
            if near + 1 == high or position < pieces[near + 2][0]:
                return near + 1
        tail = pieces.spine.count
        if high >= tail > 0 and pieces[tail][0] <= position:
            low = tail
        while low < high:
            middle = (low + high + 1) // 2
            if pieces[middle][0] <= position:
                low = middle
            else:
                high = middle - 1
        return low

    def truncate(self, size: int) -> None:
        """Cut at `size`, inside a piece if need be."""
        if size >= self.size:
            return
        if size == 0:
            self.pieces.truncate(0)
        else:
            at = self._piece_at(size)
            position, data = self.pieces[at]
            self.pieces.truncate(at)
            if size > position:
                self.pieces.append((position, data[: size - position]))
        self.size = size
        self.flushed = min(self.flushed, size)

    def rot(self, position: int) -> None:
        """Turn all bits of one byte over. The piece is shared with other replicas and with the past, so this file gets
        one of its own in its place.
        """
        at = self._piece_at(position)
        pieces = self.pieces.slice(at, len(self.pieces))
        start, data = pieces[0]
        place = position - start
        rotten = data[:place] + bytes((data[place] ^ 0xFF,)) + data[place + 1 :]
        self.pieces.truncate(at)
        for piece in ((start, rotten), *pieces[1:]):
            self.pieces.append(piece)


FileRow: TypeAlias = "tuple[str, int, int, Spine, *tuple[bytes | Bulk, ...]]"
SimDiskState: TypeAlias = "tuple[list[FileRow], int | None, int, Micros, dict[str, None], int, bool]"


class SimDisk:
    """A simulated disk."""

    __slots__ = ("_files", "capacity", "cost", "dirty", "slowdown", "used", "write_back_due")

    def __init__(self, capacity: int | None = None) -> None:
        self._files: dict[str, File] = {}
        self.capacity = capacity
        self.slowdown = 1
        self.cost: Micros = 0
        self.dirty: dict[str, None] = {}
        self.used = 0
        self.write_back_due = False

    def __getstate__(self) -> "SimDiskState":
        rows = [file.row() for file in self._files.values()]
        return rows, self.capacity, self.slowdown, self.cost, self.dirty, self.used, self.write_back_due

    def __setstate__(self, state: "SimDiskState") -> None:
        rows, self.capacity, self.slowdown, self.cost, self.dirty, self.used, self.write_back_due = state
        self._files = {row[0]: File.of_row(row) for row in rows}

    # --- the interface of env.Disk ----------------------------------------------------------------

    def append(self, path: str, data: bytes) -> int:
        """See Disk."""
        size = len(data)
        if self.capacity is not None and self.used + size > self.capacity:
            raise DiskFull(f"{path}: {size} bytes wanted, {self.capacity - self.used} left")
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = File(path)
        start = file.size
        file.pieces.append((start, data))
        file.size = start + size
        self.used += size
        if size:
            self.dirty[file.path] = None
        self.cost += (OP_US + (size >> 10) * KILOBYTE_US) * self.slowdown
        return start

    def read(self, path: str, start: int, size: int) -> bytes:
        """See Disk. Reads come from the page cache and cost the host nothing."""
        return self._file(path).read(start, size)

    def size(self, path: str) -> int:
        """See Disk."""
        file = self._files.get(path)
        return file.size if file is not None else 0

    def exists(self, path: str) -> bool:
        """See Disk."""
        return path in self._files

    def flushed(self, path: str) -> int:
        """See Disk."""
        file = self._files.get(path)
        return file.flushed if file is not None else 0

    def truncate(self, path: str, size: int) -> None:
        """See Disk."""
        file = self._file(path)
        self.used -= max(0, file.size - size)
        file.truncate(size)

    def write(self, path: str, data: bytes) -> None:
        """See Disk."""
        if path in self._files:
            self.truncate(path, 0)
        self.append(path, data)

    def flush(self, path: str) -> None:
        """See Disk."""
        file = self._files.get(path)
        if file is not None:
            file.flushed = file.size
            self.dirty.pop(path, None)
            self.cost += FLUSH_US * self.slowdown

    def replace(self, source: str, target: str) -> None:
        """See Disk."""
        file = self._file(source)
        old = self._files.get(target)
        if old is not None:
            self.used -= old.size
        self._files[target] = file
        file.path = target
        del self._files[source]
        if self.dirty.pop(source, "") is None:
            self.dirty[target] = None

    def delete(self, path: str) -> None:
        """See Disk."""
        self.used -= self._file(path).size
        del self._files[path]
        self.dirty.pop(path, None)

    def list(self, folder: str) -> "list[str]":
        """See Disk."""
        start = f"{folder}/" if folder else ""
        return sorted(path for path in self._files if path.startswith(start))

    # --- what the world does to it ----------------------------------------------------------------

    def write_back(self) -> None:
        """The operating system writes everything dirty to the platter."""
        for path in self.dirty:
            file = self._files[path]
            file.flushed = file.size
        self.dirty.clear()
        self.write_back_due = False

    def lose_power(self, dice: Stream) -> None:
        """Drop what was never flushed, but for a random prefix: the last page may be torn."""
        for file in self._files.values():
            at_risk = file.size - file.flushed
            if at_risk:
                kept = file.flushed + dice.below(at_risk + 1)
                self.used -= file.size - kept
                file.truncate(kept)
                file.flushed = kept
        self.dirty.clear()
        self.write_back_due = False
        self.cost = 0

    def rot(self, path: str, position: int) -> None:
        """One byte is not what was written: no error, no cost, and whoever reads it gets the wrong one each time.
        Raises FileNotFoundError.
        """
        file = self._file(path)
        assert 0 <= position < file.size, (path, position, file.size)
        file.rot(position)

    def _file(self, path: str) -> File:
        file = self._files.get(path)
        if file is None:
            raise FileNotFoundError(path)
        return file
