"""Metadata (API 3): who leads what, and where the brokers are."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
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
