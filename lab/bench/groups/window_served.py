"""window-served: whether the window keeps its frames while a real client writes 200,000 records a second."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING

from lab import preflight
from lab.bench.drawn_window import drawn_window, leaders_port, open_to_clients
from lab.bench.librdkafka import library
from lab.bench.measurement import Figure, Say, at_least, at_most, group, told
from lab.bench.processor import percentile
from lab.bench.teaching import teaching_spec
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, TopicSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from lab.ui.main_window import MainWindow

SERVED = "clicks"
RATE = 200_000
RECORD_BYTES = 100
SERVED_S = 12
WARM_UP_S = 2
FRAME_S = 1 / 60


@group("window-served")
def measure(say: Say) -> Iterator[Figure]:
    """The teaching cluster in the window, drawn offscreen and kept going by its own timer; librdkafka in C, in a
    process of its own, writes to it at an even rate. A frame that comes late has left out those before it.
    """
    problem = preflight.drawing_problem() or (None if library() is not None else "confluent-kafka is not installed")
    if problem is not None:
        print(f"lab bench: {problem}. The window with a client at work is not measured.", file=sys.stderr)
        return
    with drawn_window(Session(served_spec(), "Served")) as (application, window):
        open_to_clients(window)
        say(f"{SERVED_S} seconds of {RATE:,} records each")
        yield from _served(application, window)


def served_spec() -> ClusterSpec:
    """The teaching cluster with another topic for the real client. That no simulated consumer reads: to look at each of
    so many records would take more than one processor.
    """
    spec = teaching_spec()
    return replace(spec, topics=(*spec.topics, TopicSpec(SERVED, 6, 3)))


def _served(application: "QApplication", window: "MainWindow") -> Iterator[Figure]:
    command = (
        sys.executable, "-m", "lab.bench.librdkafka", "produce", f"127.0.0.1:{leaders_port(window)}", SERVED,
        str(SERVED_S * RATE), str(RECORD_BYTES), "--pace", str(RATE),
    )  # fmt: skip
    session = window.session
    assert session is not None
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        frames = _frames(application, window, client)
        said, _ = client.communicate()
    finally:
        client.kill()
        client.wait()
    assert client.returncode == 0, client.returncode
    assert not session.violation, session.violation
    assert window.doors.doorman is not None
    between = [after - before for before, after in pairwise(frames)]
    dropped = sum(max(0, round(one / FRAME_S) - 1) for one in between)
    yield at_least("records acknowledged", "1/s", SERVED_S * RATE / json.loads(said)["seconds"], 0.99 * RATE)
    yield told("frames", "1/s", len(between) / (frames[-1] - frames[0]))
    yield told("from frame to frame, 95 of 100", "ms", percentile(between, 95) * 1_000)
    yield told("from frame to frame, 99 of 100", "ms", percentile(between, 99) * 1_000)
    yield at_most("frames left out", "%", 100 * dropped / (dropped + len(between)), 2)


def _frames(application: "QApplication", window: "MainWindow", client: "subprocess.Popen[str]") -> list[float]:
    """When each frame was painted, from a while after the client has begun until it ends."""
    from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer  # noqa: PLC0415

    class Painted(QObject):
        """Notes when what is dirty in the window has been asked for: once a frame."""

        def __init__(self) -> None:
            super().__init__()
            self.at: list[float] = []

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if watched is window and event.type() == QEvent.Type.UpdateRequest:
                self.at.append(perf_counter())
            return False

    painted = Painted()
    window.installEventFilter(painted)
    loop = QEventLoop()
    look = QTimer()
    look.setInterval(50)
    look.timeout.connect(lambda: None if client.poll() is None else loop.quit())
    begun = perf_counter()
    look.start()
    loop.exec()
    look.stop()
    window.removeEventFilter(painted)
    application.processEvents()
    return [at for at in painted.at if at > begun + WARM_UP_S]
