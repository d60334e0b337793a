"""How to make a broker's process."""

from dataclasses import dataclass

from lab.env import NodeId
from lab.kafka.broker import api
from lab.kafka.broker.broker import Broker
from lab.kafka.config.broker import BrokerConfig


@dataclass(frozen=True, slots=True)
class BrokerRecipe:
    """A broker with an id and these settings, under these controllers; `quorum`: they vote, which one is active.
    `heap_bytes`: what it has for producer ids, if that is watched.
    """

    broker_id: int
    controllers: tuple[NodeId, ...]
    configs: tuple[tuple[str, str], ...] = ()
    quorum: bool = False
    heap_bytes: int | None = None

    def build(self) -> Broker:
        """A new process."""
        assert len(api.LOADED) > 0
        return Broker(self.broker_id, self.controllers, BrokerConfig(self.configs), self.quorum, self.heap_bytes)
