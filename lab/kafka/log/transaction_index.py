"""TransactionIndex: which transactions were aborted, in the file `.txnindex` beside a segment (spec 1.3)."""

import struct
from typing import NamedTuple

from lab.env import Disk

SUFFIX = ".txnindex"
ENTRY = struct.Struct(">hqqqq")
VERSION = 0


class AbortedTransaction(NamedTuple):
    """From its first record to its marker, and the last stable offset once the marker was written: the first offset
    of the oldest transaction of another producer that was open then, else one past the marker.
    """

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int


def add_aborted(disk: Disk, stem: str, aborted: AbortedTransaction) -> None:
    """One more; the file is made with its first entry."""
    disk.append(f"{stem}{SUFFIX}", ENTRY.pack(VERSION, *aborted))


def read_aborted(disk: Disk, stem: str) -> list[AbortedTransaction]:
    """All entries of a segment, in the order of their markers. What a torn write left of the last one is none."""
    path = f"{stem}{SUFFIX}"
    size = disk.size(path) // ENTRY.size * ENTRY.size
    if not size:
        return []
    return [AbortedTransaction(*entry[1:]) for entry in ENTRY.iter_unpack(disk.read(path, 0, size))]


def sane_aborted(disk: Disk, path: str, base_offset: int) -> bool:
    """Whether a file holds whole entries, of markers that may stand in its segment."""
    size = disk.size(path)
    if size % ENTRY.size:
        return False
    entries = ENTRY.iter_unpack(disk.read(path, 0, size)) if size else ()
    return all(entry[0] == VERSION and entry[3] >= base_offset for entry in entries)


def cut_aborted(disk: Disk, stem: str, offset: int) -> None:
    """Forget the transactions whose markers stand at `offset` or later."""
    kept = [one for one in read_aborted(disk, stem) if one.last_offset < offset]
    if len(kept) * ENTRY.size < disk.size(f"{stem}{SUFFIX}"):
        disk.truncate(f"{stem}{SUFFIX}", len(kept) * ENTRY.size)
