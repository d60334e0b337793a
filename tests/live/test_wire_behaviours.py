"""What a client can see on the wire itself (spec 7.9), over a plain socket."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from lab.kafka.protocol.apis import API_VERSIONS, APIS, read_response, write_request
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.consumer_groups import ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorsRequest
from lab.kafka.protocol.messages.groups import HeartbeatRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.offsets import OffsetFetchesRequest, OffsetFetchRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from tests.live.served import Served, served

PRODUCE, FETCH, METADATA, OFFSET_FETCH, FIND_COORDINATOR, HEARTBEAT = 0, 1, 3, 9, 10, 12
CONSUMER_GROUP_HEARTBEAT, CONSUMER_GROUP_DESCRIBE = 68, 69
PATIENCE_S = 30
ORDERS = TopicPartition("orders", 0)


class Plain:
    """One connection, and nothing that a client library would add."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self.socket = socket.create_connection((host, int(port)), PATIENCE_S)

    def send(self, key: int, version: int, body: object, number: int = 1) -> None:
        self.socket.sendall(write_request(APIS[key], version, number, "plain", body))

    def frame(self) -> bytes:
        (size,) = struct.unpack(">i", self._read(4))
        return self._read(size)

    def ask(self, key: int, version: int, body: object) -> Any:
        self.send(key, version, body)
        return read_response(APIS[key], version, self.frame())[1]

    def is_closed(self) -> bool:
        return self.socket.recv(1) == b""

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            assert part, "the connection was closed"
            found += part
        return found


@contextmanager
def plain(cluster: Served) -> Iterator[Plain]:
    found = Plain(cluster.addresses.split(",")[0])
    try:
        yield found
    finally:
        found.socket.close()


def leader(cluster: Served, partition: TopicPartition) -> Plain:
    """A connection to the one that leads it."""
    with plain(cluster) as one:
        found = one.ask(METADATA, 9, MetadataRequest((partition.topic,)))
        number = found.topics[partition.topic].partitions[partition].leader_id
        return Plain(found.brokers[number])


def batch() -> RecordBatch:
    return RecordBatch.build([Record(0, int(time.time() * 1_000), None, b"one")])


def test_spec_07_01_api_versions_of_a_version_nobody_knows_is_answered_in_the_oldest():
    with served() as cluster, plain(cluster) as one:
        one.socket.sendall(bytes.fromhex("0000000e 0012 0063 00000007 0000 00 00 00 00".replace(" ", "")))
        found = read_response(API_VERSIONS, 0, one.frame())
        assert found[0] == 7
        assert found[1].error_code is ErrorCode.UNSUPPORTED_VERSION
        assert (18, 0, 4) in found[1].api_keys
        assert one.ask(18, 0, ApiVersionsRequest()).error_code is ErrorCode.NONE


def test_spec_07_02_and_03_a_tag_byte_follows_the_number_but_not_for_api_versions():
    with served() as cluster, plain(cluster) as one:
        one.send(18, 3, ApiVersionsRequest("plain", "1"), 5)
        assert one.frame()[:6] == struct.pack(">ih", 5, 0)
        one.send(METADATA, 9, MetadataRequest(()), 6)
        assert one.frame()[:9] == struct.pack(">ibi", 6, 0, 0)


def test_spec_07_05_what_nobody_knows_closes_the_connection():
    with served() as cluster:
        for head in ("03e7 0000", "0001 0063"):
            with plain(cluster) as one:
                one.socket.sendall(bytes.fromhex(f"0000000a {head} 00000001 0000"))
                assert one.is_closed()


def test_spec_07_07_and_15_answers_come_in_order_and_acks_0_has_none():
    with served() as cluster:
        one = leader(cluster, ORDERS)
        one.send(PRODUCE, 9, ProduceRequest(1, 1_000, {ORDERS: batch()}), 1)
        one.send(PRODUCE, 9, ProduceRequest(0, 1_000, {ORDERS: batch()}), 2)
        one.send(HEARTBEAT, 4, HeartbeatRequest("nobody", 1, "me"), 3)
        one.send(METADATA, 9, MetadataRequest(()), 4)
        assert [struct.unpack(">i", one.frame()[:4])[0] for _ in range(3)] == [1, 3, 4]
        one.socket.close()


def test_spec_07_08_no_topics_are_all_where_they_are_null_and_none_where_they_are_empty():
    with served() as cluster, plain(cluster) as one:
        assert list(one.ask(METADATA, 1, MetadataRequest(None)).topics) == ["orders"]
        assert not one.ask(METADATA, 1, MetadataRequest(())).topics


def test_spec_07_09_a_topic_is_made_only_for_those_that_want_it():
    with served() as cluster, plain(cluster) as one:
        asked = MetadataRequest(("new",))
        found = one.ask(METADATA, 9, asked).topics["new"]
        assert found.error_code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        time.sleep(0.3)
        assert one.ask(METADATA, 9, asked).topics["new"].error_code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        deadline = time.monotonic() + PATIENCE_S
        while one.ask(METADATA, 9, MetadataRequest(("new",), (), True)).topics["new"].error_code:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_spec_07_10_throttle_comes_last_in_produce():
    with served() as cluster:
        one = leader(cluster, ORDERS)
        one.send(PRODUCE, 3, ProduceRequest(1, 1_000, {ORDERS: batch()}))
        assert one.frame().endswith(struct.pack(">ihqqi", 0, 0, 0, -1, 0))
        one.socket.close()


