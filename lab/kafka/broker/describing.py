"""Describing: what a broker answers to DescribeConfigs: each setting, its value, and all that set it (KIP-226)."""

from collections.abc import Iterator, Mapping

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import Config, Setting, Value, as_written
from lab.kafka.config.group import OF_BROKERS, GroupConfig, of_group
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
from lab.kafka.protocol.topics import valid_topic_name

Names = tuple[str, ...] | None


class Descriptions:
    """What one broker knows of settings: its own, and what its image says of topics and groups."""

    __slots__ = ("broker_id", "config", "image")

    def __init__(self, broker_id: int, config: BrokerConfig, image: MetadataImage) -> None:
        self.broker_id = broker_id
        self.config = config
        self.image = image

    def of(self, resource: ConfigResource, names: Names) -> DescribedConfigs:
        """One resource; `names`: only these settings."""
        if resource.type is ResourceType.TOPIC:
            return self._topic(resource.name, names)
        if resource.type is ResourceType.GROUP:
            return self._group(resource.name, names)
        if resource.type is not ResourceType.BROKER:
            return DescribedConfigs(ErrorCode.INVALID_REQUEST, f"Unsupported resource type: {resource.type.name}")
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
        if topic is None and (wrong := valid_topic_name(name)):
            return DescribedConfigs(ErrorCode.INVALID_TOPIC_EXCEPTION, wrong)
        if topic is None:
            return DescribedConfigs(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic {name}.")
        effective = TopicConfig({**self.config.topic_defaults(), **topic.config})
        source = ConfigSource.DYNAMIC_TOPIC_CONFIG
        entries = (
            self._owned_entry(setting, effective, topic.config, source, SYNONYMS.get(setting.name, ()))
            for setting in TopicConfig.settings.values()
        )
        return DescribedConfigs(ErrorCode.NONE, "", _chosen(entries, names))

    def _group(self, name: str, names: Names) -> DescribedConfigs:
        """Any group has settings, whether there is one of that name or not."""
        own = self.image.group_config.get(name, {})
        effective = of_group(self.config, own)
        entries = (
            self._owned_entry(setting, effective, own, ConfigSource.GROUP_CONFIG, (Synonym(OF_BROKERS[setting.name]),))
            for setting in GroupConfig.settings.values()
        )
        return DescribedConfigs(ErrorCode.NONE, "", _chosen(entries, names))

    def _owned_entry(
        self, setting: Setting, effective: Config, own: Mapping[str, str], source: ConfigSource,
        chain: tuple[Synonym, ...],
    ) -> ConfigEntry:  # fmt: skip
        """A setting that a topic or group may have of its own, over its broker's."""
        synonyms = self._synonyms(chain)
        if setting.name in own:
            synonyms = (ConfigSynonym(setting.name, own[setting.name], source), *synonyms)
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
    return tuple(one for one in entries if not names or one.name in names)
