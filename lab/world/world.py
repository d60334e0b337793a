"""World: everything that exists at one instant of virtual time, and the loop that moves it on.

It changes in two ways only: `run_until`, and an action applied by its timeline. Two worlds with one seed
and one list of actions are equal at every instant.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Protocol, cast

from lab.env.units import Micros, NodeId, node_of, seconds
from lab.env.vec import Vec
from lab.world.connections import apply_cuts, disconnect, recheck
from lab.world.dice import Stream
from lab.world.disk import HostDisk, SimDisk
from lab.world.flights import Flight
from lab.world.garbage import uncollected
from lab.world.host import DOWN, FROZEN, OFF, RUNNING, Host, Recipe
from lab.world.host_env import HostEnv
from lab.world.network import (
    OPERATOR,
    Disconnected,
    Entry,
    Link,
    Network,
    Path,
    Resume,
    WriteBack,
)
from lab.world.trace import PAGE, Trace, TraceEntry
from lab.world.witness import PowerLost, Witness

EPOCH_MS = 1_767_225_600_000
"""The date at time zero: 2026-01-01 00:00 UTC."""

WRITE_BACK_US = seconds(5)
CAUSES = 6
HEARD = 1_024
"""What a picture can be behind at the highest speed. To remember more is to use more, and colder, memory."""
FLOWN = 4_096
QUEUE_MIN = 64
PULSE = 4_095
"""One less than a power of two, so that one event in so many is known by its bits."""

Until = Callable[["World"], bool]
"""Whether to stop, asked after each event. Once it says yes it does so until the run has ended."""


class WorldAction(Protocol):
    """Something done to the world from outside; frozen data."""

    def apply(self, world: "World") -> None:
        """Do it."""
        ...

    def describe(self) -> str:
        """For the journal."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """A key moment, with the events that led to it (newest first) copied while the trace still knew them."""

    event_number: int
    time: Micros
    kind: str
    subject: str
    text: str
    causes: tuple[TraceEntry, ...]


class WorldStopped(Exception):
    """A handler failed: our own mistake. The world stays as it is, for saving and looking at."""

    def __init__(self, event_number: int, time: Micros, node: NodeId, cause: BaseException) -> None:
        whole, rest = divmod(abs(time), 1_000_000)
        when = f"{'-' if time < 0 else ''}{whole}.{rest:06} s"
        super().__init__(f"event {event_number:,} at {when} on {node}: {type(cause).__name__}: {cause}")
        self.event_number = event_number
        self.time = time
        self.node = node


class World:
    """Hosts, links, the queue of what is to happen, and the instant it is."""

    def __init__(self, seed: int, *, start: Micros = 0, epoch_ms: int = EPOCH_MS) -> None:
        self.seed = seed
        self.now = start
        self.epoch_ms = epoch_ms
        self.event_number = 0
        self.sequence = 0
        self.queue: list[Entry] = []
        self.prune_above = QUEUE_MIN
        self.hosts: dict[NodeId, Host] = {}
        self.network = Network()
        self.network_dice = Stream(f"{seed}/network")
        self.fault_dice = Stream(f"{seed}/faults")
        self.witness: Witness | None = None
        self.moments: Vec[Moment] = Vec()
        self.notices: list[Link] = []
        self.remembers = True
        """Whether what happened lately is kept (`trace`, `heard`); where nobody looks it is work for nothing."""
        self.trace = Trace()
        self.heard: deque[tuple[Micros, Entry]] = deque(maxlen=HEARD)
        """The last messages with the time they were heard: what the eye remembers, and no part of the state."""
        self.flown: deque[Flight] = deque(maxlen=FLOWN)
        """Those of them that somebody has asked about; the same `Flight` whenever it is asked again."""
        self._envs: dict[NodeId, HostEnv] = {}

    def __getstate__(self) -> dict[str, object]:
        state = dict(self.__dict__)
        del state["_envs"], state["heard"], state["flown"]
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.heard = deque(maxlen=HEARD)
        self.flown = deque(maxlen=FLOWN)
        self._envs = {name: HostEnv(self, host) for name, host in self.hosts.items()}

    def dissolve(self) -> None:
        """Nobody will look at this world again: undo the circles in it, so that all of it goes at once and not
        when the collector of garbage next comes by, with a pause for everybody.
        """
        for host in self.hosts.values():
            host.links.clear()
            host.backlog.clear()
            del host.self_link
        self.queue.clear()
        self.notices.clear()
        self._envs.clear()

    # --- machines ---------------------------------------------------------------------------------

    def add_host(
        self, name: NodeId, recipe: Recipe, *, disk_capacity: int | None = None, disk: HostDisk | None = None
    ) -> Host:
        """A new machine, switched off; its disk is simulated and empty unless it brings one."""
        assert name not in self.hosts, name
        host = self.hosts[name] = Host(name, recipe, self.seed, disk or SimDisk(disk_capacity))
        self._envs[name] = HostEnv(self, host)
        return host

    def remove_host(self, name: NodeId) -> None:
        """Take a machine without a process away, with its disk."""
        assert self.hosts[name].node is None, name
        disconnect(self, self.hosts[name], silently=False)
        del self.hosts[name], self._envs[name]

    def boot(self, name: NodeId) -> None:
        """Start the process of a host on the disk that is left."""
        host = self.hosts[name]
        assert host.node is None, name
        if host.state == OFF:
            disconnect(self, host, silently=False)
        host.state = RUNNING
        host.incarnation += 1
        host.self_link = Link(name, host, Path(), timers=True)
        host.timers = {}
        host.backlog = []
        host.busy_until = self.now
        host.node = host.recipe.build()
        env = self._envs[name]
        env.now = self.now
        host.node.start(env)
        self._after_turn(host)

    def crash(self, name: NodeId) -> None:
        """`kill -9`: memory gone, page cache kept, connections reset."""
        host = self.hosts[name]
        self._end(host, DOWN)
        disconnect(self, host, silently=False)

    def power_off(self, names: Sequence[NodeId]) -> None:
        """Cut the power of several machines at one instant: nobody is told, what was not flushed is gone."""
        for name in names:
            host = self.hosts[name]
            if self.witness is not None:
                self.witness.tell(self, name, PowerLost())
            self._end(host, OFF)
            disconnect(self, host, silently=True)
            host.disk.lose_power(self.fault_dice)

    def freeze(self, name: NodeId) -> None:
        """The process stops without ending: what comes is held."""
        host = self.hosts[name]
        assert host.state == RUNNING, name
        host.state = FROZEN
        recheck(self, name)

    def thaw(self, name: NodeId) -> None:
        """A frozen process goes on, with everything that waited for it."""
        host = self.hosts[name]
        assert host.state == FROZEN, name
        host.state = RUNNING
        recheck(self, name)

    def pace_disk(self, name: NodeId, slowdown: int) -> None:
        """From now on the disk takes `slowdown` times as long, also for what is left of what it is at."""
        host, now = self.hosts[name], self.now
        before, host.disk.slowdown = host.disk.slowdown, slowdown
        if host.busy_until > now:
            host.busy_until = now + (host.busy_until - now) * slowdown // before
            if host.backlog:
                self.push(host.busy_until, host.self_link, Resume())
            self._depart_anew(name, slowdown, before)

    def _depart_anew(self, name: NodeId, slowdown: int, before: int) -> None:
        """What this host sends once its disk is done goes earlier or later, behind what has gone already."""
        now = self.now
        unsent = sorted(one for one in self.queue if one[4] > now and node_of(one[2].source) == name)
        queue = [one for one in self.queue if one[4] <= now or node_of(one[2].source) != name]
        for link in dict.fromkeys(one[2] for one in unsent):
            link.last_arrival = max((one[0] for one in queue if one[2] is link), default=now)
        for arrives, sequence, link, body, departs, cause in unsent:
            departure = now + (departs - now) * slowdown // before
            link.last_arrival = max(link.last_arrival + 1, arrives - departs + departure)
            queue.append((link.last_arrival, sequence, link, body, departure, cause))
        heapify(queue)
        self.queue[:] = queue

    def signal(self, name: NodeId, body: object) -> None:
        """An operator's order, heard by the process of `name` at once."""
        host = self.hosts[name]
        self.push(self.now, Link(OPERATOR, host, Path()), body)

    def mark(self, kind: str, subject: str, text: str) -> None:
        """A key moment: the running event, and what led to it."""
        causes = tuple(self.trace.chain(self.event_number, CAUSES))
        self.moments.append(Moment(self.event_number, self.now, kind, subject, text, causes))

    # --- time -------------------------------------------------------------------------------------

    @uncollected()
    def run_until(self, time: Micros, steps: int | None = None, until: "Until | None" = None) -> int:
        """Let everything happen up to and including the instant `time`, or `steps` events, or until `until` says yes
        after one. Returns how many events there were. Raises WorldStopped.
        """
        if self.network.changed:
            apply_cuts(self)
        queue = self.queue
        left = steps if steps is not None else 1 << 62
        begun = left
        while left and queue and queue[0][0] <= time:
            entry = heappop(queue)
            link = entry[2]
            if link.held is not None:
                link.held.append(entry)
                continue
            if link.dead:
                continue
            host = link.target
            if link.timers and host.timers.get(entry[3]) != entry[1]:
                if type(entry[3]) is Resume:
                    left -= self._resume(host, entry[0])
                elif type(entry[3]) is WriteBack:
                    host.disk.write_back()
                continue
            if host.busy_until > entry[0] or host.backlog:
                if not host.backlog:
                    self.push(host.busy_until, host.self_link, Resume())
                host.backlog.append(entry)
                continue
            self.now = entry[0]
            left -= 1
            self._deliver(host, entry)
            if until is not None and until(self):
                return begun - left
        if left and self.now < time:
            self.now = time
        return begun - left

    def _deliver(self, host: Host, entry: Entry) -> None:
        """One turn of a node."""
        _, _, link, body, _, cause = entry
        node = host.node
        if node is None:
            return
        self.event_number = number = self.event_number + 1
        env = self._envs[host.name]
        env.now = now = self.now
        try:
            if link.timers:
                del host.timers[body]
                if self.remembers:
                    kind = body if type(body) is str else str(cast("tuple[object, ...]", body)[0])
                    self.trace.add((number, now, host.name, host.name, kind, cause))
                node.wake(env, body)
            elif type(body) is Disconnected:
                if self.remembers:
                    self.trace.add((number, now, host.name, link.source, "Disconnected", cause))
                node.disconnected(env, link.source)
            else:
                if self.remembers:
                    kind = type(getattr(body, "body", body)).__name__
                    page = self.trace.page
                    page.append((number, now, host.name, link.source, kind, cause))  # type: ignore[arg-type]
                    if len(page) == PAGE:
                        self.trace.turn()
                    self.heard.append((now, entry))
                node.receive(env, link.source, body)
            if not number & PULSE and self.witness is not None:
                self.witness.pulse(self)
        except Exception as wrong:
            raise WorldStopped(number, self.now, host.name, wrong) from wrong
        disk = host.disk
        if disk.cost or host.stopping:
            self._after_turn(host)

    def _after_turn(self, host: Host) -> None:
        disk = host.disk
        if disk.cost:
            host.busy_until = self.now + disk.cost
            disk.cost = 0
            if disk.dirty and not disk.write_back_due:
                disk.write_back_due = True
                self.push(
                    self.now + WRITE_BACK_US,
                    Link(host.name, host, Path(), timers=True),
                    WriteBack(),
                )
        if host.stopping:
            host.stopping = False
            self._end(host, DOWN)
            disconnect(self, host, silently=False)

    def _resume(self, host: Host, time: Micros) -> int:
        """A busy host is free again: the next of its backlog has its turn."""
        self.now = time
        while host.backlog and host.busy_until <= time:
            entry = host.backlog.pop(0)
            link = entry[2]
            if link.dead or (link.timers and host.timers.get(entry[3]) != entry[1]):
                continue
            if link.held is not None:
                link.held.append(entry)
                continue
            self._deliver(host, entry)
            if host.backlog:
                self.push(max(time, host.busy_until), host.self_link, Resume())
            return 1
        if host.backlog:
            self.push(host.busy_until, host.self_link, Resume())
        return 0

    def apply(self, action: WorldAction) -> None:
        """Do something from outside, as an event of its own. Only a timeline calls this. Raises WorldStopped."""
        self.event_number += 1
        number = self.event_number
        if self.remembers:
            self.trace.add((number, self.now, OPERATOR, OPERATOR, action.describe(), number))
        try:
            action.apply(self)
        except AssertionError as wrong:
            raise WorldStopped(number, self.now, OPERATOR, wrong) from wrong
        apply_cuts(self)

    # --- connections ------------------------------------------------------------------------------

    def prune(self) -> None:
        """Drop timers that were moved or cancelled. Left until their time, those of long timeouts (one a
        request) would be nearly all of the queue, and of every checkpoint.
        """
        queue = self.queue
        queue[:] = [entry for entry in queue if not self._outdated(entry)]
        heapify(queue)
        self.prune_above = max(QUEUE_MIN, 2 * len(queue))

    def _outdated(self, entry: Entry) -> bool:
        link, body = entry[2], entry[3]
        if link.dead:
            return True
        if not link.timers or isinstance(body, (Resume, WriteBack)):
            return False
        return link.target.timers.get(body) != entry[1]

    def push(self, time: Micros, link: Link, body: object) -> None:
        """Something that will be heard at `time`, caused by the running event."""
        self.sequence += 1
        heappush(self.queue, (time, self.sequence, link, body, self.now, self.event_number))

    def _end(self, host: Host, state: str) -> None:
        """The process is gone; its timers and what waited for it with it."""
        host.node = None
        host.state = state
        host.self_link.dead = True
        host.self_link.held = None
        host.timers = {}
        host.backlog = []
        host.disk.cost = 0
