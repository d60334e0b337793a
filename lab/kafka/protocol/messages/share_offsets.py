"""DescribeShareGroupOffsets (90), AlterShareGroupOffsets (91), DeleteShareGroupOffsets (92): where share groups are in
their topics, as administrators see and change it (KIP-932).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.share_state import NO_OFFSET
from lab.kafka.protocol.schema import (
    INT32,
    INT64,
    STRING,
    THROTTLE,
    TOPIC_ID,
    Array,
    ByTopic,
    Struct,
    Versions,
    api,
    explained,
    message,
    struct,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class ShareOffsetsAsked(Sealed):
    """Which partitions of one group; None: all that it has begun."""

    group_id: str
    partitions: tuple[TopicPartition, ...] | None


@dataclass(slots=True)
class DescribeShareGroupOffsetsRequest(Sealed):
    """Of groups of one coordinator."""

    groups: tuple[ShareOffsetsAsked, ...]


@dataclass(slots=True)
class ShareOffset:
    """The share-partition's start offset (SPSO), -1 where there is none, and by the leader of which epoch."""

    start_offset: int = NO_OFFSET
    leader_epoch: int = 0
    error_code: ErrorCode = ErrorCode.NONE


@dataclass(slots=True)
class DescribedShareOffsets:
    """One group's."""

    group_id: str
    partitions: dict[TopicPartition, ShareOffset] = field(default_factory=dict[TopicPartition, ShareOffset])
    error_code: ErrorCode = ErrorCode.NONE


@dataclass(slots=True)
class DescribeShareGroupOffsetsResponse:
    """In the order asked. `topic_ids`: of the topics that are named, where there is such a topic."""

    groups: tuple[DescribedShareOffsets, ...]
    topic_ids: Mapping[str, TopicId] = field(default_factory=dict[str, TopicId])


@dataclass(slots=True)
class AlterShareGroupOffsetsRequest(Sealed):
    """Have a group without members begin there."""

    group_id: str
    offsets: dict[TopicPartition, int]


@dataclass(slots=True)
class AlterShareGroupOffsetsResponse:
    """An error for all, or one a partition. NON_EMPTY_GROUP while anybody is in the group."""

    error_code: ErrorCode
    partitions: dict[TopicPartition, ErrorCode] = field(default_factory=dict[TopicPartition, ErrorCode])
    topic_ids: Mapping[str, TopicId] = field(default_factory=dict[str, TopicId])


@dataclass(slots=True)
class DeleteShareGroupOffsetsRequest(Sealed):
    """Have a group without members forget that it ever read these topics."""

    group_id: str
    topics: tuple[str, ...]


@dataclass(slots=True)
class DeleteShareGroupOffsetsResponse:
    """An error for all, or one a topic: UNKNOWN_TOPIC_OR_PARTITION where there is nothing to forget."""

    error_code: ErrorCode
    topics: dict[str, ErrorCode] = field(default_factory=dict[str, ErrorCode])
    topic_ids: Mapping[str, TopicId] = field(default_factory=dict[str, TopicId])


Row = tuple[Any, ...]
"""A topic, or a group, as its fields stand on the wire."""


def _rows(partitions: Mapping[TopicPartition, Any], topic_ids: Mapping[str, TopicId]) -> tuple[Row, ...]:
    """By topic, with its id: of each partition what `partitions` says, behind its number."""
    found: dict[str, list[Row]] = {}
    for (topic, index), said in partitions.items():
        found.setdefault(topic, []).append((index, *said))
    return tuple((topic, topic_ids.get(topic, NO_TOPIC_ID), tuple(rows)) for topic, rows in found.items())


def _ids(rows: Iterable[Row]) -> dict[str, TopicId]:
    return {row[0]: row[1] for row in rows}


# --- DescribeShareGroupOffsets --------------------------------------------------------------------

_ASKED = struct(
    ShareOffsetsAsked,
    wire("group_id", STRING),
    wire("topics", ByTopic(topic="topic_name", nullable=Versions.of("0+")), attribute="partitions"),
)
_DESCRIBED_PARTITION = struct(
    None,
    wire("partition_index", INT32),
    wire("start_offset", INT64),
    wire("leader_epoch", INT32),
    wire("error_code", explained()),
)
_DESCRIBED_TOPIC = struct(
    None, wire("topic_name", STRING), wire("topic_id", TOPIC_ID), wire("partitions", Array(_DESCRIBED_PARTITION))
)
_DESCRIBED = struct(
    None, wire("group_id", STRING), wire("topics", Array(_DESCRIBED_TOPIC)), wire("error_code", explained())
)


