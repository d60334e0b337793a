"""Checkpoint files of a log dir: high watermarks, recovery points, log start offsets, cleaner offsets; the mark of
a clean shutdown.
"""

from lab.env import Disk
from lab.kafka.protocol.topics import TopicPartition

HIGH_WATERMARKS = "replication-offset-checkpoint"
RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
CLEANER_OFFSETS = "cleaner-offset-checkpoint"
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"


def read_offsets(disk: Disk, path: str) -> dict[TopicPartition, int]:
    """A checkpoint's offsets; none if there is no such file."""
    if not disk.exists(path):
        return {}
    lines = disk.read(path, 0, disk.size(path)).decode().split("\n")[2:]
    found: dict[TopicPartition, int] = {}
    for line in lines:
        # A torn last line, after a power loss, is not a checkpoint of anything.
        if len(words := line.split()) == 3 and words[1].isdigit() and words[2].isdigit():
            found[TopicPartition(words[0], int(words[1]))] = int(words[2])
    return found


def write_offsets(disk: Disk, path: str, offsets: dict[TopicPartition, int]) -> None:
    """Replace a checkpoint atomically, flushed first."""
    lines = "".join(f"{one.topic} {one.partition} {offset}\n" for one, offset in offsets.items())
    disk.write(f"{path}.tmp", f"0\n{len(offsets)}\n{lines}".encode())
    disk.flush(f"{path}.tmp")
    disk.replace(f"{path}.tmp", path)


def mark_clean(disk: Disk, broker_epoch: int) -> None:
    """A clean end leaves the epoch of the broker that ended: the next process proves by it that nothing is lost."""
    disk.write(CLEAN_SHUTDOWN, f'{{"version":0,"brokerEpoch":{broker_epoch}}}'.encode())
    disk.flush(CLEAN_SHUTDOWN)


def take_clean_mark(disk: Disk) -> int | None:
    """The broker epoch of a clean end, which holds for one start only; None if there was none."""
    if not disk.exists(CLEAN_SHUTDOWN):
        return None
    text = disk.read(CLEAN_SHUTDOWN, 0, disk.size(CLEAN_SHUTDOWN)).decode()
    disk.delete(CLEAN_SHUTDOWN)
    number = text.rpartition(":")[2].rstrip("}")
    return int(number) if number.lstrip("-").isdigit() else -1
