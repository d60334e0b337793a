"""CreateTopics (19), DeleteTopics (20), DeleteRecords (21), CreatePartitions (37), ElectLeaders (43): topics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import ConfigSource
from lab.kafka.protocol.open_number import OpenNumber
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    INT16,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    THROTTLE,
    TOPIC_ID,
    Array,
    ByTopic,
    Converted,
    Fixed,
    Struct,
    Table,
    Versions,
    api,
    explained,
    message,
    or_empty,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class NewTopic:
    """Counts of -1: as the brokers are set up. `assignments`: partition -> broker ids, where the caller wants to
    place replicas by hand.
    """

    name: str
    num_partitions: int
    replication_factor: int
    configs: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    assignments: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])


@dataclass(slots=True)
class CreateTopicsRequest:
    """Sent to any broker, which forwards it to the active controller. `undescribed`: topics of whose settings the
    sender may not be told.
    """

    topics: tuple[NewTopic, ...]
    validate_only: bool = False
    undescribed: tuple[str, ...] = ()


class CreatedConfig(NamedTuple):
    """A setting of a new topic, and where it comes from."""

    name: str
    value: str | None
    is_read_only: bool
    source: ConfigSource
    is_sensitive: bool = False


@dataclass(slots=True)
class TopicResult:
    """The outcome for one topic, with a sentence where it failed. `topic_id` where topics are made or deleted, the rest
    where they are made (KIP-525).
    """

    name: str
    error_code: ErrorCode
    error_message: str | None = None
    topic_id: TopicId = NO_TOPIC_ID
    num_partitions: int = -1
    replication_factor: int = -1
    configs: tuple[CreatedConfig, ...] | None = ()
    topic_config_error_code: ErrorCode = ErrorCode.NONE


@dataclass(slots=True)
class CreateTopicsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class DeleteTopicsRequest:
    """By name, or by id."""

    names: tuple[str, ...]
    topic_ids: tuple[TopicId, ...] = ()


@dataclass(slots=True)
class DeleteTopicsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class CreatePartitionsRequest:
    """Topic -> the new total number of partitions, which must be larger than now. `assignments`: where the caller wants
    to place the replicas of each new one by hand.
    """

    topics: dict[str, int]
    assignments: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict[str, tuple[tuple[int, ...], ...]])
    validate_only: bool = False


@dataclass(slots=True)
class CreatePartitionsResponse:
    """In the order asked."""

    topics: tuple[TopicResult, ...]


@dataclass(slots=True)
class DeleteRecordsRequest:
    """Raise the log start offset; -1 means to the high watermark."""

    offsets: dict[TopicPartition, int]
    timeout_ms: int = 30_000


@dataclass(slots=True)
class DeleteRecordsResponse:
    """Partition -> (error, low watermark)."""

    partitions: dict[TopicPartition, tuple[ErrorCode, int]]


class ElectionType(OpenNumber):
    """Which leaders are wanted: the first of each list, or any replica where none in sync is left."""

    PREFERRED = 0
    UNCLEAN = 1


@dataclass(slots=True)
class ElectLeadersRequest:
    """`partitions` None: all."""

    election_type: ElectionType
    partitions: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ElectLeadersResponse:
    """One error code a partition, or one for all. `topics`: all that are named, where of one nothing is told."""

    partitions: dict[TopicPartition, ErrorCode]
    error_code: ErrorCode = ErrorCode.NONE
    topics: tuple[str, ...] = ()


Election = tuple[str, tuple[tuple[int, ErrorCode], ...]]
"""A topic's, as it stands on the wire."""


def _elected(
    replica_election_results: tuple[Election, ...], error_code: ErrorCode = ErrorCode.NONE
) -> ElectLeadersResponse:
    told = {TopicPartition(topic, one): error for topic, rows in replica_election_results for one, error in rows}
    named = all(rows for _, rows in replica_election_results)
    return ElectLeadersResponse(
        told, error_code, () if named else tuple(topic for topic, _ in replica_election_results)
    )


