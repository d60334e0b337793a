"""Disk: the files of one host. What is appended is readable at once and safe only after a flush."""

from typing import Protocol


class DiskFull(Exception):
    """No room for an append. Nothing of it was written."""


class Unreadable(Exception):
    """A sector cannot be read: the file exists, these bytes of it do not."""


class Disk(Protocol):
    """A small file system. Paths are `/`-separated and relative; folders exist by being named.

    `append` reaches the page cache: readable at once, lost at power loss unless `flush` (or the
    operating system's own write-back) came first. A process crash loses nothing.
    """

    def append(self, path: str, data: bytes) -> int:
        """Add `data` to the end, creating the file if need be. Returns the position it starts at.

        Raises DiskFull.
        """
        ...

    def read(self, path: str, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start`; fewer at the end of the file. An aligned read of what one
        `append` wrote returns the very same object. Raises FileNotFoundError, Unreadable.
        """
        ...

    def size(self, path: str) -> int:
        """Length in bytes; 0 if there is no such file."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        ...

    def flushed(self, path: str) -> int:
        """How many bytes of the file would survive a power loss now."""
        ...

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes. Raises FileNotFoundError."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace the whole content (a small file: a checkpoint, a property file)."""
        ...

    def flush(self, path: str) -> None:
        """fsync: all of the file survives a power loss from now on. Takes time on the host."""
        ...

    def replace(self, source: str, target: str) -> None:
        """Rename `source` over `target`, atomically. Raises FileNotFoundError."""
        ...

    def delete(self, path: str) -> None:
        """Remove the file. Raises FileNotFoundError."""
        ...

    def list(self, folder: str) -> "list[str]":
        """The paths of all files below `folder`, in name order; `""` for the whole disk."""
        ...
