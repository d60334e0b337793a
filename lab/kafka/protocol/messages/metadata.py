"""Metadata (API 3): who leads what, and where the brokers are."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class MetadataRequest:
    """`topics` None asks for all; those may be asked about by id too."""

    topics: tuple[str, ...] | None = None
    topic_ids: tuple[TopicId, ...] = ()
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
    topic_id: TopicId = NO_TOPIC_ID


@dataclass(slots=True)
class MetadataResponse:
    """`brokers`: broker id -> host name (an address in the simulated world, `host:port` outside). `unknown_ids`: what
    was asked about by id and is no topic, UNKNOWN_TOPIC_ID.
    """

    brokers: dict[int, str]
    topics: dict[str, TopicMetadata]
    controller_id: int = -1
    cluster_id: str = "lab"
    unknown_ids: tuple[TopicId, ...] = ()
