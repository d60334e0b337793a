"""Facts of groups that use the consumer protocol (KIP-848): epochs, targets, and who was given what."""

from dataclasses import dataclass, field

from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class ConsumerGroupChanged:
    """A coordinator logged a new group epoch, or the group has come to another state (Kafka's names). `members`:
    their client ids.
    """

    group_id: str
    state: str
    group_epoch: int
    members: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class TargetAssigned:
    """A coordinator logged a target: member id -> partitions. `wanted`: all partitions that any member asks for."""

    group_id: str
    group_epoch: int
    assignment_epoch: int
    target: dict[str, tuple[TopicPartition, ...]]
    wanted: tuple[TopicPartition, ...]


@dataclass(slots=True)
class MemberReconciled:
    """A coordinator logged what a member has: `assigned` to keep, `pending_revocation` to give up first."""

    group_id: str
    group_epoch: int
    member_id: str
    client_id: str
    member_epoch: int
    assigned: tuple[TopicPartition, ...]
    pending_revocation: tuple[TopicPartition, ...]


@dataclass(slots=True)
class MemberRemoved:
    """A member is out of its group: it left, was silent, or did not revoke in time."""

    group_id: str
    member_id: str
    client_id: str
    reason: str


@dataclass(slots=True)
class ConsumerGroupLoaded:
    """A new coordinator has read a group from the log: member id -> (client id, epoch, partitions it may have)."""

    group_id: str
    group_epoch: int
    members: dict[str, tuple[str, int, tuple[TopicPartition, ...]]]


@dataclass(slots=True)
class GroupConverted:
    """A group goes over to the other protocol; its committed offsets stay. `generation_id`: with members in it, the
    generation or epoch in which it goes on; -1 for an empty one, whose epochs begin anew. `members`: member id ->
    (client id, partitions it has or is to have).
    """

    group_id: str
    group_type: str
    generation_id: int = -1
    members: dict[str, tuple[str, tuple[TopicPartition, ...]]] = field(
        default_factory=dict[str, tuple[str, tuple[TopicPartition, ...]]]
    )


@dataclass(slots=True)
class CommitTaken:
    """A coordinator lets a member of this epoch commit; it is not in the log yet."""

    group_id: str
    member_id: str
    member_epoch: int
