"""Topics: made, given more partitions, deleted (spec 3.6)."""

from dataclasses import replace

from lab.env.node import Dice
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.controller.controller import Controller, Decision
from lab.kafka.controller.placement import partition_record, place
from lab.kafka.metadata.records import ConfigRecord, MetadataRecord, RemoveTopicRecord, TopicRecord
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import ConfigSource
from lab.kafka.protocol.messages.topics import (
    CreatedConfig,
    CreatePartitionsRequest,
    CreatePartitionsResponse,
    CreateTopicsRequest,
    CreateTopicsResponse,
    DeleteTopicsRequest,
    DeleteTopicsResponse,
    NewTopic,
    TopicResult,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId, draw_topic_id
from lab.kafka.protocol.topics import valid_topic_name

PARTITIONS_MAX = 20_000


def create_topics(controller: Controller, request: CreateTopicsRequest, dice: Dice) -> Decision:
    """Draw an id, and place replicas over the brokers in stripes."""
    records: list[MetadataRecord] = []
    results: list[TopicResult] = []
    names = [topic.name for topic in request.topics]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    results += [TopicResult(name, ErrorCode.INVALID_REQUEST, f"{name} is named twice") for name in twice]
    for asked in request.topics:
        if asked.name in twice:
            continue
        topic = _with_defaults(controller, asked)
        wrong = _both_said(asked) or _topic_error(controller, topic)
        if wrong is not None:
            results.append(wrong)
            continue
        topic_id = NO_TOPIC_ID if request.validate_only else draw_topic_id(dice)
        undescribed = topic.name in request.undescribed
        results.append(_undescribed(topic, topic_id) if undescribed else _created(controller, topic, topic_id))
        if topic_id:
            records += _topic_records(controller, topic, topic_id)
    return Decision(CreateTopicsResponse(tuple(results)), records)


def _created(controller: Controller, topic: NewTopic, topic_id: TopicId) -> TopicResult:
    """With what became of counts of -1, and with all its settings (KIP-525)."""
    defaults = controller.config.topic_defaults()
    effective = TopicConfig({**defaults, **topic.configs})
    configs = tuple(
        CreatedConfig(
            name, effective.shown(name), False,
            ConfigSource.DYNAMIC_TOPIC_CONFIG if name in topic.configs
            else ConfigSource.STATIC_BROKER_CONFIG if name in defaults
            else ConfigSource.DEFAULT_CONFIG,
        )
        for name in TopicConfig.settings
    )  # fmt: skip
    return TopicResult(
        topic.name, ErrorCode.NONE, None, topic_id, topic.num_partitions, topic.replication_factor, configs
    )


def _with_defaults(controller: Controller, topic: NewTopic) -> NewTopic:
    """A count of -1 is the brokers' to say: num.partitions, default.replication.factor."""
    partitions, replicas = topic.num_partitions, topic.replication_factor
    if topic.assignments and (partitions, replicas) == (-1, -1):
        partitions, replicas = len(topic.assignments), len(next(iter(topic.assignments.values())))
    return replace(
        topic,
        num_partitions=controller.config.num_partitions if partitions == -1 else partitions,
        replication_factor=controller.config.default_replication_factor if replicas == -1 else replicas,
    )


def _topic_error(controller: Controller, topic: NewTopic) -> TopicResult | None:
    def refused(code: ErrorCode, message: str) -> TopicResult:
        return TopicResult(topic.name, code, message)

    if wrong := valid_topic_name(topic.name):
        return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, wrong)
    if topic.name in controller.image.topics:
        return refused(ErrorCode.TOPIC_ALREADY_EXISTS, f"there is already a topic {topic.name}")
    clash = next(
        (one for one in controller.image.topics if one.replace(".", "_") == topic.name.replace(".", "_")),
        "",
    )
    if clash:
        return refused(
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            f"{topic.name} collides with {clash} in metric names",
        )
    if not 1 <= topic.num_partitions <= PARTITIONS_MAX:
        return refused(
            ErrorCode.INVALID_PARTITIONS,
            f"wanted 1 to {PARTITIONS_MAX} partitions, found {topic.num_partitions}",
        )
    brokers = len(controller.image.brokers)
    placed = bool(topic.assignments)
    if (not placed and not 1 <= topic.replication_factor <= brokers) or not _any_active(controller):
        return refused(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"wanted 1 to {brokers} replicas, found {topic.replication_factor}",
        )
    if topic.assignments and sorted(topic.assignments) != list(range(topic.num_partitions)):
        return refused(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"wanted replicas of partitions 0 to {topic.num_partitions - 1}, found {sorted(topic.assignments)}",
        )
    for index, replicas in topic.assignments.items():
        known = bool(replicas) and all(one in controller.image.brokers for one in replicas)
        if not known or len(dict.fromkeys(replicas)) != len(replicas) or len(replicas) != topic.replication_factor:
            return refused(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"partition {index}: wanted {topic.replication_factor} different brokers, found {replicas}",
            )
        if not any(controller.image.is_active(one) for one in replicas):
            return refused(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"of the replicas {replicas} of {index} none is active"
            )
    null = next((name for name, value in topic.configs.items() if value is None), "")
    if null:
        return refused(ErrorCode.INVALID_CONFIG, f"Null value not supported for topic configs: {null}")
    try:
        TopicConfig(topic.configs)
    except InvalidConfig as wrong:
        return refused(ErrorCode.INVALID_CONFIG, str(wrong))
    return None


