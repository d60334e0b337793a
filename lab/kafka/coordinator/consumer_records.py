"""Records of `__consumer_offsets` that a consumer group consists of, keys 3 to 8 and 16 (spec 4.3, KIP-848).

The layout is Kafka's, values in its flexible encoding. One thing differs: where Kafka writes a topic's id stands its
name, since topics have no ids here.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from lab.kafka.protocol.topics import TopicPartition

CLIENT_HOST = "/lab"
NO_TAGS = b"\x00"
T = TypeVar("T")


@dataclass(slots=True)
class GroupEpoch:
    """ConsumerGroupMetadata: the group epoch."""

    key: ClassVar[int] = 3
    of_member: ClassVar[bool] = False
    epoch: int


@dataclass(slots=True)
class SubscriptionMetadata:
    """ConsumerGroupPartitionMetadata: of each topic that is read, how many partitions the target is made for."""

    key: ClassVar[int] = 4
    of_member: ClassVar[bool] = False
    counts: dict[str, int]


@dataclass(slots=True)
class MemberMetadata:
    """ConsumerGroupMemberMetadata: who a member is and what it wants."""

    key: ClassVar[int] = 5
    of_member: ClassVar[bool] = True
    instance_id: str | None
    client_id: str
    topics: tuple[str, ...]
    regex: str
    rebalance_timeout_ms: int
    assignor: str


@dataclass(slots=True)
class TargetEpoch:
    """ConsumerGroupTargetAssignmentMetadata: the epoch that the target is made for."""

    key: ClassVar[int] = 6
    of_member: ClassVar[bool] = False
    epoch: int


@dataclass(slots=True)
class MemberTarget:
    """ConsumerGroupTargetAssignmentMember: what a member is to have in the end."""

    key: ClassVar[int] = 7
    of_member: ClassVar[bool] = True
    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class CurrentAssignment:
    """ConsumerGroupCurrentMemberAssignment: what a member has now."""

    key: ClassVar[int] = 8
    of_member: ClassVar[bool] = True
    epoch: int
    previous_epoch: int
    state: int
    assigned: tuple[TopicPartition, ...]
    pending_revocation: tuple[TopicPartition, ...]


@dataclass(slots=True)
class ResolvedPattern:
    """ConsumerGroupRegularExpression: the topics that a pattern means now. Its pattern stands for a member's id."""

    key: ClassVar[int] = 16
    of_member: ClassVar[bool] = True
    topics: tuple[str, ...]


Value = (
    GroupEpoch
    | SubscriptionMetadata
    | MemberMetadata
    | TargetEpoch
    | MemberTarget
    | CurrentAssignment
    | ResolvedPattern
)
MEMBER_KINDS: tuple[type[Value], ...] = (CurrentAssignment, MemberTarget, MemberMetadata)
GROUP_KINDS: tuple[type[Value], ...] = (TargetEpoch, SubscriptionMetadata, GroupEpoch)
KINDS: dict[int, type[Value]] = {kind.key: kind for kind in (*GROUP_KINDS, *MEMBER_KINDS, ResolvedPattern)}


@dataclass(slots=True)
class ConsumerRecord:
    """One record, before it is bytes. Without a value it is a tombstone."""

    kind: type[Value]
    group_id: str
    member_id: str
    value: Value | None

    def encoded(self) -> tuple[bytes, bytes | None]:
        """Key and value as bytes."""
        key = struct.pack(">h", self.kind.key) + _sized(self.group_id)
        if self.kind.of_member:
            key += _sized(self.member_id)
        return key, None if self.value is None else struct.pack(">h", 0) + _encode(self.value) + NO_TAGS


def record_of(group_id: str, value: Value, member_id: str = "") -> ConsumerRecord:
    """A record that says `value`."""
    return ConsumerRecord(type(value), group_id, member_id, value)


def tombstones(group_id: str, member_id: str = "") -> list[ConsumerRecord]:
    """What takes a member, or a group without members, out of the log; the youngest knowledge first."""
    kinds = MEMBER_KINDS if member_id else GROUP_KINDS
    return [ConsumerRecord(kind, group_id, member_id, None) for kind in kinds]


def is_consumer_key(key: bytes) -> bool:
    """Whether a record's key is one of these."""
    return struct.unpack_from(">h", key)[0] in KINDS


