"""Programs: what real clients do, as actions of the journal. No menu offers them; a gateway brings them."""

import base64
from dataclasses import dataclass
from typing import Any, ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.env import NodeId
from lab.kafka.clients.program import ProgramRecipe
from lab.kafka.orders import FrameArrived, ProgramConnected, ProgramHungUp
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class OpenDoors(ClusterAction):
    """Real clients may come. All clocks are set to the date outside, by which clients stamp their records: a broker
    refuses those from the future (`message.timestamp.after.max.ms`).
    """

    date_ms: int

    title: ClassVar[str] = "Open the doors"

    def apply(self, world: World) -> None:
        world.epoch_ms = self.date_ms - world.now // 1_000
        world.mark("built", "cluster", "the cluster is open to real clients")

    def describe(self) -> str:
        return "The cluster is open to real clients"


@dataclass(frozen=True, slots=True)
class ConnectProgram(ClusterAction):
    """A real program opens a connection. It has a machine of its own, so that its links can be cut and slowed down."""

    program: NodeId
    connection: int
    broker: NodeId
    listeners: tuple[tuple[str, str], ...]

    title: ClassVar[str] = "Connect a program"

    def apply(self, world: World) -> None:
        if self.program not in world.hosts:
            world.add_host(self.program, ProgramRecipe(self.program))
            world.boot(self.program)
            world.mark("built", self.program, f"{self.program}, a real program, connects to {self.broker}")
        world.signal(self.program, ProgramConnected(self.connection, self.broker, self.listeners))

    def describe(self) -> str:
        return f"{self.program} connects to {self.broker}"


@dataclass(frozen=True, slots=True)
class BringFrame(ClusterAction):
    """A frame from a real program. In files its bytes are base64."""

    program: NodeId
    connection: int
    frame: bytes

    title: ClassVar[str] = "Bring a frame"

    def apply(self, world: World) -> None:
        world.signal(self.program, FrameArrived(self.connection, self.frame))

    def to_data(self) -> dict[str, Any]:
        frame = base64.b64encode(self.frame).decode("ascii")
        return {self.name(): {"program": self.program, "connection": self.connection, "frame": frame}}

    def describe(self) -> str:
        return f"{self.program} sends a request"


@dataclass(frozen=True, slots=True)
class HangUpProgram(ClusterAction):
    """A real program closes a connection."""

    program: NodeId
    connection: int
    broker: NodeId

    title: ClassVar[str] = "Close a program's connection"

    def apply(self, world: World) -> None:
        world.signal(self.program, ProgramHungUp(self.connection))
        world.hang_up(self.program, f"{self.broker}#{self.connection}")

    def describe(self) -> str:
        return f"{self.program} closes a connection to {self.broker}"
