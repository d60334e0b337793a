"""Transactions of clients nobody here wrote."""

import asyncio
import time

from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as Partition

from tests.live.served import Served, served

PATIENCE_S = 30


def committed_values(cluster: Served, count: int, topic: str = "orders") -> list[bytes]:
    """What a reader of committed records finds, by librdkafka: the first so many, and whatever else is there."""
    consumer = Consumer({
        "bootstrap.servers": cluster.addresses, "group.id": "audit", "isolation.level": "read_committed",
        "enable.partition.eof": True, "auto.offset.reset": "earliest",
    })  # fmt: skip
    consumer.assign([TopicPartition(topic, number, 0) for number in range(3)])
    found: list[bytes] = []
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE_S
    while (len(found) < count or len(ended) < 3) and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            ended.add(message.partition() or 0)
        else:
            found.append(message.value() or b"")
    consumer.close()
    return sorted(found)


def test_librdkafka_commits_and_aborts():
    with served() as cluster:
        producer = Producer({"bootstrap.servers": cluster.addresses, "transactional.id": "bank"})
        producer.init_transactions(PATIENCE_S)
        for outcome in ("commit", "abort", "commit"):
            producer.begin_transaction()
            for number in range(5):
                producer.produce("orders", key=f"k{number}", value=f"{outcome} {number}")
            if outcome == "commit":
                producer.commit_transaction(PATIENCE_S)
            else:
                producer.flush(PATIENCE_S)
                producer.abort_transaction(PATIENCE_S)
        assert committed_values(cluster, 10) == sorted([b"commit %d" % number for number in range(5)] * 2)


def test_librdkafka_reads_transforms_and_writes_once():
    with served() as cluster:
        source = Producer({"bootstrap.servers": cluster.addresses})
        for number in range(6):
            source.produce("orders", value=b"%d" % number, partition=0)
        assert source.flush(PATIENCE_S) == 0
        consumer = Consumer({
            "bootstrap.servers": cluster.addresses, "group.id": "bank", "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        })  # fmt: skip
        consumer.subscribe(["orders"])
        producer = Producer({"bootstrap.servers": cluster.addresses, "transactional.id": "bank"})
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        deadline = time.monotonic() + PATIENCE_S
        read = 0
        while read < 6 and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                producer.produce("orders", value=b"twice " + (message.value() or b""), partition=1)
                read += 1
        assert read == 6
        positions = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), PATIENCE_S)
        producer.commit_transaction(PATIENCE_S)
        (committed,) = consumer.committed([TopicPartition("orders", 0)], PATIENCE_S)
        assert committed.offset == 6
        consumer.close()
        assert len(committed_values(cluster, 12)) == 12


def test_kafka_python_commits_and_aborts():
    with served() as cluster:
        producer = KafkaProducer(bootstrap_servers=cluster.addresses, transactional_id="bank")
        producer.init_transactions()
        producer.begin_transaction()
        producer.send("orders", value=b"kept", partition=0).get(PATIENCE_S)
        producer.send_offsets_to_transaction({Partition("orders", 0): OffsetAndMetadata(1, "", -1)}, "billing")
        producer.commit_transaction()
        producer.begin_transaction()
        producer.send("orders", value=b"dropped", partition=0).get(PATIENCE_S)
        producer.abort_transaction()
        producer.close()
        assert committed_values(cluster, 1) == [b"kept"]
        consumer = KafkaConsumer(bootstrap_servers=cluster.addresses, group_id="billing")
        assert consumer.committed(Partition("orders", 0)) == 1
        consumer.close(autocommit=False)


def test_aiokafka_commits_and_aborts():
    async def work(addresses: str) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=addresses, transactional_id="bank")
        await producer.start()
        async with producer.transaction():
            await producer.send_and_wait("orders", b"kept", partition=0)
        await producer.begin_transaction()
        await producer.send_and_wait("orders", b"dropped", partition=0)
        await producer.abort_transaction()
        await producer.stop()

    with served() as cluster:
        asyncio.run(asyncio.wait_for(work(cluster.addresses), 2 * PATIENCE_S))
        assert committed_values(cluster, 1) == [b"kept"]
