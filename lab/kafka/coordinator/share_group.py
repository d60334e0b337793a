"""ShareGroup: members of a share group, and which partitions each is to share (KIP-932, spec 4.7)."""

from dataclasses import dataclass, field

from lab.env import Micros
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition, java_hash

EMPTY, STABLE, DEAD = "Empty", "Stable", "Dead"
Partitions = tuple[TopicPartition, ...]


@dataclass(slots=True)
class ShareMember:
    """One member. It is told of an assignment by its next heartbeat, and need not give anything up before."""

    member_id: str
    client_id: str
    client_host: str = ""
    topics: tuple[str, ...] = ()
    member_epoch: int = 0
    previous_epoch: int = -1
    assigned: Partitions = ()
    deadline: Micros = 0


@dataclass(slots=True)
class ShareGroup:
    """One share group. `initialized`: partitions that the share coordinator knows of; only these are assigned.
    `is_over`: it has been deleted.
    """

    group_id: str
    group_epoch: int = 0
    assignment_epoch: int = 0
    members: dict[str, ShareMember] = field(default_factory=dict[str, ShareMember])
    target: dict[str, Partitions] = field(default_factory=dict[str, Partitions])
    initialized: dict[TopicPartition, None] = field(default_factory=dict[TopicPartition, None])
    is_over: bool = False

    @property
    def state(self) -> str:
        """Kafka's name."""
        return DEAD if self.is_over else STABLE if self.members else EMPTY

    def epoch_error(self, member_id: str, member_epoch: int) -> ErrorCode:
        """Whether this is a member, and in an epoch it can be in: the newest, or the one before, if an answer to it
        was lost.
        """
        member = self.members.get(member_id)
        if member is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if member_epoch in (member.member_epoch, member.previous_epoch):
            return ErrorCode.NONE
        return ErrorCode.FENCED_MEMBER_EPOCH

    def subscribed(self) -> tuple[str, ...]:
        """Topics that any member wants."""
        return tuple(dict.fromkeys(topic for member in self.members.values() for topic in member.topics))


def assign(group: ShareGroup) -> dict[str, Partitions]:
    """Kafka's simple assignor. Each partition has at least one member and each member at least one partition, as far
    as subscriptions allow: by the member's hash where that is new, then what is left in turn; what was assigned
    before stays where it is balanced.
    """
    found: dict[str, dict[TopicPartition, None]] = {one: {} for one in group.members}
    for topic in group.subscribed():
        members = [one for one, member in group.members.items() if topic in member.topics]
        partitions = [one for one in group.initialized if one.topic == topic]
        if partitions:
            for member_id, chosen in _spread(members, partitions, group.target).items():
                found[member_id].update(dict.fromkeys(chosen))
    return {member_id: tuple(sorted(chosen)) for member_id, chosen in found.items()}


def _spread(
    members: list[str], partitions: list[TopicPartition], before: dict[str, Partitions]
) -> dict[str, list[TopicPartition]]:
    most_sharers = -(-len(members) // len(partitions))
    most_shares = -(-len(partitions) // len(members))
    sharers = dict.fromkeys(partitions, 0)
    found: dict[str, list[TopicPartition]] = {one: [] for one in members}
    for member_id in members:
        for partition in before.get(member_id, ()):
            if partition in sharers and sharers[partition] < most_sharers and len(found[member_id]) < most_shares:
                found[member_id].append(partition)
                sharers[partition] += 1
    for member_id in members:
        if not found[member_id]:
            hashed = partitions[java_hash(member_id) % len(partitions)]
            chosen = hashed if sharers[hashed] < most_sharers else min(partitions, key=lambda one: sharers[one])
            found[member_id].append(chosen)
            sharers[chosen] += 1
    for partition in partitions:
        if not sharers[partition]:
            found[min(members, key=lambda one: len(found[one]))].append(partition)
            sharers[partition] += 1
    return found
