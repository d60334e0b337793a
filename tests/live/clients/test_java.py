"""The Java client, Apache Kafka's own, from Maven Central."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest

from tests.live.clients.checks import Checks, cluster
from tests.live.clients.client import CONSUMER, COOPERATIVE, EAGER, PATIENCE_S, Client
from tests.live.maven import classpath, jars

__all__ = ["cluster"]

DRIVER = Path(__file__).parent / "java" / "Driver.java"
ASSIGNORS = {EAGER: "RangeAssignor", COOPERATIVE: "CooperativeStickyAssignor"}
SLOWEST_S = 60.0


@cache
def wanted() -> list[Path] | str:
    return jars("org.apache.kafka:kafka-clients:4.0.0", "org.slf4j:slf4j-nop:1.7.36")


@pytest.fixture(autouse=True, scope="module")
def _jars() -> None:
    found = wanted()
    if isinstance(found, str):
        pytest.skip(found)


class Java(Client):
    """Its producer, consumer and admin client; each call in a process of its own."""

    name: ClassVar[str] = "Java"

    def _run(self, command: str, own: dict[str, object], settings: dict[str, object], said: str = "") -> list[str]:
        found = wanted()
        assert not isinstance(found, str), found
        common = {"bootstrap.servers": self.addresses, "client.id": "java"}
        ran = subprocess.run(
            (
                "java", "-XX:TieredStopAtLevel=1", "-cp", classpath(found), str(DRIVER), command,
                *(f"{key}={value}" for key, value in own.items()), "--",
                *(f"{key}={value}" for key, value in (common | settings).items()),
            ), input=said, text=True, capture_output=True, timeout=SLOWEST_S, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    def topics(self) -> dict[str, int]:
        pairs = (line.split("=") for line in self._run("topics", {}, {}))
        return {name: int(partitions) for name, partitions in pairs}

    def write(
        self, topic: str, values: Sequence[str], *, codec: str = "none", idempotent: bool = False,
        transactions: str = "", abort: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        settings: dict[str, object] = {
            "acks": "all", "compression.type": codec,
            "enable.idempotence": str(idempotent or bool(transactions)).lower(),
        }  # fmt: skip
        if pause_s:  # else it fills a batch of one partition before it turns to the next
            settings["partitioner.class"] = "org.apache.kafka.clients.producer.RoundRobinPartitioner"
        if transactions:
            settings["transactional.id"] = transactions
        own: dict[str, object] = {"topic": topic, "pause_ms": int(pause_s * 1_000), "abort": str(abort).lower()}
        self._run("write", own, settings, "\n".join(values))

    def read(
        self, topic: str, count: int, *, group: str = "", protocol: str = EAGER, offset: int = 0,
        committed: bool = False, pause_s: float = 0.0, patience_s: float = PATIENCE_S,
    ) -> list[str]:  # fmt: skip
        settings: dict[str, object] = {
            "isolation.level": "read_committed" if committed else "read_uncommitted", "max.poll.records": 1,
            "enable.auto.commit": str(bool(group)).lower(), "auto.commit.interval.ms": 200,
        }  # fmt: skip
        if group:
            settings |= {"group.id": group, "auto.offset.reset": "earliest"}
        if group and protocol == CONSUMER:
            settings["group.protocol"] = "consumer"
        elif group:
            assignor = f"org.apache.kafka.clients.consumer.{ASSIGNORS[protocol]}"
            settings |= {
                "partition.assignment.strategy": assignor, "session.timeout.ms": 6_000, "heartbeat.interval.ms": 300,
            }  # fmt: skip
        own: dict[str, object] = {
            "topic": topic, "count": count, "offset": offset, "pause_ms": int(pause_s * 1_000),
            "patience_ms": int(patience_s * 1_000),
        }  # fmt: skip
        return self._run("read", own, settings)

    def create(self, topic: str, partitions: int) -> None:
        self._run("create", {"topic": topic, "partitions": partitions}, {})

    def delete(self, topic: str) -> None:
        self._run("delete", {"topic": topic}, {})


class TestJava(Checks):
    """All of it."""

    kind = Java
