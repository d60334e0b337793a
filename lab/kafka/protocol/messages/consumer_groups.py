"""ConsumerGroupHeartbeat (68) and ConsumerGroupDescribe (69): the consumer group protocol of KIP-848."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    INT8,
    INT32,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    TOPIC_ID,
    UNKNOWN_OPERATIONS,
    Array,
    ByTopic,
    Struct,
    Versions,
    api,
    explained,
    message,
    never_null,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition

UNKNOWN_MEMBER, CLASSIC_MEMBER, CONSUMER_MEMBER = -1, 0, 1
"""Which protocol a member speaks (KIP-1099); before version 1 nobody says."""
JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH = 0, -1, -2
"""Member epochs that say what is wanted: to join, to leave, and (static) to be back soon."""


@dataclass(slots=True)
class ConsumerGroupHeartbeatRequest:
    """Joining, living, revoking and leaving, all in one. A field that is None (or -1) has not changed.

    `topic_partitions`: what the member owns now.
    """

    group_id: str
    member_id: str
    member_epoch: int
    instance_id: str | None = None
    rebalance_timeout_ms: int = -1
    subscribed_topic_names: tuple[str, ...] | None = None
    subscribed_topic_regex: str | None = None
    server_assignor: str | None = None
    topic_partitions: tuple[TopicPartition, ...] | None = None
    rack_id: str | None = None

    @property
    def is_full(self) -> bool:
        """Whether it says everything, as the first one does, and the first after an answer was lost."""
        return self.rebalance_timeout_ms >= 0 and self.topic_partitions is not None


@dataclass(slots=True)
class ConsumerGroupHeartbeatResponse:
    """`assignment`: what the member is to own from now on; None when that has not changed. With an error there is
    nothing else.
    """

    error_code: ErrorCode
    member_id: str = ""
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    assignment: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ConsumerGroupDescribeRequest:
    """ConsumerGroupDescribe (69)."""

    group_ids: tuple[str, ...]
    include_authorized_operations: bool = False


@dataclass(slots=True)
class DescribedMember:
    """One member: what it has, and what it is to have."""

    member_id: str
    client_id: str
    client_host: str
    instance_id: str | None
    member_epoch: int
    subscribed_topic_names: tuple[str, ...]
    subscribed_topic_regex: str
    assignment: tuple[TopicPartition, ...]
    target_assignment: tuple[TopicPartition, ...]
    member_type: int = UNKNOWN_MEMBER


@dataclass(slots=True)
class DescribedConsumerGroup:
    """State names are Kafka's: Empty, Assigning, Reconciling, Stable, Dead."""

    error_code: ErrorCode
    group_id: str
    group_state: str = ""
    group_epoch: int = 0
    assignment_epoch: int = 0
    assignor_name: str = ""
    members: tuple[DescribedMember, ...] = ()
    authorized_operations: int = UNKNOWN_OPERATIONS


@dataclass(slots=True)
class ConsumerGroupDescribeResponse:
    """In the order asked. `topic_ids`: of the topics that are assigned."""

    groups: tuple[DescribedConsumerGroup, ...]
    topic_ids: Mapping[str, TopicId] = field(default_factory=dict[str, TopicId])


_ALWAYS = Versions.of("0+")


def assigned(topic_partitions: tuple[TopicPartition, ...]) -> tuple[TopicPartition, ...]:
    """An assignment, which on the wire is a struct of its own."""
    return topic_partitions


ASSIGNMENT = Struct(
    assigned,
    (wire("topic_partitions", ByTopic(topic="topic_id", ids=_ALWAYS)),),
    nullable=_ALWAYS,
    parts=lambda assignment: (assignment,),
)

CONSUMER_GROUP_HEARTBEAT = api(
    68, "ConsumerGroupHeartbeat", "0-1", 0,
    message(
        ConsumerGroupHeartbeatRequest,
        wire("group_id", STRING),
        wire("member_id", STRING),
        wire("member_epoch", INT32),
        wire("instance_id", NULLABLE_STRING),
        wire("rack_id", NULLABLE_STRING),
        wire("rebalance_timeout_ms", INT32),
        wire("subscribed_topic_names", Array(STRING, nullable=_ALWAYS)),
        wire("subscribed_topic_regex", NULLABLE_STRING, "1+"),
        wire("server_assignor", NULLABLE_STRING),
        wire("topic_partitions", ByTopic(topic="topic_id", nullable=_ALWAYS, ids=_ALWAYS)),
    ),
    message(
        ConsumerGroupHeartbeatResponse,
        THROTTLE,
        wire("error_code", explained()),
        wire("member_id", or_empty()),
        wire("member_epoch", INT32),
        wire("heartbeat_interval_ms", INT32),
        wire("assignment", ASSIGNMENT),
    ),
    by_topic_id=_ALWAYS,
)  # fmt: skip


