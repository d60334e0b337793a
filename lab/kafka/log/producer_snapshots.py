"""Producer snapshots: what a log knew of its producers at an offset, in `.snapshot` files (spec 1.3, 1.5).

Of a producer only its last batch is written down. What retention has deleted of it is still known by the snapshots
behind that; the log alone would have forgotten it.
"""

import struct
from typing import TYPE_CHECKING

from crc32c import crc32c

from lab.env import Disk
from lab.kafka.log.producer_state import ProducerState, Remembered
from lab.kafka.log.segment import SNAPSHOT
from lab.kafka.log.transaction_index import SUFFIX as TRANSACTIONS
from lab.kafka.log.transactions import TransactionState

if TYPE_CHECKING:
    from lab.kafka.log.unified_log import UnifiedLog

VERSION = 1
HEAD = struct.Struct(">hI")
COUNT = struct.Struct(">i")
ENTRY = struct.Struct(">qhiqiqiq")


# --- the file -------------------------------------------------------------------------------------


def encoded(producers: ProducerState) -> bytes:
    """Version, CRC-32C of all behind it, how many, and the producers."""
    remembered = producers.remembered()
    body = b"".join((COUNT.pack(len(remembered)), *(ENTRY.pack(*one) for one in remembered)))
    return HEAD.pack(VERSION, crc32c(body)) + body


def decoded(data: bytes) -> list[Remembered] | None:
    """The producers of a snapshot; None if it is torn or damaged."""
    if len(data) < HEAD.size + COUNT.size:
        return None
    version, crc = HEAD.unpack_from(data)
    body = data[HEAD.size :]
    if version != VERSION or crc != crc32c(body) or len(body) != COUNT.size + COUNT.unpack_from(body)[0] * ENTRY.size:
        return None
    return [Remembered(*fields) for fields in ENTRY.iter_unpack(body[COUNT.size :])]


def path_of(folder: str, offset: int) -> str:
    """The file of the snapshot that knows all below `offset`."""
    return f"{folder}/{offset:020d}{SNAPSHOT}"


def offsets_of(disk: Disk, folder: str) -> list[int]:
    """The offsets of the snapshots in a folder, ascending."""
    return [int(path.rsplit("/", 1)[1][:20]) for path in disk.list(folder) if path.endswith(SNAPSHOT)]


# --- a log's --------------------------------------------------------------------------------------


def take(log: "UnifiedLog", offset: int) -> None:
    """Write down what the log knows of all below `offset`, unless that is nothing, or has been done. It is safe at
    once; where a segment is rolled, Kafka flushes it with that segment, a little later. Raises DiskFull.
    """
    path = path_of(log.folder, offset)
    if offset > log.log_start_offset and not log.disk.exists(path):
        log.disk.append(path, encoded(log.producers))
        log.disk.flush(path)


def rebuild(log: "UnifiedLog", end: int) -> None:
    """Know the producers as they were at `end`: from the newest snapshot up to there, and the records behind it.

    Snapshots of what is gone go too. After a clean stop Kafka reads no record where it finds no snapshot at all: it
    takes that for a log from before 0.11, of which there is none here.
    """
    for offset in offsets_of(log.disk, log.folder):
        if not log.log_start_offset < offset <= end:
            log.disk.delete(path_of(log.folder, offset))
    known = _read_newest(log)
    newest = [segment.base_offset for segment in log.segments[-2:]]
    for segment in log.segments:
        if segment.base_offset >= end:
            break
        if segment.base_offset in newest and segment.base_offset > known:
            take(log, segment.base_offset)
        for _, batch in segment.batches(log.disk, segment.position_for(log.disk, known)):
            if batch.base_offset >= end:
                break
            log.learn(batch, None)
    log.producers.replicated(log.high_watermark)
    take(log, end)


def _read_newest(log: "UnifiedLog") -> int:
    """Begin with the newest snapshot that is sound, and remove those that are not. Returns its offset; where there is
    none, that at which the log begins.
    """
    for offset in reversed(offsets_of(log.disk, log.folder)):
        path = path_of(log.folder, offset)
        remembered = decoded(log.disk.read(path, 0, log.disk.size(path)))
        if remembered is not None:
            log.producers = _recalled(log, remembered)
            return offset
        log.disk.delete(path)
    log.producers = _recalled(log, [])
    return log.log_start_offset


def _recalled(log: "UnifiedLog", remembered: list[Remembered]) -> ProducerState:
    """Whose transactions were aborted may have been forgotten long ago: the indexes still tell of them."""
    aborted = any(log.disk.size(segment.file(TRANSACTIONS)) for segment in log.segments)
    transactional = aborted or any(one.coordinator_epoch >= 0 or one.first_offset >= 0 for one in remembered)
    producers = TransactionState({}) if transactional else ProducerState()
    producers.recall(remembered)
    return producers


def remove_strays(log: "UnifiedLog") -> None:
    """Only where a segment begins a snapshot is of use, and behind all of them: that of a clean stop."""
    bases = [segment.base_offset for segment in log.segments]
    found = offsets_of(log.disk, log.folder)
    for offset in found:
        if offset not in bases and (offset != found[-1] or offset < bases[-1]):
            log.disk.delete(path_of(log.folder, offset))


def remove_all(log: "UnifiedLog") -> None:
    """The log begins anew."""
    for offset in offsets_of(log.disk, log.folder):
        log.disk.delete(path_of(log.folder, offset))