def test_spec_07_11_an_unknown_tag_is_passed_over():
    with served() as cluster, plain(cluster) as one:
        frame = write_request(APIS[METADATA], 9, 1, "plain", MetadataRequest(()))[4:]
        tagged = frame[:-1] + bytes((1, 0x51, 3)) + b"abc"
        one.socket.sendall(struct.pack(">i", len(tagged)) + tagged)
        assert not read_response(APIS[METADATA], 9, one.frame())[1].topics


def test_spec_07_12_a_topic_is_fetched_by_its_id_and_an_unknown_one_is_refused_by_itself():
    with served() as cluster:
        one = leader(cluster, ORDERS)
        topic_id = one.ask(METADATA, 12, MetadataRequest(("orders",))).topics["orders"].topic_id
        known, unknown = TopicPartition(topic_id, 0), TopicPartition("A" * 20 + "EA", 0)
        written = one.ask(PRODUCE, 13, ProduceRequest(-1, 1_000, {known: batch(), unknown: batch()})).responses
        assert written[known].error_code is ErrorCode.NONE
        assert written[unknown].error_code is ErrorCode.UNKNOWN_TOPIC_ID
        asked = dict.fromkeys((known, unknown), FetchPartition(0, 1_000))
        found = one.ask(FETCH, 13, FetchRequest(-1, 500, 1, 1_000, asked)).responses
        assert [record.value for record in found[known].records[0].records()] == [b"one"]
        assert found[unknown].error_code is ErrorCode.UNKNOWN_TOPIC_ID
        by_name = one.ask(FETCH, 12, FetchRequest(-1, 500, 1, 1_000, {ORDERS: FetchPartition(0, 1_000)}))
        assert by_name.responses[ORDERS].high_watermark == 1
        one.socket.close()


def test_spec_07_19_and_20_several_groups_are_asked_about_at_once():
    with served() as cluster, plain(cluster) as one:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = one.ask(FIND_COORDINATOR, 4, FindCoordinatorsRequest(("billing", "audit"))).coordinators
            if not any(answer.error_code for answer in found.values()):
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert list(found) == ["billing", "audit"]
        with_one = Plain(found["billing"].host)
        asked = OffsetFetchesRequest((OffsetFetchRequest("billing", (ORDERS,)), OffsetFetchRequest("other", ())))
        groups = with_one.ask(OFFSET_FETCH, 8, asked).groups
        assert groups["billing"].offsets[ORDERS].offset == -1
        assert list(groups) == ["billing", "other"]
        with_one.socket.close()


def test_a_member_of_the_consumer_protocol_is_told_its_partitions_by_id():
    with served() as cluster, plain(cluster) as one:
        topic_id = one.ask(METADATA, 12, MetadataRequest(("orders",))).topics["orders"].topic_id
        joining = ConsumerGroupHeartbeatRequest(
            "billing", "a" * 22, 0, rebalance_timeout_ms=1_000, subscribed_topic_names=("orders",), topic_partitions=()
        )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = one.ask(FIND_COORDINATOR, 4, FindCoordinatorsRequest(("billing",))).coordinators["billing"]
            if not found.error_code:
                coordinator = Plain(found.host)
                answer = coordinator.ask(CONSUMER_GROUP_HEARTBEAT, 1, joining)
                described = coordinator.ask(CONSUMER_GROUP_DESCRIBE, 1, ConsumerGroupDescribeRequest(("billing",)))
                coordinator.socket.close()
                if answer.assignment:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert answer.assignment == tuple(TopicPartition(topic_id, number) for number in range(3))
        assert [(one.client_id, one.client_host) for one in described.groups[0].members] == [("plain", "/127.0.0.1")]


def test_an_administrator_is_told_the_address_of_a_real_member_of_the_classic_protocol():
    with served() as cluster:
        told: dict[str, str | int | float | bool] = {"bootstrap.servers": cluster.addresses, "client.id": "till"}
        consumer = Consumer({**told, "group.id": "billing"})
        consumer.subscribe(["orders"])
        deadline = time.monotonic() + PATIENCE_S
        while len(consumer.assignment()) < 3:
            assert time.monotonic() < deadline
            consumer.poll(0.1)
        admin = AdminClient(told)
        described = admin.describe_consumer_groups(["billing"])["billing"].result(PATIENCE_S)
        assert [(one.client_id, one.host) for one in described.members] == [("till", "/127.0.0.1")]
        consumer.close()


def test_librdkafka_joins_by_the_consumer_protocol():
    with served() as cluster:
        producer = Producer({"bootstrap.servers": cluster.addresses})
        for number in range(20):
            producer.produce("orders", key=f"k{number}", value=f"v{number}")
        assert producer.flush(PATIENCE_S) == 0
        consumer = Consumer({
            "bootstrap.servers": cluster.addresses, "group.id": "billing", "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
        })  # fmt: skip
        consumer.subscribe(["orders"])
        found: list[bytes] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < 20 and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                found.append(message.value() or b"")
        consumer.close()
        assert sorted(found) == sorted(b"v%d" % number for number in range(20))
