"""Describing: what a broker answers to DescribeConfigs: each setting, its value, and all that set it (KIP-226)."""

from collections.abc import Iterator, Mapping

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Setting, Value, as_written
from lab.kafka.config.log_defaults import CHAINS, SYNONYMS, Synonym
from lab.kafka.config.topic import TopicConfig
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.settings import cluster_settings, own_settings
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import (
    CLUSTER,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ConfigSynonym,
    DescribedConfigs,
    ResourceType,
)

Names = tuple[str, ...] | None


class Descriptions:
    """What one broker knows of settings: its own, and what its image says of topics."""

    __slots__ = ("broker_id", "config", "image")

    def __init__(self, broker_id: int, config: BrokerConfig, image: MetadataImage) -> None:
        self.broker_id = broker_id
        self.config = config
        self.image = image

    def of(self, resource: ConfigResource, names: Names) -> DescribedConfigs:
        """One resource; `names`: only these settings."""
        if resource.type is ResourceType.TOPIC:
            return self._topic(resource.name, names)
        if resource.name == CLUSTER:
            entries = (self._broker_entry(one, cluster_only=True) for one in cluster_settings(self.image))
        elif resource.name == str(self.broker_id):
            entries = (self._broker_entry(one) for one in BrokerConfig.settings)
        else:
            text = f"Unexpected broker id, expected {self.broker_id} or empty string, but received {resource.name}"
            return DescribedConfigs(ErrorCode.INVALID_REQUEST, text)
        return DescribedConfigs(ErrorCode.NONE, "", _chosen(entries, names))

    def _topic(self, name: str, names: Names) -> DescribedConfigs:
        topic = self.image.topics.get(name)
        if topic is None:
            return DescribedConfigs(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic {name}.")
        effective = TopicConfig({**self.config.topic_defaults(), **topic.config})
        entries = (self._topic_entry(setting, effective, topic.config) for setting in TopicConfig.settings.values())
        return DescribedConfigs(ErrorCode.NONE, "", _chosen(entries, names))

    def _topic_entry(self, setting: Setting, effective: TopicConfig, own: Mapping[str, str]) -> ConfigEntry:
        synonyms = self._synonyms(SYNONYMS.get(setting.name, ()))
        if setting.name in own:
            mine = ConfigSynonym(setting.name, own[setting.name], ConfigSource.DYNAMIC_TOPIC_CONFIG)
            synonyms = (mine, *synonyms)
        return _entry(setting, effective.shown(setting.name), synonyms, is_read_only=False)

    def _broker_entry(self, name: str, *, cluster_only: bool = False) -> ConfigEntry:
        setting = BrokerConfig.settings[name]
        synonyms = self._synonyms(CHAINS.get(name, (Synonym(name),)))
        if cluster_only:
            synonyms = tuple(one for one in synonyms if one.source is not ConfigSource.DYNAMIC_BROKER_CONFIG)
            return _entry(setting, synonyms[0].value, synonyms, is_read_only=False)
        return _entry(setting, self.config.shown(name), synonyms, is_read_only=not setting.dynamic)

    def _synonyms(self, chain: tuple[Synonym, ...]) -> tuple[ConfigSynonym, ...]:
        """All that set a value, the one that wins first: what is set closest to the broker, and in the finest unit."""
        levels: tuple[tuple[ConfigSource, Mapping[str, Value]], ...] = (
            (ConfigSource.DYNAMIC_BROKER_CONFIG, own_settings(self.image, self.broker_id)),
            (ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, cluster_settings(self.image)),
            (ConfigSource.STATIC_BROKER_CONFIG, self.config.static),
        )
        found = [
            ConfigSynonym(name, as_written(values[name]), source)
            for source, values in levels
            for name, _ in chain
            if name in values
        ]
        if chain:  # of several units only the coarsest has a default in Kafka, the others are null
            last = chain[-1].name
            default = as_written(BrokerConfig.settings[last].default)
            found.append(ConfigSynonym(last, default, ConfigSource.DEFAULT_CONFIG))
        return tuple(found)


def _entry(setting: Setting, value: str, synonyms: tuple[ConfigSynonym, ...], *, is_read_only: bool) -> ConfigEntry:
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG
    return ConfigEntry(setting.name, value, source, is_read_only, synonyms, setting.type, setting.meaning)


def _chosen(entries: Iterator[ConfigEntry], names: Names) -> tuple[ConfigEntry, ...]:
    return tuple(one for one in entries if names is None or one.name in names)