Assigned = tuple[tuple[TopicId, str, tuple[int, ...]], ...]
"""An assignment as administrators see it: of each topic its id, its name, and the partitions."""


def described_assignment(partitions: tuple[TopicPartition, ...], topic_ids: Mapping[str, TopicId]) -> Assigned:
    """By topic."""
    found: dict[str, list[int]] = {}
    for topic, partition in partitions:
        found.setdefault(topic, []).append(partition)
    return tuple((topic_ids.get(topic, NO_TOPIC_ID), topic, tuple(indexes)) for topic, indexes in found.items())


DESCRIBED_ASSIGNMENT = struct(
    None,
    wire(
        "topic_partitions",
        Array(struct(None, wire("topic_id", TOPIC_ID), wire("topic_name", STRING), wire("partitions", Array(INT32)))),
    ),
)


def partitions_of(assignment: tuple[Assigned]) -> tuple[TopicPartition, ...]:
    """The partitions of an assignment as administrators see it."""
    return tuple(TopicPartition(name, index) for _, name, indexes in assignment[0] for index in indexes)


def ids_of(assignment: tuple[Assigned]) -> dict[str, TopicId]:
    """The ids of its topics."""
    return {name: topic_id for topic_id, name, _ in assignment[0]}


Row = tuple[Any, ...]
"""A group or a member as its fields stand on the wire."""


def _groups(groups: tuple[Row, ...]) -> ConsumerGroupDescribeResponse:
    topic_ids: dict[str, TopicId] = {}
    found: list[DescribedConsumerGroup] = []
    for error, group_id, state, epoch, assignment_epoch, assignor, rows, operations in groups:
        members: list[DescribedMember] = []
        for member_id, instance_id, member_epoch, client_id, host, topics, regex, assignment, target, kind in rows:
            topic_ids |= ids_of(assignment) | ids_of(target)
            members.append(DescribedMember(
                member_id, client_id, host, instance_id, member_epoch, topics, regex, partitions_of(assignment),
                partitions_of(target), kind,
            ))  # fmt: skip
        found.append(DescribedConsumerGroup(
            error, group_id, state, epoch, assignment_epoch, assignor, tuple(members), operations
        ))  # fmt: skip
    return ConsumerGroupDescribeResponse(tuple(found), topic_ids)


def _groups_parts(response: ConsumerGroupDescribeResponse) -> tuple[tuple[Row, ...]]:
    return (
        tuple(
            (
                one.error_code, one.group_id, one.group_state, one.group_epoch, one.assignment_epoch,
                one.assignor_name, tuple(_member(member, response.topic_ids) for member in one.members),
                one.authorized_operations,
            )
            for one in response.groups
        ),
    )  # fmt: skip


def _member(one: DescribedMember, topic_ids: Mapping[str, TopicId]) -> Row:
    return (
        one.member_id, one.instance_id, one.member_epoch, one.client_id, one.client_host, one.subscribed_topic_names,
        one.subscribed_topic_regex, (described_assignment(one.assignment, topic_ids),),
        (described_assignment(one.target_assignment, topic_ids),), one.member_type,
    )  # fmt: skip


_MEMBER = struct(
    None,
    wire("member_id", STRING),
    wire("instance_id", NULLABLE_STRING),
    unused("rack_id", NULLABLE_STRING, None),
    wire("member_epoch", INT32),
    wire("client_id", STRING),
    wire("client_host", STRING),
    wire("subscribed_topic_names", Array(STRING)),
    wire("subscribed_topic_regex", never_null()),
    wire("assignment", DESCRIBED_ASSIGNMENT),
    wire("target_assignment", DESCRIBED_ASSIGNMENT),
    wire("member_type", INT8, "1+", default=UNKNOWN_MEMBER),
)
_GROUP = struct(
    None,
    wire("error_code", explained()),
    wire("group_id", STRING),
    wire("group_state", STRING),
    wire("group_epoch", INT32),
    wire("assignment_epoch", INT32),
    wire("assignor_name", STRING),
    wire("members", Array(_MEMBER)),
    wire("authorized_operations", INT32),
)

CONSUMER_GROUP_DESCRIBE = api(
    69, "ConsumerGroupDescribe", "0-1", 0,
    message(
        ConsumerGroupDescribeRequest,
        wire("group_ids", Array(STRING)),
        wire("include_authorized_operations", BOOL),
    ),
    message(
        ConsumerGroupDescribeResponse, THROTTLE, wire("groups", Array(_GROUP)), make=_groups, parts=_groups_parts
    ),
)  # fmt: skip
