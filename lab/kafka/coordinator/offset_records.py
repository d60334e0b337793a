"""Records of `__consumer_offsets`, byte for byte as Kafka writes them (spec 4.3)."""

import struct
from dataclasses import dataclass

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


def _string(text: str | None) -> bytes:
    if text is None:
        return b"\xff\xff"
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _bytes(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def offset_key(key: OffsetKey) -> bytes:
    """Key version 1: group, topic, partition."""
    return (
        struct.pack(">h", OFFSET_KEY)
        + _string(key.group_id)
        + _string(key.partition.topic)
        + struct.pack(">i", key.partition.partition)
    )


def offset_value(offset: CommittedOffset, timestamp_ms: int) -> bytes:
    """Value version 3: offset, leader epoch, metadata, commit timestamp."""
    head = struct.pack(">hqi", OFFSET_VALUE, offset.offset, offset.leader_epoch)
    return head + _string(offset.metadata) + struct.pack(">q", timestamp_ms)


def group_key(key: GroupKey) -> bytes:
    """Key version 2: group."""
    return struct.pack(">h", GROUP_KEY) + _string(key.group_id)


def group_value(group: StoredGroup) -> bytes:
    """Value version 3."""
    head = struct.pack(">h", GROUP_VALUE) + _string(group.protocol_type) + struct.pack(">i", group.generation)
    parts = [
        head,
        _string(group.protocol),
        _string(group.leader),
        struct.pack(">qi", group.state_timestamp_ms, len(group.members)),
    ]
    for member in group.members:
        parts += (
            _string(member.member_id), _string(member.group_instance_id), _string(member.client_id), _string("/lab"),
            struct.pack(">ii", member.rebalance_timeout_ms, member.session_timeout_ms),
            _bytes(member.subscription), _bytes(member.assignment),
        )  # fmt: skip
    return b"".join(parts)


class _Cursor:
    """Reads what the functions above wrote."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self, form: str) -> int:
        """One number of a struct format."""
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def take(self, size: int) -> bytes:
        """The next bytes."""
        self.at += size
        return self.data[self.at - size : self.at]

    def string(self) -> str | None:
        """A nullable string."""
        size = self.number(">h")
        return None if size < 0 else self.take(size).decode()

    def text(self) -> str:
        """A string that is there."""
        found = self.string()
        assert found is not None
        return found

    def blob(self) -> bytes:
        """Sized bytes."""
        return self.take(self.number(">i"))


def read_key(data: bytes) -> OffsetKey | GroupKey:
    """A record's key."""
    cursor = _Cursor(data)
    if cursor.number(">h") == GROUP_KEY:
        return GroupKey(cursor.text())
    return OffsetKey(cursor.text(), TopicPartition(cursor.text(), cursor.number(">i")))


def read_offset(data: bytes) -> tuple[CommittedOffset, int]:
    """An offset and when it was committed."""
    cursor = _Cursor(data)
    cursor.number(">h")
    offset, epoch = cursor.number(">q"), cursor.number(">i")
    return CommittedOffset(offset, epoch, cursor.text()), cursor.number(">q")


def read_group(data: bytes) -> StoredGroup:
    """A generation."""
    cursor = _Cursor(data)
    cursor.number(">h")
    protocol_type, generation = cursor.text(), cursor.number(">i")
    protocol, leader, timestamp = cursor.string(), cursor.string(), cursor.number(">q")
    members: list[StoredMember] = []
    for _ in range(cursor.number(">i")):
        member_id, instance, client = cursor.text(), cursor.string(), cursor.text()
        cursor.string()
        rebalance, session = cursor.number(">i"), cursor.number(">i")
        members.append(StoredMember(member_id, instance, client, rebalance, session, cursor.blob(), cursor.blob()))
    return StoredGroup(protocol_type, generation, protocol, leader, timestamp, tuple(members))
