"""Records of `__consumer_offsets`, byte for byte as Kafka writes them (spec 4.3)."""

import struct
from dataclasses import dataclass

from lab.kafka.coordinator.plain import PlainReader, plain_bytes, plain_string
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topics import TopicPartition

OFFSET_KEY, GROUP_KEY = 1, 2
OFFSET_VALUE, GROUP_VALUE = 3, 3


@dataclass(slots=True)
class OffsetKey:
    """Whose offset, of which partition."""

    group_id: str
    partition: TopicPartition


@dataclass(slots=True)
class GroupKey:
    """Which group."""

    group_id: str


@dataclass(slots=True)
class StoredMember:
    """A member as the log remembers it."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    subscription: bytes
    assignment: bytes


@dataclass(slots=True)
class StoredGroup:
    """A generation as the log remembers it; no members: the group is empty."""

    protocol_type: str
    generation: int
    protocol: str | None
    leader: str | None
    state_timestamp_ms: int
    members: tuple[StoredMember, ...]


def offset_key(key: OffsetKey) -> bytes:
    """Key version 1: group, topic, partition."""
    return (
        struct.pack(">h", OFFSET_KEY)
        + plain_string(key.group_id)
        + plain_string(key.partition.topic)
        + struct.pack(">i", key.partition.partition)
    )


def offset_value(offset: CommittedOffset, timestamp_ms: int) -> bytes:
    """Value version 3: offset, leader epoch, metadata, commit timestamp."""
    head = struct.pack(">hqi", OFFSET_VALUE, offset.offset, offset.leader_epoch)
    return head + plain_string(offset.metadata) + struct.pack(">q", timestamp_ms)


def group_key(key: GroupKey) -> bytes:
    """Key version 2: group."""
    return struct.pack(">h", GROUP_KEY) + plain_string(key.group_id)


def group_value(group: StoredGroup) -> bytes:
    """Value version 3."""
    head = struct.pack(">h", GROUP_VALUE) + plain_string(group.protocol_type) + struct.pack(">i", group.generation)
    parts = [
        head,
        plain_string(group.protocol),
        plain_string(group.leader),
        struct.pack(">qi", group.state_timestamp_ms, len(group.members)),
    ]
    for member in group.members:
        parts += (
            plain_string(member.member_id), plain_string(member.group_instance_id),
            plain_string(member.client_id), plain_string(member.client_host),
            struct.pack(">ii", member.rebalance_timeout_ms, member.session_timeout_ms),
            plain_bytes(member.subscription), plain_bytes(member.assignment),
        )  # fmt: skip
    return b"".join(parts)


def read_key(data: bytes) -> OffsetKey | GroupKey:
    """A record's key."""
    reader = PlainReader(data)
    if reader.number(">h") == GROUP_KEY:
        return GroupKey(reader.plain_text())
    return OffsetKey(reader.plain_text(), TopicPartition(reader.plain_text(), reader.number(">i")))


def read_offset(data: bytes) -> tuple[CommittedOffset, int]:
    """An offset and when it was committed."""
    reader = PlainReader(data)
    reader.number(">h")
    offset, epoch = reader.number(">q"), reader.number(">i")
    return CommittedOffset(offset, epoch, reader.plain_text()), reader.number(">q")


def read_group(data: bytes) -> StoredGroup:
    """A generation."""
    reader = PlainReader(data)
    reader.number(">h")
    protocol_type, generation = reader.plain_text(), reader.number(">i")
    protocol, leader, timestamp = reader.plain_string(), reader.plain_string(), reader.number(">q")
    members: list[StoredMember] = []
    for _ in range(reader.number(">i")):
        member_id, instance = reader.plain_text(), reader.plain_string()
        client, host = reader.plain_text(), reader.plain_text()
        rebalance, session = reader.number(">i"), reader.number(">i")
        rest = reader.plain_bytes(), reader.plain_bytes()
        members.append(StoredMember(member_id, instance, client, host, rebalance, session, *rest))
    return StoredGroup(protocol_type, generation, protocol, leader, timestamp, tuple(members))
