"""GroupConfigs: the settings of groups, as a broker applies them."""

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.group import GroupConfig, of_group
from lab.kafka.metadata.image import MetadataImage


class GroupConfigs:
    """Worked out once for each group, and again when any setting has changed."""

    __slots__ = ("broker", "known", "own")

    def __init__(self, broker: BrokerConfig) -> None:
        self.broker = broker
        self.own: dict[str, dict[str, str]] = {}
        self.known: dict[str, GroupConfig] = {}

    def of(self, group_id: str) -> GroupConfig:
        """The settings of a group."""
        found = self.known.get(group_id)
        if found is None:
            found = self.known[group_id] = of_group(self.broker, self.own.get(group_id, {}))
        return found

    def update(self, image: MetadataImage) -> None:
        """Something has changed."""
        self.own = image.group_config
        self.known = {}
