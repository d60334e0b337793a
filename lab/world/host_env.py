"""HostEnv: what a node may ask of its host and of the world in one turn; the world's side of Env."""

from heapq import heappush
from typing import TYPE_CHECKING

from lab.env.node import Timer
from lab.env.units import Address, Micros
from lab.world.connections import connect, hang_up
from lab.world.dice import Stream
from lab.world.host import Host
from lab.world.network import LATENCY_US

if TYPE_CHECKING:
    from lab.world.world import World


class HostEnv:
    """The Env of one turn; one object serves all turns, since nobody keeps it."""

    __slots__ = ("_host", "_world", "disk", "name", "now")

    def __init__(self, world: "World", host: Host) -> None:
        self._world = world
        self._host = host
        self.disk = host.disk
        self.name = host.name
        self.now = world.now

    @property
    def wall_time_ms(self) -> int:
        """See Env."""
        return self._host.clock.read(self._world.epoch_ms, self._world.now)

    @property
    def dice(self) -> Stream:
        """See Env."""
        return self._host.dice

    def send(self, target: Address, body: object, size: int) -> None:
        """See Env. What the disk took so far in this turn delays the message."""
        world, host = self._world, self._host
        link = host.links.get(target)
        if link is None or link.dead:
            link = connect(world, host, target)
            if link is None:
                return
        path = link.path
        departs = world.now + host.disk.cost
        arrives = departs + LATENCY_US[world.network_dice.draw() >> 8] + path.extra_us
        if path.bytes_per_s:
            arrives += size * 1_000_000 // path.bytes_per_s
        if arrives <= link.last_arrival:
            arrives = link.last_arrival + 1
        link.last_arrival = arrives
        world.sequence = sequence = world.sequence + 1
        heappush(world.queue, (arrives, sequence, link, body, departs, world.event_number))

    def hang_up(self, target: Address) -> None:
        """See Env."""
        hang_up(self._world, self._host.name, target)

    def set_timer(self, timer: Timer, at: Micros) -> None:
        """See Env."""
        world, host = self._world, self._host
        world.sequence = sequence = world.sequence + 1
        host.timers[timer] = sequence
        now = world.now
        heappush(world.queue, (at if at > now else now, sequence, host.self_link, timer, now, world.event_number))
        if len(world.queue) > world.prune_above:
            world.prune()

    def cancel_timer(self, timer: Timer) -> None:
        """See Env."""
        self._host.timers.pop(timer, None)

    def tell(self, fact: object) -> None:
        """See Env."""
        world = self._world
        if world.witness is not None:  # as its `tell` would: there are nearly as many facts as events
            for listener in world.witness.listeners.get(type(fact), ()):
                listener(world, self.name, fact)

    def hears(self, kind: type) -> bool:
        """See Env."""
        witness = self._world.witness
        return witness is not None and bool(witness.listeners.get(kind))

    def stop(self) -> None:
        """See Env."""
        self._host.stopping = True
