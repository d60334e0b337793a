"""How to make a controller's process."""

from dataclasses import dataclass

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.quorum_node import QuorumNode
from lab.kafka.raft.voters import Voters


@dataclass(frozen=True, slots=True)
class ControllerRecipe:
    """A controller with these settings, alone."""

    configs: tuple[tuple[str, str], ...] = ()

    def build(self) -> ControllerNode:
        """A new process."""
        return ControllerNode(BrokerConfig(self.configs))


@dataclass(frozen=True, slots=True)
class VoterRecipe:
    """A controller with these settings, one of a quorum (`process.roles=controller`)."""

    replica_id: int
    voters: Voters
    configs: tuple[tuple[str, str], ...] = ()

    def build(self) -> QuorumNode:
        """A new process."""
        return QuorumNode(self.replica_id, self.voters, BrokerConfig(self.configs))
