"""DescribeConfigs (32), AlterConfigs (33; all at once), IncrementalAlterConfigs (44): settings (KIP-226, KIP-339)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.open_number import OpenNumber
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    Array,
    Converted,
    Field,
    Fixed,
    Kind,
    Struct,
    Table,
    Versions,
    api,
    message,
    or_empty,
    struct,
    wire,
)

CLUSTER = ""
"""The name of the broker resource that stands for all brokers."""


class ResourceType(OpenNumber):
    """What has settings (Kafka's `ConfigResource.Type`); here topics, brokers and groups."""

    UNKNOWN = 0
    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


class ConfigSource(IntEnum):
    """Where a value comes from (KIP-226)."""

    UNKNOWN = 0
    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    GROUP_CONFIG = 8


class ConfigResource(NamedTuple):
    """A topic or a group by name, or a broker by id; the broker `""` is all of them."""

    type: ResourceType
    name: str

    def __str__(self) -> str:
        if self.type is ResourceType.BROKER and not self.name:
            return "all brokers"
        return f"{self.type.name.lower()} {self.name}"


def topic_resource(name: str) -> ConfigResource:
    """The settings of a topic."""
    return ConfigResource(ResourceType.TOPIC, name)


def group_resource(group_id: str) -> ConfigResource:
    """The settings of a group."""
    return ConfigResource(ResourceType.GROUP, group_id)


def broker_resource(broker_id: int) -> ConfigResource:
    """The settings of one broker."""
    return ConfigResource(ResourceType.BROKER, str(broker_id))


ALL_BROKERS = ConfigResource(ResourceType.BROKER, CLUSTER)


class AlterConfigOp(OpenNumber):
    """What is to be done with a setting. The last two are for those that are lists."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


class ListChange(NamedTuple):
    """To append these values (with commas between) to a setting that is a list, or to take them out."""

    operation: AlterConfigOp
    value: str


class Nonsense(NamedTuple):
    """A change that nobody can make, and what is wrong with it. Only real clients ask for it; a null stands for it."""

    error_code: ErrorCode
    reason: str


Change = str | None | ListChange | Nonsense
"""The value to set; None: as if nothing had been set."""


@dataclass(slots=True)
class IncrementalAlterConfigsRequest:
    """What is to change; all else stays. `validate_only`: nothing changes, but the answer is the same."""

    resources: Mapping[ConfigResource, Mapping[str, Change]]
    validate_only: bool = False


@dataclass(slots=True)
class AlterConfigsRequest:
    """These are all settings of each resource: what is not named goes back to its default."""

    resources: Mapping[ConfigResource, Mapping[str, str | None]]
    validate_only: bool = False


@dataclass(slots=True)
class AlterConfigsResponse:
    """Of both ways to alter, in the order asked: the error, with a sentence where it failed."""

    resources: dict[ConfigResource, tuple[ErrorCode, str]]


@dataclass(slots=True)
class DescribeConfigsRequest:
    """Asks for these settings of each resource; None: for all."""

    resources: dict[ConfigResource, tuple[str, ...] | None]
    include_synonyms: bool = True
    include_documentation: bool = True


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


_RESOURCE = wire(
    "resource",
    Struct(
        ConfigResource,
        (
            wire("resource_type", Fixed("b", ResourceType), attribute="type"),
            wire("resource_name", STRING, attribute="name"),
        ),
        inline=True,
    ),
)


class _Type(IntEnum):
    """Kinds of values, by their numbers in DescribeConfigs."""

    UNKNOWN, BOOLEAN, STRING, INT, SHORT, LONG, DOUBLE, LIST, CLASS, PASSWORD = range(10)


Written = tuple[str, AlterConfigOp, str | None]
"""A change as it is sent: which setting, what to do with it, and the value to do it with."""


def _changes(written: tuple[Written, ...]) -> dict[str, Change]:
    found: dict[str, Change] = {}
    for name, operation, value in written:
        found[name] = TWICE if name in found else _change(name, operation, value)
    return found


def _change(name: str, operation: AlterConfigOp, value: str | None) -> Change:
    if not operation.known:
        return Nonsense(ErrorCode.UNKNOWN_SERVER_ERROR, "")
    if operation is AlterConfigOp.DELETE:
        return None
    if value is None:
        return Nonsense(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {name}")
    return value if operation is AlterConfigOp.SET else ListChange(operation, value)


def _written(changes: Mapping[str, Change]) -> tuple[Written, ...]:
    return tuple((name, *_operation(change)) for name, change in changes.items())


def _operation(change: Change) -> tuple[AlterConfigOp, str | None]:
    if isinstance(change, Nonsense):
        return AlterConfigOp.SET, None
    if isinstance(change, ListChange):
        return change
    return (AlterConfigOp.DELETE if change is None else AlterConfigOp.SET), change


TWICE = Nonsense(ErrorCode.INVALID_REQUEST, "Error due to duplicate config keys")
_CHANGE = struct(
    None, wire("name", STRING), wire("config_operation", Fixed("b", AlterConfigOp)), wire("value", NULLABLE_STRING)
)


_ALTERED = struct(None, wire("error_code", ERROR), wire("error_message", or_empty()))
_SYNONYM = struct(
    ConfigSynonym,
    wire("name", STRING),
    wire("value", NULLABLE_STRING),
    wire("source", Fixed("b", ConfigSource)),
)
_ENTRY = struct(
    ConfigEntry,
    wire("name", STRING),
    wire("value", NULLABLE_STRING),
    wire("read_only", BOOL, attribute="is_read_only"),
    wire("config_source", Fixed("b", ConfigSource), attribute="source"),
    wire("is_sensitive", BOOL),
    wire("synonyms", Array(_SYNONYM)),
    wire(
        "config_type", Converted(Fixed("b", _Type), lambda kind: kind.name, lambda name: _Type[name]), "3+",
        attribute="type", default="UNKNOWN",
    ),
    wire("documentation", or_empty(), "3+", default=""),
)  # fmt: skip
_DESCRIBED = struct(
    DescribedConfigs,
    wire("error_code", ERROR),
    wire("error_message", or_empty()),
    wire("configs", Array(_ENTRY), attribute="entries"),
)

DESCRIBE_CONFIGS = api(
    32, "DescribeConfigs", "1-4", 4,
    message(
        DescribeConfigsRequest,
        wire(
            "resources", Table(_RESOURCE, wire("configuration_keys", Array(STRING, nullable=Versions.of("0+"))))
        ),
        wire("include_synonyms", BOOL),
        wire("include_documentation", BOOL, "3+", default=False),
    ),
    message(
        DescribeConfigsResponse,
        THROTTLE,
        wire("results", Table(_RESOURCE, _DESCRIBED, key_at=2), attribute="resources"),
    ),
)  # fmt: skip

_RESPONSE = message(
    AlterConfigsResponse, THROTTLE, wire("responses", Table(_RESOURCE, _ALTERED, key_at=2), attribute="resources")
)


def _configs(kind: Kind) -> Field:
    return wire("resources", Table(_RESOURCE, wire("configs", kind)))


_VALUES = Table(wire("name", STRING), wire("value", NULLABLE_STRING))
ALTER_CONFIGS = api(
    33, "AlterConfigs", "0-2", 2,
    message(AlterConfigsRequest, _configs(_VALUES), wire("validate_only", BOOL)),
    _RESPONSE,
)  # fmt: skip

INCREMENTAL_ALTER_CONFIGS = api(
    44, "IncrementalAlterConfigs", "0-1", 1,
    message(
        IncrementalAlterConfigsRequest,
        _configs(Converted(Array(_CHANGE), _changes, _written)),
        wire("validate_only", BOOL),
    ),
    _RESPONSE,
)  # fmt: skip
