"""Where a claim is about more than facts tell: the replica itself, as the broker's process has it."""

from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


def replica_at(world: World, node: NodeId, partition: TopicPartition) -> Partition | None:
    """A broker's replica; None where no process runs."""
    process = world.hosts[node].node
    return process.partitions.get(partition) if isinstance(process, Broker) else None
