"""FileDisk: a host's disk made of real files, in the layout of one of Kafka's log directories.

What was appended is with the operating system when `append` returns, so that it survives the end of this process,
however sudden. It survives a power loss once `flush` has returned: data, the file's name and its folder's are fsynced.
Names are kept in memory, since nobody else writes here while the folder is locked.
"""

import errno
import os
import re
from pathlib import Path

from lab.env.disk import DiskFull, Unreadable
from lab.env.units import Micros
from lab.world.dice import Stream

LOGS = "logs"
"""The engine keeps partitions below this folder; in Kafka's layout they stand in the log directory itself."""
PARTITION_FOLDER = re.compile(r".+-\d+")
ENGINES_FILE = re.compile(r"\d{20}(-\d{10})?\..+|(leader-epoch-checkpoint|partition\.metadata|quorum-state)(\.tmp)?")
"""What stands in a partition's folder and is the log's; a stranger's file there is left alone."""
HANDLES_MAX = 256
PAGE = 4_096
READ_AHEAD = 128 * 1_024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _File:
    """One file: its size, how much of it was fsynced here, its descriptor while it is open, and what was read last."""

    __slots__ = ("descriptor", "flushed", "path", "real", "size", "window", "window_at")

    def __init__(self, path: str, real: Path, size: int) -> None:
        self.path = path
        self.real = real
        self.size = size
        self.flushed = 0
        self.descriptor = -1
        self.window = b""
        self.window_at = 0


