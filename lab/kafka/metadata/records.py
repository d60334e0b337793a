"""Metadata records: what the controller writes (spec 3.4), with Kafka's names.

Kept in v2 batches on the controller's disk, one batch a decision, so that a decision is atomic. The value is
JSON here, Kafka's own binary schema in the real thing (see docs/differences.md).
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from lab.env import Sealed
from lab.kafka.protocol.topic_ids import TopicId


@dataclass(slots=True)
class RegisterBrokerRecord(Sealed):
    """A broker process signed on; its epoch is this record's offset."""

    broker_id: int
    host: str
    incarnation_id: str
    broker_epoch: int
    rack: str | None = None


@dataclass(slots=True)
class BrokerRegistrationChangeRecord(Sealed):
    """A broker is fenced or unfenced, or begins its controlled shutdown; None leaves as it is."""

    broker_id: int
    broker_epoch: int
    fenced: bool | None = None
    in_controlled_shutdown: bool | None = None


@dataclass(slots=True)
class UnregisterBrokerRecord(Sealed):
    """A broker is gone for good."""

    broker_id: int


@dataclass(slots=True)
class FeatureLevelRecord(Sealed):
    """From here on a feature is in use: `eligible.leader.replicas.version` (KIP-966)."""

    name: str
    feature_level: int


@dataclass(slots=True)
class BrokerConfigRecord(Sealed):
    """A setting of one broker, or with an empty name of all; None removes the override."""

    broker: str
    name: str
    value: str | None


@dataclass(slots=True)
class GroupConfigRecord(Sealed):
    """A setting of one group; None removes the override."""

    group: str
    name: str
    value: str | None


@dataclass(slots=True)
class TopicRecord(Sealed):
    """A topic exists."""

    name: str
    topic_id: TopicId


@dataclass(slots=True)
class RemoveTopicRecord(Sealed):
    """A topic does not exist any more."""

    name: str
    topic_id: TopicId


@dataclass(slots=True)
class ConfigRecord(Sealed):
    """A topic's setting; None removes the override."""

    topic: str
    name: str
    value: str | None


@dataclass(slots=True)
class PartitionRecord(Sealed):
    """A partition as it is created. `replicas[0]` is the preferred leader."""

    topic_id: TopicId
    topic: str
    partition: int
    replicas: list[int]
    isr: list[int]
    leader: int
    leader_epoch: int = 0
    partition_epoch: int = 0


@dataclass(slots=True)
class PartitionChangeRecord(Sealed):
    """A partition changes; None leaves as it is. A `leader`, even the same, begins a new leader epoch."""

    topic: str
    partition: int
    reason: str
    isr: list[int] | None = None
    leader: int | None = None
    recovering: bool | None = None
    replicas: list[int] | None = None
    adding_replicas: list[int] | None = None
    removing_replicas: list[int] | None = None
    elr: list[int] | None = None
    last_known_elr: list[int] | None = None


@dataclass(slots=True)
class ProducerIdsRecord(Sealed):
    """Producer ids below this are given out."""

    next_producer_id: int


@dataclass(slots=True)
class AccessControlEntryRecord(Sealed):
    """A rule of who may do what; kinds by their numbers in the protocol."""

    id: str
    resource_type: int
    resource_name: str
    pattern_type: int
    principal: str
    host: str
    operation: int
    permission_type: int


@dataclass(slots=True)
class RemoveAccessControlEntryRecord(Sealed):
    """A rule holds no more."""

    id: str


@dataclass(slots=True)
class NoOpRecord(Sealed):
    """Nothing, but an offset: what an idle quorum writes, and how a new leader's first record reaches a broker."""


MetadataRecord: TypeAlias = (
    RegisterBrokerRecord
    | BrokerRegistrationChangeRecord
    | UnregisterBrokerRecord
    | FeatureLevelRecord
    | BrokerConfigRecord
    | GroupConfigRecord
    | TopicRecord
    | RemoveTopicRecord
    | ConfigRecord
    | PartitionRecord
    | PartitionChangeRecord
    | ProducerIdsRecord
    | AccessControlEntryRecord
    | RemoveAccessControlEntryRecord
    | NoOpRecord
)

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        RegisterBrokerRecord,
        BrokerRegistrationChangeRecord,
        UnregisterBrokerRecord,
        FeatureLevelRecord,
        BrokerConfigRecord,
        GroupConfigRecord,
        TopicRecord,
        RemoveTopicRecord,
        ConfigRecord,
        PartitionRecord,
        PartitionChangeRecord,
        ProducerIdsRecord,
        AccessControlEntryRecord,
        RemoveAccessControlEntryRecord,
        NoOpRecord,
    )
}


RARE = ("replicas", "adding_replicas", "removing_replicas", "elr", "last_known_elr")
"""Fields that most changes leave alone, and that are written only where they are given (Kafka's tagged fields)."""


def encode(record: MetadataRecord) -> bytes:
    """A record as the value of a log record."""
    fields = dataclasses.asdict(record)
    for name in RARE:
        if fields.get(name, name) is None:
            del fields[name]
    return json.dumps([type(record).__name__, fields], separators=(",", ":")).encode()


def decode(value: bytes) -> MetadataRecord:
    """The inverse; only ever given what `encode` wrote."""
    name, fields = json.loads(value)
    return KINDS[name](**fields)
