"""StoredLog: the batches of one replica as its files hold them, whether or not its broker runs."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.env import Disk, NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.protocol.primitives import read_varint
from lab.kafka.protocol.records import COMPRESSION_MASK, CRC_FROM, HEADER_SIZE, LOG_OVERHEAD, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

CRC_LAST = CRC_FROM - 1
"""The last byte of the stored CRC itself."""
SUFFIX = ".log"


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch, its file, and the byte at which it begins there."""

    path: str
    position: int
    batch: RecordBatch


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The files of a log, oldest first, and its offsets: from `start` to before `end`. What a process knows of its log
    start counts while it runs; after that, what is in the files.
    """

    disk: Disk
    paths: tuple[str, ...]
    start: int
    end: int

    def holding(self, offset: int) -> StoredBatch | None:
        """The batch with an offset; None where compaction has left no batch for it."""
        path = next((one for one in reversed(self.paths) if base_of(one) <= offset), None)
        if path is not None:
            for one in batches_in(self.disk, path):
                if one.batch.last_offset >= offset:
                    return one if one.batch.base_offset <= offset else None
        return None


def base_of(path: str) -> int:
    """The offset that the name of a segment's file tells."""
    return int(path.rsplit("/", 1)[1].removesuffix(SUFFIX))


def batches_in(disk: Disk, path: str) -> Iterator[StoredBatch]:
    """Each batch of a file, up to what a power loss has torn. No index is believed: after a crash they may be wrong."""
    position, size = 0, disk.size(path)
    while size - position >= HEADER_SIZE:
        length = int.from_bytes(disk.read(path, position + 8, 4), "big") + LOG_OVERHEAD
        if position + length > size:
            return
        yield StoredBatch(path, position, RecordBatch(disk.read(path, position, length)))
        position += length


def stored_log(world: World, node: NodeId, partition: TopicPartition) -> StoredLog | None:
    """The log of a partition on a machine's disk; None if there is none."""
    host = world.hosts[node]
    paths = tuple(one for one in host.disk.list(f"logs/{partition}") if one.endswith(SUFFIX))
    if not paths:
        return None
    replica = host.node.partitions.get(partition) if isinstance(host.node, Broker) else None
    if replica is not None:
        return StoredLog(host.disk, paths, replica.log.log_start_offset, replica.log.log_end_offset)
    end = base_of(paths[-1])
    for one in batches_in(host.disk, paths[-1]):
        end = one.batch.next_offset
    return StoredLog(host.disk, paths, base_of(paths[0]), end)


def has_records(world: World, node: NodeId, partition: TopicPartition) -> bool:
    """Whether there is something in a replica's log, as far as that can be told at a glance: of a machine without a
    process it is believed.
    """
    host = world.hosts.get(node)
    replica = host.node.partitions.get(partition) if host is not None and isinstance(host.node, Broker) else None
    return host is not None and (replica is None or replica.log.log_start_offset < replica.log.log_end_offset)


def weak_byte(batch: RecordBatch, offset: int) -> int:
    """Which byte of a batch turns: in the value of the record at `offset`, or of the last one that has a value, so that
    who does not check takes a wrong record for a right one. In compressed records one in their middle. Where there is
    no value, as in a marker, one of the CRC itself.
    """
    if batch.is_control:
        return CRC_LAST
    if batch.attributes & COMPRESSION_MASK:
        return (HEADER_SIZE + batch.size) // 2
    places = dict(_values_in(batch))
    return places.get(offset) or next(reversed(places.values()), CRC_LAST)


def _values_in(batch: RecordBatch) -> Iterator[tuple[int, int]]:
    """(offset, byte in the middle of the value) of each record that has a value, as far as the records can be read."""
    data, at = batch.data, HEADER_SIZE
    for record in batch.readable():
        length, at = read_varint(data, at)
        start, size = _value_at(data, at)
        if size > 0:
            yield record.offset, start + size // 2
        at += length


def _value_at(data: bytes, at: int) -> tuple[int, int]:
    """Where the value of a record begins, and its length, from behind the record's own length (spec 1.1.2)."""
    _, at = read_varint(data, at + 1, 10)
    _, at = read_varint(data, at)
    key_size, at = read_varint(data, at)
    size, at = read_varint(data, at + max(key_size, 0))
    return at, size
