"""Group and Member: a classic consumer group in the memory of its coordinator (spec 4.2)."""

import struct
from dataclasses import dataclass, field

from lab.env import Address, Micros, millis
from lab.kafka.coordinator.offset_records import StoredGroup, StoredMember
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topics import TopicPartition, java_hash

EMPTY, PREPARING, COMPLETING, STABLE, DEAD = (
    "Empty",
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
)
Token = tuple[Address, int]
"""A parked request: who asked, and the correlation id."""

NOBODY: Token = ("", -1)
"""Whose connection is gone: still joined or synced, but nobody hears the answer."""


def group_partition(group_id: str, partitions: int) -> int:
    """Which of the partitions of `__consumer_offsets` keeps a group (spec 4.1)."""
    value = java_hash(group_id)
    return 0 if value == -(1 << 31) else abs(value) % partitions


@dataclass(slots=True)
class Member:
    """One member. `joining` and `syncing` are its parked requests."""

    member_id: str
    client_id: str
    client_host: str
    group_instance_id: str | None
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocols: tuple[tuple[str, bytes], ...]
    deadline: Micros
    assignment: bytes = b""
    joining: Token | None = None
    syncing: Token | None = None
    is_new: bool = True

    def metadata(self, protocol: str) -> bytes:
        """Its subscription under a protocol."""
        return next((data for name, data in self.protocols if name == protocol), b"")

    def heard(self, now: Micros) -> None:
        """It lives: its session begins anew."""
        self.deadline = now + millis(self.session_timeout_ms)


@dataclass(slots=True)
class Group:
    """One group. Members are in the order in which they came."""

    group_id: str
    state: str = EMPTY
    generation: int = 0
    protocol_type: str = ""
    protocol: str = ""
    leader: str = ""
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    static_members: dict[str, str] = field(default_factory=dict[str, str])
    pending: dict[str, Micros] = field(default_factory=dict[str, Micros])
    pending_sync: dict[str, None] = field(default_factory=dict[str, None])
    join_deadline: Micros = 0
    sync_deadline: Micros = 0
    initial: bool = False
    initial_left: Micros = 0
    newcomer: bool = False
    offsets: dict[TopicPartition, CommittedOffset] = field(default_factory=dict[TopicPartition, CommittedOffset])
    committed_ms: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    state_timestamp_ms: int = 0

    def rebalance_timeout(self) -> Micros:
        """The longest that any member may take to join again."""
        return millis(max((member.rebalance_timeout_ms for member in self.members.values()), default=0))

    def supports(self, protocols: tuple[tuple[str, bytes], ...]) -> bool:
        """Whether some protocol of these is common to all members."""
        names = [name for name, _ in protocols]
        return any(all(name in dict(member.protocols) for member in self.members.values()) for name in names)

    def vote(self) -> str:
        """The protocol that most members like best, among those all support."""
        members = list(self.members.values())
        candidates = [name for name, _ in members[0].protocols if all(name in dict(one.protocols) for one in members)]
        votes = dict.fromkeys(candidates, 0)
        for member in members:
            choice = next(name for name, _ in member.protocols if name in votes)
            votes[choice] += 1
        return max(candidates, key=lambda name: votes[name])

    def identity_error(self, member_id: str, instance: str | None) -> ErrorCode | None:
        """Whether this is a member, and the newest process with its instance id."""
        if instance is not None and instance in self.static_members and self.static_members[instance] != member_id:
            return ErrorCode.FENCED_INSTANCE_ID
        if member_id not in self.members or (instance is not None and instance not in self.static_members):
            return ErrorCode.UNKNOWN_MEMBER_ID
        return None

    def member_error(self, member_id: str, instance: str | None, generation: int) -> ErrorCode | None:
        """Whether this is a member of this generation."""
        if self.state == EMPTY:
            return ErrorCode.UNKNOWN_MEMBER_ID
        error = self.identity_error(member_id, instance)
        if error is None and generation != self.generation:
            error = ErrorCode.ILLEGAL_GENERATION
        return error

    def subscribed_topics(self) -> dict[str, None]:
        """The topics that any member reads. Subscriptions begin with version and topics."""
        found: dict[str, None] = {}
        for member in self.members.values():
            data = member.metadata(self.protocol) or member.protocols[0][1]
            (count,), at = struct.unpack_from(">i", data, 2), 6
            for _ in range(count):
                (size,) = struct.unpack_from(">h", data, at)
                found[data[at + 2 : at + 2 + size].decode()] = None
                at += 2 + size
        return found

    def deadlines(self) -> list[Micros]:
        """When something would happen by itself."""
        found = [*self.pending.values()]
        if self.state == PREPARING:
            found.append(self.join_deadline)
        if self.pending_sync:
            found.append(self.sync_deadline)
        found += [member.deadline for member in self.members.values() if not self.excused(member)]
        return found

    def excused(self, member: Member) -> bool:
        """A member whose request is parked here need not send heartbeats; a new one only for so long."""
        return (member.joining is not None and not member.is_new) or member.syncing is not None

    def stored(self, assignments: dict[str, bytes] | None = None) -> StoredGroup:
        """This generation as the log will remember it, with a new assignment if there is one."""
        members = tuple(
            StoredMember(
                member.member_id, member.group_instance_id, member.client_id, member.client_host,
                member.rebalance_timeout_ms, member.session_timeout_ms, member.metadata(self.protocol),
                member.assignment if assignments is None else assignments.get(member.member_id, b""),
            )
            for member in self.members.values()
        )  # fmt: skip
        return StoredGroup(
            self.protocol_type,
            self.generation,
            self.protocol or None,
            self.leader or None,
            self.state_timestamp_ms,
            members,
        )

    def restore(self, stored: StoredGroup, now: Micros) -> None:
        """This generation as the log remembers it: members get a full session."""
        self.protocol_type = stored.protocol_type
        self.generation = stored.generation
        self.protocol = stored.protocol or ""
        self.leader = stored.leader or ""
        self.state = STABLE if stored.members else EMPTY
        self.state_timestamp_ms = stored.state_timestamp_ms
        self.members = {}
        self.static_members = {}
        for one in stored.members:
            self.members[one.member_id] = Member(
                one.member_id, one.client_id, one.client_host, one.group_instance_id, one.session_timeout_ms,
                one.rebalance_timeout_ms, ((self.protocol, one.subscription),), now + millis(one.session_timeout_ms),
                one.assignment, is_new=False,
            )  # fmt: skip
            if one.group_instance_id is not None:
                self.static_members[one.group_instance_id] = one.member_id
