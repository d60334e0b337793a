"""Doorman: brings what real clients send into a session's world, and takes out what it answers.

It belongs to whoever owns the session, and runs in that thread. Frames are brought as actions of the journal; answers
are facts that it hears as a guest of the world, each once: what the known past tells again when it is run again went
out long ago.
"""

import socket
import time
from collections.abc import Iterable

from lab.cluster.actions.programs import ConnectProgram, HangUpProgram, OpenDoors
from lab.cluster.build import broker_hosts
from lab.cluster.watch import Observer, Watch, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.clients.program import ProgramRecipe
from lab.kafka.protocol.codec import Buffer
from lab.live.gateway import Closed, Event, Gateway, Opened, Received
from lab.live.guard import Guard
from lab.live.owner import Owner
from lab.world.world import World

NAMELESS = "program"
NAME_MAX = 40
PROGRAMS_MAX = 50
"""So many clients get a machine of their own; all others share one. A program may make up a client id each time."""
OTHERS = "other-programs"
UNHURRIED_US = 1_000_000
LEGAL = "abcdefghijklmnopqrstuvwxyz0123456789-"


class Doorman(Observer):
    """Who stands between a gateway and the owner of a world."""

    def __init__(self, session: Owner, gateway: Gateway, guard: Guard | None = None) -> None:
        self.session = session
        self.gateway = gateway
        self.guard = guard
        self.ports: dict[NodeId, int] = {}
        self.open: dict[NodeId, bool] = {}
        self.opened: dict[int, Opened] = {}
        """Every connection; it has no program yet while nothing was sent over it."""
        self.programs: dict[int, NodeId] = {}
        session.greet(self._greet)

    @property
    def clients(self) -> int:
        """How many real clients are attached."""
        return len(set(self.programs.values()))

    @property
    def looks_back(self) -> bool:
        """Whether the owner shows another instant than the one at which real clients live."""
        return False

    def _greet(self, world: World) -> None:
        assert isinstance(world.witness, Watch)
        world.witness.invite(self)

    # --- listeners --------------------------------------------------------------------------------

    def open_doors(self, ports: dict[NodeId, int]) -> None:
        """Open these brokers' ports; 0: whichever is free. Raises OSError."""
        self.listen(ports)
        self.session.post(OpenDoors(time.time_ns() // 1_000_000))

    def listen(self, ports: dict[NodeId, int]) -> None:
        """More ports, all of them or none. Raises OSError."""
        opened: dict[NodeId, int] = {}
        try:
            for broker, port in ports.items():
                opened[broker] = self.gateway.open(broker, port)
        except OSError:
            for broker in opened:
                self.gateway.shut(broker)
            raise
        self.ports |= opened
        self.open |= dict.fromkeys(opened, True)

    def listeners(self) -> tuple[tuple[str, str], ...]:
        """Where real clients reach each broker; at this machine's name where it listens on all its addresses."""
        host = self.gateway.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        host = f"[{host}]" if ":" in host else host
        return tuple((broker, f"{host}:{port}") for broker, port in self.ports.items())

    def keep_ports(self) -> None:
        """A broker without a process refuses connections; one that runs again takes them at the same port."""
        if self.looks_back:
            return
        hosts = self.session.world.hosts
        for broker, port in self.ports.items():
            runs = broker in hosts and hosts[broker].node is not None
            if runs and not self.open[broker]:
                self.gateway.open(broker, port)
            elif not runs and self.open[broker]:
                self.gateway.shut(broker)
            self.open[broker] = runs
        for broker in broker_hosts(self.session.world):
            if broker not in self.ports:
                self.listen({broker: 0})

    # --- in ---------------------------------------------------------------------------------------

    def bring_in(self, budget_us: int = UNHURRIED_US) -> int:
        """What has arrived, in the order in which it came, for so long at most. Returns how many events there were.
        What is left waits in the gateway, as all does while the session looks back, or while nobody calls this: that is
        what back-pressure is.
        """
        if self.looks_back:
            return 0
        count = 0
        deadline = time.perf_counter_ns() + budget_us * 1_000
        while self.gateway.events and (not count or time.perf_counter_ns() < deadline):
            self._bring(self.gateway.events.popleft())
            count += 1
        return count

    def _bring(self, event: Event) -> None:
        match event:
            case Received():
                known = self.guard is None or self.guard.admits(event.connection, event.frame)
                if known and event.connection in self.opened:
                    self._frame(event.connection, event.frame)
            case Opened():
                self.opened[event.connection] = event
                if self.guard is not None:
                    self.guard.opened(event.connection)
            case Closed():
                self._closed(event.connection)

    def _frame(self, connection: int, frame: Buffer) -> None:
        program = self.programs.get(connection)
        if program is None:
            program = self.programs[connection] = self._program(frame)
            user = self.guard.known[connection] if self.guard is not None else ""
            one = self.opened[connection]
            self.session.bring(ConnectProgram(program, connection, one.broker, self.listeners(), user, one.host))
        self.session.bring_frame(program, connection, frame)

    def _program(self, frame: Buffer) -> NodeId:
        """Under which name a client is known: by its client id, which no simulated machine may have."""
        name = program_name(client_id(frame))
        hosts = self.session.world.hosts
        if name not in hosts and sum(isinstance(one.recipe, ProgramRecipe) for one in hosts.values()) >= PROGRAMS_MAX:
            name = OTHERS
        while name in hosts and not isinstance(hosts[name].recipe, ProgramRecipe):
            name = f"{name}-outside"
        return name

    def _closed(self, connection: int) -> None:
        if self.guard is not None:
            self.guard.closed(connection)
        opened = self.opened.pop(connection, None)
        program = self.programs.pop(connection, None)
        if program is not None and opened is not None:
            self.session.bring(HangUpProgram(program, connection, opened.broker))

    # --- out --------------------------------------------------------------------------------------

    @hears(facts.FrameSent)
    def _sent(self, world: World, node: NodeId, fact: facts.FrameSent) -> None:
        if self._is_new(world):
            self.gateway.send(fact.connection, fact.data)

    @hears(facts.HungUp)
    def _hung_up(self, world: World, node: NodeId, fact: facts.HungUp) -> None:
        if self._is_new(world):
            self.opened.pop(fact.connection, None)
            self.programs.pop(fact.connection, None)
            self.gateway.close(fact.connection)

    def _is_new(self, world: World) -> bool:
        return world.event_number > self.session.latest_event


def client_id(frame: Buffer) -> str:
    """The client id in a request's header; empty if there is none, or no header."""
    length = int.from_bytes(frame[8:10], "big", signed=True)
    return str(frame[10 : 10 + max(length, 0)], "utf-8", "replace")


def program_name(name: str) -> NodeId:
    """A client id as the name of a machine: small letters, digits and dashes."""
    legal = "".join(sign if sign in LEGAL else "-" for sign in name.lower())
    return _trimmed(legal.strip("-")) or NAMELESS


def _trimmed(name: Iterable[str]) -> str:
    return "".join(name)[:NAME_MAX].strip("-")
