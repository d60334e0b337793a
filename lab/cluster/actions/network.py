"""The network: cuts, one way or both, slow links, and healing them."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.env import NodeId, millis
from lab.world.world import World

EXTRA_MS_MAX = 60_000
HOSTS = ("broker", "controller", "producer", "consumer", "program")


@dataclass(frozen=True, slots=True)
class CutLink(ClusterAction):
    """Cut the link between two machines: what both sides have sent is held, not lost, as TCP would hold it."""

    source: NodeId
    target: NodeId
    one_way: bool = False

    on: ClassVar[tuple[str, ...]] = HOSTS
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "scissors"
    title: ClassVar[str] = "Cut a link"

    def refusal(self, world: World) -> str:
        if self.source == self.target:
            return "wanted two different machines"
        return machine(world, self.source, HOSTS) or machine(world, self.target, HOSTS)

    def apply(self, world: World) -> None:
        world.mark("fault", self.pair(), f"cut · {self.source} → {self.target}")
        world.network.cut(self.source, self.target)
        if not self.one_way:
            world.network.cut(self.target, self.source)

    def pair(self) -> str:
        """The subject on the timeline."""
        return f"{self.source}|{self.target}"

    def describe(self) -> str:
        arrow = "→" if self.one_way else "↔"
        return f"Cut {self.source} {arrow} {self.target}"


@dataclass(frozen=True, slots=True)
class HealLink(ClusterAction):
    """Mend a cut or slow link between two machines, both ways."""

    source: NodeId
    target: NodeId

    on: ClassVar[tuple[str, ...]] = HOSTS
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "link"
    title: ClassVar[str] = "Mend a link"

    def refusal(self, world: World) -> str:
        return machine(world, self.source, HOSTS) or machine(world, self.target, HOSTS)

    def apply(self, world: World) -> None:
        for pair in (f"{self.source}|{self.target}", f"{self.target}|{self.source}"):
            world.mark("mended", pair, f"mended · {self.source} ↔ {self.target}")
        for one, other in ((self.source, self.target), (self.target, self.source)):
            world.network.heal(one, other)
            world.network.set_latency(one, other, 0)

    def describe(self) -> str:
        return f"Mend {self.source} ↔ {self.target}"


@dataclass(frozen=True, slots=True)
class Isolate(ClusterAction):
    """Cut a machine off from all other brokers and the controller. `clients`: from the clients as well."""

    node: NodeId
    clients: bool = False

    on: ClassVar[tuple[str, ...]] = ("broker", "controller")
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "unlink"
    title: ClassVar[str] = "Isolate"

    def refusal(self, world: World) -> str:
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("fault", self.node, f"isolated · {self.node}")
        for other in world.hosts:
            server = other.startswith(("broker-", "controller-"))
            if other != self.node and (server or self.clients):
                world.network.cut(self.node, other)
                world.network.cut(other, self.node)

    def describe(self) -> str:
        return f"Isolate {self.node}" + (" from everybody" if self.clients else "")


@dataclass(frozen=True, slots=True)
class Rejoin(ClusterAction):
    """Mend all links of a machine."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = HOSTS
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "network"
    title: ClassVar[str] = "Mend all links"

    def refusal(self, world: World) -> str:
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("mended", self.node, f"reconnected · {self.node}")
        for other in world.hosts:
            if other != self.node:
                for one, two in ((self.node, other), (other, self.node)):
                    world.network.heal(one, two)
                    world.network.set_latency(one, two, 0)

    def describe(self) -> str:
        return f"Mend all links of {self.node}"


@dataclass(frozen=True, slots=True)
class SlowLink(ClusterAction):
    """Make everything between two machines take longer, each way."""

    source: NodeId
    target: NodeId
    extra_ms: int = 100

    on: ClassVar[tuple[str, ...]] = HOSTS
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "turtle"
    title: ClassVar[str] = "Slow link"

    def refusal(self, world: World) -> str:
        if not 0 <= self.extra_ms <= EXTRA_MS_MAX:
            return f"wanted 0 to {EXTRA_MS_MAX:,} ms, found {self.extra_ms}"
        return machine(world, self.source, HOSTS) or machine(world, self.target, HOSTS)

    def apply(self, world: World) -> None:
        kind = "fault" if self.extra_ms else "mended"
        world.mark(kind, f"{self.source}|{self.target}", f"slow · {self.source} ↔ {self.target}")
        world.network.set_latency(self.source, self.target, millis(self.extra_ms))
        world.network.set_latency(self.target, self.source, millis(self.extra_ms))

    def describe(self) -> str:
        return f"Slow {self.source} ↔ {self.target} by {self.extra_ms} ms"


@dataclass(frozen=True, slots=True)
class SlowMachine(ClusterAction):
    """Make everything to and from one machine take longer."""

    node: NodeId
    extra_ms: int = 100

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "turtle"
    title: ClassVar[str] = "Slow network"

    def refusal(self, world: World) -> str:
        if not 0 <= self.extra_ms <= EXTRA_MS_MAX:
            return f"wanted 0 to {EXTRA_MS_MAX:,} ms, found {self.extra_ms}"
        return machine(world, self.node, self.on)

    def apply(self, world: World) -> None:
        kind = "fault" if self.extra_ms else "mended"
        world.mark(kind, self.node, f"slow network · {self.node}")
        for other in world.hosts:
            if other != self.node:
                world.network.set_latency(self.node, other, millis(self.extra_ms))
                world.network.set_latency(other, self.node, millis(self.extra_ms))

    def describe(self) -> str:
        return f"Slow the network of {self.node} by {self.extra_ms} ms"
