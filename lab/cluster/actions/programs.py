"""Programs: what real clients do, as actions of the journal. No menu offers them; a gateway brings them."""

import base64
from dataclasses import dataclass
from typing import Any, ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.build import broker_hosts
from lab.cluster.lookup.controllers import active_controller
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.clients.program import Program, ProgramRecipe
from lab.kafka.coordinator.transaction.metadata import PREPARED
from lab.kafka.orders import FenceOff, FrameArrived, ProgramConnected, ProgramHungUp
from lab.kafka.protocol.acls import ANONYMOUS, USER, Peer
from lab.kafka.protocol.codec import Buffer
from lab.world.connections import hang_up
from lab.world.dice import Stream
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class OpenDoors(ClusterAction):
    """Real clients may come. All clocks are set to the date outside, by which clients stamp their records: a broker
    refuses those from the future (`message.timestamp.after.max.ms`). Whoever was connected before is not any more.
    """

    date_ms: int

    title: ClassVar[str] = "Open the doors"

    def apply(self, world: World) -> None:
        hang_up_all(world)
        world.epoch_ms = self.date_ms - world.now // 1_000
        world.mark("built", "cluster", "the cluster is open to real clients")

    def describe(self) -> str:
        return "The cluster is open to real clients"


@dataclass(frozen=True, slots=True)
class ConnectProgram(ClusterAction):
    """A real program opens a connection. It has a machine of its own, so that its links can be cut and slowed down.
    `user`: who it has proved to be, empty for nobody; `host`: the address it comes from.
    """

    program: NodeId
    connection: int
    broker: NodeId
    listeners: tuple[tuple[str, str], ...]
    user: str = ""
    host: str = ""

    title: ClassVar[str] = "Connect a program"

    def apply(self, world: World) -> None:
        if self.program not in world.hosts:
            world.add_host(self.program, ProgramRecipe(self.program))
            world.boot(self.program)
            world.mark("built", self.program, f"{self.program}, a real program, connects to {self.broker}")
        peer = Peer(USER + self.user if self.user else ANONYMOUS, self.host)
        world.signal(self.program, ProgramConnected(self.connection, self.broker, self.listeners, peer))

    def describe(self) -> str:
        return f"{self.program} connects to {self.broker}"


@dataclass(frozen=True, slots=True)
class BringFrame(ClusterAction):
    """A frame from a real program. In files its bytes are base64."""

    program: NodeId
    connection: int
    frame: Buffer

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
        hang_up(world, self.program, f"{self.broker}#{self.connection}")

    def describe(self) -> str:
        return f"{self.program} closes a connection to {self.broker}"


@dataclass(frozen=True, slots=True)
class Fence(ClusterAction):
    """Go on from the past without the real clients of the future that was. They may return, and must not be taken for
    what they were there: producer ids go on above `producer_id`, generations and epochs of their groups and
    transactional ids above these, and member ids are drawn from dice that no other future has. `number`: of the fence.
    """

    number: int
    producer_id: int
    generations: tuple[tuple[str, int], ...]
    producer_epochs: tuple[tuple[str, int], ...]

    title: ClassVar[str] = "Continue without the clients"

    def refusal(self, world: World) -> str:
        if not active_controller(world):
            return "no controller is active, so nobody could hand out other producer ids: wanted an instant with one"
        for name in broker_hosts(world):
            busy = ending_in(world.hosts[name].node)
            if busy:
                return f"the transaction of {busy} is just being ended: wanted an instant before or after that"
        return ""

    def apply(self, world: World) -> None:
        hang_up_all(world)
        client_ids = tuple(one.node.client_id for one in world.hosts.values() if isinstance(one.node, Program))
        order = FenceOff(self.producer_id, client_ids, self.generations, self.producer_epochs)
        for name in broker_hosts(world):
            host = world.hosts[name]
            host.dice = Stream(f"{world.seed}/host/{name}/fence {self.number}")
            if host.node is not None:
                world.signal(name, order)
        world.mark("built", "cluster", "the past goes on without the real clients of the future that was")

    def describe(self) -> str:
        return "Go on from here without the real clients"


def ending_in(node: object) -> str:
    """A transactional id that the coordinators in a process are just bringing to its end; empty if there is none."""
    coordinators = node.transaction_coordinators if isinstance(node, Broker) else None
    shards = coordinators.shards.values() if coordinators is not None else ()
    return next(
        (
            name
            for shard in shards
            for name, one in shard.transactions.items()
            if one.pending is not None or one.stored.status in PREPARED
        ),
        "",
    )


def hang_up_all(world: World) -> None:
    """No real client has a connection any more."""
    for name, host in world.hosts.items():
        if isinstance(host.node, Program):
            for number, connection in host.node.connections.items():
                world.signal(name, ProgramHungUp(number))
                hang_up(world, name, f"{connection.broker}#{number}")