def read_record(key: bytes, value: bytes | None) -> ConsumerRecord:
    """The inverse of `encoded`."""
    kind = KINDS[struct.unpack_from(">h", key)[0]]
    group_id, at = _read_sized(key, 2)
    member_id = _read_sized(key, at)[0] if kind.of_member else ""
    return ConsumerRecord(kind, group_id, member_id, None if value is None else _Cursor(value, 2).value(kind))


# --- bytes ----------------------------------------------------------------------------------------


def _sized(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _read_sized(data: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from(">h", data, at)
    return data[at + 2 : at + 2 + size].decode(), at + 2 + size


def _unsigned(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _compact(text: str | None) -> bytes:
    """A compact string: its length and one, then its bytes; zero is null."""
    if text is None:
        return b"\x00"
    data = text.encode()
    return _unsigned(len(data) + 1) + data


def _array(parts: list[bytes]) -> bytes:
    return _unsigned(len(parts) + 1) + b"".join(parts)


def _topics(partitions: tuple[TopicPartition, ...]) -> bytes:
    by_topic: dict[str, list[int]] = {}
    for one in partitions:
        by_topic.setdefault(one.topic, []).append(one.partition)
    return _array(
        [
            _compact(topic) + _array([struct.pack(">i", index) for index in indexes]) + NO_TAGS
            for topic, indexes in by_topic.items()
        ]
    )


def _encode(value: Value) -> bytes:
    match value:
        case GroupEpoch() | TargetEpoch():
            return struct.pack(">i", value.epoch)
        case SubscriptionMetadata():
            no_racks = _array([])
            return _array(
                [
                    _compact(topic) + _compact(topic) + struct.pack(">i", count) + no_racks + NO_TAGS
                    for topic, count in value.counts.items()
                ]
            )
        case MemberMetadata():
            names = _array([_compact(topic) for topic in value.topics])
            return b"".join(
                (
                    _compact(value.instance_id), _compact(None), _compact(value.client_id), _compact(CLIENT_HOST),
                    names, _compact(value.regex or None), struct.pack(">i", value.rebalance_timeout_ms),
                    _compact(value.assignor or None),
                )
            )  # fmt: skip
        case ResolvedPattern():
            return _array([_compact(topic) for topic in value.topics]) + struct.pack(">qq", 0, 0)
        case MemberTarget():
            return _topics(value.partitions)
        case CurrentAssignment():
            head = struct.pack(">iib", value.epoch, value.previous_epoch, value.state)
            return head + _topics(value.assigned) + _topics(value.pending_revocation)


class _Cursor:
    """Reads what `_encode` wrote."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def value(self, kind: type[Value]) -> Value:
        """The value of a record of this kind."""
        if kind is GroupEpoch:
            return GroupEpoch(self._number())
        if kind is TargetEpoch:
            return TargetEpoch(self._number())
        if kind is SubscriptionMetadata:
            return SubscriptionMetadata(dict(self._many(self._count)))
        if kind is ResolvedPattern:
            return ResolvedPattern(tuple(self._many(self._text)))
        if kind is MemberTarget:
            return MemberTarget(self._topics())
        if kind is CurrentAssignment:
            epoch, previous = self._number(), self._number()
            return CurrentAssignment(epoch, previous, self._number(">b"), self._topics(), self._topics())
        instance, _, client, _ = self._string(), self._string(), self._text(), self._text()
        topics, regex = tuple(self._many(self._text)), self._text()
        return MemberMetadata(instance, client, topics, regex, self._number(), self._text())

    def _number(self, form: str = ">i") -> int:
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _string(self) -> str | None:
        size = self._unsigned() - 1
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def _text(self) -> str:
        return self._string() or ""

    def _many(self, one: Callable[[], T]) -> list[T]:
        return [one() for _ in range(self._unsigned() - 1)]

    def _count(self) -> tuple[str, int]:
        topic, _, count = self._text(), self._text(), self._number()
        self.at += 2  # no racks, no tags
        return topic, count

    def _topics(self) -> tuple[TopicPartition, ...]:
        return tuple(one for many in self._many(self._topic) for one in many)

    def _topic(self) -> list[TopicPartition]:
        topic, indexes = self._text(), self._many(self._number)
        self.at += 1
        return [TopicPartition(topic, index) for index in indexes]
