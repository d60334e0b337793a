"""Coordination: where the transactions of a world stand, as their coordinators and the leaders know it."""

from lab.cluster.build import broker_hosts
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.coordinator.transaction.metadata import PREPARED, TransactionMetadata
from lab.kafka.log.transactions import TransactionState
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


def find_transaction(world: World, transactional_id: str) -> tuple[NodeId, TransactionMetadata] | None:
    """A transactional id in the memory of its coordinator, and who that is."""
    return all_transactions(world).get(transactional_id)


def abandoned(world: World) -> dict[str, None]:
    """Transactional ids whose markers a partition has refused for good, since it knows a newer epoch: their coordinator
    has lost its log. Kafka too leaves them as they are.
    """
    found: dict[str, None] = {}
    for name, (node, metadata) in all_transactions(world).items():
        broker = world.hosts[node].node
        coordinators = broker.transaction_coordinators if isinstance(broker, Broker) else None
        owed = coordinators is not None and name in coordinators.markers.markings
        if metadata.stored.status in PREPARED and metadata.pending is None and not owed:
            found[name] = None
    return found


def hanging(world: World, partition: TopicPartition, log: UnifiedLog) -> int:
    """How many transactions are open in a log that no coordinator will ever end: none has the partition in one of that
    producer.
    """
    producers = log.producers
    if not isinstance(producers, TransactionState):
        return 0
    known = {
        one.stored.producer_id: None for _, one in all_transactions(world).values()
        if partition in one.stored.partitions
    }  # fmt: skip
    return sum(producer_id not in known for producer_id in producers.open)


def all_transactions(world: World) -> dict[str, tuple[NodeId, TransactionMetadata]]:
    """Every transactional id, with its coordinator; where two think they are, the one of the newest epoch."""
    found: dict[str, tuple[NodeId, TransactionMetadata]] = {}
    epochs: dict[str, int] = {}
    for node in broker_hosts(world):
        broker = world.hosts[node].node
        coordinators = broker.transaction_coordinators if isinstance(broker, Broker) else None
        for shard in coordinators.shards.values() if coordinators is not None else ():
            for name, metadata in shard.transactions.items():
                if shard.coordinator_epoch >= epochs.get(name, -1):
                    epochs[name] = shard.coordinator_epoch
                    found[name] = node, metadata
    return found
