"""JoinGroup (11), Heartbeat (12), LeaveGroup (13), SyncGroup (14): the classic group protocol."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    BYTES,
    ERROR,
    INT32,
    NULLABLE_STRING,
    STRING,
    Array,
    api,
    message,
    or_empty,
    struct,
    unused,
    wire,
)


@dataclass(slots=True)
class JoinGroupRequest:
    """Ask to be a member of the next generation. `protocols`: (assignor name, subscription bytes), best first."""

    group_id: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    member_id: str
    protocols: tuple[tuple[str, bytes], ...]
    protocol_type: str = "consumer"
    group_instance_id: str | None = None
    reason: str = ""


@dataclass(slots=True)
class JoinedMember:
    """A member as the group's leader sees it."""

    member_id: str
    group_instance_id: str | None
    metadata: bytes


@dataclass(slots=True)
class JoinGroupResponse:
    """`members` is filled only for the leader, who computes the assignment."""

    error_code: ErrorCode
    generation_id: int = -1
    protocol_name: str = ""
    leader: str = ""
    member_id: str = ""
    members: tuple[JoinedMember, ...] = ()
    skip_assignment: bool = False


@dataclass(slots=True)
class SyncGroupRequest:
    """The leader brings the assignment of everybody: (member id, assignment bytes); the others bring nothing."""

    group_id: str
    generation_id: int
    member_id: str
    assignments: tuple[tuple[str, bytes], ...] = ()
    protocol_name: str | None = None
    group_instance_id: str | None = None


@dataclass(slots=True)
class SyncGroupResponse:
    """This member's assignment."""

    error_code: ErrorCode
    assignment: bytes = b""


@dataclass(slots=True)
class HeartbeatRequest:
    """I am alive, and this is the generation I believe in."""

    group_id: str
    generation_id: int
    member_id: str
    group_instance_id: str | None = None


@dataclass(slots=True)
class HeartbeatResponse:
    """REBALANCE_IN_PROGRESS asks the member to join again."""

    error_code: ErrorCode


@dataclass(slots=True)
class LeaveGroupRequest:
    """Leave now rather than by a time-out. `members`: (member id, group instance id)."""

    group_id: str
    members: tuple[tuple[str, str | None], ...]
    reason: str = ""


@dataclass(slots=True)
class LeaveGroupResponse:
    """One error code a member, in the order asked."""

    error_code: ErrorCode
    members: tuple[ErrorCode, ...] = ()


@dataclass(slots=True)
class DescribeGroupsRequest:
    """DescribeGroups (15)."""

    group_ids: tuple[str, ...]


@dataclass(slots=True)
class DescribedGroup:
    """State names are Kafka's: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead."""

    error_code: ErrorCode
    group_id: str
    state: str
    protocol_type: str
    protocol: str
    generation_id: int
    members: tuple[JoinedMember, ...]


@dataclass(slots=True)
class DescribeGroupsResponse:
    """In the order asked."""

    groups: tuple[DescribedGroup, ...]


_PROTOCOL = struct(None, wire("name", STRING), wire("metadata", BYTES))
_JOINED = struct(
    JoinedMember,
    wire("member_id", STRING),
    wire("group_instance_id", NULLABLE_STRING, "5+", default=None),
    wire("metadata", BYTES),
)
_ASSIGNMENT = struct(None, wire("member_id", STRING), wire("assignment", BYTES))

JOIN_GROUP = api(
    11, "JoinGroup", "0-9", 6,
    message(
        JoinGroupRequest,
        wire("group_id", STRING),
        wire("session_timeout_ms", INT32),
        wire("rebalance_timeout_ms", INT32, "1+", default=-1),
        wire("member_id", STRING),
        wire("group_instance_id", NULLABLE_STRING, "5+"),
        wire("protocol_type", STRING),
        wire("protocols", Array(_PROTOCOL)),
        wire("reason", or_empty(), "8+"),
    ),
    message(
        JoinGroupResponse,
        unused("throttle_time_ms", INT32, 0, "2+"),
        wire("error_code", ERROR),
        wire("generation_id", INT32),
        unused("protocol_type", NULLABLE_STRING, "consumer", "7+"),
        wire("protocol_name", STRING, "0-6"),
        wire("protocol_name", or_empty(), "7+"),
        wire("leader", STRING),
        wire("skip_assignment", BOOL, "9+"),
        wire("member_id", STRING),
        wire("members", Array(_JOINED)),
    ),
)  # fmt: skip

HEARTBEAT = api(
    12, "Heartbeat", "0-4", 4,
    message(
        HeartbeatRequest,
        wire("group_id", STRING),
        wire("generation_id", INT32),
        wire("member_id", STRING),
        wire("group_instance_id", NULLABLE_STRING, "3+"),
    ),
    message(HeartbeatResponse, unused("throttle_time_ms", INT32, 0, "1+"), wire("error_code", ERROR)),
)  # fmt: skip

SYNC_GROUP = api(
    14, "SyncGroup", "0-5", 4,
    message(
        SyncGroupRequest,
        wire("group_id", STRING),
        wire("generation_id", INT32),
        wire("member_id", STRING),
        wire("group_instance_id", NULLABLE_STRING, "3+"),
        unused("protocol_type", NULLABLE_STRING, None, "5+"),
        wire("protocol_name", NULLABLE_STRING, "5+"),
        wire("assignments", Array(_ASSIGNMENT)),
    ),
    message(
        SyncGroupResponse,
        unused("throttle_time_ms", INT32, 0, "1+"),
        wire("error_code", ERROR),
        unused("protocol_type", NULLABLE_STRING, "consumer", "5+"),
        unused("protocol_name", NULLABLE_STRING, None, "5+"),
        wire("assignment", BYTES),
    ),
)  # fmt: skip
