"""Metadata (API 3): who leads what, and where the brokers are."""

from dataclasses import dataclass
from typing import Any

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import (
    BOOL,
    ERROR,
    HOST,
    INT32,
    NO_UUID,
    NULLABLE_STRING,
    UUID,
    Array,
    Converted,
    Struct,
    Table,
    Versions,
    api,
    message,
    string,
    struct,
    unused,
    wire,
)
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class MetadataRequest:
    """`topics` None asks for all."""

    topics: tuple[str, ...] | None = None
    allow_auto_topic_creation: bool = False


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
    """One topic, or the error that stands in its place."""

    error_code: ErrorCode
    name: str
    partitions: dict[TopicPartition, PartitionMetadata]
    is_internal: bool = False


@dataclass(slots=True)
class MetadataResponse:
    """`brokers`: broker id -> host name (an address in the simulated world, `host:port` outside)."""

    brokers: dict[int, str]
    topics: dict[str, TopicMetadata]
    controller_id: int = -1
    cluster_id: str = "lab"


UNKNOWN_OPERATIONS = -(1 << 31)
"""What the caller may do is not said: nobody asks for it, and nobody is denied anything."""


def _topic(name: str, partitions: dict[int, PartitionMetadata], **more: Any) -> TopicMetadata:
    named = {TopicPartition(name, index): one for index, one in partitions.items()}
    return TopicMetadata(name=name, partitions=named, **more)


def _topic_parts(topic: TopicMetadata) -> tuple[ErrorCode, str, bool, dict[int, PartitionMetadata]]:
    indexes = {partition.partition: one for partition, one in topic.partitions.items()}
    return topic.error_code, topic.name, topic.is_internal, indexes


def _by_name(topics: tuple[TopicMetadata, ...]) -> dict[str, TopicMetadata]:
    return {topic.name: topic for topic in topics}


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
        wire("name", string("12+")),
        unused("topic_id", UUID, NO_UUID, "10+"),
        wire("is_internal", BOOL, "1+", default=False),
        wire("partitions", Table(wire("partition_index", INT32), _PARTITION, key_at=1)),
        unused("topic_authorized_operations", INT32, UNKNOWN_OPERATIONS, "8+"),
    ),
    parts=_topic_parts,
)


def _asked(name: str | None) -> str:
    return name or ""


_ASKED = Struct(
    _asked,
    (unused("topic_id", UUID, NO_UUID, "10+"), wire("name", string("10+"))),
    parts=lambda name: (name,),
)
_BROKER = Struct(HOST.make, (*HOST.fields, unused("rack", NULLABLE_STRING, None, "1+")), parts=HOST.parts)

METADATA = api(
    3, "Metadata", "0-9", 9,
    message(
        MetadataRequest,
        wire("topics", Converted(Array(_ASKED), lambda names: names or None, lambda names: names or ()), "0"),
        wire("topics", Array(_ASKED, nullable=Versions.of("1+")), "1+"),
        wire("allow_auto_topic_creation", BOOL, "4+", default=True),
        unused("include_cluster_authorized_operations", BOOL, False, "8-10"),
        unused("include_topic_authorized_operations", BOOL, False, "8+"),
    ),
    message(
        MetadataResponse,
        unused("throttle_time_ms", INT32, 0, "3+"),
        wire("brokers", Table(wire("node_id", INT32), _BROKER)),
        wire("cluster_id", NULLABLE_STRING, "2+"),
        wire("controller_id", INT32, "1+"),
        wire("topics", Converted(Array(_TOPIC), _by_name, lambda topics: tuple(topics.values()))),
        unused("cluster_authorized_operations", INT32, UNKNOWN_OPERATIONS, "8-10"),
    ),
)  # fmt: skip
