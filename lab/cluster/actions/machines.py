"""Machines and processes: crash, stop, freeze, power, and back."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine, running
from lab.cluster.actions.clients import hangs
from lab.cluster.figures import grouped
from lab.env import NodeId
from lab.kafka.orders import Shutdown
from lab.world.world import World

OFFSET_MS_MAX = 10 * 365 * 86_400_000
PROCESSES = ("broker", "controller", "producer", "consumer")


@dataclass(frozen=True, slots=True)
class Crash(ClusterAction):
    """Kill the process (`kill -9`). Memory is gone, the page cache survives, connections are reset."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "zap"
    title: ClassVar[str] = "Crash"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        host = world.hosts[self.node]
        return "" if host.state in ("running", "frozen") else f"{self.node} is already {host.state}"

    def apply(self, world: World) -> None:
        world.mark("fault", self.node, f"crash · {self.node}")
        world.crash(self.node)

    def describe(self) -> str:
        return f"Crash {self.node}"


@dataclass(frozen=True, slots=True)
class Stop(ClusterAction):
    """Stop the process in an orderly way: a broker hands its leaderships over, a client commits and leaves."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "power-off"
    title: ClassVar[str] = "Stop gracefully"

    def refusal(self, world: World) -> str:
        if wrong := running(world, self.node, self.on):
            return wrong
        return f"{self.node} does not poll, and so would not close" if hangs(world, self.node) else ""

    def apply(self, world: World) -> None:
        world.mark("fault", self.node, f"stop · {self.node}")
        world.signal(self.node, Shutdown())

    def describe(self) -> str:
        return f"Stop {self.node}"


@dataclass(frozen=True, slots=True)
class Restart(ClusterAction):
    """Start the process again on the disk that is left."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "power"
    title: ClassVar[str] = "Start"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        host = world.hosts[self.node]
        return "" if host.state in ("down", "off") else f"{self.node} is {host.state}"

    def apply(self, world: World) -> None:
        world.mark("mended", self.node, f"start · {self.node}")
        world.boot(self.node)

    def describe(self) -> str:
        return f"Start {self.node}"


@dataclass(frozen=True, slots=True)
class PowerOff(ClusterAction):
    """Cut the power of one or several machines at one instant: what was not flushed to disk is gone."""

    nodes: tuple[NodeId, ...]

    on: ClassVar[tuple[str, ...]] = ("broker", "controller")
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "unplug"
    title: ClassVar[str] = "Cut the power"

    def refusal(self, world: World) -> str:
        for node in self.nodes:
            if wrong := machine(world, node, self.on):
                return wrong
            if world.hosts[node].state == "off":
                return f"{node} is already off"
        return "" if self.nodes else "wanted at least one machine"

    def apply(self, world: World) -> None:
        for node in self.nodes:
            world.mark("fault", node, f"power loss · {node}")
        world.power_off(self.nodes)

    def describe(self) -> str:
        return f"Cut the power of {', '.join(self.nodes)}"


@dataclass(frozen=True, slots=True)
class Freeze(ClusterAction):
    """Stop the process without ending it (a long garbage collection, SIGSTOP): it hears and sends nothing."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "snowflake"
    title: ClassVar[str] = "Freeze"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("fault", self.node, f"freeze · {self.node}")
        world.freeze(self.node)

    def describe(self) -> str:
        return f"Freeze {self.node}"


@dataclass(frozen=True, slots=True)
class Thaw(ClusterAction):
    """Let a frozen process go on; everything that waited for it comes at once."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "play"
    title: ClassVar[str] = "Thaw"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        host = world.hosts[self.node]
        return "" if host.state == "frozen" else f"{self.node} is not frozen"

    def apply(self, world: World) -> None:
        world.mark("mended", self.node, f"thaw · {self.node}")
        world.thaw(self.node)

    def describe(self) -> str:
        return f"Thaw {self.node}"


@dataclass(frozen=True, slots=True)
class SkewClock(ClusterAction):
    """Set a machine's date wrong. Timestamps and retention follow the date; time-outs do not."""

    node: NodeId
    offset_ms: int

    on: ClassVar[tuple[str, ...]] = PROCESSES
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "clock"
    title: ClassVar[str] = "Set the clock wrong"

    def refusal(self, world: World) -> str:
        if abs(self.offset_ms) > OFFSET_MS_MAX:
            return f"wanted at most {OFFSET_MS_MAX:,} ms, ten years, found {self.offset_ms:,}"
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        kind = "fault" if self.offset_ms else "mended"
        world.mark(kind, self.node, f"clock · {self.node}")
        world.hosts[self.node].clock.offset_ms = self.offset_ms

    def describe(self) -> str:
        return f"Set the clock of {self.node} off by {grouped(self.offset_ms)} ms"
