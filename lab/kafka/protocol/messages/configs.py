"""Settings: describe 32, alter 33 (the old way, all at once), alter incrementally 44 (KIP-226, KIP-339)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from lab.kafka.protocol.errors import ErrorCode

CLUSTER = ""
"""The name of the broker resource that stands for all brokers."""


class ResourceType(IntEnum):
    """What has settings (Kafka's `ConfigResource.Type`)."""

    TOPIC = 2
    BROKER = 4


class ConfigSource(IntEnum):
    """Where a value comes from (KIP-226)."""

    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5


class ConfigResource(NamedTuple):
    """A topic by name, or a broker by id; the broker `""` is all of them."""

    type: ResourceType
    name: str

    def __str__(self) -> str:
        if self.type is ResourceType.TOPIC:
            return f"topic {self.name}"
        return f"broker {self.name}" if self.name else "all brokers"


def topic_resource(name: str) -> ConfigResource:
    """The settings of a topic."""
    return ConfigResource(ResourceType.TOPIC, name)


def broker_resource(broker_id: int) -> ConfigResource:
    """The settings of one broker."""
    return ConfigResource(ResourceType.BROKER, str(broker_id))


ALL_BROKERS = ConfigResource(ResourceType.BROKER, CLUSTER)


@dataclass(slots=True)
class IncrementalAlterConfigsRequest:
    """SET settings, or with None DELETE what was set; all else stays."""

    resources: dict[ConfigResource, dict[str, str | None]]


@dataclass(slots=True)
class AlterConfigsRequest:
    """These are all settings of each resource: what is not named goes back to its default."""

    resources: dict[ConfigResource, dict[str, str]]


@dataclass(slots=True)
class AlterConfigsResponse:
    """Of both ways to alter, in the order asked: the error, with a sentence where it failed."""

    resources: dict[ConfigResource, tuple[ErrorCode, str]]


@dataclass(slots=True)
class DescribeConfigsRequest:
    """Asks for these settings of each resource; None: for all."""

    resources: dict[ConfigResource, tuple[str, ...] | None]


class ConfigSynonym(NamedTuple):
    """A setting from which a value may come."""

    name: str
    value: str
    source: ConfigSource


@dataclass(slots=True)
class ConfigEntry:
    """One setting. `synonyms`: all that set it, the one that wins first."""

    name: str
    value: str
    source: ConfigSource
    is_read_only: bool
    synonyms: tuple[ConfigSynonym, ...]
    type: str
    documentation: str
    is_sensitive: bool = False
    """For passwords, whose value is not told; no setting here is one."""

    @property
    def is_default(self) -> bool:
        """Whether nobody has set it."""
        return self.source is ConfigSource.DEFAULT_CONFIG


@dataclass(slots=True)
class DescribedConfigs:
    """One resource, or why it cannot be described."""

    error_code: ErrorCode
    error_message: str = ""
    entries: tuple[ConfigEntry, ...] = ()


@dataclass(slots=True)
class DescribeConfigsResponse:
    """In the order asked."""

    resources: dict[ConfigResource, DescribedConfigs]
