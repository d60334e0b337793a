"""ConsumerGroup and ConsumerMember: a group of the consumer protocol in its coordinator's memory (KIP-848, spec 4.6).

Members are values and never change; a group changes only by replaying records. So what a coordinator decides and what
its successor reads from the log are one thing.
"""

import copy
from dataclasses import dataclass, replace
from enum import IntEnum

from lab.env import Micros
from lab.kafka.coordinator.consumer_records import (
    ClassicMemberMetadata,
    ConsumerRecord,
    CurrentAssignment,
    GroupEpoch,
    MemberMetadata,
    MemberTarget,
    ResolvedPattern,
    SubscriptionMetadata,
    TargetEpoch,
)
from lab.kafka.coordinator.group import EMPTY, STABLE
from lab.kafka.protocol.messages.consumer_groups import LEAVE_STATIC_EPOCH
from lab.kafka.protocol.messages.offsets import CommittedOffset
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

ASSIGNING, RECONCILING = "Assigning", "Reconciling"
Partitions = tuple[TopicPartition, ...]


class MemberState(IntEnum):
    """How far a member is on its way to its target, as stored."""

    STABLE = 0
    UNREVOKED_PARTITIONS = 1
    UNRELEASED_PARTITIONS = 2


@dataclass(frozen=True, slots=True)
class ConsumerMember:
    """One member. `assigned`: what it may own; `pending_revocation`: what it has to give up before it goes on.
    `classic`: it speaks the classic protocol, and its epoch is its generation.
    """

    member_id: str
    client_id: str = ""
    client_host: str = ""
    instance_id: str | None = None
    rebalance_timeout_ms: int = -1
    topics: tuple[str, ...] = ()
    regex: str = ""
    assignor: str = ""
    epoch: int = 0
    previous_epoch: int = 0
    state: MemberState = MemberState.STABLE
    assigned: Partitions = ()
    pending_revocation: Partitions = ()
    classic: ClassicMemberMetadata | None = None

    @property
    def is_away(self) -> bool:
        """A static member that has said it will be back."""
        return self.epoch == LEAVE_STATIC_EPOCH

    def metadata(self) -> MemberMetadata:
        """What the log says of it, but for its assignment."""
        return MemberMetadata(
            self.instance_id, self.client_id, self.client_host, self.topics, self.regex, self.rebalance_timeout_ms,
            self.assignor, self.classic,
        )  # fmt: skip

    def current(self) -> CurrentAssignment:
        """Its assignment as the log says it."""
        return CurrentAssignment(
            self.epoch, self.previous_epoch, self.state.value, self.assigned, self.pending_revocation
        )


