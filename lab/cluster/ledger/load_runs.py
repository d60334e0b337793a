"""LoadRuns: which offsets of a partition hold batches of equal records, and their births; an interval a batch.

A partition that has none does without. Beside the runs its other records are kept one by one, and found by how
many records of runs lie before them.
"""

from typing import NamedTuple

from lab.env import Micros
from lab.env.vec import Vec


class Run(NamedTuple):
    """Offsets [base_offset, end_offset) hold the records of `producer` numbered from `first`. `before`: how many
    records of runs lie below. Without a `producer` they are a real client's, who numbers nothing.
    """

    base_offset: int
    end_offset: int
    producer: str
    first: int
    appended_at: Micros
    before: int


class LoadRuns:
    """The runs of one partition, in order."""

    __slots__ = ("runs",)

    def __init__(self) -> None:
        self.runs: Vec[Run] = Vec()

    def add(self, base_offset: int, producer: str, births: range, at: Micros) -> None:
        """A batch was appended."""
        before = self.before(base_offset)
        self.runs.append(Run(base_offset, base_offset + len(births), producer, births.start, at, before))

    def at_or_below(self, offset: int) -> Run | None:
        """The last run that begins at `offset` or below."""
        low, high = 0, len(self.runs)
        if high and self.runs[high - 1].base_offset <= offset:
            return self.runs[high - 1]
        while low < high:
            middle = (low + high) // 2
            if self.runs[middle].base_offset <= offset:
                low = middle + 1
            else:
                high = middle
        return self.runs[low - 1] if low else None

    def before(self, offset: int) -> int:
        """How many records of runs lie below an offset."""
        run = self.at_or_below(offset)
        return run.before + min(offset, run.end_offset) - run.base_offset if run is not None else 0

    def cut(self, end: int) -> None:
        """All from `end` on is gone; batches go whole."""
        while len(self.runs) and self.runs[-1].end_offset > end:
            self.runs.truncate(len(self.runs) - 1)