def _elected_parts(response: ElectLeadersResponse) -> tuple[ErrorCode, tuple[Election, ...]]:
    found: dict[str, list[tuple[int, ErrorCode]]] = {topic: [] for topic in response.topics}
    for (topic, partition), error in response.partitions.items():
        found.setdefault(topic, []).append((partition, error))
    return response.error_code, tuple((topic, tuple(rows)) for topic, rows in found.items())


TIMEOUT_MS = 60_000
"""How long a caller waits for the controller: it is not looked at, and decisions here are made at once."""


def _once_each(placed: tuple[tuple[int, tuple[int, ...]], ...]) -> dict[int, tuple[int, ...]]:
    """A partition that is placed twice is placed nowhere, which the controller refuses."""
    found: dict[int, tuple[int, ...]] = {}
    for index, replicas in placed:
        found[index] = () if index in found else replicas
    return found


def _placed_parts(placed: dict[int, tuple[int, ...]]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    return tuple(placed.items())


_PLACED_AT = struct(None, wire("partition_index", INT32), wire("broker_ids", Array(INT32)))
_NEW_TOPIC = struct(
    NewTopic,
    wire("name", STRING),
    wire("num_partitions", INT32),
    wire("replication_factor", INT16),
    wire("assignments", Converted(Array(_PLACED_AT), _once_each, _placed_parts)),
    wire("configs", Table(wire("name", STRING), wire("value", NULLABLE_STRING))),
)
_CREATED_CONFIG = struct(
    CreatedConfig,
    wire("name", STRING),
    wire("value", NULLABLE_STRING),
    wire("read_only", BOOL, attribute="is_read_only"),
    wire("config_source", Fixed("b", ConfigSource), attribute="source"),
    wire("is_sensitive", BOOL),
)
_CREATED = struct(
    TopicResult,
    wire("name", STRING),
    wire("topic_id", TOPIC_ID, "7+", default=NO_TOPIC_ID),
    wire("error_code", ERROR),
    wire("error_message", NULLABLE_STRING),
    wire("topic_config_error_code", ERROR, "5+", default=ErrorCode.NONE, tag=0),
    wire("num_partitions", INT32, "5+", default=-1),
    wire("replication_factor", INT16, "5+", default=-1),
    wire("configs", Array(_CREATED_CONFIG, nullable=Versions.of("5+")), "5+", default=None),
)

CREATE_TOPICS = api(
    19, "CreateTopics", "2-7", 5,
    message(
        CreateTopicsRequest,
        wire("topics", Array(_NEW_TOPIC)),
        unused("timeout_ms", INT32, TIMEOUT_MS),
        wire("validate_only", BOOL),
    ),
    message(CreateTopicsResponse, THROTTLE, wire("topics", Array(_CREATED))),
)  # fmt: skip


Doomed = tuple[str | None, TopicId]
"""A topic to delete, by its name or by its id."""


def _deleting(topics: tuple[Doomed, ...]) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(
        tuple(name for name, topic_id in topics if name is not None and not topic_id),
        tuple(topic_id for _, topic_id in topics if topic_id),
    )


def _deleting_parts(request: DeleteTopicsRequest) -> tuple[tuple[Doomed, ...]]:
    named = ((name, NO_TOPIC_ID) for name in request.names)
    return ((*named, *((None, topic_id) for topic_id in request.topic_ids)),)


_DOOMED = struct(None, wire("name", NULLABLE_STRING), wire("topic_id", TOPIC_ID))
_DELETED = struct(
    TopicResult,
    wire("name", STRING, "0-5"),
    wire("name", or_empty(), "6+"),
    wire("topic_id", TOPIC_ID, "6+", default=NO_TOPIC_ID),
    wire("error_code", ERROR),
    wire("error_message", NULLABLE_STRING, "5+"),
)

DELETE_TOPICS = api(
    20, "DeleteTopics", "1-6", 4,
    (
        message(
            DeleteTopicsRequest,
            wire("topic_names", Array(STRING), attribute="names"),
            unused("timeout_ms", INT32, TIMEOUT_MS),
            versions="0-5",
        ),
        message(
            DeleteTopicsRequest,
            wire("topics", Array(_DOOMED)),
            unused("timeout_ms", INT32, TIMEOUT_MS),
            versions="6+",
            make=_deleting,
            parts=_deleting_parts,
        ),
    ),
    message(DeleteTopicsResponse, THROTTLE, wire("responses", Array(_DELETED), attribute="topics")),
)  # fmt: skip


Placed = tuple[tuple[int, ...], ...]
"""The brokers of each new partition."""


def _growing(topics: dict[str, tuple[int, Placed | None]], validate_only: bool) -> CreatePartitionsRequest:
    return CreatePartitionsRequest(
        {name: count for name, (count, _) in topics.items()},
        {name: placed for name, (_, placed) in topics.items() if placed is not None},
        validate_only,
    )


def _growing_parts(request: CreatePartitionsRequest) -> tuple[dict[str, tuple[int, Placed | None]], bool]:
    found = {name: (count, request.assignments.get(name)) for name, count in request.topics.items()}
    return found, request.validate_only


def _brokers(broker_ids: tuple[int, ...]) -> tuple[int, ...]:
    return broker_ids


_PLACED = Struct(_brokers, (wire("broker_ids", Array(INT32)),), parts=lambda placed: (placed,))
_GROWING = struct(None, wire("count", INT32), wire("assignments", Array(_PLACED, nullable=Versions.of("0+"))))
_GROWN = struct(TopicResult, wire("name", STRING), wire("error_code", ERROR), wire("error_message", NULLABLE_STRING))

CREATE_PARTITIONS = api(
    37, "CreatePartitions", "0-3", 2,
    message(
        CreatePartitionsRequest,
        wire("topics", Table(wire("name", STRING), _GROWING)),
        unused("timeout_ms", INT32, TIMEOUT_MS),
        wire("validate_only", BOOL),
        make=_growing,
        parts=_growing_parts,
    ),
    message(CreatePartitionsResponse, THROTTLE, wire("results", Array(_GROWN), attribute="topics")),
)  # fmt: skip


def _deleted_records(low_watermark: int, error_code: ErrorCode) -> tuple[ErrorCode, int]:
    return error_code, low_watermark


_RECORDS_DELETED = Struct(
    _deleted_records, (wire("low_watermark", INT64), wire("error_code", ERROR)), parts=lambda found: found[::-1]
)

DELETE_RECORDS = api(
    21, "DeleteRecords", "0-2", 2,
    message(
        DeleteRecordsRequest,
        wire("topics", ByTopic(wire("offset", INT64)), attribute="offsets"),
        wire("timeout_ms", INT32),
    ),
    message(DeleteRecordsResponse, THROTTLE, wire("topics", ByTopic(_RECORDS_DELETED), attribute="partitions")),
)  # fmt: skip


_ELECTION = struct(
    None,
    wire("topic", STRING),
    wire("partition_result", Array(struct(None, wire("partition_id", INT32), wire("error_code", explained())))),
)

ELECT_LEADERS = api(
    43, "ElectLeaders", "0-2", 2,
    message(
        ElectLeadersRequest,
        wire("election_type", Fixed("b", ElectionType), "1+", default=ElectionType.PREFERRED),
        wire(
            "topic_partitions", ByTopic(topic="topic", nullable=Versions.of("0+")), attribute="partitions"
        ),
        unused("timeout_ms", INT32, TIMEOUT_MS),
    ),
    message(
        ElectLeadersResponse,
        THROTTLE,
        wire("error_code", ERROR, "1+"),
        wire("replica_election_results", Array(_ELECTION)),
        make=_elected,
        parts=_elected_parts,
    ),
)  # fmt: skip
