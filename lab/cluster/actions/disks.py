"""Disks: slow ones, full ones, and mending them."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.cluster.figures import grouped
from lab.env import NodeId
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
