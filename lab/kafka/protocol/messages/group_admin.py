"""ListGroups (16), DeleteGroups (42), OffsetDelete (47): what administrators ask about groups."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    Table,
    api,
    message,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class ListGroupsRequest:
    """Of the broker that is asked; no filter means all. Types are classic and consumer."""

    states_filter: tuple[str, ...] = ()
    types_filter: tuple[str, ...] = ()


@dataclass(slots=True)
class ListedGroup:
    """One group that this broker coordinates."""

    group_id: str
    protocol_type: str
    group_state: str
    group_type: str


@dataclass(slots=True)
class ListGroupsResponse:
    """In the order in which they came to be."""

    groups: tuple[ListedGroup, ...]


@dataclass(slots=True)
class DeleteGroupsRequest:
    """Groups of one coordinator."""

    group_ids: tuple[str, ...]


@dataclass(slots=True)
class DeleteGroupsResponse:
    """Of each group; NON_EMPTY_GROUP while anybody is in it."""

    groups: dict[str, ErrorCode]


@dataclass(slots=True)
class OffsetDeleteRequest:
    """Forget these committed offsets of a group."""

    group_id: str
    partitions: tuple[TopicPartition, ...]


@dataclass(slots=True)
class OffsetDeleteResponse:
    """An error for the whole group, or one a partition: GROUP_SUBSCRIBED_TO_TOPIC while members read the topic."""

    error_code: ErrorCode
    partitions: dict[TopicPartition, ErrorCode]


_LISTED = struct(
    ListedGroup,
    wire("group_id", STRING),
    wire("protocol_type", STRING),
    wire("group_state", STRING, "4+", default=""),
    wire("group_type", STRING, "5+", default=""),
)

LIST_GROUPS = api(
    16, "ListGroups", "0-5", 3,
    message(
        ListGroupsRequest,
        wire("states_filter", Array(STRING), "4+", default=()),
        wire("types_filter", Array(STRING), "5+", default=()),
    ),
    message(
        ListGroupsResponse,
        unused("throttle_time_ms", INT32, 0, "1+"),
        unused("error_code", ERROR, ErrorCode.NONE),
        wire("groups", Array(_LISTED)),
    ),
)  # fmt: skip

DELETE_GROUPS = api(
    42, "DeleteGroups", "0-2", 2,
    message(DeleteGroupsRequest, wire("groups_names", Array(STRING), attribute="group_ids")),
    message(
        DeleteGroupsResponse,
        THROTTLE,
        wire("results", Table(wire("group_id", STRING), wire("error_code", ERROR)), attribute="groups"),
    ),
)  # fmt: skip

OFFSET_DELETE = api(
    47, "OffsetDelete", "0", None,
    message(OffsetDeleteRequest, wire("group_id", STRING), wire("topics", ByTopic(), attribute="partitions")),
    message(
        OffsetDeleteResponse,
        wire("error_code", ERROR),
        THROTTLE,
        wire("topics", ByTopic(wire("error_code", ERROR)), attribute="partitions"),
    ),
)  # fmt: skip
