"""JoinGroup (11), Heartbeat (12), LeaveGroup (13), SyncGroup (14), DescribeGroups (15): the classic group protocol."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    BYTES,
    ERROR,
    INT32,
    NULLABLE_STRING,
    STRING,
    UNKNOWN_OPERATIONS,
    Array,
    Message,
    Single,
    Struct,
    api,
    explained,
    message,
    or_empty,
    struct,
    unused,
    wire,
)


@dataclass(slots=True)
class JoinGroupRequest:
    """Ask to be a member of the next generation. `protocols`: (assignor name, subscription bytes), best first.
    `takes_member_id`: it is given a member id first, and joins with that (KIP-394); before version 4 clients could not.
    """

    group_id: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    member_id: str
    protocols: tuple[tuple[str, bytes], ...]
    protocol_type: str = "consumer"
    group_instance_id: str | None = None
    reason: str = ""
    takes_member_id: bool = True


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
    protocol_type: str | None = None


@dataclass(slots=True)
class SyncGroupRequest:
    """The leader brings the assignment of everybody: (member id, assignment bytes); the others bring nothing. Who is
    too old to say the protocol has None there; "" is nobody's.
    """

    group_id: str
    generation_id: int
    member_id: str
    assignments: tuple[tuple[str, bytes], ...] = ()
    protocol_name: str | None = None
    group_instance_id: str | None = None
    protocol_type: str | None = None


@dataclass(slots=True)
class SyncGroupResponse:
    """This member's assignment."""

    error_code: ErrorCode
    assignment: bytes = b""
    protocol_type: str | None = None
    protocol_name: str | None = None


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


class LeavingMember(NamedTuple):
    """Who goes, by member id or (static) by instance id."""

    member_id: str
    group_instance_id: str | None = None
    reason: str = ""


@dataclass(slots=True)
class LeaveGroupRequest:
    """Leave now rather than by a time-out."""

    group_id: str
    members: tuple[LeavingMember, ...]


class LeftMember(NamedTuple):
    """What became of one that wanted to go."""

    member_id: str
    group_instance_id: str | None
    error_code: ErrorCode


@dataclass(slots=True)
class LeaveGroupResponse:
    """In the order asked; or one error for all."""

    error_code: ErrorCode
    members: tuple[LeftMember, ...] = ()


@dataclass(slots=True)
class DescribeGroupsRequest:
    """DescribeGroups (15)."""

    group_ids: tuple[str, ...]
    include_authorized_operations: bool = False


@dataclass(slots=True)
class DescribedGroupMember:
    """A member as an administrator sees it."""

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    assignment: bytes


@dataclass(slots=True)
class DescribedGroup:
    """State names are Kafka's: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. The generation is told to
    simulated administrators only. `authorized_operations`: what the asker may do, a bit each.
    """

    error_code: ErrorCode
    group_id: str
    state: str
    protocol_type: str
    protocol: str
    generation_id: int
    members: tuple[DescribedGroupMember, ...]
    authorized_operations: int = UNKNOWN_OPERATIONS


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

_JOIN = (
    wire("group_id", STRING),
    wire("session_timeout_ms", INT32),
    wire("rebalance_timeout_ms", INT32, "1+"),
    wire("member_id", STRING),
    wire("group_instance_id", NULLABLE_STRING, "5+"),
    wire("protocol_type", STRING),
    wire("protocols", Array(_PROTOCOL)),
    wire("reason", or_empty(), "8+"),
)


def _oldest_join(session_timeout_ms: int, **more: Any) -> JoinGroupRequest:
    """Before version 1 a member had as much time to join again as to be silent."""
    return JoinGroupRequest(
        session_timeout_ms=session_timeout_ms, rebalance_timeout_ms=session_timeout_ms, takes_member_id=False, **more
    )


