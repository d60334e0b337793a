"""wire-idle: how long a real client waits for an answer while the window is open and nothing else is asked."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from statistics import median
from time import perf_counter, time_ns
from typing import TYPE_CHECKING

from lab import preflight
from lab.bench.drawn_window import drawn_window, leaders_port, open_to_clients
from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.processor import percentile
from lab.bench.teaching import teaching_spec
from lab.cluster.session.session import Session
from lab.kafka.protocol.apis import BY_REQUEST, SIZE_BYTES, write_request
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest
from lab.kafka.protocol.messages.metadata import MetadataRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

if TYPE_CHECKING:
    from socket import socket

    from PySide6.QtWidgets import QApplication

    from lab.ui.main_window import MainWindow

PINGS = 200
PAUSE_S = 0.02
PRODUCE_VERSION, OTHER_VERSION = 9, 3
WAIT_S = 10.0


@dataclass
class Pinger:
    """A client in a thread of its own: asks, waits, notes how long that took in milliseconds."""

    port: int
    took_ms: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    wrong: str = ""

    def run(self) -> None:
        """Every kind of request so many times."""
        import socket  # noqa: PLC0415

        try:
            with socket.create_connection(("127.0.0.1", self.port), WAIT_S) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                answers = connection.makefile("rb")
                for name, body, version in (
                    ("ApiVersions", ApiVersionsRequest("ping", "1"), OTHER_VERSION),
                    ("Metadata", MetadataRequest(None), 9),
                    ("Produce, acks=1", produced(), PRODUCE_VERSION),
                ):
                    self.took_ms[name] = [
                        self._round_trip(connection, answers, body, version, number) for number in range(PINGS)
                    ]  # fmt: skip
        except OSError as gone:
            self.wrong = str(gone)

    def _round_trip(
        self, connection: "socket", answers: BufferedReader, body: object, version: int, number: int
    ) -> float:
        threading.Event().wait(PAUSE_S)
        frame = write_request(BY_REQUEST[type(body)][0], version, number, "ping", body)
        begun = perf_counter()
        connection.sendall(frame)
        size = int.from_bytes(answers.read(SIZE_BYTES), "big")
        if not size or len(answers.read(size)) < size:
            raise ConnectionError("the cluster has closed the connection")
        return (perf_counter() - begun) * 1_000


def produced() -> ProduceRequest:
    """One record for the first partition."""
    batch = RecordBatch.build([Record(0, time_ns() // 1_000_000, b"Ada", b"cup")])
    return ProduceRequest(1, 5_000, {TopicPartition("orders", 0): batch})


@group("wire-idle")
def measure(say: Say) -> Iterator[Figure]:
    """Round trips of a small client at a cluster in the window, drawn offscreen, with the time of a wall clock."""
    problem = preflight.drawing_problem()
    if problem is not None:
        print(f"lab bench: {problem}. The round trip with a window is not measured.", file=sys.stderr)
        return
    with drawn_window(Session(teaching_spec(), "Wire")) as (application, window):
        open_to_clients(window)
        say(f"{PINGS} round trips of each kind")
        yield from _pinged(application, window)


def _pinged(application: "QApplication", window: "MainWindow") -> Iterator[Figure]:
    from PySide6.QtCore import QEventLoop, QTimer  # noqa: PLC0415

    pinger = Pinger(leaders_port(window))
    thread = threading.Thread(target=pinger.run)
    loop = QEventLoop()
    look = QTimer()
    look.setInterval(50)
    look.timeout.connect(lambda: None if thread.is_alive() else loop.quit())
    thread.start()
    look.start()
    loop.exec()
    look.stop()
    thread.join()
    session = window.session
    assert session is not None
    assert not session.violation, session.violation
    assert not pinger.wrong, pinger.wrong
    for name, took in pinger.took_ms.items():
        yield at_most(f"{name}, median", "ms", median(took), 5)
        yield told(f"{name}, 95 of 100", "ms", percentile(took, 95))
