"""Apache Kafka itself on loopback: its jars from Maven, one broker that is its own controller, a temporary folder."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.live.maven import classpath, jars

VERSION = "4.0.0"
ARTIFACTS = ("kafka_2.13", "kafka-tools")
STARTING_S = 90
JVM = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
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


@contextmanager
def apache() -> Iterator[str]:
    """Its address, while it runs. Raises Missing."""
    path = kafka_jars()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker, controller = _free_port(), _free_port()
        settings = folder / "server.properties"
        settings.write_text("\n".join((
            "process.roles=broker,controller", "node.id=1", f"controller.quorum.voters=1@127.0.0.1:{controller}",
            f"listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
            "controller.listener.names=CONTROLLER", f"log.dirs={folder / 'logs'}",
            *(f"{key}={value}" for key, value in {**SMALL, **SINGLE}.items()),
        )), encoding="utf-8")  # fmt: skip
        formatted = java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", str(settings))
        assert formatted.returncode == 0, formatted.stderr
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                ("java", *JVM, "-cp", path, "kafka.Kafka", str(settings)), stdout=output, stderr=subprocess.STDOUT
            )
            try:
                _wait_for(process, broker, folder / "output")
                yield f"127.0.0.1:{broker}"
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + STARTING_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            said = output.read_text(errors="replace")[-3_000:]
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
