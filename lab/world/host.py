"""Host: a machine. Its disk, clock and name stay; its process may be absent."""

from collections.abc import Hashable
from typing import Protocol

from lab.env.node import Node
from lab.env.units import Address, Micros, NodeId
from lab.world.dice import Stream
from lab.world.disk import HostDisk
from lab.world.network import Entry, Link, Path

RUNNING = "running"
DOWN = "down"
FROZEN = "frozen"
OFF = "off"


class Recipe(Protocol):
    """How to make the process of a host: frozen data, so that a world can be built again."""

    def build(self) -> Node:
        """A new process, with empty memory."""
        ...


class WallClock:
    """A host's date: right but for an offset and a drift. Monotonic time is never touched."""

    __slots__ = ("drift_ppm", "offset_ms")

    def __init__(self) -> None:
        self.offset_ms = 0
        self.drift_ppm = 0

    def read(self, epoch_ms: int, now: Micros) -> int:
        """The date this host believes in, in milliseconds since 1970."""
        since = now // 1_000
        drift = since * self.drift_ppm // 1_000_000 if self.drift_ppm else 0
        return epoch_ms + since + self.offset_ms + drift


class Host:
    """One machine. `state`: running, down (no process), frozen, off (no power)."""

    __slots__ = (
        "backlog",
        "busy_until",
        "clock",
        "dice",
        "disk",
        "incarnation",
        "links",
        "name",
        "node",
        "recipe",
        "self_link",
        "state",
        "stopping",
        "timers",
    )

    def __init__(self, name: NodeId, recipe: Recipe, seed: int, disk: HostDisk) -> None:
        self.name = name
        self.recipe = recipe
        self.node: Node | None = None
        self.state = DOWN
        self.incarnation = 0
        self.disk = disk
        self.clock = WallClock()
        self.dice = Stream(f"{seed}/host/{name}")
        self.links: dict[Address, Link] = {}
        self.timers: dict[Hashable, int] = {}
        self.self_link = Link(name, self, Path(), timers=True)
        self.busy_until: Micros = -(1 << 62)
        self.backlog: list[Entry] = []
        self.stopping = False
