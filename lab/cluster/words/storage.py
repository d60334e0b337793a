"""Words of what is on the disks: records that are left, tombstones, files that wait to go, the cleaner's way."""

from collections.abc import Iterator

from lab.cluster.invariants.fates import rot_of
from lab.cluster.lookup.parts import broker_at, partition_state, progress_of, replica_at
from lab.cluster.words.word import Value, word
from lab.kafka.log.compaction import dirtiness
from lab.kafka.log.unified_log import UnifiedLog, read_all
from lab.kafka.protocol.extents import Extent, extents_in, payload_of
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World


def _held(log: UnifiedLog) -> Iterator[tuple[int, Extent]]:
    """Offset and extent of every record that can be read."""
    for batch in read_all(log):
        if not batch.is_control:
            for one in _extents(batch):
                if batch.base_offset + one[0] >= log.log_start_offset:
                    yield batch.base_offset + one[0], one


def _extents(batch: RecordBatch) -> list[Extent]:
    """None of what a disk has spoilt so that it cannot be unpacked."""
    try:
        return extents_in(payload_of(batch), batch.record_count)
    except Malformed:
        return []


@word(1, 2)
def records(world: World, partition: Value, key: Value = "") -> Value:
    """How many records the leader's log holds, of all keys or one."""
    wanted = str(key).encode()
    return sum(not key or one[2] == wanted for _, one in _held(replica_at(world, partition).log))


@word(2)
def newest(world: World, partition: Value, key: Value) -> Value:
    """The offset of the newest record of a key in the leader's log; -1 if there is none."""
    wanted = str(key).encode()
    return max((offset for offset, one in _held(replica_at(world, partition).log) if one[2] == wanted), default=-1)


@word(2)
def holds(world: World, partition: Value, offset: Value) -> Value:
    """Whether the leader's log still has a record at this offset."""
    return any(at == offset for at, _ in _held(replica_at(world, partition).log))


@word(1)
def tombstones(world: World, partition: Value) -> Value:
    """How many tombstones the leader's log holds."""
    return sum(not one[3] for _, one in _held(replica_at(world, partition).log))


@word(1)
def set_aside(world: World, partition: Value) -> Value:
    """How many bytes of the leader's disk belong to segments that are deleted, and wait to be unlinked."""
    node = f"broker-{partition_state(world, partition).leader_id}"
    broker, log = broker_at(world, node), replica_at(world, partition).log
    disk = world.hosts[node].disk
    return sum(disk.size(path) for one in log.deleted for path in one.paths) if broker is not None else 0


@word(1, 2)
def cleaned(world: World, partition: Value, broker: Value = "") -> Value:
    """Up to which offset the cleaner has come; 0 before its first clean."""
    compaction = replica_at(world, partition, broker).log.compaction
    return compaction.checkpoint if compaction is not None else 0


@word(1)
def dirty(world: World, partition: Value) -> Value:
    """How many percent of what may be cleaned of the leader's log are dirty."""
    node = f"broker-{partition_state(world, partition).leader_id}"
    log = replica_at(world, partition).log
    now_ms = world.hosts[node].clock.read(world.epoch_ms, world.now)
    return dirtiness(log, log.compaction.checkpoint if log.compaction is not None else 0, now_ms).per_million // 10_000


@word(1, 2)
def corrupt(world: World, partition: Value, broker: Value = "") -> Value:
    """How many batches of a replica a disk has spoilt; of all replicas where no broker is named."""
    rot = rot_of(world, partition_state(world, partition).partition)
    found = rot.batches if rot is not None else {}
    return sum(len(batches) for node, batches in found.items() if broker in ("", node))


@word(3)
def has_done(world: World, group: Value, partition: Value, offset: Value) -> Value:
    """Whether a group has finished the record at an offset."""
    return int(offset) in progress_of(world, group, partition).done
