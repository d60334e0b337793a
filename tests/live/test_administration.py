"""Administrators' clients that nobody here wrote."""

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource as Resource
from kafka.admin import ConfigResourceType
from kafka.admin import NewTopic as Topic

from tests.live.served import Served, served

PATIENCE_S = 30
ORDERS = ConfigResource(ResourceType.TOPIC, "orders")


def until(true: Callable[[], bool]) -> None:
    """Brokers hear of changes a moment later."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_librdkafkas_administrator_makes_changes_and_deletes_topics():
    with served() as cluster:
        admin = AdminClient({"bootstrap.servers": cluster.addresses})
        admin.create_topics([NewTopic("bills", 2, 3, config={"retention.ms": "9000"})])["bills"].result(PATIENCE_S)
        until(lambda: "bills" in admin.list_topics(timeout=PATIENCE_S).topics)
        admin.create_partitions([NewPartitions("bills", 5)])["bills"].result(PATIENCE_S)
        until(lambda: len(admin.list_topics("bills", PATIENCE_S).topics["bills"].partitions) == 5)
        twice = admin.create_topics([NewTopic("bills", 2, 3)])["bills"].exception(PATIENCE_S)
        assert "TOPIC_ALREADY_EXISTS" in str(twice)
        admin.delete_topics(["bills"])["bills"].result(PATIENCE_S)
        until(lambda: "bills" not in admin.list_topics(timeout=PATIENCE_S).topics)
        found = admin.describe_cluster().result(PATIENCE_S)
        assert [node.id for node in found.nodes] == [1, 2, 3]


def test_librdkafkas_administrator_reads_and_changes_settings():
    with served() as cluster:
        admin = AdminClient({"bootstrap.servers": cluster.addresses})
        change = ConfigEntry("retention.ms", "5000", incremental_operation=AlterConfigOpType.SET)
        both = ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND)
        wanted = ConfigResource(ResourceType.TOPIC, "orders", incremental_configs=[change, both])
        admin.incremental_alter_configs([wanted])[wanted].result(PATIENCE_S)

        def value(name: str) -> str:
            return admin.describe_configs([ORDERS])[ORDERS].result(PATIENCE_S)[name].value

        until(lambda: value("retention.ms") == "5000")
        assert value("cleanup.policy") == "compact,delete"


def test_librdkafkas_administrator_looks_after_groups():
    with served() as cluster:
        producer = Producer({"bootstrap.servers": cluster.addresses})
        for number in range(3):
            producer.produce("orders", value=b"%d" % number, partition=0)
        producer.flush(PATIENCE_S)
        admin = AdminClient({"bootstrap.servers": cluster.addresses})
        settings = {"bootstrap.servers": cluster.addresses, "group.id": "billing", "client.id": "biller"}
        consumer = Consumer(settings)
        consumer.subscribe(["orders"])
        until(lambda: consumer.poll(0.1) is None and len(consumer.assignment()) == 3)
        consumer.commit(offsets=[TopicPartition("orders", 0, 2)], asynchronous=False)
        group = admin.describe_consumer_groups(["billing"])["billing"].result(PATIENCE_S)
        assert [member.client_id for member in group.members] == ["biller"]
        assert len(group.members[0].assignment.topic_partitions) == 3
        refused = admin.delete_consumer_groups(["billing"])["billing"].exception(PATIENCE_S)
        assert "NON_EMPTY_GROUP" in str(refused)
        consumer.close()
        asked = ConsumerGroupTopicPartitions("billing", [TopicPartition("orders", 0)])
        found = admin.list_consumer_group_offsets([asked])["billing"].result(PATIENCE_S)
        assert found.topic_partitions[0].offset == 2
        assert [one.group_id for one in admin.list_consumer_groups().result(PATIENCE_S).valid] == ["billing"]
        admin.delete_consumer_groups(["billing"])["billing"].result(PATIENCE_S)
        assert not admin.list_consumer_groups().result(PATIENCE_S).valid


def test_librdkafkas_administrator_deletes_records():
    with served() as cluster:
        producer = Producer({"bootstrap.servers": cluster.addresses})
        for number in range(4):
            producer.produce("orders", value=b"%d" % number, partition=0)
        producer.flush(PATIENCE_S)
        admin = AdminClient({"bootstrap.servers": cluster.addresses})
        target = TopicPartition("orders", 0, 3)
        assert admin.delete_records([target])[target].result(PATIENCE_S).low_watermark == 3
        first = TopicPartition("orders", 0)
        earliest: Any = OffsetSpec.earliest()
        assert admin.list_offsets({first: earliest})[first].result(PATIENCE_S).offset == 3


def test_kafka_pythons_administrator():
    with served() as cluster:
        admin = KafkaAdminClient(bootstrap_servers=cluster.addresses)
        admin.create_topics([Topic("bills", num_partitions=2, replication_factor=3)])
        until(lambda: "bills" in admin.list_topics())
        admin.alter_configs([Resource(ConfigResourceType.TOPIC, "bills", {"retention.ms": "7000"})])
        described = admin.describe_configs([Resource(ConfigResourceType.TOPIC, "bills")])
        assert "7000" in str(described)
        assert len(admin.describe_cluster()["brokers"]) == 3
        assert "orders" in str(admin.describe_topics(["orders"]))
        admin.delete_topics(["bills"])
        until(lambda: "bills" not in admin.list_topics())
        admin.close()


def _asking_makes_it(cluster: Served) -> list[str]:
    producer = KafkaProducer(bootstrap_servers=cluster.addresses, max_block_ms=PATIENCE_S * 1_000)
    producer.send("new", b"first").get(PATIENCE_S)
    producer.close()
    return list(AdminClient({"bootstrap.servers": cluster.addresses}).list_topics(timeout=PATIENCE_S).topics)


def test_a_topic_is_made_when_a_producer_asks_for_it():
    with served() as cluster:
        assert "new" in _asking_makes_it(cluster)
