"""The embedded protocol: what consumers of the classic group protocol tell each other through the coordinator, as bytes
(spec 4.4). A coordinator that also speaks the consumer protocol reads and writes it too.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.topics import TopicPartition

PROTOCOL_TYPE = "consumer"
VERSION = 3
"""The newest; what a still newer one adds comes behind, and is not read."""


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


def encode_subscription(one: Subscription) -> bytes:
    """Version 3: topics, user data, owned partitions, generation, no rack."""
    head = struct.pack(">hi", VERSION, len(one.topics)) + b"".join(_string(topic) for topic in one.topics)
    data = struct.pack(">i", -1) if one.user_data is None else struct.pack(">i", len(one.user_data)) + one.user_data
    return head + data + encode_partitions(one.owned) + struct.pack(">ih", one.generation, -1)


def decode_subscription(data: bytes, member_id: str, instance: str | None) -> Subscription:
    """The inverse, of any version: owned partitions came with version 1, the generation with 2. Raises Malformed."""
    try:
        version, at = embedded_version(data), 2
        (count,) = struct.unpack_from(">i", data, at)
        at += 4
        topics: list[str] = []
        for _ in range(count):
            topic, at = _read_string(data, at)
            topics.append(topic)
        user_data, at = _read_user_data(data, at)
        owned, at = decode_partitions(data, at) if version >= 1 else ((), at)
        generation = struct.unpack_from(">i", data, at)[0] if version >= 2 else -1
    except (struct.error, UnicodeDecodeError) as wrong:
        raise Malformed(f"a subscription: {wrong}") from wrong
    return Subscription(member_id, tuple(topics), owned, generation, instance, user_data)


def encode_assignment(partitions: Sequence[TopicPartition], version: int = VERSION) -> bytes:
    """Partitions, no user data; all versions have the same fields."""
    return struct.pack(">h", min(version, VERSION)) + encode_partitions(partitions) + struct.pack(">i", -1)


def decode_assignment(data: bytes) -> tuple[TopicPartition, ...]:
    """The inverse; no bytes mean nothing. Raises Malformed."""
    return read_assignment(data)[0]


def read_assignment(data: bytes) -> tuple[tuple[TopicPartition, ...], bytes | None]:
    """The partitions of an assignment, and what an assignor adds for itself. Raises Malformed."""
    if not data:
        return (), None
    try:
        embedded_version(data)
        partitions, at = decode_partitions(data, 2)
        return partitions, _read_user_data(data, at)[0]
    except (struct.error, UnicodeDecodeError) as wrong:
        raise Malformed(f"an assignment: {wrong}") from wrong


def embedded_version(data: bytes) -> int:
    """The version in which a subscription or an assignment is written. Raises Malformed."""
    if len(data) < 2 or data[0] >= 0x80:
        raise Malformed(f"wanted a version of at least 0, found {data[:2].hex() or 'nothing'}")
    return int.from_bytes(data[:2], "big")


def encode_partitions(partitions: Sequence[TopicPartition]) -> bytes:
    """By topic, in the order in which topics come first."""
    by_topic: dict[str, list[int]] = {}
    for one in partitions:
        by_topic.setdefault(one.topic, []).append(one.partition)
    parts = [struct.pack(">i", len(by_topic))]
    for topic, indexes in by_topic.items():
        parts += (_string(topic), struct.pack(f">i{len(indexes)}i", len(indexes), *indexes))
    return b"".join(parts)


def decode_partitions(data: bytes, at: int) -> tuple[tuple[TopicPartition, ...], int]:
    """The inverse, and where it ends. Raises struct.error."""
    (topics,) = struct.unpack_from(">i", data, at)
    at += 4
    found: list[TopicPartition] = []
    for _ in range(topics):
        topic, at = _read_string(data, at)
        (count,) = struct.unpack_from(">i", data, at)
        indexes = struct.unpack_from(f">{max(count, 0)}i", data, at + 4)
        at += 4 + 4 * max(count, 0)
        found += [TopicPartition(topic, index) for index in indexes]
    return tuple(found), at


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">h", data, at)
    if size < 0:
        raise struct.error("a string without a length")
    return data[at + 2 : at + 2 + size].decode(), at + 2 + size


def _read_user_data(data: bytes, at: int) -> tuple[bytes | None, int]:
    (size,) = struct.unpack_from(">i", data, at)
    return (data[at + 4 : at + 4 + size] if size >= 0 else None), at + 4 + max(size, 0)
