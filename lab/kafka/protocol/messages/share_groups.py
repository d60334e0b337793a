"""ShareGroupHeartbeat (76), ShareGroupDescribe (77): membership of share groups (KIP-932)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import (
    ASSIGNMENT,
    DESCRIBED_ASSIGNMENT,
    Row,
    described_assignment,
    ids_of,
    partitions_of,
)
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT32,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    UNKNOWN_OPERATIONS,
    Array,
    Versions,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import TopicId
from lab.kafka.protocol.topics import TopicPartition

JOIN_EPOCH, LEAVE_EPOCH = 0, -1


@dataclass(slots=True)
class ShareGroupHeartbeatRequest(Sealed):
    """Join (`member_epoch` 0), stay, or leave (-1). The client makes its own member id. `subscribed_topic_names`
    None: as before.
    """

    group_id: str
    member_id: str
    member_epoch: int
    subscribed_topic_names: tuple[str, ...] | None = None


@dataclass(slots=True)
class ShareGroupHeartbeatResponse:
    """`assignment` None: as before. There is nothing to revoke first: partitions are shared."""

    error_code: ErrorCode
    member_id: str = ""
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    assignment: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ShareGroupDescribeRequest(Sealed):
    """Which groups."""

    group_ids: tuple[str, ...]
    include_authorized_operations: bool = False


@dataclass(slots=True)
class DescribedShareMember:
    """A member of a share group."""

    member_id: str
    client_id: str
    client_host: str
    member_epoch: int
    subscribed_topic_names: tuple[str, ...] = ()
    assignment: tuple[TopicPartition, ...] = ()


@dataclass(slots=True)
class DescribedShareGroup:
    """States are Kafka's: Empty, Stable, Dead. `authorized_operations`: what the asker may do, a bit each."""

    error_code: ErrorCode
    group_id: str
    group_state: str = "Dead"
    group_epoch: int = 0
    assignment_epoch: int = 0
    members: tuple[DescribedShareMember, ...] = ()
    authorized_operations: int = UNKNOWN_OPERATIONS


@dataclass(slots=True)
class ShareGroupDescribeResponse:
    """In the order asked. `topic_ids`: of the topics that are assigned."""

    groups: tuple[DescribedShareGroup, ...]
    topic_ids: Mapping[str, TopicId] = field(default_factory=dict[str, TopicId])


_ALWAYS = Versions.of("0+")

SHARE_GROUP_HEARTBEAT = api(
    76, "ShareGroupHeartbeat", "1", 0,
    message(
        ShareGroupHeartbeatRequest,
        wire("group_id", STRING),
        wire("member_id", STRING),
        wire("member_epoch", INT32),
        unused("rack_id", NULLABLE_STRING, None),
        wire("subscribed_topic_names", Array(STRING, nullable=_ALWAYS)),
    ),
    message(
        ShareGroupHeartbeatResponse,
        THROTTLE,
        wire("error_code", ERROR),
        unused("error_message", NULLABLE_STRING, None),
        wire("member_id", or_empty()),
        wire("member_epoch", INT32),
        wire("heartbeat_interval_ms", INT32),
        wire("assignment", ASSIGNMENT),
    ),
    by_topic_id=_ALWAYS,
)  # fmt: skip


def _groups(groups: tuple[Row, ...]) -> ShareGroupDescribeResponse:
    topic_ids: dict[str, TopicId] = {}
    found: list[DescribedShareGroup] = []
    for error, group_id, state, epoch, assignment_epoch, rows, operations in groups:
        members: list[DescribedShareMember] = []
        for member_id, epoch_of_member, client_id, client_host, topics, assignment in rows:
            topic_ids |= ids_of(assignment)
            members.append(DescribedShareMember(
                member_id, client_id, client_host, epoch_of_member, topics, partitions_of(assignment)
            ))  # fmt: skip
        found.append(DescribedShareGroup(error, group_id, state, epoch, assignment_epoch, tuple(members), operations))
    return ShareGroupDescribeResponse(tuple(found), topic_ids)


def _groups_parts(response: ShareGroupDescribeResponse) -> tuple[tuple[Row, ...]]:
    return (
        tuple(
            (
                one.error_code, one.group_id, one.group_state, one.group_epoch, one.assignment_epoch,
                tuple(
                    (
                        member.member_id, member.member_epoch, member.client_id, member.client_host,
                        member.subscribed_topic_names,
                        (described_assignment(member.assignment, response.topic_ids),),
                    )
                    for member in one.members
                ),
                one.authorized_operations,
            )
            for one in response.groups
        ),
    )  # fmt: skip


_MEMBER = struct(
    None,
    wire("member_id", STRING),
    unused("rack_id", NULLABLE_STRING, None),
    wire("member_epoch", INT32),
    wire("client_id", STRING),
    wire("client_host", STRING),
    wire("subscribed_topic_names", Array(STRING)),
    wire("assignment", DESCRIBED_ASSIGNMENT),
)
_GROUP = struct(
    None,
    wire("error_code", ERROR),
    unused("error_message", NULLABLE_STRING, None),
    wire("group_id", STRING),
    wire("group_state", STRING),
    wire("group_epoch", INT32),
    wire("assignment_epoch", INT32),
    unused("assignor_name", STRING, "simple"),
    wire("members", Array(_MEMBER)),
    wire("authorized_operations", INT32),
)

SHARE_GROUP_DESCRIBE = api(
    77, "ShareGroupDescribe", "1", 0,
    message(
        ShareGroupDescribeRequest,
        wire("group_ids", Array(STRING)),
        wire("include_authorized_operations", BOOL),
    ),
    message(ShareGroupDescribeResponse, THROTTLE, wire("groups", Array(_GROUP)), make=_groups, parts=_groups_parts),
)  # fmt: skip
