"""Disks: slow ones, full ones, rotten ones, and what of that can be mended."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.cluster.actions.topics import partition_of, unknown_partition
from lab.cluster.figures import grouped
from lab.cluster.lookup.stored_log import StoredLog, stored_log, weak_byte
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.world.disk import SimDisk
from lab.world.world import World

SLOWDOWN_MAX = 100_000


@dataclass(frozen=True, slots=True)
class SlowDisk(ClusterAction):
    """Make every disk operation of a broker take `times` as long; its requests queue behind the disk."""

    node: NodeId
    times: int = 2_000

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "gauge"
    title: ClassVar[str] = "Slow disk"

    def refusal(self, world: World) -> str:
        if not 1 <= self.times <= SLOWDOWN_MAX:
            return f"wanted a factor of 1 to {SLOWDOWN_MAX:,}, found {self.times}"
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        kind = "fault" if self.times > 1 else "mended"
        world.mark(kind, self.node, f"slow disk · {self.node}")
        world.pace_disk(self.node, self.times)

    def describe(self) -> str:
        return f"Slow the disk of {self.node} {grouped(self.times)} times"


@dataclass(frozen=True, slots=True)
class FillDisk(ClusterAction):
    """Fill a broker's disk up: the next append fails, and the broker stops, as Kafka does."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "hard-drive"
    title: ClassVar[str] = "Fill the disk"

    def refusal(self, world: World) -> str:
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("fault", self.node, f"disk full · {self.node}")
        disk = world.hosts[self.node].disk
        disk.capacity = disk.used

    def describe(self) -> str:
        return f"Fill the disk of {self.node}"


@dataclass(frozen=True, slots=True)
class CorruptBatch(ClusterAction):
    """Turn one byte over in the log of one replica, as a disk does that rots. Nobody notices before the batch is read,
    and nothing repairs it. `offset`: a record of the batch; -1: one in the middle of the log.
    """

    partition: str
    node: NodeId
    offset: int = -1

    on: ClassVar[tuple[str, ...]] = ("broker", "partition")
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "triangle-alert"
    title: ClassVar[str] = "Corrupt a batch"

    def refusal(self, world: World) -> str:
        if wrong := unknown_partition(world, self.partition) or machine(world, self.node, ("broker",)):
            return wrong
        if self.partition.startswith("__"):
            return f"{self.partition.rpartition('-')[0]} is Kafka's own"
        log = self._log(world)
        if log is None:
            return f"{self.node} has no replica of {self.partition}"
        where = f"the log of {self.partition} on {self.node}"
        if log.start >= log.end:
            return f"{where} is empty"
        if self.offset != -1 and not log.start <= self.offset < log.end:
            return f"wanted an offset of {where}, {log.start} to {log.end - 1}, found {self.offset}"
        found = log.holding(self._chosen(log))
        if found is None:
            return f"{where} has nothing at {self._chosen(log)}: that was compacted away"
        base = found.batch.base_offset
        return "" if found.batch.valid_crc() else f"the batch at {base} of {where} is corrupt already"

    def apply(self, world: World) -> None:
        """Only the bytes change, and with them what the process still has in memory of the batch."""
        log, name, host = self._log(world), partition_of(self.partition), world.hosts[self.node]
        assert log is not None
        assert name is not None
        assert isinstance(host.disk, SimDisk)
        found = log.holding(self._chosen(log))
        assert found is not None
        batch = found.batch
        text = f"bit rot · a byte of {self.partition} has turned on {self.node}, in the batch at {batch.base_offset}"
        world.mark("rot", self.partition, text)
        host.disk.rot(found.path, found.position + weak_byte(batch, self._chosen(log)))
        if isinstance(host.node, Broker) and name in host.node.partitions:
            memory, turned = host.node.partitions[name].log, log.holding(batch.base_offset)
            assert turned is not None
            memory.tail = tuple(turned.batch if one.base_offset == batch.base_offset else one for one in memory.tail)
        if world.witness is not None:
            world.witness.tell(world, self.node, facts.BatchRotted(name, batch.base_offset, batch.next_offset))

    def _log(self, world: World) -> StoredLog | None:
        name = partition_of(self.partition)
        rots = isinstance(world.hosts[self.node].disk, SimDisk)  # the files of a real disk are left alone
        return stored_log(world, self.node, name) if name is not None and rots else None

    def _chosen(self, log: StoredLog) -> int:
        return self.offset if self.offset != -1 else (log.start + log.end) // 2

    def describe(self) -> str:
        where = "in the middle" if self.offset == -1 else f"at {grouped(self.offset)}"
        return f"Corrupt the batch {where} of {self.partition} on {self.node}"


@dataclass(frozen=True, slots=True)
class MendDisk(ClusterAction):
    """Give a broker a disk that is fast and has room."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "hard-drive"
    title: ClassVar[str] = "Mend the disk"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        host = world.hosts[self.node]
        healthy = host.disk.slowdown == 1 and host.disk.capacity is None
        return f"the disk of {self.node} is healthy" if healthy else ""

    def apply(self, world: World) -> None:
        world.mark("mended", self.node, f"disk mended · {self.node}")
        world.pace_disk(self.node, 1)
        world.hosts[self.node].disk.capacity = None

    def describe(self) -> str:
        return f"Mend the disk of {self.node}"
