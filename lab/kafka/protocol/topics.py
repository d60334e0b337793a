"""TopicPartition, and what a topic may be called."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

V = TypeVar("V")

NAME_MAX = 249
LEGAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


class TopicPartition(NamedTuple):
    """A partition of a topic. A tuple, because it is the key of every table on the hot path."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


def by_topic(table: Mapping[TopicPartition, V]) -> dict[TopicPartition, V]:
    """The same, topic by topic: the order in which a message comes to its reader that has partitions within topics."""
    topics: dict[str, dict[TopicPartition, V]] = {}
    for one, value in table.items():
        topics.setdefault(one.topic, {})[one] = value
    return {one: value for partitions in topics.values() for one, value in partitions.items()}


def all_by_topic(partitions: Iterable[TopicPartition]) -> tuple[TopicPartition, ...]:
    """The same of partitions alone."""
    return tuple(by_topic(dict.fromkeys(partitions)))


def valid_topic_name(name: str) -> str:
    """Why a topic may not be called so; empty if it may (Kafka's `Topic.validate`)."""
    if not name:
        return "wanted a topic name, found none"
    if name in (".", ".."):
        return f"wanted a topic name, found {name!r}, which is a folder's"
    if len(name) > NAME_MAX:
        return f"wanted a topic name of at most {NAME_MAX} characters, found {len(name)}"
    wrong = next((sign for sign in name if sign not in LEGAL), "")
    return f"wanted letters, digits, '.', '_' and '-' in a topic name, found {wrong!r}" if wrong else ""


def java_hash(text: str) -> int:
    """`String.hashCode()`, as a signed 32-bit number: what Kafka places groups by."""
    value = 0
    data = text.encode("utf-16-be")
    for at in range(0, len(data), 2):
        value = (31 * value + (data[at] << 8 | data[at + 1])) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value
