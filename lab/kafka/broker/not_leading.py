"""What a broker says of a partition that it does not lead: that there is none, or who leads it (KIP-951)."""

from collections.abc import Iterable

from lab.kafka.broker.partition import Partition
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.truncation import FENCED_EPOCH
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.node_endpoint import NodeEndpoint
from lab.kafka.protocol.topics import TopicPartition


def absent(image: MetadataImage, name: TopicPartition) -> ErrorCode:
    """Of a partition that has no replica here."""
    known = image.partition(name) is not None
    return ErrorCode.NOT_LEADER_OR_FOLLOWER if known else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def leader_of(
    config: BrokerConfig, image: MetadataImage, name: TopicPartition, partition: Partition | None
) -> tuple[int, int] | None:
    """Who leads instead, and in which epoch: as the replica here has heard, else as the metadata says. Before KIP-320
    nobody was told epochs.
    """
    if config.replica_truncation_rule != FENCED_EPOCH:
        return None
    if partition is not None:
        return partition.leader_id, partition.leader_epoch
    state = image.partition(name)
    return (state.leader_id, state.leader_epoch) if state is not None else None


def endpoints(image: MetadataImage, leaders: Iterable[int]) -> tuple[NodeEndpoint, ...]:
    """Where those leaders are found that serve."""
    brokers = image.brokers
    return tuple(
        NodeEndpoint(one, brokers[one].host, image.racks.get(one, ""))
        for one in dict.fromkeys(leaders)
        if one in brokers and not brokers[one].fenced
    )
