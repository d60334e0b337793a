"""librdkafka, as confluent-kafka brings it."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.live.clients.client import CONSUMER, COOPERATIVE, EAGER, PATIENCE_S, Client

STRATEGIES = {EAGER: "range", COOPERATIVE: "cooperative-sticky"}


class Confluent(Client):
    """Its producer, consumer and admin client."""

    name: ClassVar[str] = "confluent-kafka"

    def _common(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.addresses, "client.id": "librdkafka", "log_level": 0}

    def _admin(self) -> AdminClient:
        return AdminClient(self._common())

    def topics(self) -> dict[str, int]:
        found = self._admin().list_topics(timeout=PATIENCE_S).topics
        return {name: len(one.partitions) for name, one in found.items()}

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        config = self._common() | {"compression.type": codec, "enable.idempotence": idempotent or bool(transactions)}
        producer = Producer(config | ({"transactional.id": transactions} if transactions else {}))
        failed: list[KafkaError] = []

        def said(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        if transactions:
            producer.init_transactions(PATIENCE_S)
            producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=0 if not pause_s else -1, on_delivery=said)
            producer.poll(0)
            time.sleep(pause_s)  # poll() itself would be back as soon as one is delivered
        assert producer.flush(PATIENCE_S) == 0
        assert not failed, failed
        if transactions:
            if abort:
                producer.abort_transaction(PATIENCE_S)
            else:
                producer.commit_transaction(PATIENCE_S)

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        config = self._common() | {
            "group.id": group or "none", "auto.offset.reset": "earliest", "auto.commit.interval.ms": 200,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
        }  # fmt: skip
        if protocol == CONSUMER:
            config |= {"group.protocol": "consumer"}
        else:
            config |= {
                "partition.assignment.strategy": STRATEGIES[protocol],
                "session.timeout.ms": 6_000,
                "heartbeat.interval.ms": 300,
            }
        consumer = Consumer(config)
        if group:
            consumer.subscribe([topic])
        else:
            consumer.assign([TopicPartition(topic, 0, offset)])
        found: list[str] = []
        deadline = time.monotonic() + patience_s
        while len(found) < count and time.monotonic() < deadline:
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            found.append((message.value() or b"").decode())
            time.sleep(pause_s)
        consumer.close()
        return found

    def create(self, topic: str, partitions: int) -> None:
        admin = self._admin()
        for one in admin.create_topics([NewTopic(topic, partitions, 3)]).values():
            one.result(PATIENCE_S)

    def delete(self, topic: str) -> None:
        admin = self._admin()
        for one in admin.delete_topics([topic]).values():
            one.result(PATIENCE_S)
