"""Snapshots: all that is committed below an offset, in one file of batches (spec 3.2)."""

from collections.abc import Sequence

from lab.env import Disk
from lab.kafka.protocol.messages.quorum import OffsetAndEpoch
from lab.kafka.protocol.records import Record, RecordBatch, batches_in

SUFFIX = ".checkpoint"
PART = ".part"
BATCH_RECORDS = 500
HEADER_KEY = b"\x00\x00\x00\x03"
"""The keys of control records: version 0, then Kafka's numbers of SNAPSHOT_HEADER and SNAPSHOT_FOOTER."""
FOOTER_KEY = b"\x00\x00\x00\x04"


def path_of(folder: str, snapshot_id: OffsetAndEpoch) -> str:
    """The file of a snapshot."""
    end_offset, epoch = snapshot_id
    return f"{folder}/{end_offset:020d}-{epoch:010d}{SUFFIX}"


def listed(disk: Disk, folder: str) -> list[OffsetAndEpoch]:
    """The snapshots in a folder, oldest first. What was not finished is removed."""
    found: list[OffsetAndEpoch] = []
    for path in disk.list(folder):
        name = path.rsplit("/", 1)[1]
        if name.endswith(PART):
            disk.delete(path)
        elif name.endswith(SUFFIX):
            end_offset, epoch = name.removesuffix(SUFFIX).split("-")
            found.append((int(end_offset), int(epoch)))
    return sorted(found)


def write(disk: Disk, folder: str, snapshot_id: OffsetAndEpoch, values: Sequence[bytes], now_ms: int) -> None:
    """Header, data, footer; under its name only when all of it is safe. Raises DiskFull."""
    epoch = snapshot_id[1]
    batches = [_control(HEADER_KEY, epoch, now_ms)]
    for first in range(0, len(values), BATCH_RECORDS):
        records = [Record(0, now_ms, None, value) for value in values[first : first + BATCH_RECORDS]]
        batches.append(RecordBatch.build(records, base_offset=first + 1, leader_epoch=epoch))
    batches.append(_control(FOOTER_KEY, epoch, now_ms))
    receive(disk, folder, snapshot_id, b"".join(batch.data for batch in batches))


def _control(key: bytes, epoch: int, now_ms: int) -> RecordBatch:
    return RecordBatch.build([Record(0, now_ms, key, b"\x00\x00")], leader_epoch=epoch, control=True)


def receive(disk: Disk, folder: str, snapshot_id: OffsetAndEpoch, data: bytes) -> None:
    """Keep the bytes of a snapshot. Raises DiskFull."""
    path = path_of(folder, snapshot_id)
    disk.write(f"{path}{PART}", data)
    disk.flush(f"{path}{PART}")
    disk.replace(f"{path}{PART}", path)


def read(disk: Disk, folder: str, snapshot_id: OffsetAndEpoch) -> list[bytes]:
    """The values of a snapshot's records."""
    path = path_of(folder, snapshot_id)
    return [
        record.value
        for batch in batches_in(disk.read(path, 0, disk.size(path)))
        if not batch.is_control
        for record in batch.records()
        if record.value is not None
    ]
