"""kafka-python, from PyPI."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import codec as codecs
from kafka.admin import NewTopic
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import TopicPartition

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.client import COOPERATIVE, EAGER, PATIENCE_S, Client

__all__ = ["cluster"]

NO_CONSUMER_PROTOCOL = "has no KIP-848"
LIBRARIES = {"snappy": codecs.has_snappy(), "lz4": codecs.has_lz4(), "zstd": codecs.has_zstd()}
POLL_MS = 1_000
"""Its time-out is not shorter, because kafka-python 3.0 forgets a group it is just joining when that runs out: it has
the answer to SyncGroup and does nothing with it.
"""
STRATEGIES = {EAGER: RangePartitionAssignor, COOPERATIVE: CooperativeStickyAssignor}


class KafkaPython(Client):
    """Its producer, consumer and admin client."""

    name: ClassVar[str] = "kafka-python"
    lacks: ClassVar[dict[str, str]] = {
        "group[consumer]": NO_CONSUMER_PROTOCOL, "rebalance[consumer]": NO_CONSUMER_PROTOCOL,
    } | {
        f"codec[{codec}]": f"no library for {codec} is installed" for codec, found in LIBRARIES.items() if not found
    }  # fmt: skip

    def _common(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.addresses.split(","), "client_id": "kafka-python"}

    def topics(self) -> dict[str, int]:
        consumer = KafkaConsumer(**self._common())
        try:
            return {name: len(consumer.partitions_for_topic(name) or ()) for name in consumer.topics()}
        finally:
            consumer.close()

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        config = self._common() | {
            "acks": "all", "enable_idempotence": idempotent or bool(transactions), "delivery_timeout_ms": 30_000,
        }  # fmt: skip
        if transactions:
            config |= {"transactional_id": transactions}
        if codec != "none":
            config |= {"compression_type": codec}
        producer = KafkaProducer(**config)
        try:
            if transactions:
                producer.init_transactions()
                producer.begin_transaction()
            sent = []
            for value in values:
                sent.append(producer.send(topic, value.encode(), partition=None if pause_s else 0))
                time.sleep(pause_s)
            producer.flush(PATIENCE_S)
            for one in sent:
                one.get(PATIENCE_S)
            if transactions and abort:
                producer.abort_transaction()
            elif transactions:
                producer.commit_transaction()
        finally:
            producer.close()

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        consumer = KafkaConsumer(
            **self._common(), group_id=group or None, auto_offset_reset="earliest", auto_commit_interval_ms=200,
            enable_auto_commit=bool(group), heartbeat_interval_ms=300, session_timeout_ms=6_000,
            isolation_level="read_committed" if committed else "read_uncommitted",
            partition_assignment_strategy=[STRATEGIES[protocol]],
        )  # fmt: skip
        if group:
            consumer.subscribe([topic])
        else:
            consumer.assign([TopicPartition(topic, 0)])
            consumer.seek(TopicPartition(topic, 0), offset)
        found: list[str] = []
        deadline = time.monotonic() + patience_s
        while len(found) < count and time.monotonic() < deadline:
            for records in consumer.poll(POLL_MS, max_records=1).values():
                found += [one.value.decode() for one in records]
                time.sleep(pause_s)
        consumer.close()
        return found

    def create(self, topic: str, partitions: int) -> None:
        admin = KafkaAdminClient(**self._common())
        admin.create_topics([NewTopic(topic, partitions, 3)])
        admin.close()

    def delete(self, topic: str) -> None:
        admin = KafkaAdminClient(**self._common())
        admin.delete_topics([topic])
        admin.close()


class TestKafkaPython(Checks):
    """All but what it lacks."""

    kind = KafkaPython