def _any_active(controller: Controller) -> bool:
    return any(broker.active for broker in controller.image.brokers.values())


def _topic_records(controller: Controller, topic: NewTopic, topic_id: TopicId) -> list[MetadataRecord]:
    records: list[MetadataRecord] = [TopicRecord(topic.name, topic_id)]
    records += [ConfigRecord(topic.name, name, value) for name, value in topic.configs.items()]
    for index in range(topic.num_partitions):
        replicas = topic.assignments.get(index) or place(controller.image, index, topic.replication_factor)
        records.append(partition_record(controller.image, topic_id, topic.name, index, replicas))
    return records


def delete_topics(controller: Controller, request: DeleteTopicsRequest) -> Decision:
    """By name or by id."""
    records: list[MetadataRecord] = []
    results: list[TopicResult] = []
    removed: dict[str, None] = {}
    for name in dict.fromkeys(request.names):
        topic_id = controller.image.topic_id(name)
        if request.names.count(name) > 1:
            results.append(TopicResult(name, ErrorCode.INVALID_REQUEST, "Duplicate topic name."))
        elif topic_id:
            removed[name] = None
            results.append(TopicResult(name, ErrorCode.NONE, topic_id=topic_id))
            records.append(RemoveTopicRecord(name, topic_id))
        else:
            results.append(TopicResult(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}"))
    for topic_id in request.topic_ids:
        name = controller.image.topic_names.get(topic_id, "")
        if name in removed:
            results.append(TopicResult("", ErrorCode.INVALID_REQUEST, "Duplicate topic id.", topic_id))
        elif name:
            removed[name] = None
            results.append(TopicResult(name, ErrorCode.NONE, topic_id=topic_id))
            records.append(RemoveTopicRecord(name, topic_id))
        else:
            text = f"there is no topic with the id {topic_id}"
            results.append(TopicResult("", ErrorCode.UNKNOWN_TOPIC_ID, text, topic_id))
    return Decision(DeleteTopicsResponse(tuple(results)), records)


def create_partitions(controller: Controller, request: CreatePartitionsRequest) -> Decision:
    """More partitions; never fewer."""
    records: list[MetadataRecord] = []
    results: list[TopicResult] = []
    for name, total in request.topics.items():
        topic = controller.image.topics.get(name)
        if topic is None:
            results.append(TopicResult(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {name}"))
            continue
        now = len(topic.partitions)
        if not now < total <= PARTITIONS_MAX:
            results.append(TopicResult(
                name, ErrorCode.INVALID_PARTITIONS, f"{name} has {now} partitions; wanted more, found {total}"
            ))  # fmt: skip
            continue
        if not _any_active(controller):
            results.append(TopicResult(name, ErrorCode.INVALID_REPLICATION_FACTOR, "all brokers are fenced"))
            continue
        factor = len(topic.partitions[0].replicas)
        placed = request.assignments.get(name)
        if placed is not None and (wrong := _misplaced(controller, placed, total - now, factor)):
            results.append(TopicResult(name, ErrorCode.INVALID_REPLICA_ASSIGNMENT, wrong))
            continue
        if placed is None:
            placed = tuple(place(controller.image, index, factor) for index in range(now, total))
        if not request.validate_only:
            records += [
                partition_record(controller.image, topic.topic_id, name, now + index, replicas)
                for index, replicas in enumerate(placed)
            ]
        results.append(TopicResult(name, ErrorCode.NONE))
    return Decision(CreatePartitionsResponse(tuple(results)), records)


def _misplaced(controller: Controller, placed: tuple[tuple[int, ...], ...], count: int, factor: int) -> str:
    """What is wrong with the places for new partitions; empty if nothing is."""
    if len(placed) != count:
        return f"wanted the replicas of {count} new partitions, found {len(placed)}"
    for replicas in placed:
        known = all(one in controller.image.brokers for one in replicas)
        if not known or len(dict.fromkeys(replicas)) != len(replicas) or len(replicas) != factor:
            return f"wanted {factor} different brokers, found {replicas}"
        if not any(controller.image.is_active(one) for one in replicas):
            return f"of the replicas {replicas} none is active"
    return ""


def _undescribed(topic: NewTopic, topic_id: TopicId) -> TopicResult:
    error = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return TopicResult(topic.name, ErrorCode.NONE, topic_id=topic_id, topic_config_error_code=error)


def _both_said(topic: NewTopic) -> TopicResult | None:
    """Who places the replicas says with that how many there are, and must not say it again."""
    if not topic.assignments or (topic.num_partitions, topic.replication_factor) == (-1, -1):
        return None
    text = "an assignment and a number of partitions or replicas (-1 wanted)"
    return TopicResult(topic.name, ErrorCode.INVALID_REQUEST, text)
