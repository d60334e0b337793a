"""DescribeTopicPartitions (75): topics a page at a time (KIP-966)."""

from dataclasses import dataclass
from typing import NamedTuple

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT32,
    STRING,
    THROTTLE,
    TOPIC_ID,
    UNKNOWN_OPERATIONS,
    Array,
    Struct,
    Versions,
    api,
    message,
    or_empty,
    struct,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId

PARTITIONS_MAX = 2_000
"""So many partitions an answer has at most (`max.request.partition.size.limit`)."""


class Cursor(NamedTuple):
    """The partition at which a page begins."""

    topic_name: str
    partition_index: int


@dataclass(slots=True)
class DescribeTopicPartitionsRequest:
    """No topics: all. They come by their names, whatever the order here."""

    topics: tuple[str, ...]
    response_partition_limit: int = PARTITIONS_MAX
    cursor: Cursor | None = None


@dataclass(slots=True)
class DescribedPartition:
    """One partition. The eligible replicas are None where that feature is off."""

    error_code: ErrorCode
    partition_index: int
    leader_id: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    eligible_leader_replicas: tuple[int, ...] | None
    last_known_elr: tuple[int, ...] | None
    offline_replicas: tuple[int, ...]


@dataclass(slots=True)
class DescribedTopic:
    """One topic, or as much of it as has room on the page. `authorized_operations`: what the asker may do."""

    error_code: ErrorCode
    name: str
    topic_id: TopicId = NO_TOPIC_ID
    is_internal: bool = False
    partitions: tuple[DescribedPartition, ...] = ()
    authorized_operations: int = UNKNOWN_OPERATIONS


@dataclass(slots=True)
class DescribeTopicPartitionsResponse:
    """A page. `next_cursor` None: it is the last one."""

    topics: tuple[DescribedTopic, ...]
    next_cursor: Cursor | None = None


_ALWAYS = Versions.of("0+")
_CURSOR = struct(Cursor, wire("topic_name", STRING), wire("partition_index", INT32), nullable="0+")
_TOPIC_NAME = Struct(str, (wire("name", STRING, attribute="object"),), parts=lambda name: (name,))
_PARTITION = struct(
    DescribedPartition,
    wire("error_code", ERROR),
    wire("partition_index", INT32),
    wire("leader_id", INT32),
    wire("leader_epoch", INT32),
    wire("replica_nodes", Array(INT32), attribute="replicas"),
    wire("isr_nodes", Array(INT32), attribute="isr"),
    wire("eligible_leader_replicas", Array(INT32, nullable=_ALWAYS)),
    wire("last_known_elr", Array(INT32, nullable=_ALWAYS)),
    wire("offline_replicas", Array(INT32)),
)
_TOPIC = struct(
    DescribedTopic,
    wire("error_code", ERROR),
    wire("name", or_empty()),
    wire("topic_id", TOPIC_ID),
    wire("is_internal", BOOL),
    wire("partitions", Array(_PARTITION)),
    wire("topic_authorized_operations", INT32, attribute="authorized_operations"),
)

DESCRIBE_TOPIC_PARTITIONS = api(
    75, "DescribeTopicPartitions", "0", 0,
    message(
        DescribeTopicPartitionsRequest,
        wire("topics", Array(_TOPIC_NAME)),
        wire("response_partition_limit", INT32),
        wire("cursor", _CURSOR),
    ),
    message(
        DescribeTopicPartitionsResponse,
        THROTTLE,
        wire("topics", Array(_TOPIC)),
        wire("next_cursor", _CURSOR),
    ),
)  # fmt: skip
