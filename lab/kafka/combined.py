"""CombinedNode: a broker and a controller in one process (`process.roles=broker,controller`, spec 3.1).

Both run on one machine and one disk, and end together. What is meant for which of them, the connection tells: a
broker talks to controllers over connections of their own names.
"""

from dataclasses import dataclass

from lab.env import Address, Env, Timer
from lab.kafka.broker import api
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.controller_finder import CONTROLLER_CHANNELS
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.quorum_node import CONTROLLER_TIMERS, QuorumNode
from lab.kafka.raft.voters import CHANNEL, Voters
from lab.kafka.rpc.envelope import Request


class CombinedNode(Broker):
    """A broker that is also a voter."""

    def __init__(self, broker_id: int, voters: Voters, config: BrokerConfig, heap_bytes: int | None = None) -> None:
        hosts = tuple(host for _, host in voters.members)
        super().__init__(broker_id, hosts, config, quorum=True, heap_bytes=heap_bytes)
        self.voter = QuorumNode(broker_id, voters, BrokerConfig(config.static))
        self.broker_ended = False

    def start(self, env: Env) -> None:
        """Both, the broker first: it looks at the log dir before there is anything of the other in it."""
        super().start(env)
        self.voter.start(env)

    def receive(self, env: Env, sender: Address, body: object) -> None:
        """To the one that is meant. SIGTERM is the broker's first; the controller ends after it."""
        channel = sender.partition("#")[2]
        to_controller = isinstance(body, Request) and channel in CONTROLLER_CHANNELS
        if channel == CHANNEL or to_controller:
            self.voter.receive(env, sender, body)
        elif not self.broker_ended:
            super().receive(env, sender, body)

    def disconnected(self, env: Env, peer: Address) -> None:
        """Both hear: one name may stand for a connection of either."""
        super().disconnected(env, peer)
        self.voter.disconnected(env, peer)

    def wake(self, env: Env, timer: Timer) -> None:
        """A timer of either."""
        if timer in CONTROLLER_TIMERS:
            self.voter.wake(env, timer)
        elif not self.broker_ended:
            super().wake(env, timer)

    def end(self, env: Env) -> None:
        """The broker has handed everything over: now the controller does."""
        self.broker_ended = True
        self.voter.shut_down(env)


NOBODY = Voters(())


@dataclass(frozen=True, slots=True)
class CombinedRecipe(BrokerRecipe):
    """A broker that is also one of the voters."""

    voters: Voters = NOBODY

    def build(self) -> CombinedNode:
        """A new process."""
        assert len(api.LOADED) > 0
        return CombinedNode(self.broker_id, self.voters, BrokerConfig(self.configs), self.heap_bytes)


def controller_of(process: object) -> ControllerNode | None:
    """The controller in a process; None if there is none."""
    if isinstance(process, CombinedNode):
        return process.voter
    return process if isinstance(process, ControllerNode) else None
