"""Unrecorded: a world that nobody can rewind: no journal, no checkpoints, nobody who watches.

It is the faster way to serve, and the only one where files are real: those lie outside the world, and no rewinding
would bring back what was in them.
"""

import time
from collections.abc import Callable

from lab.cluster.actions import ClusterAction
from lab.cluster.build import broker_hosts, build_unwatched
from lab.cluster.lookup.controllers import controller_hosts
from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec
from lab.disks.data_folder import DataFolder
from lab.env import Micros, NodeId, seconds
from lab.kafka.orders import FrameArrived, Shutdown
from lab.kafka.protocol.codec import Buffer
from lab.world.network import OPERATOR, Link, Path
from lab.world.world import World, WorldStopped

STOP_MAX: Micros = seconds(60)
"""So much virtual time brokers have to hand over what they lead, and to close their logs."""


class Unrecorded:
    """Owns a world, and lets it go on. `data`: where its machines have their disks; simulated ones if there is none."""

    latest_event = -1

    def __init__(self, spec: ClusterSpec, data: DataFolder | None = None) -> None:
        """Raises Refused."""
        self.data = data
        self.violation = ""
        self._ways: dict[NodeId, Link] = {}
        """By which frames come to each program: its machine stays, and a link a frame would be work for nothing."""
        self.world = build_unwatched(spec, data.disk if data is not None else lambda node: None, date_ms())
        for host in self.world.hosts.values():
            host.disk.slowdown = 0  # whoever is in a hurry does not wait for a disk that is not there

    @property
    def now(self) -> Micros:
        """See Owner."""
        return self.world.now

    def greet(self, greeter: Callable[[World], None]) -> None:
        """See Owner. No other world ever takes the place of this one."""
        greeter(self.world)

    def bring(self, action: ClusterAction) -> None:
        """See Owner. It happens one microsecond from now, as in a session."""
        self._move(lambda: self._apply(action))

    def bring_frame(self, program: NodeId, connection: int, frame: Buffer) -> None:
        """See Owner. No action and no event, since there is no journal for it; and what it leads to waits for the next
        run, so that frames that came together are one run and not one each.
        """
        world, way = self.world, self._ways.get(program)
        if way is None:
            way = self._ways[program] = Link(OPERATOR, world.hosts[program], Path())
        world.now += 1
        world.push(world.now, way, FrameArrived(connection, frame))

    def post(self, action: ClusterAction) -> None:
        """See Owner."""
        reason = action.refusal(self.world)
        if reason:
            raise Refused(f"{action.describe()}: {reason}")
        self.bring(action)

    def run_for(self, duration: Micros) -> None:
        """See Owner. Clocks show the date outside, even where the world could not keep up with it."""
        world = self.world
        world.epoch_ms = date_ms() - world.now // 1_000
        self._move(lambda: world.run_until(world.now + duration))

    def close(self) -> None:
        """Stop brokers, then controllers, in order, so that nothing has to be mended at the next start; unless the
        world has stopped by itself: then files stay as they are.
        """
        if not self.violation:
            self._stop(broker_hosts(self.world))
            self._stop(controller_hosts(self.world))
        if self.data is not None:
            self.data.close()

    def _stop(self, names: tuple[NodeId, ...]) -> None:
        hosts = [self.world.hosts[name] for name in names]
        for host in hosts:
            if host.node is not None:
                self.world.signal(host.name, Shutdown())
        ended = self.now + STOP_MAX
        self._move(lambda: self.world.run_until(ended, until=lambda _: all(host.node is None for host in hosts)))

    def _apply(self, action: ClusterAction) -> None:
        self.world.run_until(self.world.now)
        self.world.now += 1
        self.world.apply(action)

    def _move(self, change: Callable[[], object]) -> None:
        """Our own mistakes stop the world, not the process."""
        try:
            change()
        except WorldStopped as stopped:
            self.violation = str(stopped)


def date_ms() -> int:
    """The date outside."""
    return time.time_ns() // 1_000_000
