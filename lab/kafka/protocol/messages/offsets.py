"""OffsetCommit (8) and OffsetFetch (9): where a group has got to."""

from dataclasses import dataclass, field, replace

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    Array,
    ByTopic,
    Struct,
    Table,
    Versions,
    api,
    message,
    never_null,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class CommittedOffset:
    """The next offset to read, not the last one read; -1 where nothing was committed."""

    offset: int
    leader_epoch: int = -1
    metadata: str = ""


@dataclass(slots=True)
class OffsetCommitRequest:
    """Generation -1 with no member id is a commit from outside any membership. In the consumer protocol the
    generation is the member epoch.
    """

    group_id: str
    generation_id: int
    member_id: str
    offsets: dict[TopicPartition, CommittedOffset]
    group_instance_id: str | None = None


@dataclass(slots=True)
class OffsetCommitResponse:
    """One error code a partition."""

    partitions: dict[TopicPartition, ErrorCode]


@dataclass(slots=True)
class OffsetFetchRequest:
    """`partitions` None asks for all the group has. `require_stable`: not where a transaction is about to commit. Only
    members of the consumer protocol say who they are.
    """

    group_id: str
    partitions: tuple[TopicPartition, ...] | None = None
    require_stable: bool = False
    member_id: str = ""
    member_epoch: int = -1


@dataclass(slots=True)
class OffsetFetchResponse:
    """The committed offsets, or one error for the whole group; `errors`: partitions that have no answer now."""

    offsets: dict[TopicPartition, CommittedOffset]
    error_code: ErrorCode = ErrorCode.NONE
    errors: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])


_COMMIT = struct(
    CommittedOffset,
    wire("committed_offset", INT64, attribute="offset"),
    wire("committed_leader_epoch", INT32, "6+", attribute="leader_epoch"),
    wire("committed_metadata", or_empty(), attribute="metadata"),
)

_BY_ID = Versions.of("10+")

OFFSET_COMMIT = api(
    8, "OffsetCommit", "2-10", 8,
    message(
        OffsetCommitRequest,
        wire("group_id", STRING),
        wire("generation_id_or_member_epoch", INT32, attribute="generation_id"),
        wire("member_id", STRING),
        wire("group_instance_id", NULLABLE_STRING, "7+"),
        unused("retention_time_ms", INT64, -1, "2-4"),
        wire("topics", ByTopic(_COMMIT, ids=_BY_ID), attribute="offsets"),
    ),
    message(
        OffsetCommitResponse,
        unused("throttle_time_ms", INT32, 0, "3+"),
        wire("topics", ByTopic(wire("error_code", ERROR), ids=_BY_ID), attribute="partitions"),
    ),
    by_topic_id=_BY_ID,
)  # fmt: skip


@dataclass(slots=True)
class OffsetFetchesRequest:
    """Of several groups at once, from version 8 on."""

    groups: tuple[OffsetFetchRequest, ...]


@dataclass(slots=True)
class OffsetFetchesResponse:
    """By group."""

    groups: dict[str, OffsetFetchResponse]


Fetched = tuple[int, int, str, ErrorCode]
"""How a partition stands on the wire: with an error, or with what was committed."""


def _answer(topics: dict[TopicPartition, Fetched], error_code: ErrorCode = ErrorCode.NONE) -> OffsetFetchResponse:
    offsets = {one: CommittedOffset(*found[:3]) for one, found in topics.items() if not found[3]}
    return OffsetFetchResponse(offsets, error_code, {one: found[3] for one, found in topics.items() if found[3]})


def _answer_parts(answer: OffsetFetchResponse) -> tuple[dict[TopicPartition, Fetched], ErrorCode]:
    found = {
        one: (offset.offset, offset.leader_epoch, offset.metadata, ErrorCode.NONE)
        for one, offset in answer.offsets.items()
    }
    return found | {one: (-1, -1, "", error) for one, error in answer.errors.items()}, answer.error_code


_FETCHED = struct(
    None,
    wire("committed_offset", INT64),
    wire("committed_leader_epoch", INT32, "5+", default=-1),
    wire("metadata", never_null()),
    wire("error_code", ERROR),
)


def _groups(groups: tuple[OffsetFetchRequest, ...], require_stable: bool) -> OffsetFetchesRequest:
    return OffsetFetchesRequest(tuple(replace(one, require_stable=require_stable) for one in groups))


def _groups_parts(request: OffsetFetchesRequest) -> tuple[tuple[OffsetFetchRequest, ...], bool]:
    return request.groups, any(one.require_stable for one in request.groups)


_ASKED = ByTopic(partitions="partition_indexes", nullable=Versions.of("2+"), ids=_BY_ID)
_GROUP = struct(
    OffsetFetchRequest,
    wire("group_id", STRING),
    wire("member_id", or_empty(), "9+"),
    wire("member_epoch", INT32, "9+"),
    wire("topics", _ASKED, attribute="partitions"),
)
_ANSWER = Struct(
    _answer, (wire("topics", ByTopic(_FETCHED, ids=_BY_ID)), wire("error_code", ERROR)), parts=_answer_parts
)

OFFSET_FETCH = api(
    9, "OffsetFetch", "1-10", 6,
    (
        message(
            OffsetFetchRequest,
            wire("group_id", STRING),
            wire("topics", _ASKED, attribute="partitions"),
            wire("require_stable", BOOL, "7+"),
            versions="0-7",
        ),
        message(
            OffsetFetchesRequest,
            wire("groups", Array(_GROUP)),
            wire("require_stable", BOOL),
            versions="8+",
            make=_groups,
            parts=_groups_parts,
        ),
    ),
    (
        message(
            OffsetFetchResponse,
            unused("throttle_time_ms", INT32, 0, "3+"),
            wire("topics", ByTopic(_FETCHED)),
            wire("error_code", ERROR, "2+", default=ErrorCode.NONE),
            versions="0-7",
            make=_answer,
            parts=_answer_parts,
        ),
        message(
            OffsetFetchesResponse,
            THROTTLE,
            wire("groups", Table(wire("group_id", STRING), _ANSWER)),
            versions="8+",
        ),
    ),
    by_topic_id=_BY_ID,
)  # fmt: skip
