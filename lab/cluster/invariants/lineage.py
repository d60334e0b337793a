"""Lineage: which leader epoch wrote which offsets of a log. Equal epochs at one offset mean equal logs below it."""

from bisect import bisect_right

from lab.env import Packed


class Lineage(Packed):
    """The epochs of one log and where each began, oldest first; `end` is one past its last offset."""

    __slots__ = ("end", "epochs", "starts")

    def __init__(self, end: int = 0) -> None:
        self.end = end
        self.epochs: list[int] = []
        self.starts: list[int] = []

    def extend(self, epoch: int, base_offset: int, next_offset: int) -> None:
        """A batch was appended."""
        if not self.epochs or self.epochs[-1] != epoch:
            self.epochs.append(epoch)
            self.starts.append(base_offset)
        self.end = next_offset

    def cut(self, offset: int) -> None:
        """All from `offset` on is gone. A log that begins anew beyond its end knows nothing of before."""
        if offset > self.end:
            self.starts, self.epochs = [], []
        while self.starts and self.starts[-1] >= offset:
            self.starts.pop()
            self.epochs.pop()
        self.end = offset

    def epoch_at(self, offset: int) -> int:
        """Who wrote the record there; -1 if that is not known, or nothing is there."""
        if not 0 <= offset < self.end:
            return -1
        at = bisect_right(self.starts, offset) - 1
        return self.epochs[at] if at >= 0 else -1

    def end_for(self, epoch: int) -> int:
        """Where the first later epoch begins; the end if there is none."""
        at = bisect_right(self.epochs, epoch)
        return self.starts[at] if at < len(self.starts) else self.end

    def agrees(self, other: "Lineage", end: int) -> bool:
        """Whether both hold the same records below `end`, as far as either can tell."""
        if self.end < end or other.end < end:
            return False
        if self.starts and other.starts and self.starts[-1] < end > other.starts[-1]:  # both in their newest epoch
            return self.epochs[-1] == other.epochs[-1]
        mine, theirs = self.epoch_at(end - 1), other.epoch_at(end - 1)
        return mine == theirs or mine < 0 or theirs < 0

    def shared(self, other: "Lineage") -> int:
        """How far both hold the same records."""
        end = min(self.end, other.end)
        while end > 0 and not self.agrees(other, end):
            end = max(self._start_of(end - 1), other._start_of(end - 1))
        return end

    def _start_of(self, offset: int) -> int:
        at = bisect_right(self.starts, offset) - 1
        return self.starts[at] if at >= 0 else 0

    def until(self, end: int) -> "Lineage":
        """A copy of the part below `end`."""
        found = Lineage(end)
        count = bisect_right(self.starts, end - 1)
        found.epochs, found.starts = self.epochs[:count], self.starts[:count]
        return found
