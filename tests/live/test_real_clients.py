"""Clients nobody here wrote, at the door of a simulated cluster."""

import time

from confluent_kafka import Consumer, Producer
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition as Partition

from lab.cluster.actions.machines import Crash, Restart
from lab.world.digest import digest
from tests.live.served import Served, replayed, served

RECORDS = 60
PATIENCE_S = 30


def sent_by_librdkafka(cluster: Served, records: int = RECORDS) -> list[int]:
    """The offsets at which they were acknowledged."""
    producer = Producer({"bootstrap.servers": cluster.addresses, "client.id": "shop", "enable.idempotence": True})
    offsets: list[int] = []
    for number in range(records):
        producer.produce(
            "orders",
            key=f"k{number}",
            value=f"v{number}",
            on_delivery=lambda _, sent: offsets.append(sent.offset() or 0),
        )
    assert producer.flush(PATIENCE_S) == 0
    return offsets


def read_by_librdkafka(cluster: Served, group: str, records: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": cluster.addresses, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    found: list[bytes] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < records and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            found.append(message.value() or b"")
    consumer.close()
    return found


def test_what_librdkafka_writes_its_group_reads():
    with served() as cluster:
        offsets = sent_by_librdkafka(cluster)
        assert len(offsets) == RECORDS
        assert sorted(read_by_librdkafka(cluster, "billing", RECORDS)) == sorted(
            f"v{number}".encode() for number in range(RECORDS)
        )


def test_what_kafka_python_writes_it_reads():
    with served() as cluster:
        producer = KafkaProducer(bootstrap_servers=cluster.addresses, client_id="shop", acks="all")
        for number in range(RECORDS):
            producer.send("orders", key=b"k", value=b"%d" % number)
        producer.flush(PATIENCE_S)
        producer.close()
        consumer = KafkaConsumer(
            bootstrap_servers=cluster.addresses, auto_offset_reset="earliest", consumer_timeout_ms=PATIENCE_S * 1_000
        )
        consumer.assign([Partition("orders", number) for number in range(3)])
        found = [int(next(consumer).value) for _ in range(RECORDS)]
        consumer.close()
        assert found == list(range(RECORDS))


def test_a_session_with_real_clients_is_replayed_to_the_same_world():
    with served() as cluster:
        sent_by_librdkafka(cluster)
        assert len(read_by_librdkafka(cluster, "billing", RECORDS)) == RECORDS
    session = cluster.session
    assert digest(session.world) == replayed(session)


def test_a_broker_crashes_and_librdkafka_goes_on_with_the_others():
    with served() as cluster:
        sent_by_librdkafka(cluster)
        cluster.do(Crash("broker-1"))
        assert len(sent_by_librdkafka(cluster)) == RECORDS
        cluster.do(Restart("broker-1"))
        assert len(read_by_librdkafka(cluster, "billing", 2 * RECORDS)) == 2 * RECORDS
