"""Links and the network: TCP between hosts, as far as a distributed system can notice it.

A Link is one direction of one connection: in order, nothing lost or doubled while it lives. A cut holds
what was sent, as TCP's retransmission would; a reset loses it. There is no message loss inside a
connection, because TCP does not show any.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lab.env.packed import Packed
from lab.env.units import Address, Micros, NodeId

if TYPE_CHECKING:
    from lab.world.host import Host

LATENCY_US = tuple(
    150 + step * 2 if step < 96 else 342 + (step - 96) * 3 if step < 224 else 726 + (step - 224) * 12
    for step in range(256)
)
"""One-way latency of a quiet data centre as an inverse distribution function: median 0.44 ms, worst 1.1 ms."""

OPERATOR: Address = "operator"
"""Where orders and actions come from: no host."""


class Disconnected:
    """The body of the event that tells a host its connection is gone."""

    __slots__ = ()


class WriteBack:
    """The body of the event at which a host's operating system writes its page cache to disk."""

    __slots__ = ()


class Resume:
    """The body of the event at which a busy host takes the next message from its backlog."""

    __slots__ = ()


class Link(Packed):
    """One direction of one connection, or (with `timers`) a host's own timers.

    `source` is the address that the receiver answers to. `held` collects what cannot be delivered
    while the link is cut or the target frozen; None when the way is free.
    """

    __slots__ = ("dead", "held", "last_arrival", "path", "source", "target", "timers")

    def __init__(self, source: Address, target: "Host", path: "Path", timers: bool = False) -> None:
        self.source = source
        self.target = target
        self.path = path
        self.timers = timers
        self.dead = False
        self.held: list[Entry] | None = None
        self.last_arrival: Micros = -(1 << 62)


Entry = tuple[Micros, int, Link, object, Micros, int]
"""(time, sequence, link, body, sent at, number of the event that sent it); unique in its first two."""


@dataclass(slots=True)
class Path(Packed):
    """The way from one host to another: what all connections along it share."""

    extra_us: Micros = 0
    bytes_per_s: int = 0
    cut: bool = False


@dataclass(slots=True)
class Network:
    """All ways between hosts. Only ways that were touched are kept; `extra_us` goes on all of them."""

    paths: dict[NodeId, dict[NodeId, Path]] = field(default_factory=dict[NodeId, dict[NodeId, Path]])
    changed: dict[NodeId, None] = field(default_factory=dict[NodeId, None])
    extra_us: Micros = 0

    def path(self, source: NodeId, target: NodeId) -> Path:
        """The way from `source` to `target`."""
        ways = self.paths.get(source)
        if ways is None:
            ways = self.paths[source] = {}
        way = ways.get(target)
        if way is None:
            way = ways[target] = Path()
        return way

    def cut(self, source: NodeId, target: NodeId) -> None:
        """Nothing arrives at `target` from `source` any more; it is held."""
        self.path(source, target).cut = True
        self.changed[target] = None

    def heal(self, source: NodeId, target: NodeId) -> None:
        """What was held arrives now, in order."""
        self.path(source, target).cut = False
        self.changed[target] = None

    def set_latency(self, source: NodeId, target: NodeId, extra_us: Micros) -> None:
        """Everything from `source` to `target` takes this much longer."""
        self.path(source, target).extra_us = extra_us

    def set_bandwidth(self, source: NodeId, target: NodeId, bytes_per_s: int) -> None:
        """How much goes from `source` to `target` in a second; 0: no limit."""
        self.path(source, target).bytes_per_s = bytes_per_s

    def in_trouble(self) -> list[tuple[NodeId, NodeId, Path]]:
        """The ways that are cut or slow."""
        return [
            (source, target, path)
            for source, ways in self.paths.items()
            for target, path in ways.items()
            if path.cut or path.extra_us or path.bytes_per_s
        ]
