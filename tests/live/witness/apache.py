"""Apache Kafka itself on loopback: its jars from Maven, a controller and some brokers, a temporary folder."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from tests.live.maven import classpath, jars

VERSION = "4.0.0"
ARTIFACTS = ("kafka_2.13", "kafka-tools")
STARTING_S = 90
JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SMALL = {
    "offsets.topic.num.partitions": "3", "transaction.state.log.num.partitions": "3",
    "group.initial.rebalance.delay.ms": "0",
}  # fmt: skip
"""What both are told, Kafka and ours."""
SINGLE = {
    "offsets.topic.replication.factor": "1", "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1", "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}  # fmt: skip
SEVERAL = {
    "broker.session.timeout.ms": "6000", "broker.heartbeat.interval.ms": "1000",
    "auto.leader.rebalance.enable": "false",
    "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
}  # fmt: skip
"""What both are told besides where there are several brokers."""
CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
CONTROLLER = 0


class Missing(Exception):
    """There is no Kafka to be had on this machine, and why."""


@cache
def kafka_jars() -> str:
    """The class path of Kafka and its tools. Raises Missing."""
    found = jars(*(f"org.apache.kafka:{name}:{VERSION}" for name in ARTIFACTS))
    if isinstance(found, str):
        raise Missing(found)
    return classpath(found)


def java(main: str, *arguments: str, timeout_s: float = 60, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of Kafka's programs to its end."""
    return subprocess.run(
        ("java", *JVM, "-cp", kafka_jars(), main, *arguments),
        check=False, capture_output=True, text=True, timeout=timeout_s, input=said,
    )  # fmt: skip


def told(brokers: int) -> dict[str, str]:
    """The settings that both clusters have, of so many brokers."""
    return SMALL if brokers == 1 else {**SMALL, **SEVERAL}


def rack(broker: int) -> str:
    return f"rack-{broker}"


class Apache:
    """Its processes: number 0 is the controller, brokers are numbered from 1 on, each in a rack of its own."""

    def __init__(self, folder: Path, brokers: int) -> None:
        self.folder = folder
        self.ports = _free_ports(1 + brokers)
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        for node in range(1 + brokers):
            self._settings(node).write_text("\n".join(self._told(node)), encoding="utf-8")
            formatted = java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self._settings(node)))
            assert formatted.returncode == 0, formatted.stderr

    @property
    def addresses(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports[1:])

    def start(self, node: int) -> None:
        """Without waiting for it."""
        with self._output(node).open("ab") as output:
            self.processes[node] = subprocess.Popen(
                ("java", *JVM, "-cp", kafka_jars(), "kafka.Kafka", str(self._settings(node))),
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait_for(self, node: int) -> None:
        """Until it listens."""
        deadline = time.monotonic() + STARTING_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports[node]), 1).close()
                return
            except OSError:
                said = self._output(node).read_text(errors="replace")[-3_000:]
                assert self.processes[node].poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.2)

    def crash(self, node: int) -> None:
        """As `kill -9` does."""
        self.processes[node].kill()
        self.processes.pop(node).wait(20)

    def _told(self, node: int) -> Iterator[str]:
        port, brokers = self.ports[node], len(self.ports) - 1
        yield f"node.id={node}"
        yield f"log.dirs={self.folder / f'logs-{node}'}"
        yield f"controller.quorum.voters={CONTROLLER}@127.0.0.1:{self.ports[CONTROLLER]}"
        yield "controller.listener.names=CONTROLLER"
        if node == CONTROLLER:
            yield "process.roles=controller"
            yield f"listeners=CONTROLLER://127.0.0.1:{port}"
        else:
            yield "process.roles=broker"
            yield f"listeners=PLAINTEXT://127.0.0.1:{port}"
            yield f"broker.rack={rack(node)}"
        for key, value in {**told(brokers), **(SINGLE if brokers == 1 else {})}.items():
            yield f"{key}={value}"

    def _settings(self, node: int) -> Path:
        return self.folder / f"{node}.properties"

    def _output(self, node: int) -> Path:
        return self.folder / f"output-{node}"


@contextmanager
def apache(brokers: int = 1) -> Iterator[Apache]:
    """The cluster, while it runs. Raises Missing."""
    kafka_jars()
    with tempfile.TemporaryDirectory() as name:
        found = Apache(Path(name), brokers)
        try:
            for node in range(1 + brokers):
                found.start(node)
            for node in range(1 + brokers):
                found.wait_for(node)
            yield found
        finally:
            # Brokers would wait for a controller that has gone before them.
            for process in reversed(found.processes.values()):
                process.kill()
                process.wait(20)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(one.getsockname()[1]) for one in found]
