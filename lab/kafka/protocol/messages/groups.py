"""JoinGroup (11), Heartbeat (12), LeaveGroup (13), SyncGroup (14): the classic group protocol."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode


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
