"""How to make a controller's process."""

from dataclasses import dataclass

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.controller.node import ControllerNode


@dataclass(frozen=True, slots=True)
class ControllerRecipe:
    """A controller with these settings."""

    configs: tuple[tuple[str, str], ...] = ()

    def build(self) -> ControllerNode:
        """A new process."""
        return ControllerNode(BrokerConfig(self.configs))
