"""A served cluster that is killed again and again, and a producer that goes on through all of it.

The producer is idempotent and lives outside, so whatever it was told stands in the log stands there once, whoever was
killed when; what it was not told stands there once too in the end, since it asks again.
"""

import contextlib
import importlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from lab.cluster.spec import TopicSpec
from lab.disks.data_folder import DataFolder
from lab.live.unrecorded import Unrecorded

TOPIC = "orders"
PARTITIONS = 3
PATIENCE_S = 60
WAITING_MAX = 2_000
"""Records under way, before the producer waits for the cluster to come back."""


def _clients() -> Any:
    """The module of confluent-kafka, which comes with the tests and has few types."""
    return importlib.import_module("confluent_kafka")


def make(folder: Path, brokers: int) -> None:
    """A folder with the topic in it, made by a cluster that has stopped in order."""
    data = DataFolder(folder, brokers)
    owner = Unrecorded(data.spec(topics=(TopicSpec(TOPIC, PARTITIONS, brokers),)), data)
    owner.close()
    assert not owner.violation


def free_port(count: int) -> int:
    """The first of so many neighbours that are free, or were a moment ago."""
    while True:
        first = random.randrange(20_000, 30_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


class Process:
    """`lab serve` on a folder. `start` returns once it is ready; `kill` is `kill -9`."""

    def __init__(self, folder: Path, *settings: str, brokers: int = 1) -> None:
        self.folder = folder
        self.port = free_port(brokers)
        self.addresses = ",".join(f"127.0.0.1:{self.port + number}" for number in range(brokers))
        self.settings = [part for one in settings for part in ("--config", one)]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Returns the seconds that it took."""
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", "--data", str(self.folder), "--listen",
             f"127.0.0.1:{self.port}", *self.settings],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            raise AssertionError(self.process.communicate(timeout=PATIENCE_S))
        return time.monotonic() - begun

    def kill(self) -> None:
        """As `kill -9` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As Ctrl+C does. Returns the exit code."""
        return self._end(signal.SIGINT)

    def _end(self, number: int) -> int:
        assert self.process is not None
        os.kill(self.process.pid, number)
        _, said = self.process.communicate(timeout=PATIENCE_S)
        assert not said, said
        code, self.process = self.process.returncode, None
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=PATIENCE_S)


class Load:
    """A producer in a thread: numbers, one after the other. `acked`: those of which it was told that they stand."""

    def __init__(self, addresses: str) -> None:
        self.acked: set[int] = set()
        self.refused: list[str] = []
        self.sent = 0
        self._producer = _clients().Producer({
            "bootstrap.servers": addresses, "client.id": "load", "acks": "all", "enable.idempotence": True,
            "linger.ms": 2, "batch.size": 16_384,
            "delivery.timeout.ms": 600_000, "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 20,
            "message.send.max.retries": 1_000_000, "log_level": 2,
        })  # fmt: skip
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self._running:
            for _ in range(20):
                number = self.sent
                self._producer.produce(
                    TOPIC, value=f"{number}", partition=number % PARTITIONS, on_delivery=self._telling(number)
                )
                self.sent += 1
            self._producer.poll(0)
            while self._running and len(self._producer) > WAITING_MAX:
                self._producer.poll(0.05)
            time.sleep(0.004)

    def _telling(self, number: int) -> Callable[[object, object], None]:
        def told(wrong: object, _: object) -> None:
            if wrong is None:
                self.acked.add(number)
            else:
                self.refused.append(f"{number}: {wrong}")

        return told

    def await_more(self) -> None:
        """Until more is acknowledged than now: a kill before that would find nothing under way."""
        before, deadline = len(self.acked), time.monotonic() + PATIENCE_S
        while len(self.acked) == before:
            assert time.monotonic() < deadline, f"nothing acknowledged since {before:,} records"
            time.sleep(0.005)

    def stop(self) -> None:
        """Send nothing more, and hear of all that was sent."""
        self._running = False
        self._thread.join()
        left = self._producer.flush(PATIENCE_S)
        assert not left, f"{left} were never answered"


def stored(addresses: str, group: str) -> list[list[int]]:
    """What stands in each partition, in its order, as a consumer reads it."""
    clients = _clients()
    consumer = clients.Consumer({"bootstrap.servers": addresses, "group.id": group, "auto.offset.reset": "earliest"})
    found: list[list[int]] = []
    for number in range(PARTITIONS):
        partition = clients.TopicPartition(TOPIC, number, 0)
        low, high = consumer.get_watermark_offsets(partition, timeout=PATIENCE_S)
        partition.offset = low
        consumer.assign([partition])
        values: list[int] = []
        deadline = time.monotonic() + PATIENCE_S
        at = low
        while at < high and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            if message is None:
                continue
            assert message.error() is None, message.error()
            values.append(int(message.value() or b""))
            at = (message.offset() or 0) + 1
        assert at >= high, f"partition {number}: {high:,} wanted, {at:,} read"
        found.append(values)
    consumer.close()
    return found


def damage(folder: Path, dice: random.Random) -> str:
    """What a power loss may do to files that were not flushed: garbage in an index, half a batch behind a log. Returns
    what was done.
    """
    partition = folder / "broker-1" / f"{TOPIC}-{dice.randrange(PARTITIONS)}"
    newest = max(partition.glob("*.log"))
    match dice.randrange(3):
        case 0:
            newest.with_suffix(".index").write_bytes(dice.randbytes(8 * dice.randrange(1, 40)))
            return f"garbage in the index of {newest}"
        case 1:
            newest.with_suffix(".timeindex").write_bytes(dice.randbytes(12 * dice.randrange(1, 40)))
            return f"garbage in the time index of {newest}"
        case _:
            with newest.open("ab") as log:
                log.write(dice.randbytes(dice.randrange(1, 200)))
            return f"garbage behind {newest}"


def survive(folder: Path, kills: int, seed: int, brokers: int = 1) -> tuple[Load, list[float], list[str]]:
    """Kill it so often under load, damaging what a crash may damage after every third; then read everything. Returns
    the load, the seconds of each start, and what is wrong with what was read.
    """
    dice = random.Random(seed)
    make(folder, brokers)
    starts: list[float] = []
    with Process(folder, "log.flush.interval.messages=1", "log.segment.bytes=65536", brokers=brokers) as server:
        server.start()
        load = Load(server.addresses)
        for number in range(kills):
            load.await_more()
            time.sleep(dice.uniform(0, 0.4))
            server.kill()
            if number % 3 == 2:
                damage(folder, dice)
            starts.append(server.start())
        load.stop()
        wrong = verdict(load, stored(server.addresses, "reader"))
        assert server.stop() == 0
        server.start()
        wrong += [f"after a stop in order: {one}" for one in verdict(load, stored(server.addresses, "again"))]
    return load, starts, wrong


def verdict(load: Load, found: list[list[int]]) -> list[str]:
    """What is wrong: acknowledged and not there, there twice, or in another order than it was sent."""
    wrong = load.refused[:3]
    values = [value for one in found for value in one]
    if lost := load.acked - set(values):
        wrong.append(f"{len(lost)} acknowledged and lost, {min(lost)} the first")
    if len(values) != len(set(values)):
        wrong.append(f"{len(values) - len(set(values))} stand there twice")
    wrong += [f"partition {at} is out of order" for at, one in enumerate(found) if one != sorted(one)]
    return wrong
