"""`partition.metadata`: the file by which a log knows of which topic it is, beyond its name (spec 1.6, KIP-516)."""

from functools import lru_cache

from lab.env import Disk
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId

FILE = "partition.metadata"


def read_topic_id(disk: Disk, folder: str) -> TopicId:
    """The id of the topic of which this log is; none in a folder that has no such file, or a torn one."""
    path = f"{folder}/{FILE}"
    if not disk.exists(path):
        return NO_TOPIC_ID
    _, _, topic_id = disk.read(path, 0, disk.size(path)).decode().partition("\ntopic_id: ")
    return topic_id.rstrip("\n") if topic_id.endswith("\n") else NO_TOPIC_ID


@lru_cache(maxsize=1_024)
def _content(topic_id: TopicId) -> bytes:
    """The same bytes for all replicas of a topic, so that a checkpoint holds them once."""
    return f"version: 0\ntopic_id: {topic_id}\n".encode()


def write_topic_id(disk: Disk, folder: str, topic_id: TopicId) -> None:
    """Written with the log, before anything is in it, and never again."""
    path = f"{folder}/{FILE}"
    disk.write(f"{path}.tmp", _content(topic_id))
    disk.flush(f"{path}.tmp")
    disk.replace(f"{path}.tmp", path)
