"""Records of share groups in `__consumer_offsets`, in Kafka's layout (spec 4.3); for a topic's id stands its name.

Keys 10 to 15: member, group epoch, target epoch, target of a member, current assignment of a member, partitions
whose state is initialized.
"""

import struct

from lab.kafka.coordinator.flexible import (
    NO_TAGS,
    FlexibleReader,
    compact_array,
    compact_string,
)
from lab.kafka.coordinator.plain import plain_string
from lab.kafka.coordinator.share_group import Partitions, ShareGroup, ShareMember
from lab.kafka.protocol.topics import TopicPartition

MEMBER, EPOCH, TARGET_EPOCH, TARGET, CURRENT, INITIALIZED = 10, 11, 12, 13, 14, 15
STABLE_MEMBER = 0
Entry = tuple[bytes, bytes | None]
"""Key and value of a record; no value: a tombstone."""


def is_share_record(key: bytes) -> bool:
    """Whether a record of `__consumer_offsets` is a share group's."""
    return struct.unpack_from(">h", key)[0] >= MEMBER


def _key(kind: int, group_id: str, member_id: str = "") -> bytes:
    head = struct.pack(">h", kind) + plain_string(group_id)
    return head + plain_string(member_id) if kind in (MEMBER, TARGET, CURRENT) else head


def _topics(partitions: Partitions, extra: bytes = b"") -> bytes:
    topics: dict[str, list[bytes]] = {}
    for one in partitions:
        topics.setdefault(one.topic, []).append(struct.pack(">i", one.partition))
    return compact_array(
        [compact_string(topic) + compact_array(indexes) + extra + NO_TAGS for topic, indexes in topics.items()]
    )


def _read_topics(reader: FlexibleReader, extra: str = "") -> Partitions:
    found: list[TopicPartition] = []
    for _ in range(reader.count()):
        topic = reader.text()
        found += [TopicPartition(topic, reader.number(">i")) for _ in range(reader.count())]
        if extra:
            reader.number(extra)
        reader.tags()
    return tuple(found)


# --- writing --------------------------------------------------------------------------------------


def member_entry(group_id: str, member: ShareMember) -> Entry:
    """Rack, client id, client host, topics."""
    client = compact_string(member.client_id) + compact_string(member.client_host)
    topics = compact_array([compact_string(topic) for topic in member.topics])
    value = struct.pack(">h", 0) + compact_string(None) + client + topics + NO_TAGS
    return _key(MEMBER, group_id, member.member_id), value


def epoch_entry(group_id: str, epoch: int) -> Entry:
    """The group's epoch."""
    return _key(EPOCH, group_id), struct.pack(">hi", 0, epoch) + NO_TAGS


def target_epoch_entry(group_id: str, epoch: int) -> Entry:
    """The epoch for which the target was computed."""
    return _key(TARGET_EPOCH, group_id), struct.pack(">hi", 0, epoch) + NO_TAGS


def target_entry(group_id: str, member_id: str, partitions: Partitions) -> Entry:
    """What a member is to have."""
    return _key(TARGET, group_id, member_id), struct.pack(">h", 0) + _topics(partitions) + NO_TAGS


def current_entry(group_id: str, member: ShareMember) -> Entry:
    """What a member has been told, and its epochs."""
    head = struct.pack(">hiib", 0, member.member_epoch, member.previous_epoch, STABLE_MEMBER)
    return _key(CURRENT, group_id, member.member_id), head + _topics(member.assigned) + NO_TAGS


def initialized_entry(group_id: str, initialized: Partitions, now_ms: int) -> Entry:
    """Initializing (none: we write when it is done), initialized, deleting."""
    none = compact_array([])
    value = struct.pack(">h", 0) + none + _topics(initialized, struct.pack(">q", now_ms)) + none + NO_TAGS
    return _key(INITIALIZED, group_id), value


def gone_entries(group_id: str, member_id: str) -> list[Entry]:
    """A member leaves: tombstones."""
    return [(_key(kind, group_id, member_id), None) for kind in (CURRENT, TARGET, MEMBER)]


def group_tombstones(group_id: str) -> list[Entry]:
    """A group without members is deleted. Its epoch comes last: with that it is gone."""
    return [(_key(kind, group_id), None) for kind in (INITIALIZED, TARGET_EPOCH, EPOCH)]


# --- reading --------------------------------------------------------------------------------------


def replay_share_record(groups: dict[str, ShareGroup], key: bytes, value: bytes | None) -> None:
    """Apply one record: the only way a share group changes."""
    reader = FlexibleReader(key)
    kind, group_id = reader.number(">h"), reader.plain_text()
    member_id = reader.plain_text() if kind in (MEMBER, TARGET, CURRENT) else ""
    group = groups.get(group_id)
    if value is None:
        if kind == EPOCH:
            groups.pop(group_id, None)
        elif group is not None:
            _forget(group, kind, member_id)
        return
    if group is None:
        group = groups[group_id] = ShareGroup(group_id)
    reader = FlexibleReader(value)
    reader.number(">h")
    match kind:
        case 10:
            _replay_member(group, member_id, reader)
        case 11:
            group.group_epoch = reader.number(">i")
        case 12:
            group.assignment_epoch = reader.number(">i")
        case 13:
            group.target[member_id] = _read_topics(reader)
        case 14:
            member = group.members[member_id]
            member.member_epoch, member.previous_epoch = reader.number(">i"), reader.number(">i")
            reader.number(">b")
            member.assigned = _read_topics(reader)
        case _:
            _read_topics(reader, ">q")
            group.initialized = dict.fromkeys(_read_topics(reader, ">q"))


def _replay_member(group: ShareGroup, member_id: str, reader: FlexibleReader) -> None:
    reader.string()
    client_id, client_host = reader.text(), reader.text()
    topics = tuple(reader.text() for _ in range(reader.count()))
    known = group.members.get(member_id)
    if known is None:
        group.members[member_id] = ShareMember(member_id, client_id, client_host, topics)
    else:
        known.topics = topics


def _forget(group: ShareGroup, kind: int, member_id: str) -> None:
    if kind == MEMBER:
        group.members.pop(member_id, None)
    elif kind == TARGET:
        group.target.pop(member_id, None)
