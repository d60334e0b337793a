"""Real clients of both group protocols in one group of a served cluster (KIP-848)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from tests.live.served import Served, served

PATIENCE_S = 40
PARTITIONS = 3


class Readers:
    """Consumers of one group, polled in turn; every value that was read, by whom first."""

    def __init__(self, cluster: Served, **config: str) -> None:
        self.cluster = cluster
        self.config = config
        self.running: dict[str, Consumer] = {}
        self.read: dict[bytes, str] = {}

    def start(self, name: str, protocol: str) -> None:
        own = self.config if protocol == "classic" else {}
        consumer = Consumer({
            "bootstrap.servers": self.cluster.addresses, "group.id": "billing", "client.id": name,
            "group.protocol": protocol, "auto.offset.reset": "earliest", **own,
        })  # fmt: skip
        consumer.subscribe(["orders"])
        self.running[name] = consumer

    def stop(self, name: str) -> None:
        self.running.pop(name).close()

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, (self.shares(), len(self.read))
            for name, consumer in self.running.items():
                message = consumer.poll(0.02)
                if message is not None and not message.error():
                    self.read.setdefault(message.value() or b"", name)

    def shares(self) -> dict[str, list[int]]:
        return {name: sorted(one.partition for one in each.assignment()) for name, each in self.running.items()}

    def balanced(self, *names: str) -> Callable[[], bool]:
        """Whether each of these has something, and together they have all, nothing twice."""

        def holds() -> bool:
            shares = self.shares()
            owned = sorted(one for name in names for one in shares[name])
            return owned == list(range(PARTITIONS)) and all(shares[name] for name in names)

        return holds


def group_type(cluster: Served) -> Any:
    admin = AdminClient({"bootstrap.servers": cluster.addresses})
    found = admin.list_consumer_groups().result(PATIENCE_S)
    return next(one.type.name for one in found.valid if one.group_id == "billing")


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_librdkafka_speaks_both_protocols_in_one_group(assignor: str):
    with served() as cluster:
        producer = Producer({"bootstrap.servers": cluster.addresses})
        sent = 0

        def more() -> None:
            nonlocal sent
            for _ in range(30):
                producer.produce("orders", key=f"k{sent}", value=f"v{sent}")
                sent += 1
            assert producer.flush(PATIENCE_S) == 0

        readers = Readers(cluster, **{"partition.assignment.strategy": assignor, "heartbeat.interval.ms": "500"})
        readers.start("old", "classic")
        more()
        readers.until(readers.balanced("old"))
        assert group_type(cluster) == "CLASSIC"
        readers.start("new", "consumer")
        more()
        readers.until(readers.balanced("old", "new"))
        assert group_type(cluster) == "CONSUMER"
        more()
        readers.until(lambda: len(readers.read) == sent)
        readers.stop("new")
        more()
        readers.until(readers.balanced("old"))
        assert group_type(cluster) == "CLASSIC"
        readers.until(lambda: len(readers.read) == sent)
        assert set(readers.read.values()) == {"old", "new"}
        readers.stop("old")
