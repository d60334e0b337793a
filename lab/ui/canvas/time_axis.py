"""TimeAxis: which stretch of virtual time the timeline shows, and where on it an instant is."""

from dataclasses import dataclass

from lab.env import Micros

STEPS: tuple[Micros, ...] = (
    *(base * 10**power for power in range(3, 6) for base in (1, 2, 5)),
    *(seconds * 1_000_000 for seconds in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400)),
)
ENDS: tuple[Micros, ...] = tuple(
    seconds * 1_000_000 for seconds in (10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700)
)
SPAN_MIN: Micros = 20_000
ZOOM = 0.8
"""What a notch of the wheel leaves of the span."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From `start` at pixel `left` to `end` at pixel `right`."""

    left: float
    right: float
    start: Micros
    end: Micros

    @property
    def span(self) -> Micros:
        """How much time is shown."""
        return self.end - self.start

    def x_of(self, time: Micros) -> float:
        """Where an instant is; also outside of what is shown."""
        return self.left + (time - self.start) * (self.right - self.left) / self.span

    def time_at(self, x: float) -> Micros:
        """The instant under `x`, held within what is shown."""
        share = min(max((x - self.left) / max(self.right - self.left, 1.0), 0.0), 1.0)
        return self.start + round(share * self.span)

    def shows(self, time: Micros) -> bool:
        """Whether an instant is on the axis."""
        return self.start <= time <= self.end

    def step(self, pixels: float) -> Micros:
        """The smallest round step that is at least so wide."""
        least = self.span * pixels / max(self.right - self.left, 1.0)
        return next((one for one in STEPS if one >= least), STEPS[-1])

    def ticks(self, step: Micros) -> range:
        """The round instants that are shown."""
        first = -(-self.start // step) * step
        return range(first, self.end + 1, step)

    def zoomed(self, x: float, notches: float, latest: Micros) -> tuple[Micros, Micros] | None:
        """The stretch after the wheel turned over `x`; None for everything."""
        whole = whole_end(latest)
        span = round(min(max(self.span * ZOOM**notches, SPAN_MIN), whole))
        if span >= whole:
            return None
        under = self.time_at(x)
        share = (under - self.start) / self.span
        start = min(max(round(under - share * span), 0), whole - span)
        return start, start + span

    def moved(self, share: float, latest: Micros) -> tuple[Micros, Micros]:
        """The stretch `share` of the span further on."""
        start = min(max(self.start + round(share * self.span), 0), max(whole_end(latest) - self.span, 0))
        return start, start + self.span


def whole_end(latest: Micros) -> Micros:
    """A round end behind the newest instant: while time runs, the picture is rescaled only now and then."""
    wanted = latest + latest // 50
    found = next((one for one in ENDS if one >= wanted), None)
    hour = 3_600_000_000
    return found if found is not None else -(-wanted // hour) * hour


def tick_text(time: Micros, step: Micros) -> str:
    """`10 s`, `1:30`, `38.25 s`: as exact as the ticks are apart."""
    if step >= 1_000_000:
        total = time // 1_000_000
        if time >= 3_600_000_000:
            return f"{total // 3600}:{total % 3600 // 60:02}:{total % 60:02}"
        return f"{total} s" if total < 120 and step < 60_000_000 else f"{total // 60}:{total % 60:02}"
    digits = 1 if step >= 100_000 else 2 if step >= 10_000 else 3
    return f"{time / 1_000_000:.{digits}f} s"
