"""Configuration: changing settings of topics, brokers and groups, each a decision of the controller (spec 3.10.1).

Kafka has a broker check the settings of brokers, and the controller those of topics. Here the controller checks all.
"""

from collections.abc import Callable, Iterator, Mapping

from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.group import GroupConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller import eligibility
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.metadata.records import BrokerConfigRecord, ConfigRecord, GroupConfigRecord, MetadataRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import (
    CLUSTER,
    AlterConfigOp,
    AlterConfigsRequest,
    AlterConfigsResponse,
    Change,
    ConfigResource,
    IncrementalAlterConfigsRequest,
    ListChange,
    Nonsense,
    ResourceType,
)

Changes = Mapping[str, str | None]
MIN_ISR = eligibility.MIN_ISR
LISTS = {"cleanup.policy": "delete"}
"""Settings that are lists, and their defaults."""


class AlterRefused(Exception):
    """Why the settings of a resource are not changed."""

    def __init__(self, error_code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code


def alter_incrementally(controller: Controller, request: IncrementalAlterConfigsRequest) -> Decision:
    """Set or reset single settings. What is wrong with one resource does not keep the others from changing."""
    records: list[MetadataRecord] = []
    results: dict[ConfigResource, tuple[ErrorCode, str]] = {}
    for resource, changes in request.resources.items():
        try:
            records += _altered(controller.image, resource, _plain(controller.image, resource, changes))
            results[resource] = ErrorCode.NONE, ""
        except AlterRefused as refused:
            results[resource] = refused.error_code, str(refused)
    return Decision(AlterConfigsResponse(results), [] if request.validate_only else records)


def _plain(image: MetadataImage, resource: ConfigResource, changes: Mapping[str, Change]) -> Changes:
    """Values to set or to reset, where some may be parts of a list to append or to take out."""
    known = _known(image, resource)
    found: dict[str, str | None] = {}
    for name, change in changes.items():
        if isinstance(change, Nonsense):
            raise AlterRefused(*change)
        found[name] = _appended(name, known.get(name), change) if isinstance(change, ListChange) else change
    return found


def _appended(name: str, value: str | None, change: ListChange) -> str:
    """In the order of the alphabet, which is the one that the setting takes."""
    if name not in LISTS:
        text = f"Can't {change.operation.name} to key {name} because its type is not LIST."
        raise AlterRefused(ErrorCode.INVALID_CONFIG, text)
    now = [one for one in (LISTS[name] if value is None else value).split(",") if one]
    other = [one for one in change.value.split(",") if one]
    if change.operation is AlterConfigOp.APPEND:
        return ",".join(sorted(now + [one for one in other if one not in now]))
    return ",".join(sorted(one for one in now if one not in other))


def alter(controller: Controller, request: AlterConfigsRequest) -> Decision:
    """Set all settings at once: whatever is set and not named is reset."""
    changes: dict[ConfigResource, Mapping[str, Change]] = {}
    null: dict[ConfigResource, tuple[ErrorCode, str]] = {}
    for resource, values in request.resources.items():
        names = [name for name, value in values.items() if value is None]
        if names:
            null[resource] = ErrorCode.INVALID_REQUEST, f"Null value not supported for : {','.join(names)}"
        else:
            changes[resource] = {**dict.fromkeys(_known(controller.image, resource)), **values}
    decision = alter_incrementally(controller, IncrementalAlterConfigsRequest(changes, request.validate_only))
    assert isinstance(decision.response, AlterConfigsResponse)
    decision.response.resources.update(null)
    return decision


def _known(image: MetadataImage, resource: ConfigResource) -> Mapping[str, str]:
    if resource.type is ResourceType.BROKER:
        return image.broker_config.get(resource.name, {})
    if resource.type is ResourceType.GROUP:
        return image.group_config.get(resource.name, {})
    topic = image.topics.get(resource.name)
    return topic.config if topic is not None else {}


def _altered(image: MetadataImage, resource: ConfigResource, changes: Changes) -> list[MetadataRecord]:
    if resource.type not in ALTERS:
        raise AlterRefused(ErrorCode.INVALID_REQUEST, f"Unknown resource type {resource.type}")
    return list(ALTERS[resource.type](image, resource.name, changes))


def _topic(image: MetadataImage, name: str, changes: Changes) -> Iterator[MetadataRecord]:
    topic = image.topics.get(name)
    if topic is None:
        raise AlterRefused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
    try:
        TopicConfig(topic.config).changed(changes)
    except InvalidConfig as wrong:
        raise AlterRefused(ErrorCode.INVALID_CONFIG, str(wrong)) from None
    for setting, value in changes.items():
        if topic.config.get(setting) != value:
            yield ConfigRecord(name, setting, value)
    if MIN_ISR in changes:
        yield from eligibility.forgotten(image, (name,))


def _broker(image: MetadataImage, name: str, changes: Changes) -> Iterator[MetadataRecord]:
    """Written even where nothing changes: in Kafka that has a broker read its key files again."""
    _check_broker(image, name)
    fixed = [one for one in changes if one in BrokerConfig.settings and not BrokerConfig.settings[one].dynamic]
    if fixed:
        raise AlterRefused(
            ErrorCode.INVALID_REQUEST, f"Cannot update these configs dynamically: Set({', '.join(fixed)})"
        )
    try:
        BrokerConfig(_known(image, ConfigResource(ResourceType.BROKER, name))).changed(changes)
    except InvalidConfig as wrong:
        # INVALID_CONFIG would be the word, but clients know this one (KAFKA-13609).
        raise AlterRefused(ErrorCode.INVALID_REQUEST, str(wrong)) from None
    if image.eligible is not None and MIN_ISR in changes:
        _check_min_isr(name, changes[MIN_ISR])
    for setting, value in changes.items():
        yield BrokerConfigRecord(name, setting, value)
    if MIN_ISR in changes:
        yield from eligibility.forgotten(image, image.topics)


def _group(image: MetadataImage, name: str, changes: Changes) -> Iterator[MetadataRecord]:
    """A group need not exist yet; all groups at once are the brokers' to say."""
    if not name:
        raise AlterRefused(ErrorCode.INVALID_REQUEST, "Default group resources are not allowed.")
    known = image.group_config.get(name, {})
    try:
        GroupConfig(known).changed(changes)
    except InvalidConfig as wrong:
        raise AlterRefused(ErrorCode.INVALID_CONFIG, str(wrong)) from None
    for setting, value in changes.items():
        if known.get(setting) != value:
            yield GroupConfigRecord(name, setting, value)


ALTERS: Mapping[ResourceType, Callable[[MetadataImage, str, Changes], Iterator[MetadataRecord]]] = {
    ResourceType.TOPIC: _topic,
    ResourceType.BROKER: _broker,
    ResourceType.GROUP: _group,
}


def _check_broker(image: MetadataImage, name: str) -> None:
    if name == CLUSTER:
        return
    if not name.isdecimal():
        raise AlterRefused(ErrorCode.INVALID_REQUEST, "Unable to parse broker name as a base 10 number.")
    if int(name) not in image.brokers:
        raise AlterRefused(ErrorCode.BROKER_ID_NOT_REGISTERED, f"No broker with id {name} found.")


def _check_min_isr(name: str, value: str | None) -> None:
    """While leaders are eligible by it, it is the same for all brokers, and always set (KIP-966)."""
    if name != CLUSTER:
        text = "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
        raise AlterRefused(ErrorCode.INVALID_CONFIG, text)
    if value is None:
        text = "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
        raise AlterRefused(ErrorCode.INVALID_CONFIG, text)