class FileDisk:
    """A HostDisk over the folder `root`. Real files take their own time: `cost` stays 0, `slowdown` does nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.capacity: int | None = None
        self.slowdown = 1
        self.cost: Micros = 0
        self.dirty: dict[str, None] = {}
        self.used = 0
        self.write_back_due = False
        self._folders: dict[str, dict[str, _File]] = {"": {}}
        self._open: dict[_File, None] = {}
        self._unsafe: dict[Path, None] = {}
        """Folders of the machine whose entries have changed since they were fsynced."""
        self._find()

    def _find(self) -> None:
        """All files an earlier process left."""
        for entry in os.scandir(self.root):
            if entry.is_file():
                self._found("", entry)
            elif entry.is_dir() and PARTITION_FOLDER.fullmatch(entry.name):
                for inner in os.scandir(entry.path):
                    if inner.is_file() and ENGINES_FILE.fullmatch(inner.name):
                        self._found(f"{LOGS}/{entry.name}", inner)

    def _found(self, folder: str, entry: "os.DirEntry[str]") -> None:
        path = f"{folder}/{entry.name}" if folder else entry.name
        file = _File(path, Path(entry.path), entry.stat().st_size)
        self._folders.setdefault(folder, {})[path] = file
        self.used += file.size

    # --- the interface of env.Disk ----------------------------------------------------------------

    def append(self, path: str, data: bytes) -> int:
        """See Disk."""
        size = len(data)
        if self.capacity is not None and self.used + size > self.capacity:
            raise DiskFull(f"{path}: {size} bytes wanted, {self.capacity - self.used} left")
        file = self._lookup(path) or self._create(path)
        start = file.size
        descriptor = self._descriptor(file)
        try:
            written = os.write(descriptor, data) if size else 0
            while written < size:
                written += os.write(descriptor, memoryview(data)[written:])
        except OSError as wrong:
            os.ftruncate(descriptor, start)
            if wrong.errno in NO_ROOM:
                raise DiskFull(f"{path}: {size} bytes wanted: {wrong.strerror}") from wrong
            raise
        file.size = start + size
        self.used += size
        return start

    def read(self, path: str, start: int, size: int) -> bytes:
        """See Disk. Whoever reads on from what was read before gets it out of memory, a stretch at a time."""
        file = self._file(path)
        end = min(start + size, file.size)
        if start >= end:
            return b""
        at = start - file.window_at
        if at < 0 or end > file.window_at + len(file.window):
            self._fill(file, start, end)
            at = start - file.window_at
        return file.window[at : at + end - start]

    def size(self, path: str) -> int:
        """See Disk."""
        file = self._lookup(path)
        return file.size if file is not None else 0

    def exists(self, path: str) -> bool:
        """See Disk."""
        return self._lookup(path) is not None

    def flushed(self, path: str) -> int:
        """See Disk. What the operating system has written by itself nobody here knows: this is the least."""
        file = self._lookup(path)
        return file.flushed if file is not None else 0

    def truncate(self, path: str, size: int) -> None:
        """See Disk. Safe at once: no power loss brings back what was cut."""
        file = self._file(path)
        if size >= file.size:
            return
        descriptor = self._descriptor(file)
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
        self.used -= file.size - size
        file.size = file.flushed = size
        file.window = b""

    def write(self, path: str, data: bytes) -> None:
        """See Disk."""
        file = self._lookup(path)
        if file is not None:
            os.ftruncate(self._descriptor(file), 0)
            self.used -= file.size
            file.size = file.flushed = 0
            file.window = b""
        self.append(path, data)

    def flush(self, path: str) -> None:
        """See Disk."""
        file = self._lookup(path)
        if file is not None:
            os.fsync(self._descriptor(file))
            file.flushed = file.size
            self._keep_names(file.real.parent)

    def replace(self, source: str, target: str) -> None:
        """See Disk. Safe at once."""
        file = self._file(source)
        old = self._lookup(target)
        if old is not None:
            self._shut(old)
            self.used -= old.size
        left = file.real.parent
        real = self._real(target)
        self._name_in(real.parent)
        file.real.replace(real)
        del self._folder(source)[source]
        file.path, file.real = target, real
        self._folder(target)[target] = file
        self._keep_names(real.parent)
        self._remove_if_empty(left, source)

    def delete(self, path: str) -> None:
        """See Disk. The folder goes with its last file; whether it is gone for good shows with the next fsync."""
        file = self._file(path)
        self._shut(file)
        file.real.unlink()
        self.used -= file.size
        del self._folder(path)[path]
        folder = file.real.parent
        self._unsafe[folder] = None
        self._remove_if_empty(folder, path)

    def list(self, folder: str) -> "list[str]":
        """See Disk."""
        if folder in ("", LOGS):
            return sorted(path for name, files in self._folders.items() if name.startswith(folder) for path in files)
        return sorted(self._folders.get(folder, ()))

    # --- the rest of a HostDisk -------------------------------------------------------------------

    def write_back(self) -> None:
        """The operating system does so by itself."""

    def lose_power(self, dice: Stream) -> None:
        """Nobody here can cut the power of the machine outside."""
        raise AssertionError(str(self.root))

    def close(self) -> None:
        """Make all names safe, and let go of the files."""
        for folder in list(self._unsafe):
            self._keep_names(folder)
        for file in list(self._open):
            self._shut(file)

    # --- files ------------------------------------------------------------------------------------

    def _folder(self, path: str) -> dict[str, _File]:
        return self._folders.setdefault(path.rpartition("/")[0], {})

    def _lookup(self, path: str) -> _File | None:
        files = self._folders.get(path.rpartition("/")[0])
        return files.get(path) if files is not None else None

    def _file(self, path: str) -> _File:
        file = self._lookup(path)
        if file is None:
            raise FileNotFoundError(path)
        return file

    def _real(self, path: str) -> Path:
        return self.root / path.removeprefix(f"{LOGS}/")

    def _create(self, path: str) -> _File:
        file = self._folder(path)[path] = _File(path, self._real(path), 0)
        self._name_in(file.real.parent)
        return file

    def _name_in(self, folder: Path) -> None:
        """A name will be new in a folder, which may have to be made."""
        if folder != self.root and not folder.is_dir():
            folder.mkdir()
            self._unsafe[self.root] = None
        self._unsafe[folder] = None

    def _descriptor(self, file: _File) -> int:
        """Of a file that is opened when it is first needed; of too many the one longest open is closed."""
        if file.descriptor < 0:
            if len(self._open) >= HANDLES_MAX:
                self._shut(next(iter(self._open)))
            file.descriptor = os.open(file.real, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._open[file] = None
        return file.descriptor

    def _shut(self, file: _File) -> None:
        if file.descriptor >= 0:
            os.close(file.descriptor)
            file.descriptor = -1
            file.window = b""
            del self._open[file]

    def _fill(self, file: _File, start: int, end: int) -> None:
        """Have [start, end) in memory, and more behind it if that goes on from what was read before."""
        goes_on = file.window_at <= start <= file.window_at + len(file.window)
        at = start // PAGE * PAGE
        size = min(max(end - at, READ_AHEAD if goes_on else PAGE), file.size - at)
        try:
            found = os.pread(self._descriptor(file), size, at)
        except OSError as wrong:
            raise Unreadable(f"{file.path}: bytes {at} to {at + size}: {wrong.strerror}") from wrong
        if at + len(found) < end:
            raise Unreadable(f"{file.path}: {file.size} bytes wanted, somebody else has cut it to {at + len(found)}")
        file.window, file.window_at = found, at

    def _remove_if_empty(self, folder: Path, path: str) -> None:
        """`path` was a file in it."""
        if folder == self.root or self._folder(path):
            return
        try:
            folder.rmdir()
        except OSError as wrong:
            if wrong.errno != errno.ENOTEMPTY:
                raise
            return  # a stranger's file is in it
        self._unsafe.pop(folder, None)
        self._unsafe[self.root] = None

    def _keep_names(self, folder: Path) -> None:
        """fsync a folder whose entries have changed, and the one it stands in."""
        for one in dict.fromkeys((folder, self.root)):
            if one in self._unsafe:
                del self._unsafe[one]
                descriptor = os.open(one, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