class ConsumerGroup:
    """One group. `epoch` counts what asks for a new target, `assignment_epoch` says for which epoch there is one.

    `sessions`, `revocations`, and of members of the classic protocol `joins` and `syncs`, are the coordinator's own
    clocks and not in the log.
    """

    __slots__ = (
        "assignment_epoch",
        "committed_ms",
        "epoch",
        "group_id",
        "joins",
        "members",
        "offsets",
        "partition_counts",
        "resolved",
        "revocations",
        "sessions",
        "syncs",
        "target",
        "topic_ids",
    )
    protocol_type = "consumer"

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.epoch = 0
        self.assignment_epoch = 0
        self.partition_counts: dict[str, int] = {}
        self.topic_ids: dict[str, TopicId] = {}
        self.resolved: dict[str, tuple[str, ...]] = {}
        self.members: dict[str, ConsumerMember] = {}
        self.target: dict[str, Partitions] = {}
        self.sessions: dict[str, Micros] = {}
        self.revocations: dict[str, Micros] = {}
        self.joins: dict[str, Micros] = {}
        self.syncs: dict[str, Micros] = {}
        self.offsets: dict[TopicPartition, CommittedOffset] = {}
        self.committed_ms: dict[TopicPartition, int] = {}

    def draft(self) -> "ConsumerGroup":
        """A copy to decide on; it becomes the group when the log has taken the decision."""
        drawn = copy.copy(self)
        drawn.members = dict(self.members)
        drawn.target = dict(self.target)
        drawn.resolved = dict(self.resolved)
        drawn.sessions = dict(self.sessions)
        drawn.revocations = dict(self.revocations)
        drawn.joins = dict(self.joins)
        drawn.syncs = dict(self.syncs)
        return drawn

    # --- what is asked of it ----------------------------------------------------------------------

    @property
    def state(self) -> str:
        """Kafka's name of its state."""
        if not self.members:
            return EMPTY
        if self.epoch > self.assignment_epoch:
            return ASSIGNING
        reconciled = all(
            one.state is MemberState.STABLE and one.epoch == self.assignment_epoch for one in self.members.values()
        )
        return STABLE if reconciled else RECONCILING

    @property
    def generation(self) -> int:
        """What counts here as generations count in a classic group."""
        return self.epoch

    @property
    def protocol(self) -> str:
        """The assignor most members prefer; empty where none prefers any."""
        votes: dict[str, int] = {}
        for member in self.members.values():
            if member.assignor:
                votes[member.assignor] = votes.get(member.assignor, 0) + 1
        return max(votes, key=lambda name: votes[name]) if votes else ""

    def subscribed_topics(self) -> dict[str, None]:
        """The topics that any member reads."""
        return {topic: None for member in self.subscribers() for topic in member.topics}

    def subscribers(self) -> list[ConsumerMember]:
        """The members with all topics they read, by name or by pattern."""
        return [
            replace(one, topics=(*one.topics, *self.resolved.get(one.regex, ()))) if one.regex else one
            for one in self.members.values()
        ]

    def static_member(self, instance_id: str) -> ConsumerMember | None:
        """The member with an instance id."""
        return next((one for one in self.members.values() if one.instance_id == instance_id), None)

    def held_by_others(self, member_id: str) -> dict[TopicPartition, None]:
        """Partitions that are not free: other members have them, or have not given them up."""
        return {
            partition: None
            for one in self.members.values()
            if one.member_id != member_id
            for partition in (*one.assigned, *one.pending_revocation)
        }

    def deadlines(self) -> list[Micros]:
        """When something would happen by itself."""
        return [at for clock in self.clocks for at in clock.values()]

    @property
    def clocks(self) -> tuple[dict[str, Micros], ...]:
        """By when each member is to have done what."""
        return self.sessions, self.revocations, self.joins, self.syncs

    def awaits_release(self, member: ConsumerMember) -> bool:
        """Whether something that the member is to have is not free yet."""
        held = self.held_by_others(member.member_id)
        return any(one in held for one in self.target.get(member.member_id, ()) if one not in member.assigned)

    def supports(self, protocols: tuple[tuple[str, bytes], ...]) -> bool:
        """Whether some protocol of these is common to all members of the classic protocol."""
        spoken = [dict(one.classic.protocols) for one in self.members.values() if one.classic is not None]
        return any(all(name in one for one in spoken) for name, _ in protocols)

    # --- the only way it changes ------------------------------------------------------------------

    def replay(self, record: ConsumerRecord) -> None:
        """One record of the log; a record without a value is a tombstone."""
        member_id, value = record.member_id, record.value
        match value:
            case GroupEpoch():
                self.epoch = value.epoch
            case SubscriptionMetadata():
                self.partition_counts = value.counts
                self.topic_ids = value.ids
            case MemberMetadata():
                self._describe(member_id, value)
            case TargetEpoch():
                self.assignment_epoch = value.epoch
            case MemberTarget():
                self.target[member_id] = value.partitions
            case CurrentAssignment():
                self._assign(member_id, value)
            case ResolvedPattern():
                self.resolved[member_id] = value.topics
            case None:
                self._forget(record)

    def _describe(self, member_id: str, value: MemberMetadata) -> None:
        self.members[member_id] = replace(
            self.members.get(member_id) or ConsumerMember(member_id), client_id=value.client_id,
            client_host=value.client_host, instance_id=value.instance_id, topics=value.topics, regex=value.regex,
            rebalance_timeout_ms=value.rebalance_timeout_ms, assignor=value.assignor, classic=value.classic,
        )  # fmt: skip

    def _assign(self, member_id: str, value: CurrentAssignment) -> None:
        # Compaction may leave a member's assignment before its metadata, whose record is younger.
        self.members[member_id] = replace(
            self.members.get(member_id) or ConsumerMember(member_id), epoch=value.epoch,
            previous_epoch=value.previous_epoch, state=MemberState(value.state), assigned=value.assigned,
            pending_revocation=value.pending_revocation,
        )  # fmt: skip

    def _forget(self, record: ConsumerRecord) -> None:
        match record.kind.key:
            case MemberMetadata.key:
                self.members.pop(record.member_id, None)
                for clock in self.clocks:
                    clock.pop(record.member_id, None)
            case MemberTarget.key:
                self.target.pop(record.member_id, None)
            case _:
                pass  # a member's metadata goes with its assignment; a group's records go all at once
