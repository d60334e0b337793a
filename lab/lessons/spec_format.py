"""Spec format: the tables of a scenario's head that describe its cluster become a ClusterSpec."""

import dataclasses

from lab.cluster.refused import Refused
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import (
    AuditSpec,
    ClusterSpec,
    ConsumerSpec,
    DataSpec,
    ProcessorSpec,
    ProducerSpec,
    TopicSpec,
    TransactionSpec,
    settings,
)
from lab.kafka.config.flavours import DEFAULT_FLAVOUR
from lab.lessons.toml_table import TomlTable

CLUSTER_KEYS = ("brokers", "combined", "controllers", "config", "disk_capacity_bytes", "heap_bytes", "link_extra_us",
                "racks", "service_levels")  # fmt: skip
TOPIC_KEYS = ("name", "partitions", "replicas", "config")
PRODUCER_KEYS = ("name", "topic", "rate", "keys", "value_bytes", "count", "config", "started", "data", "load",
                 "transaction", "audit", "flavour")  # fmt: skip
CONSUMER_KEYS = ("name", "group", "topics", "work_us", "work_ms", "commit", "config", "started", "flavour")
PROCESSOR_KEYS = ("name", "group", "topics", "output", "work_us", "work_ms", "config", "producer_config",
                  "abort_every", "started")  # fmt: skip
AUDIT_KEYS = ("percent", "shared")
TRANSACTION_KEYS = ("commit_every", "commit_ms", "abort_every")
SHARE_CONSUMER_KEYS = ("name", "group", "topics", "work_us", "work_ms", "poison", "on_failure", "config", "started")
DATA_KEYS = ("path", "key", "value", "timestamp", "pace_percent", "rate", "bad_rows")


def read_spec(table: TomlTable) -> ClusterSpec:
    """The cluster that a head describes. Raises Refused with the line of the field that is wrong."""
    cluster = table.table("cluster")
    cluster.only(CLUSTER_KEYS)
    brokers = cluster.whole("brokers", 3)
    spec = ClusterSpec(
        seed=table.whole("seed", 42),
        brokers=brokers,
        broker_config=_config(cluster),
        disk_capacity_bytes=cluster.whole("disk_capacity_bytes", 0) or None,
        link_extra_us=cluster.whole("link_extra_us", 0),
        controllers=cluster.whole("controllers", 1),
        combined=cluster.truth("combined", False),
        racks=cluster.texts("racks"),
        service_levels=cluster.truth("service_levels", False),
        heap_bytes=cluster.whole("heap_bytes", 0) or None,
    )
    _checked(cluster, spec)
    topics: list[TopicSpec] = []
    for one in table.tables("topic", "a topic"):
        topics.append(_topic(one))
        spec = dataclasses.replace(spec, topics=tuple(topics))
        _checked(one, spec)
    for one in table.tables("producer", "a producer"):
        spec = dataclasses.replace(spec, producers=(*spec.producers, _producer(one)))
        _checked(one, spec)
    for one in table.tables("consumer", "a consumer"):
        spec = dataclasses.replace(spec, consumers=(*spec.consumers, _consumer(one)))
        _checked(one, spec)
    for one in table.tables("processor", "a processor"):
        spec = dataclasses.replace(spec, processors=(*spec.processors, _processor(one)))
        _checked(one, spec)
    for one in table.tables("share_consumer", "a share consumer"):
        spec = dataclasses.replace(spec, share_consumers=(*spec.share_consumers, _share_consumer(one)))
        _checked(one, spec)
    return spec


def _checked(table: TomlTable, spec: ClusterSpec) -> None:
    """Refuse what this table has brought into the spec, at the line of the field the sentence names, if one is."""
    try:
        spec.checked()
    except Refused as wrong:
        named = next((key for key in table.values if key.replace("_", " ") in str(wrong)), "")
        raise table.refuse(str(wrong), named) from None


def _config(table: TomlTable, key: str = "config") -> tuple[tuple[str, str], ...]:
    config = table.table(key)
    for name, value in config.values.items():
        if isinstance(value, (dict, list)):
            raise config.refuse(f'{name}: wanted quotes around a dotted name, as "{name}.…" = 1', name)
    return settings(config.values)


def _topic(table: TomlTable) -> TopicSpec:
    table.only(TOPIC_KEYS)
    return TopicSpec(table.text("name"), table.whole("partitions", 1), table.whole("replicas", 1), _config(table))


def _producer(table: TomlTable) -> ProducerSpec:
    table.only(PRODUCER_KEYS)
    return ProducerSpec(
        name=table.text("name"),
        topic=table.text("topic"),
        rate=table.whole("rate", 10),
        keys=table.text("keys", "none"),
        value_bytes=table.whole("value_bytes", 100),
        count=table.whole("count", 0) or None,
        load=table.whole("load", 0),
        config=_config(table),
        started=table.truth("started", True),
        data=_data(table.table("data")) if "data" in table.values else None,
        flavour=table.text("flavour", DEFAULT_FLAVOUR),
        transaction=_transaction(table.table("transaction")) if "transaction" in table.values else None,
        audit=_audit(table.table("audit")) if "audit" in table.values else None,
    )


def _audit(table: TomlTable) -> AuditSpec:
    table.only(AUDIT_KEYS)
    return AuditSpec(table.whole("percent", 0), table.truth("shared", False))


def _transaction(table: TomlTable) -> TransactionSpec:
    table.only(TRANSACTION_KEYS)
    return TransactionSpec(
        table.whole("commit_every", 10), table.whole("commit_ms", 0), table.whole("abort_every", 0)
    )  # fmt: skip


def _processor(table: TomlTable) -> ProcessorSpec:
    table.only(PROCESSOR_KEYS)
    return ProcessorSpec(
        name=table.text("name"),
        group=table.text("group"),
        topics=table.texts("topics"),
        output=table.text("output"),
        work_us=table.whole("work_us", 0) + 1_000 * table.whole("work_ms", 0),
        config=_config(table),
        producer_config=_config(table, "producer_config"),
        abort_every=table.whole("abort_every", 0),
        started=table.truth("started", True),
    )


def _data(table: TomlTable) -> DataSpec:
    table.only(DATA_KEYS)
    return DataSpec(
        path=table.text("path"),
        key=table.text("key", ""),
        value=table.text("value", ""),
        timestamp=table.text("timestamp", ""),
        pace_percent=table.whole("pace_percent", 100),
        rate=table.whole("rate", 0),
        bad_rows=table.text("bad_rows", "refuse"),
    )


def _consumer(table: TomlTable) -> ConsumerSpec:
    table.only(CONSUMER_KEYS)
    return ConsumerSpec(
        name=table.text("name"),
        group=table.text("group"),
        topics=table.texts("topics"),
        work_us=table.whole("work_us", 0) + 1_000 * table.whole("work_ms", 0),
        commit=table.text("commit", "auto"),
        config=_config(table),
        started=table.truth("started", True),
        flavour=table.text("flavour", DEFAULT_FLAVOUR),
    )


def _share_consumer(table: TomlTable) -> ShareConsumerSpec:
    table.only(SHARE_CONSUMER_KEYS)
    return ShareConsumerSpec(
        name=table.text("name"),
        group=table.text("group"),
        topics=table.texts("topics"),
        work_us=table.whole("work_us", 0) + 1_000 * table.whole("work_ms", 0),
        poison=table.text("poison", ""),
        on_failure=table.text("on_failure", "release"),
        config=_config(table),
        started=table.truth("started", True),
    )
