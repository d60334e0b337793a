"""Fetch (1): read batches; consumers and follower replicas use the same request."""

from dataclasses import dataclass
from typing import Any

from lab.env import Sealed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.node_endpoint import NODE_ENDPOINTS, NodeEndpoint
from lab.kafka.protocol.open_number import OpenNumber
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.schema import (
    ERROR,
    INT32,
    INT64,
    NULLABLE_STRING,
    RECORDS,
    STRING,
    THROTTLE,
    UUID,
    Array,
    ByTopic,
    Converted,
    Fixed,
    Versions,
    api,
    message,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition

INITIAL_EPOCH, FINAL_EPOCH = 0, -1
"""Session epochs of a full fetch: one that asks for a new session, and one that wants none."""
CONSUMER = -1
"""The replica id of whoever is no replica. From version 15 on only replicas say who they are."""


class IsolationLevel(OpenNumber):
    """How far a consumer may read: to the high watermark, or to the last stable offset."""

    READ_UNCOMMITTED = 0
    READ_COMMITTED = 1


@dataclass(slots=True)
class FetchPartition(Sealed):
    """From where to read one partition. Epochs of -1 and no `topic_id` mean: do not check. The id is not the key, as
    it is in Kafka: so whoever looks a partition up compares it, and need not translate it first.
    """

    fetch_offset: int
    partition_max_bytes: int
    current_leader_epoch: int = -1
    last_fetched_epoch: int = -1
    log_start_offset: int = -1
    topic_id: TopicId = NO_TOPIC_ID


@dataclass(slots=True)
class FetchRequest(Sealed):
    """`replica_id` -1 is a consumer. In a session (KIP-227) `partitions` are those that are new or asked otherwise
    than before, `forgotten` those that go.
    """

    replica_id: int
    max_wait_ms: int
    min_bytes: int
    max_bytes: int
    partitions: dict[TopicPartition, FetchPartition]
    replica_epoch: int = -1
    isolation_level: IsolationLevel = IsolationLevel.READ_UNCOMMITTED
    rack_id: str | None = ""
    session_id: int = 0
    session_epoch: int = FINAL_EPOCH
    forgotten: tuple[TopicPartition, ...] = ()


@dataclass(slots=True)
class FetchedPartition:
    """One partition's answer. `diverging_epoch` (epoch, end offset) tells a follower to truncate. Who reads committed
    is told the `aborted_transactions`, (producer id, first offset), that have records here.
    `preferred_read_replica` tells a consumer to read from that broker (KIP-392).
    """

    error_code: ErrorCode
    high_watermark: int = -1
    last_stable_offset: int = -1
    log_start_offset: int = -1
    records: tuple[RecordBatch, ...] = ()
    diverging_epoch: tuple[int, int] | None = None
    current_leader: tuple[int, int] | None = None
    aborted_transactions: tuple[tuple[int, int], ...] | None = None
    preferred_read_replica: int = -1


@dataclass(slots=True)
class FetchResponse:
    """Answers for the partitions that had something to say. `session_id` 0: the broker keeps no session.
    `node_endpoints`: where those are that lead instead.
    """

    responses: dict[TopicPartition, FetchedPartition]
    error_code: ErrorCode = ErrorCode.NONE
    session_id: int = 0
    node_endpoints: tuple[NodeEndpoint, ...] = ()


def batches_in(records: "bytes | memoryview | None") -> tuple[RecordBatch, ...]:
    """The batches of a partition's field `records`, one behind the other. Raises Malformed."""
    return RecordBatch.parse_all(bytes(records)) if records else ()


def _bytes_of(batches: tuple[RecordBatch, ...]) -> bytes:
    return batches[0].data if len(batches) == 1 else b"".join([batch.data for batch in batches])


_EPOCH_AND_END = struct(None, wire("epoch", INT32), wire("end_offset", INT64))
_LEADER = struct(None, wire("leader_id", INT32), wire("leader_epoch", INT32))
_SNAPSHOT = struct(None, wire("end_offset", INT64), wire("epoch", INT32))
_ABORTED = struct(None, wire("producer_id", INT64), wire("first_offset", INT64))
_REPLICA = struct(None, wire("replica_id", INT32), wire("replica_epoch", INT64))
_ASKED = struct(
    FetchPartition,
    wire("current_leader_epoch", INT32, "9+", default=-1),
    wire("fetch_offset", INT64),
    wire("last_fetched_epoch", INT32, "12+", default=-1),
    wire("log_start_offset", INT64, "5+", default=-1),
    wire("partition_max_bytes", INT32),
    unused("replica_directory_id", UUID, bytes(16), "17+", tag=0),
)
_FETCHED = struct(
    FetchedPartition,
    wire("error_code", ERROR),
    wire("high_watermark", INT64),
    wire("last_stable_offset", INT64, "4+", default=-1),
    wire("log_start_offset", INT64, "5+", default=-1),
    wire("diverging_epoch", _EPOCH_AND_END, "12+", tag=0, default=None),
    wire("current_leader", _LEADER, "12+", tag=1, default=None),
    unused("snapshot_id", _SNAPSHOT, None, "12+", tag=2),
    wire("aborted_transactions", Array(_ABORTED, nullable=Versions.of("4+")), "4+"),
    wire("preferred_read_replica", INT32, "11+", default=-1),
    wire("records", Converted(RECORDS, batches_in, _bytes_of)),
)

_BY_ID = Versions.of("13+")


def _request(replica_state: tuple[int, int], **more: Any) -> FetchRequest:
    """From version 15 on a replica says its epoch, too; all others say nothing (KIP-903)."""
    replica_id, replica_epoch = replica_state
    return FetchRequest(replica_id=replica_id, replica_epoch=replica_epoch, **more)


def _request_parts(request: FetchRequest) -> tuple[object, ...]:
    return (
        (request.replica_id, request.replica_epoch), request.max_wait_ms, request.min_bytes, request.max_bytes,
        request.isolation_level, request.session_id, request.session_epoch, request.partitions, request.forgotten,
        request.rack_id,
    )  # fmt: skip


_ASKING = (
    wire("max_wait_ms", INT32),
    wire("min_bytes", INT32),
    wire("max_bytes", INT32),
    wire("isolation_level", Fixed("b", IsolationLevel)),
    wire("session_id", INT32, "7+", default=0),
    wire("session_epoch", INT32, "7+", default=FINAL_EPOCH),
    wire(
        "topics", ByTopic(_ASKED, topic="topic", index="partition", ids=_BY_ID, in_order=True), attribute="partitions"
    ),
    wire("forgotten_topics_data", ByTopic(topic="topic", ids=_BY_ID), "7+", attribute="forgotten", default=()),
    wire("rack_id", STRING, "11+", default=None),
)
_CLUSTER_ID = unused("cluster_id", NULLABLE_STRING, None, "12+", tag=0)

FETCH = api(
    1, "Fetch", "4-17", 12,
    (
        message(FetchRequest, _CLUSTER_ID, wire("replica_id", INT32), *_ASKING, versions="0-14"),
        message(
            FetchRequest,
            _CLUSTER_ID,
            wire("replica_state", _REPLICA, tag=1, default=(CONSUMER, -1)),
            *_ASKING,
            versions="15+",
            make=_request,
            parts=_request_parts,
        ),
    ),
    message(
        FetchResponse,
        THROTTLE,
        wire("error_code", ERROR, "7+", default=ErrorCode.NONE),
        wire("session_id", INT32, "7+", default=0),
        wire("responses", ByTopic(_FETCHED, topic="topic", ids=_BY_ID, in_order=True)),
        wire("node_endpoints", NODE_ENDPOINTS, "16+", tag=0, default=()),
    ),
    by_topic_id=_BY_ID,
)  # fmt: skip
