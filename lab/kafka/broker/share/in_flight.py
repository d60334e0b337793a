"""InFlightRecords: the records between a share-partition's start and end offset, as runs of equal state."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from lab.env import Micros

AVAILABLE, ACQUIRED, ACKNOWLEDGED, ARCHIVED = 0, 1, 2, 4
STATES = {AVAILABLE: "Available", ACQUIRED: "Acquired", ACKNOWLEDGED: "Acknowledged", ARCHIVED: "Archived"}
FINISHED = (ACKNOWLEDGED, ARCHIVED)


@dataclass(slots=True)
class InFlightBatch:
    """Offsets from `first` to before `end`. `moving_to`: the state they get once it is written; until then they are
    nobody else's, and their lock does not expire.
    """

    first: int
    end: int
    state: int
    delivery_count: int = 0
    member_id: str = ""
    locked_until: Micros = 0
    moving_to: int | None = None
    reason: str = ""

    def __len__(self) -> int:
        return self.end - self.first

    def joins(self, other: "InFlightBatch") -> bool:
        """Whether the two could be one."""
        return (
            self.state == other.state and self.delivery_count == other.delivery_count
            and self.member_id == other.member_id and self.locked_until == other.locked_until
            and self.moving_to == other.moving_to and self.reason == other.reason
        )  # fmt: skip


class InFlightRecords:
    """Runs in order, without gaps: from the start offset (SPSO) to the end offset (SPEO, one past the last)."""

    __slots__ = ("runs", "start_offset")

    def __init__(self, start_offset: int) -> None:
        self.start_offset = start_offset
        self.runs: list[InFlightBatch] = []

    @property
    def end_offset(self) -> int:
        """One past the last offset that was ever acquired."""
        return self.runs[-1].end if self.runs else self.start_offset

    def append(self, run: InFlightBatch) -> None:
        """The next offsets, which end the runs so far."""
        assert run.first == self.end_offset, (run, self.end_offset)
        self.runs.append(run)

    def between(self, first: int, end: int) -> list[InFlightBatch]:
        """The runs of [first, end), cut at both ends."""
        self._cut(first)
        self._cut(end)
        return [run for run in self.runs if run.first >= first and run.end <= end]

    def _cut(self, offset: int) -> None:
        at = bisect_right(self.runs, offset, key=lambda run: run.first) - 1
        if at < 0:
            return
        run = self.runs[at]
        if run.first < offset < run.end:
            self.runs.insert(at + 1, replace(run, first=offset))
            run.end = offset

    def held_by(self, member_id: str, first: int, end: int) -> bool:
        """Whether all of [first, end) is acquired by a member, which has not yet said what became of it."""
        if first < self.start_offset or end > self.end_offset:
            return False
        return all(
            run.state == ACQUIRED and run.member_id == member_id and run.moving_to is None
            for run in self.runs if run.end > first and run.first < end
        )  # fmt: skip

    def tidy(self) -> None:
        """Make one of neighbours that are alike; drop the finished ones at the beginning: the start offset moves."""
        runs: list[InFlightBatch] = []
        for run in self.runs:
            if not runs and run.state in FINISHED and run.moving_to is None:
                self.start_offset = run.end
            elif runs and runs[-1].joins(run):
                runs[-1].end = run.end
            else:
                runs.append(run)
        self.runs = runs

    def count(self, state: int) -> int:
        """How many records are in a state."""
        return sum(len(run) for run in self.runs if run.state == state)
