"""ElectionState: what a voter must not forget: its epoch, its vote, its leader (`quorum-state`, spec 3.2)."""

import json

from lab.env import Disk
from lab.kafka.protocol.messages.quorum import NO_NODE

FILE = "quorum-state"
DATA_VERSION = 0


class ElectionState:
    """Written and flushed before anybody hears of it, and replaced atomically."""

    __slots__ = ("epoch", "leader_id", "path", "voted_id")

    def __init__(self, disk: Disk, folder: str) -> None:
        self.path = f"{folder}/{FILE}"
        self.epoch = 0
        self.leader_id = NO_NODE
        self.voted_id = NO_NODE
        if disk.exists(self.path):
            found = json.loads(disk.read(self.path, 0, disk.size(self.path)))
            self.epoch = found["leaderEpoch"]
            self.leader_id = found["leaderId"]
            self.voted_id = found["votedId"]

    def write(self, disk: Disk, epoch: int, leader_id: int, voted_id: int) -> None:
        """Another epoch, leader or vote. Epochs never fall. Raises DiskFull."""
        assert epoch >= self.epoch, (epoch, self.epoch)
        if (epoch, leader_id, voted_id) == (self.epoch, self.leader_id, self.voted_id):
            return
        self.epoch, self.leader_id, self.voted_id = epoch, leader_id, voted_id
        data = {"leaderId": leader_id, "leaderEpoch": epoch, "votedId": voted_id, "data_version": DATA_VERSION}
        disk.write(f"{self.path}.tmp", json.dumps(data, separators=(",", ":")).encode())
        disk.flush(f"{self.path}.tmp")
        disk.replace(f"{self.path}.tmp", self.path)
