"""Server: a cluster for real clients without a window (`lab serve`), in step with the clock on the wall."""

import signal
import time
from collections import deque
from collections.abc import Callable
from types import FrameType

from lab.cluster.actions import ClusterAction
from lab.cluster.build import broker_hosts
from lab.env import Micros, NodeId
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.config.broker import BrokerConfig
from lab.live.doorman import Doorman
from lab.live.gateway import Gateway
from lab.live.guard import Guard, Users
from lab.live.limits import Limits
from lab.live.owner import Owner
from lab.world.world import World

IDLE_S = 0.05
"""The longest sleep: so long a broker's port may stay open after its process has ended."""
BEHIND_MAX: Micros = 200_000
"""More than this is not made up for: the world's time falls behind, and goes on from there."""


class Server:
    """Runs the world of a session, or of an owner that records nothing, in real time and with its doors open."""

    def __init__(self, session: Owner, host: str, port: int, *, users: Users | None = None) -> None:
        """`users`: who may come in; without them anybody may. Raises OSError."""
        self.session = session
        self._stopping = False
        self._asked: deque[ClusterAction] = deque()
        brokers = broker_hosts(session.world)
        self.gateway = Gateway(host, limits=_limits(session.world, brokers), threaded=False)
        guard = Guard(users, self.gateway.send, self.gateway.close) if users is not None else None
        self.doorman = Doorman(self.session, self.gateway, guard)
        try:
            self.doorman.open_doors({broker: port + number if port else 0 for number, broker in enumerate(brokers)})
        except OSError:
            self.gateway.stop()
            raise

    def addresses(self) -> str:
        """Where clients connect to: `HOST:PORT` of each broker, with commas between."""
        return ",".join(address for _, address in self.doorman.listeners())

    def run(self, ready: Callable[[], None]) -> str:
        """Serve until `stop`. Returns what went wrong in the world; empty if nothing did."""
        session = self.session
        ready()
        before = time.monotonic_ns()
        owed = 0
        try:
            while not self._stopping and not session.violation:
                self.doorman.bring_in()
                while self._asked:
                    session.post(self._asked.popleft())
                now = time.monotonic_ns()
                owed = min(owed + now - before, BEHIND_MAX * 1_000)
                before = now
                step = owed // 1_000
                if step:
                    session.run_for(step)
                    owed -= step * 1_000
                self.doorman.keep_ports()
                self.gateway.turn(0 if self.gateway.events else self._until_next())
        finally:
            self.gateway.stop()
        return session.violation

    def _until_next(self) -> float:
        """Seconds until something is to happen in the world."""
        queue = self.session.world.queue
        due = (queue[0][0] - self.session.now) / 1e6 if queue else IDLE_S
        return max(0.0, min(IDLE_S, due))

    def ask(self, action: ClusterAction) -> None:
        """Have something done to the world, from any thread."""
        self._asked.append(action)
        self.gateway.ring()

    def stop(self) -> None:
        """End `run` soon; from any thread, or a signal."""
        self._stopping = True
        self.gateway.ring()

    def stop_on_signals(self) -> None:
        """Ctrl+C and SIGTERM end it in order."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)


def _limits(world: World, brokers: tuple[NodeId, ...]) -> Limits:
    """What the settings of the first broker allow: there is one gateway for all."""
    recipes = [world.hosts[name].recipe for name in brokers[:1]]
    return Limits.of(BrokerConfig(next((one.configs for one in recipes if isinstance(one, BrokerRecipe)), ())))
