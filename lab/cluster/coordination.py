"""Coordination: where the transactions of a world stand, as their coordinators and the leaders know it."""

from lab.cluster.build import broker_hosts
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.coordinator.transaction.metadata import TransactionMetadata
from lab.world.world import World


def find_transaction(world: World, transactional_id: str) -> tuple[NodeId, TransactionMetadata] | None:
    """A transactional id in the memory of its coordinator, and who that is."""
    return all_transactions(world).get(transactional_id)


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
