"""LeaderEpochCache: which leader epoch began at which offset (spec 1.6)."""

from lab.env import Disk, Packed

FILE = "leader-epoch-checkpoint"


class LeaderEpochCache(Packed):
    """Epochs and their start offsets, both ascending; replaced atomically on the disk, flushed first."""

    __slots__ = ("entries", "path")

    def __init__(self, disk: Disk, folder: str) -> None:
        self.path = f"{folder}/{FILE}"
        self.entries: list[tuple[int, int]] = []
        if disk.exists(self.path):
            lines = disk.read(self.path, 0, disk.size(self.path)).decode().split("\n")[2:]
            self.entries = [(int(epoch), int(start)) for epoch, start in (line.split() for line in lines if line)]

    @property
    def latest(self) -> int:
        """The newest epoch; -1 if there is none."""
        return self.entries[-1][0] if self.entries else -1

    def assign(self, disk: Disk, epoch: int, offset: int) -> None:
        """`epoch` begins at `offset`, unless it is known to have begun before."""
        entries = self.entries
        if entries and entries[-1][0] == epoch and entries[-1][1] <= offset:
            return
        while entries and (entries[-1][0] >= epoch or entries[-1][1] >= offset):
            entries.pop()
        entries.append((epoch, offset))
        self._save(disk)

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The greatest epoch not above `epoch`, and where it ended; (-1, -1) if the log cannot tell."""
        if epoch < 0 or not self.entries or epoch > self.entries[-1][0]:
            return -1, -1
        if epoch == self.entries[-1][0]:
            return epoch, log_end_offset
        floor = -1
        for known, start in self.entries:
            if known > epoch:
                return (epoch if floor < 0 else floor), start
            floor = known
        raise AssertionError(epoch)

    def truncate_from_end(self, disk: Disk, offset: int) -> None:
        """Forget epochs that began at `offset` or later."""
        if self.entries and self.entries[-1][1] >= offset:
            self.entries = [entry for entry in self.entries if entry[1] < offset]
            self._save(disk)

    def truncate_from_start(self, disk: Disk, offset: int) -> None:
        """Records below `offset` are gone: the epoch that reaches over it now begins there."""
        dropped = [entry for entry in self.entries if entry[1] <= offset]
        if not dropped:
            return
        kept = [(dropped[-1][0], offset), *self.entries[len(dropped) :]]
        if kept != self.entries:
            self.entries = kept
            self._save(disk)

    def _save(self, disk: Disk) -> None:
        lines = "".join(f"{epoch} {start}\n" for epoch, start in self.entries)
        disk.write(f"{self.path}.tmp", f"0\n{len(self.entries)}\n{lines}".encode())
        disk.flush(f"{self.path}.tmp")
        disk.replace(f"{self.path}.tmp", self.path)
