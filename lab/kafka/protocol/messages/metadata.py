"""Metadata (3): who leads what, and where the brokers are."""

from dataclasses import dataclass, field
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.node_endpoint import Places, hosts_and_racks, places
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    HOST,
    INT32,
    NULLABLE_STRING,
    STRING,
    TOPIC_ID,
    UNKNOWN_OPERATIONS,
    Array,
    Converted,
    Struct,
    Table,
    Versions,
    api,
    message,
    or_empty,
    string,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class MetadataRequest:
    """`topics` None asks for all; those may be asked about by id too."""

    topics: tuple[str, ...] | None = None
    topic_ids: tuple[TopicId, ...] = ()
    allow_auto_topic_creation: bool = False
    include_cluster_authorized_operations: bool = False
    include_topic_authorized_operations: bool = False


@dataclass(slots=True)
class PartitionMetadata:
    """One partition as the answering broker knows it; `leader_id` -1 means none."""

    error_code: ErrorCode
    leader_id: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    offline_replicas: tuple[int, ...] = ()


@dataclass(slots=True)
class TopicMetadata:
    """One topic, or the error that stands in its place. `authorized_operations`: what the asker may do, a bit each."""

    error_code: ErrorCode
    name: str
    partitions: dict[TopicPartition, PartitionMetadata]
    is_internal: bool = False
    topic_id: TopicId = NO_TOPIC_ID
    authorized_operations: int = UNKNOWN_OPERATIONS


@dataclass(slots=True)
class MetadataResponse:
    """`brokers`: broker id -> host name (an address in the simulated world, `host:port` outside). `unknown_ids`: what
    was asked about by id and is no topic, UNKNOWN_TOPIC_ID. `racks` of those brokers that are in one.
    """

    brokers: dict[int, str]
    topics: dict[str, TopicMetadata]
    controller_id: int = -1
    cluster_id: str = "lab"
    unknown_ids: tuple[TopicId, ...] = ()
    cluster_authorized_operations: int = UNKNOWN_OPERATIONS
    racks: dict[int, str] = field(default_factory=dict[int, str])


def _topic(name: str, partitions: dict[int, PartitionMetadata], **more: Any) -> TopicMetadata:
    named = {TopicPartition(name, index): one for index, one in partitions.items()}
    return TopicMetadata(name=name, partitions=named, **more)


def _topic_parts(topic: TopicMetadata) -> tuple[object, ...]:
    indexes = {partition.partition: one for partition, one in topic.partitions.items()}
    return topic.error_code, topic.name, topic.topic_id, topic.is_internal, indexes, topic.authorized_operations


_PARTITION = struct(
    PartitionMetadata,
    wire("error_code", ERROR),
    wire("leader_id", INT32),
    wire("leader_epoch", INT32, "7+", default=-1),
    wire("replica_nodes", Array(INT32), attribute="replicas"),
    wire("isr_nodes", Array(INT32), attribute="isr"),
    wire("offline_replicas", Array(INT32), "5+"),
)
_TOPIC = Struct(
    _topic,
    (
        wire("error_code", ERROR),
        wire("name", STRING, "0-11"),
        wire("name", or_empty(), "12+"),
        wire("topic_id", TOPIC_ID, "10+", default=NO_TOPIC_ID),
        wire("is_internal", BOOL, "1+", default=False),
        wire("partitions", Table(wire("partition_index", INT32), _PARTITION, key_at=1)),
        wire(
            "topic_authorized_operations",
            INT32,
            "8+",
            attribute="authorized_operations",
            default=UNKNOWN_OPERATIONS,
        ),
    ),
    parts=_topic_parts,
)


Asked = tuple[TopicId, str | None]
"""A topic by its id, or by its name."""


def _request(topics: tuple[Asked, ...] | None, **more: Any) -> MetadataRequest:
    if topics is None:
        return MetadataRequest(**more)
    names = tuple(name for topic_id, name in topics if name is not None and not topic_id)
    return MetadataRequest(names, tuple(one for one, _ in topics if one), **more)


def _request_parts(request: MetadataRequest) -> tuple[tuple[Asked, ...] | None, bool, bool, bool]:
    return (
        _asked(request),
        request.allow_auto_topic_creation,
        request.include_cluster_authorized_operations,
        request.include_topic_authorized_operations,
    )


def _asked(request: MetadataRequest) -> tuple[Asked, ...] | None:
    if request.topics is None and not request.topic_ids:
        return None
    names = tuple((NO_TOPIC_ID, name) for name in request.topics or ())
    return (*names, *((one, None) for one in request.topic_ids))


def _response(brokers: Places, topics: tuple[TopicMetadata, ...], **more: Any) -> MetadataResponse:
    known = {topic.name: topic for topic in topics if topic.name}
    hosts, racks = hosts_and_racks(brokers)
    unknown = tuple(one.topic_id for one in topics if not one.name)
    return MetadataResponse(hosts, known, unknown_ids=unknown, racks=racks, **more)


def _response_parts(response: MetadataResponse) -> tuple[object, ...]:
    unknown = (TopicMetadata(ErrorCode.UNKNOWN_TOPIC_ID, "", {}, topic_id=one) for one in response.unknown_ids)
    brokers = places(response.brokers, response.racks)
    topics = *response.topics.values(), *unknown
    operations = response.cluster_authorized_operations
    return brokers, response.cluster_id, response.controller_id, topics, operations


def _all_if_none(topics: tuple[Asked, ...]) -> tuple[Asked, ...] | None:
    """Version 0 has no null, and asks for all by naming none."""
    return topics or None


def _none_if_all(topics: tuple[Asked, ...] | None) -> tuple[Asked, ...]:
    return topics or ()


_ASKED = struct(None, wire("topic_id", TOPIC_ID, "10+", default=NO_TOPIC_ID), wire("name", string("10+")))
_BROKER = struct(None, wire("host", HOST), wire("rack", or_empty(), "1+", default=""))

METADATA = api(
    3, "Metadata", "0-13", 9,
    message(
        MetadataRequest,
        wire("topics", Converted(Array(_ASKED), _all_if_none, _none_if_all), "0"),
        wire("topics", Array(_ASKED, nullable=Versions.of("1+")), "1+"),
        wire("allow_auto_topic_creation", BOOL, "4+", default=True),
        wire("include_cluster_authorized_operations", BOOL, "8-10", default=False),
        wire("include_topic_authorized_operations", BOOL, "8+", default=False),
        make=_request,
        parts=_request_parts,
    ),
    message(
        MetadataResponse,
        unused("throttle_time_ms", INT32, 0, "3+"),
        wire("brokers", Table(wire("node_id", INT32), _BROKER)),
        wire("cluster_id", NULLABLE_STRING, "2+"),
        wire("controller_id", INT32, "1+"),
        wire("topics", Array(_TOPIC)),
        wire("cluster_authorized_operations", INT32, "8-10", default=UNKNOWN_OPERATIONS),
        unused("error_code", ERROR, ErrorCode.NONE, "13+"),
        make=_response,
        parts=_response_parts,
    ),
)  # fmt: skip