JOIN_GROUP = api(
    11, "JoinGroup", "0-9", 6,
    (
        message(JoinGroupRequest, *_JOIN, versions="0", make=_oldest_join),
        message(JoinGroupRequest, *_JOIN, versions="1-3", make=partial(JoinGroupRequest, takes_member_id=False)),
        message(JoinGroupRequest, *_JOIN, versions="4+"),
    ),
    message(
        JoinGroupResponse,
        unused("throttle_time_ms", INT32, 0, "2+"),
        wire("error_code", ERROR),
        wire("generation_id", INT32),
        wire("protocol_type", NULLABLE_STRING, "7+", default=None),
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
        wire("protocol_type", or_empty(), "5+"),
        wire("protocol_name", or_empty(), "5+"),
        wire("assignments", Array(_ASSIGNMENT)),
    ),
    message(
        SyncGroupResponse,
        unused("throttle_time_ms", INT32, 0, "1+"),
        wire("error_code", ERROR),
        wire("protocol_type", NULLABLE_STRING, "5+", default=None),
        wire("protocol_name", NULLABLE_STRING, "5+", default=None),
        wire("assignment", BYTES),
    ),
)  # fmt: skip


def _alone(response: LeaveGroupResponse) -> tuple[ErrorCode]:
    """Where only one could leave, its error is that of the request."""
    return (response.error_code or next((one.error_code for one in response.members), ErrorCode.NONE),)


_LEAVING = struct(
    LeavingMember,
    wire("member_id", STRING),
    wire("group_instance_id", NULLABLE_STRING, "3+"),
    wire("reason", or_empty(), "5+"),
)
_LEFT = struct(
    LeftMember,
    wire("member_id", STRING),
    wire("group_instance_id", NULLABLE_STRING),
    wire("error_code", ERROR),
)

LEAVE_GROUP = api(
    13, "LeaveGroup", "0-5", 4,
    message(
        LeaveGroupRequest,
        wire("group_id", STRING),
        wire("members", Single(_LEAVING), "0-2"),
        wire("members", Array(_LEAVING), "3+"),
    ),
    (
        message(
            LeaveGroupResponse,
            unused("throttle_time_ms", INT32, 0, "1+"),
            wire("error_code", ERROR),
            versions="0-2",
            parts=_alone,
        ),
        message(
            LeaveGroupResponse,
            unused("throttle_time_ms", INT32, 0),
            wire("error_code", ERROR),
            wire("members", Array(_LEFT)),
            versions="3+",
        ),
    ),
)  # fmt: skip


def _described(**more: Any) -> DescribedGroup:
    return DescribedGroup(generation_id=-1, **more)


def _described_parts(group: DescribedGroup) -> tuple[object, ...]:
    return (
        group.error_code, group.group_id, group.state, group.protocol_type, group.protocol, group.members,
        group.authorized_operations,
    )  # fmt: skip


def _existing_parts(group: DescribedGroup) -> tuple[object, ...]:
    """From version 6 on a group that does not exist is an error (KIP-1043), and no longer a dead group."""
    if group.state != "Dead" or group.error_code:
        return _described_parts(group)
    return (ErrorCode.GROUP_ID_NOT_FOUND, *_described_parts(group)[1:-1], UNKNOWN_OPERATIONS)


_DESCRIBED_MEMBER = struct(
    DescribedGroupMember,
    wire("member_id", STRING),
    wire("group_instance_id", NULLABLE_STRING, "4+", default=None),
    wire("client_id", STRING),
    wire("client_host", STRING),
    wire("member_metadata", BYTES, attribute="metadata"),
    wire("member_assignment", BYTES, attribute="assignment"),
)


def _described_group(parts: Callable[[DescribedGroup], tuple[object, ...]]) -> Struct:
    fields = (
        wire("error_code", explained("6+")),
        wire("group_id", STRING),
        wire("group_state", STRING, attribute="state"),
        wire("protocol_type", STRING),
        wire("protocol_data", STRING, attribute="protocol"),
        wire("members", Array(_DESCRIBED_MEMBER)),
        wire("authorized_operations", INT32, "3+", default=UNKNOWN_OPERATIONS),
    )
    return Struct(_described, fields, parts=parts)


def _described_groups(versions: str, parts: Callable[[DescribedGroup], tuple[object, ...]]) -> Message:
    return message(
        DescribeGroupsResponse,
        unused("throttle_time_ms", INT32, 0, "1+"),
        wire("groups", Array(_described_group(parts))),
        versions=versions,
    )


DESCRIBE_GROUPS = api(
    15, "DescribeGroups", "0-6", 5,
    message(
        DescribeGroupsRequest,
        wire("groups", Array(STRING), attribute="group_ids"),
        wire("include_authorized_operations", BOOL, "3+", default=False),
    ),
    (_described_groups("0-5", _described_parts), _described_groups("6+", _existing_parts)),
)  # fmt: skip
