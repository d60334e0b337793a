"""window: what a frame costs while everything moves, and that a still picture costs nothing."""

import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter, process_time_ns, sleep
from typing import TYPE_CHECKING, Any

from lab import preflight
from lab.bench.drawn_window import drawn_window
from lab.bench.measurement import Figure, Say, at_most, group, told
from lab.bench.processor import percentile
from lab.bench.teaching import teaching_spec
from lab.cluster.probes import InFlight
from lab.cluster.probes.views import FlightView
from lab.cluster.session.session import Session
from lab.env import Micros, seconds

if TYPE_CHECKING:
    from PySide6.QtCore import QElapsedTimer
    from PySide6.QtWidgets import QApplication

    from lab.ui.main_window import MainWindow

PARTICLES = 2_000
FLIGHT: Micros = seconds(1)
WARM_UP = seconds(10)
FRAMES_BEFORE = 60
FRAMES = 600
FRAME_S = 0.016
STILL_S = 1.5


class CrowdedSession(Session):
    """A session with more messages under way than any teaching cluster has: each real way, many times.

    Only the answer to one probe is made larger; the engine and all else in the window are as they are.
    """

    def __init__(self) -> None:
        super().__init__(teaching_spec(), "Two thousand messages")
        self.patterns: list[FlightView] = []
        self.copies: list[FlightView] = []

    def crowd(self) -> None:
        """Collect the ways that messages take, over a few virtual seconds."""
        while len({(one.source, one.target, one.kind) for one in self.patterns}) < 12:
            self.timeline.run_until(self.now + seconds(1), 50)
            self.patterns += super().view(InFlight())
            self._views.clear()

    def view(self, probe: Any) -> Any:
        """The probe's answer; flights are filled up to `PARTICLES`, each a second under way."""
        answer = super().view(probe)
        if not isinstance(probe, InFlight):
            return answer
        key = (probe, PARTICLES)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = (*answer, *self._others(PARTICLES - len(answer)))
        return found

    def _others(self, count: int) -> list[FlightView]:
        """As many copies; one that has arrived sets out again."""
        copies = self.copies
        while len(copies) < count:
            copies.append(self._copy(len(copies)))
        for number, one in enumerate(copies):
            if not one.sent_at <= self.now < one.arrives_at:
                copies[number] = self._copy(number)
        return copies[:count]

    def _copy(self, number: int) -> FlightView:
        one = self.patterns[number % len(self.patterns)]
        sent = self.now - (number * FLIGHT // PARTICLES + self.now) % FLIGHT
        return FlightView(
            one.source, one.target, one.kind, sent, sent + FLIGHT, False, one.partition, one.records, one.event
        )


@group("window")
def measure(say: Say) -> Iterator[Figure]:
    """Frames of 1600×1000, drawn offscreen: 2,000 messages under way, three charts, the engine at real time."""
    problem = preflight.drawing_problem()
    if problem is not None:
        print(f"lab bench: {problem}. The window is not measured.", file=sys.stderr)
        return
    session = CrowdedSession()
    session.run_for(WARM_UP)
    session.crowd()
    with drawn_window(session) as (application, window):
        say(f"{FRAMES} frames")
        yield from _playing(application, window)
        say("a still picture")
        yield from _still(application, window)


def _playing(application: "QApplication", window: "MainWindow") -> Iterator[Figure]:
    assert window.session is not None
    window.session.play()
    window.clock = _even_clock()
    spent = [_frame(application, window) for _ in range(FRAMES_BEFORE + FRAMES)][FRAMES_BEFORE:]
    assert not window.session.violation, window.session.violation
    yield told("a frame, median", "ms CPU", median(spent))
    yield at_most("a frame, 95 of 100", "ms CPU", percentile(spent, 95), 12)
    yield at_most("a frame, 99 of 100", "ms CPU", percentile(spent, 99), 16)


def _even_clock() -> "QElapsedTimer":
    """A clock that finds each frame in time, so that a busy machine has no more to do in it."""
    from PySide6.QtCore import QElapsedTimer  # noqa: PLC0415

    class EvenClock(QElapsedTimer):
        def nsecsElapsed(self) -> int:  # noqa: N802
            return int(FRAME_S * 1e9)

    return EvenClock()


def _frame(application: "QApplication", window: "MainWindow") -> float:
    """One tick and what it makes Qt paint, in milliseconds; then wait until the next is due."""
    due = perf_counter() + FRAME_S
    begun = process_time_ns()
    window.tick()
    application.processEvents()
    spent = (process_time_ns() - begun) / 1e6
    sleep(max(0, due - perf_counter()))
    return spent


def _still(application: "QApplication", window: "MainWindow") -> Iterator[Figure]:
    from PySide6.QtCore import QEvent, QObject  # noqa: PLC0415

    class Painted(QObject):
        """Counts the paint events of the whole application."""

        count = 0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            self.count += event.type() == QEvent.Type.Paint
            return super().eventFilter(watched, event)

    window.pause()
    window.refresh()
    _idle(application, 0.5)
    painted = Painted()
    application.installEventFilter(painted)
    _idle(application, STILL_S)
    application.removeEventFilter(painted)
    yield at_most("paints while paused and unchanged", f"in {STILL_S:g} s", painted.count, 0)


def _idle(application: "QApplication", duration_s: float) -> None:
    end = perf_counter() + duration_s
    while perf_counter() < end:
        application.processEvents()
        sleep(0.004)
