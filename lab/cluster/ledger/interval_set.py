"""IntervalSet: a set of whole numbers that mostly lie next to each other, kept as intervals.

Offsets that were acknowledged, births that were done: in a healthy run each is one interval, however
long the run; only trouble adds another. So truth about millions of records fits in a few numbers, and
a checkpoint of the world stays small.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from lab.env import Packed


class IntervalSet(Packed):
    """Whole numbers as disjoint half-open intervals, in order."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.starts, number) - 1
        return at >= 0 and number < self.ends[at]

    def __len__(self) -> int:
        return sum(self.ends) - sum(self.starts)

    def __bool__(self) -> bool:
        return bool(self.starts)

    def intervals(self) -> Iterator[tuple[int, int]]:
        """The intervals, each as (first, one past the last)."""
        return zip(self.starts, self.ends, strict=True)

    def add(self, start: int, end: int | None = None) -> int:
        """Add `start`, or all of [start, end). Returns how many were there already."""
        if end is None:
            end = start + 1
        starts, ends = self.starts, self.ends
        if ends and start == ends[-1]:
            ends[-1] = end
            return 0
        first = bisect_left(ends, start)
        last = bisect_right(starts, end)
        if first == last:
            starts.insert(first, start)
            ends.insert(first, end)
            return 0
        before = sum(
            min(end, ends[at]) - max(start, starts[at])
            for at in range(first, last)
            if ends[at] > start and starts[at] < end
        )
        starts[first:last] = [min(start, starts[first])]
        ends[first:last] = [max(end, ends[last - 1])]
        return before

    def remove(self, start: int, end: int) -> int:
        """Take out all of [start, end). Returns how many were there."""
        starts: list[int] = []
        ends: list[int] = []
        gone = 0
        for low, high in self.intervals():
            gone += max(0, min(high, end) - max(low, start))
            if low < min(high, start):
                starts.append(low)
                ends.append(min(high, start))
            if max(low, end) < high:
                starts.append(max(low, end))
                ends.append(high)
        self.starts, self.ends = starts, ends
        return gone

    def count(self, start: int, end: int) -> int:
        """How many of [start, end) are in the set."""
        at = max(0, bisect_right(self.starts, start) - 1)
        total = 0
        while at < len(self.starts) and self.starts[at] < end:
            total += max(0, min(self.ends[at], end) - max(self.starts[at], start))
            at += 1
        return total

    def common(self, other: "IntervalSet") -> int:
        """How many numbers are in both."""
        return sum(other.count(low, high) for low, high in self.intervals())

    def gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of [start, end) that are not in the set."""
        missing: list[tuple[int, int]] = []
        for low, high in self.intervals():
            if high <= start:
                continue
            if low >= end:
                break
            if low > start:
                missing.append((start, low))
            start = max(start, high)
        if start < end:
            missing.append((start, end))
        return missing
