"""Story: what lasted and what changed, sorted into the timeline's lanes and rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.cluster.probes.views import SpanView
from lab.env import Micros

FAULTS, LEADERS, ISR, GROUPS = "Faults", "Leaders", "ISR", "Groups"
"""The lanes of a `SpanView`."""
ROWS_MAX = {FAULTS: 3, GROUPS: 2}


@dataclass(frozen=True, slots=True)
class Story:
    """The spans by lane, each with its row; worked out once for as long as no span is added or ends."""

    bars: dict[str, tuple[tuple[SpanView, int], ...]]
    marks: dict[str, tuple[SpanView, ...]]

    def rows(self, name: str) -> int:
        """How many rows a lane needs; 0 when it is empty."""
        if name in self.marks:
            return min(len(self.marks[name]), 1)
        return max((row for _, row in self.bars[name]), default=-1) + 1

    def placed(self, name: str, rows: int) -> list[tuple[SpanView, int, Micros | None]]:
        """The bars of a lane that has only so many rows: span, row, and when the next of that row begins."""
        found: list[tuple[SpanView, int, Micros | None]] = []
        nexts: dict[int, Micros] = {}
        for span, row in reversed(self.bars.get(name, ())):
            shown = min(row, rows - 1)
            found.append((span, shown, nexts.get(shown)))
            nexts[shown] = span.start
        found.reverse()
        return found


def story_of(spans: Sequence[SpanView]) -> Story:
    """Sort spans into lanes and rows."""
    bars: dict[str, tuple[tuple[SpanView, int], ...]] = {}
    for name, rows_max in ROWS_MAX.items():
        own = [span for span in spans if span.lane == name]
        bars[name] = tuple(zip(own, packed(own, rows_max), strict=True))
    marks = {name: tuple(span for span in spans if span.lane == name) for name in (LEADERS, ISR)}
    return Story(bars, marks)


def packed(spans: Sequence[SpanView], rows_max: int) -> list[int]:
    """A row for each span so that those of one row do not overlap; the last row takes what is left."""
    ends: list[Micros | None] = []
    found: list[int] = []
    for span in spans:
        row = next((at for at, end in enumerate(ends) if end is not None and end <= span.start), len(ends))
        row = min(row, rows_max - 1)
        if row == len(ends):
            ends.append(span.end)
        else:
            ends[row] = span.end
        found.append(row)
    return found
