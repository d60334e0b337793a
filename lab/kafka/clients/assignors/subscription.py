"""The embedded protocol: what members tell each other through the coordinator, as bytes (spec 4.4)."""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lab.kafka.protocol.topics import TopicPartition

VERSION = 3


@dataclass(slots=True)
class Subscription:
    """What one member wants, and what it has. `user_data`: what its assignor remembers, in its own format."""

    member_id: str
    topics: tuple[str, ...]
    owned: tuple[TopicPartition, ...] = ()
    generation: int = -1
    group_instance_id: str | None = None
    user_data: bytes | None = None

    def order(self) -> tuple[bool, str]:
        """Members with an instance id first, by it; the others by member id."""
        return self.group_instance_id is None, self.group_instance_id or self.member_id


Assignment = dict[str, list[TopicPartition]]
Assignor = Callable[[Sequence[Subscription], Mapping[str, int]], Assignment]
"""Members and partition counts by topic in; partitions by member id out."""


def encode_subscription(one: Subscription) -> bytes:
    """Version 3: topics, user data, owned partitions, generation, no rack."""
    head = struct.pack(">hi", VERSION, len(one.topics)) + b"".join(_string(topic) for topic in one.topics)
    data = struct.pack(">i", -1) if one.user_data is None else struct.pack(">i", len(one.user_data)) + one.user_data
    return head + data + _partitions(one.owned) + struct.pack(">ih", one.generation, -1)


def decode_subscription(data: bytes, member_id: str, instance: str | None) -> Subscription:
    """The inverse; newer versions' trailing bytes are ignored."""
    at = 2
    (count,) = struct.unpack_from(">i", data, at)
    at += 4
    topics: list[str] = []
    for _ in range(count):
        topic, at = _read_string(data, at)
        topics.append(topic)
    (size,) = struct.unpack_from(">i", data, at)
    user_data = data[at + 4 : at + 4 + size] if size >= 0 else None
    at += 4 + max(size, 0)
    owned, at = _read_partitions(data, at)
    (generation,) = struct.unpack_from(">i", data, at)
    return Subscription(member_id, tuple(topics), owned, generation, instance, user_data)


def encode_memory(assigned: Sequence[TopicPartition], generation: int) -> bytes:
    """The sticky assignor's user data, version 1: the last assignment, and its generation."""
    return _partitions(assigned) + struct.pack(">i", generation)


def remembered(one: Subscription) -> Subscription:
    """The subscription with what its user data remembers as owned; with nothing, if there is none."""
    if not one.user_data:
        return replace(one, owned=(), generation=-1)
    owned, at = _read_partitions(one.user_data, 0)
    (generation,) = struct.unpack_from(">i", one.user_data, at)
    return replace(one, owned=owned, generation=generation)


def encode_assignment(partitions: Sequence[TopicPartition]) -> bytes:
    """Version 3: partitions, no user data."""
    return struct.pack(">h", VERSION) + _partitions(partitions) + struct.pack(">i", -1)


def decode_assignment(data: bytes) -> tuple[TopicPartition, ...]:
    """The inverse; no bytes mean nothing."""
    return _read_partitions(data, 2)[0] if data else ()


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">h", data, at)
    return data[at + 2 : at + 2 + size].decode(), at + 2 + size


def _partitions(partitions: Sequence[TopicPartition]) -> bytes:
    by_topic: dict[str, list[int]] = {}
    for one in partitions:
        by_topic.setdefault(one.topic, []).append(one.partition)
    parts = [struct.pack(">i", len(by_topic))]
    for topic, indexes in by_topic.items():
        parts += (_string(topic), struct.pack(f">i{len(indexes)}i", len(indexes), *indexes))
    return b"".join(parts)


def _read_partitions(data: bytes, at: int) -> tuple[tuple[TopicPartition, ...], int]:
    (topics,) = struct.unpack_from(">i", data, at)
    at += 4
    found: list[TopicPartition] = []
    for _ in range(topics):
        topic, at = _read_string(data, at)
        (count,) = struct.unpack_from(">i", data, at)
        indexes = struct.unpack_from(f">{count}i", data, at + 4)
        at += 4 + 4 * count
        found += [TopicPartition(topic, index) for index in indexes]
    return tuple(found), at