def _described(groups: tuple[Row, ...]) -> DescribeShareGroupOffsetsResponse:
    topic_ids: dict[str, TopicId] = {}
    found: list[DescribedShareOffsets] = []
    for group_id, topics, error in groups:
        topic_ids |= _ids(topics)
        offsets = {
            TopicPartition(topic, index): ShareOffset(*said) for topic, _, rows in topics for index, *said in rows
        }
        found.append(DescribedShareOffsets(group_id, offsets, error))
    return DescribeShareGroupOffsetsResponse(tuple(found), topic_ids)


def _described_parts(response: DescribeShareGroupOffsetsResponse) -> tuple[tuple[Row, ...]]:
    return (
        tuple(
            (
                one.group_id,
                _rows(
                    {
                        name: (said.start_offset, said.leader_epoch, said.error_code)
                        for name, said in one.partitions.items()
                    },
                    response.topic_ids,
                ),
                one.error_code,
            )
            for one in response.groups
        ),
    )


DESCRIBE_SHARE_GROUP_OFFSETS = api(
    90, "DescribeShareGroupOffsets", "0", 0,
    message(DescribeShareGroupOffsetsRequest, wire("groups", Array(_ASKED))),
    message(
        DescribeShareGroupOffsetsResponse, THROTTLE, wire("groups", Array(_DESCRIBED)),
        make=_described, parts=_described_parts,
    ),
)  # fmt: skip

# --- AlterShareGroupOffsets -----------------------------------------------------------------------

_ALTERED_TOPIC = struct(
    None,
    wire("topic_name", STRING),
    wire("topic_id", TOPIC_ID),
    wire("partitions", Array(struct(None, wire("partition_index", INT32), wire("error_code", explained())))),
)


def _altered(error_code: ErrorCode, responses: tuple[Row, ...]) -> AlterShareGroupOffsetsResponse:
    partitions = {TopicPartition(topic, index): error for topic, _, rows in responses for index, error in rows}
    return AlterShareGroupOffsetsResponse(error_code, partitions, _ids(responses))


def _altered_parts(response: AlterShareGroupOffsetsResponse) -> tuple[ErrorCode, tuple[Row, ...]]:
    errors = {name: (error,) for name, error in response.partitions.items()}
    return response.error_code, _rows(errors, response.topic_ids)


ALTER_SHARE_GROUP_OFFSETS = api(
    91, "AlterShareGroupOffsets", "0", 0,
    message(
        AlterShareGroupOffsetsRequest,
        wire("group_id", STRING),
        wire("topics", ByTopic(wire("start_offset", INT64), topic="topic_name"), attribute="offsets"),
    ),
    message(
        AlterShareGroupOffsetsResponse, THROTTLE, wire("error_code", explained()),
        wire("responses", Array(_ALTERED_TOPIC)), make=_altered, parts=_altered_parts,
    ),
)  # fmt: skip

# --- DeleteShareGroupOffsets ----------------------------------------------------------------------


def _name(topic_name: str) -> str:
    return topic_name


_NAMED = Struct(_name, (wire("topic_name", STRING),), parts=lambda topic: (topic,))
_DELETED_TOPIC = struct(
    None, wire("topic_name", STRING), wire("topic_id", TOPIC_ID), wire("error_code", explained())
)  # fmt: skip


def _deleted(error_code: ErrorCode, responses: tuple[Row, ...]) -> DeleteShareGroupOffsetsResponse:
    return DeleteShareGroupOffsetsResponse(error_code, {topic: error for topic, _, error in responses}, _ids(responses))


def _deleted_parts(response: DeleteShareGroupOffsetsResponse) -> tuple[ErrorCode, tuple[Row, ...]]:
    rows = (
        (topic, response.topic_ids.get(topic, NO_TOPIC_ID), error) for topic, error in response.topics.items()
    )  # fmt: skip
    return response.error_code, tuple(rows)


DELETE_SHARE_GROUP_OFFSETS = api(
    92, "DeleteShareGroupOffsets", "0", 0,
    message(
        DeleteShareGroupOffsetsRequest,
        wire("group_id", STRING),
        wire("topics", Array(_NAMED)),
    ),
    message(
        DeleteShareGroupOffsetsResponse, THROTTLE, wire("error_code", explained()),
        wire("responses", Array(_DELETED_TOPIC)), make=_deleted, parts=_deleted_parts,
    ),
)  # fmt: skip
