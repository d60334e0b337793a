"""ShareGroupHeartbeat (76), ShareGroupDescribe (77): membership of share groups (KIP-932)."""

from dataclasses import dataclass

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.consumer_groups import ASSIGNMENT
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    Array,
    Versions,
    api,
    message,
    or_empty,
    unused,
    wire,
)
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


@dataclass(slots=True)
class DescribedShareGroup:
    """States are Kafka's: Empty, Stable, Dead. `members`: (member id, client id, member epoch, assignment)."""

    error_code: ErrorCode
    group_id: str
    group_state: str = "Dead"
    group_epoch: int = 0
    assignment_epoch: int = 0
    members: tuple[tuple[str, str, int, tuple[TopicPartition, ...]], ...] = ()


@dataclass(slots=True)
class ShareGroupDescribeResponse:
    """In the order asked."""

    groups: tuple[DescribedShareGroup, ...]


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
