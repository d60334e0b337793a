"""Records of `__consumer_offsets` that a consumer group consists of, keys 3 to 8 and 16 (spec 4.3, KIP-848).

The layout is Kafka's, values in its flexible encoding. In memory a group has its partitions by name, in the log by
topic id: whoever writes or reads says which is which. A topic that is gone is left out either way, and one that was
made again is not the one of the record.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

from lab.kafka.coordinator.flexible import (
    NO_TAGS,
    FlexibleReader,
    compact_array,
    compact_bytes,
    compact_string,
    only_tag,
)
from lab.kafka.coordinator.plain import plain_string
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId, topic_id_bytes
from lab.kafka.protocol.topics import TopicPartition

Identify: TypeAlias = Callable[[str], TopicId]
"""Says which topic has a name now."""
T = TypeVar("T")


@dataclass(slots=True)
class GroupEpoch:
    """ConsumerGroupMetadata: the group epoch."""

    key: ClassVar[int] = 3
    of_member: ClassVar[bool] = False
    epoch: int


@dataclass(slots=True)
class SubscriptionMetadata:
    """ConsumerGroupPartitionMetadata: of each topic that is read, how many partitions the target is made for, and which
    topic of that name.
    """

    key: ClassVar[int] = 4
    of_member: ClassVar[bool] = False
    counts: dict[str, int]
    ids: dict[str, TopicId]


@dataclass(frozen=True, slots=True)
class ClassicMemberMetadata:
    """What makes a member one of the classic protocol: its own session time-out, and its subscription under the name of
    each assignor it has, the best first.
    """

    session_timeout_ms: int
    protocols: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class MemberMetadata:
    """ConsumerGroupMemberMetadata: who a member is and what it wants. `classic`: None in the consumer protocol."""

    key: ClassVar[int] = 5
    of_member: ClassVar[bool] = True
    instance_id: str | None
    client_id: str
    client_host: str
    topics: tuple[str, ...]
    regex: str
    rebalance_timeout_ms: int
    assignor: str
    classic: ClassicMemberMetadata | None = None


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

    def encoded_key(self) -> bytes:
        """The key as bytes."""
        key = struct.pack(">h", self.kind.key) + plain_string(self.group_id)
        return key + plain_string(self.member_id) if self.kind.of_member else key

    def encoded(self, topic_id: Identify) -> tuple[bytes, bytes | None]:
        """Key and value as bytes."""
        value = None
        if self.value is not None:
            value = struct.pack(">h", 0) + _encode(self.value, topic_id) + _tags(self.value)
        return self.encoded_key(), value


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


def read_record(key: bytes, value: bytes | None, names: Mapping[TopicId, str]) -> ConsumerRecord:
    """The inverse of `encoded`."""
    kind = KINDS[struct.unpack_from(">h", key)[0]]
    reader = FlexibleReader(key, 2)
    group_id = reader.plain_text()
    member_id = reader.plain_text() if kind.of_member else ""
    found = None if value is None else _Cursor(value, 2, names).value(kind)
    return ConsumerRecord(kind, group_id, member_id, found)


# --- bytes ----------------------------------------------------------------------------------------


def _topics(partitions: tuple[TopicPartition, ...], topic_id: Identify) -> bytes:
    by_topic: dict[TopicId, list[int]] = {}
    for one in partitions:
        by_topic.setdefault(topic_id(one.topic), []).append(one.partition)
    by_topic.pop(NO_TOPIC_ID, None)
    return compact_array(
        [
            topic_id_bytes(topic) + compact_array([struct.pack(">i", index) for index in indexes]) + NO_TAGS
            for topic, indexes in by_topic.items()
        ]
    )


def _encode(value: Value, topic_id: Identify) -> bytes:
    match value:
        case GroupEpoch() | TargetEpoch():
            return struct.pack(">i", value.epoch)
        case SubscriptionMetadata():
            no_racks = compact_array([])
            return compact_array(
                [
                    topic_id_bytes(value.ids[topic])
                    + compact_string(topic)
                    + struct.pack(">i", count)
                    + no_racks
                    + NO_TAGS
                    for topic, count in value.counts.items()
                ]
            )
        case MemberMetadata():
            names = compact_array([compact_string(topic) for topic in value.topics])
            return b"".join(
                (
                    compact_string(value.instance_id), compact_string(None), compact_string(value.client_id),
                    compact_string(value.client_host), names, compact_string(value.regex or None),
                    struct.pack(">i", value.rebalance_timeout_ms), compact_string(value.assignor or None),
                )
            )  # fmt: skip
        case ResolvedPattern():
            return compact_array([compact_string(topic) for topic in value.topics]) + struct.pack(">qq", 0, 0)
        case MemberTarget():
            return _topics(value.partitions, topic_id)
        case CurrentAssignment():
            head = struct.pack(">iib", value.epoch, value.previous_epoch, value.state)
            return head + _topics(value.assigned, topic_id) + _topics(value.pending_revocation, topic_id)


def _tags(value: Value) -> bytes:
    classic = value.classic if isinstance(value, MemberMetadata) else None
    if classic is None:
        return NO_TAGS
    protocols = [compact_string(name) + compact_bytes(data) + NO_TAGS for name, data in classic.protocols]
    return only_tag(struct.pack(">i", classic.session_timeout_ms) + compact_array(protocols) + NO_TAGS)


class _Cursor(FlexibleReader):
    """Reads what `_encode` wrote."""

    def __init__(self, data: bytes, at: int, names: Mapping[TopicId, str]) -> None:
        super().__init__(data, at)
        self.names = names

    def value(self, kind: type[Value]) -> Value:
        """The value of a record of this kind."""
        if kind is GroupEpoch:
            return GroupEpoch(self.number(">i"))
        if kind is TargetEpoch:
            return TargetEpoch(self.number(">i"))
        if kind is SubscriptionMetadata:
            found = self._many(self._count)
            counts = {name: count for _, name, count in found}
            return SubscriptionMetadata(counts, {name: topic_id for topic_id, name, _ in found})
        if kind is ResolvedPattern:
            return ResolvedPattern(tuple(self._many(self.text)))
        if kind is MemberTarget:
            return MemberTarget(self._topics())
        if kind is CurrentAssignment:
            epoch, previous = self.number(">i"), self.number(">i")
            return CurrentAssignment(epoch, previous, self.number(">b"), self._topics(), self._topics())
        instance, _, client, host = self.string(), self.string(), self.text(), self.text()
        topics, regex = tuple(self._many(self.text)), self.string() or ""
        timeout_ms, assignor = self.number(">i"), self.string() or ""
        return MemberMetadata(instance, client, host, topics, regex, timeout_ms, assignor, self._classic())

    def _classic(self) -> ClassicMemberMetadata | None:
        if not self.has_only_tag():
            return None
        return ClassicMemberMetadata(self.number(">i"), tuple(self._many(self._protocol)))

    def _protocol(self) -> tuple[str, bytes]:
        found = self.text(), self.blob()
        self.tags()
        return found

    def _many(self, one: Callable[[], T]) -> list[T]:
        return [one() for _ in range(self.count())]

    def _index(self) -> int:
        return self.number(">i")

    def _count(self) -> tuple[TopicId, str, int]:
        topic_id, name, count = self.topic_id(), self.text(), self.number(">i")
        self.at += 2  # no racks, no tags
        return topic_id, name, count

    def _topics(self) -> tuple[TopicPartition, ...]:
        return tuple(one for many in self._many(self._topic) for one in many)

    def _topic(self) -> list[TopicPartition]:
        topic_id, indexes = self.topic_id(), self._many(self._index)
        self.at += 1
        name = self.names.get(topic_id)
        return [TopicPartition(name, index) for index in indexes] if name is not None else []
