"""Group and Member: a classic consumer group in the memory of its coordinator (spec 4.2)."""

from dataclasses import dataclass, field

from lab.env import Address, Micros, millis
from lab.kafka.coordinator.offset_records import StoredGroup, StoredMember
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topics import TopicPartition

EMPTY, PREPARING, COMPLETING, STABLE, DEAD = (
    "Empty",
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
)
Token = tuple[Address, int]
"""A parked request: who asked, and the correlation id."""


@dataclass(slots=True)
class Member:
    """One member. `joining` and `syncing` are its parked requests."""

    member_id: str
    client_id: str
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

    def deadlines(self) -> list[Micros]:
        """When something would happen by itself."""
        found = [*self.pending.values()]
        if self.state == PREPARING:
            found.append(self.join_deadline)
        if self.state == COMPLETING:
            found.append(self.sync_deadline)
        found += [member.deadline for member in self.members.values() if not self.excused(member)]
        return found

    def excused(self, member: Member) -> bool:
        """A member whose request is parked here need not send heartbeats; a new one only for so long."""
        return (member.joining is not None and not member.is_new) or member.syncing is not None

    def stored(self, timestamp_ms: int) -> StoredGroup:
        """This generation as the log will remember it."""
        members = tuple(
            StoredMember(
                member.member_id, member.group_instance_id, member.client_id, member.rebalance_timeout_ms,
                member.session_timeout_ms, member.metadata(self.protocol), member.assignment,
            )
            for member in self.members.values()
        )  # fmt: skip
        return StoredGroup(
            self.protocol_type,
            self.generation,
            self.protocol or None,
            self.leader or None,
            timestamp_ms,
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
                one.member_id, one.client_id, one.group_instance_id, one.session_timeout_ms, one.rebalance_timeout_ms,
                ((self.protocol, one.subscription),), now + millis(one.session_timeout_ms), one.assignment,
                is_new=False,
            )  # fmt: skip
            if one.group_instance_id is not None:
                self.static_members[one.group_instance_id] = one.member_id
