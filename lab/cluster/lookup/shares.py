"""Where share groups are in a world: at their coordinator, and at the leaders of their partitions."""

from lab.cluster.build import broker_hosts, image_of
from lab.cluster.ledger.shares import ShareHistory, Shares
from lab.cluster.lookup.parts import broker_at
from lab.cluster.watch import Watch
from lab.env import NodeId
from lab.kafka.broker.share.partition import SharePartition
from lab.kafka.coordinator.share_group import ShareGroup
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


def find_share_group(world: World, group_id: str) -> tuple[NodeId, ShareGroup] | None:
    """A share group in the memory of its coordinator, and who that is."""
    for node in broker_hosts(world):
        broker = broker_at(world, node)
        if broker is not None and broker.sharing is not None:
            for groups in broker.sharing.groups.shards.values():
                if group_id in groups:
                    return node, groups[group_id]
    return None


def find_share_partition(world: World, group_id: str, partition: TopicPartition) -> SharePartition | None:
    """A share-partition in the memory of its leader, if somebody has fetched from it since that leads."""
    state = image_of(world).partition(partition)
    broker = broker_at(world, f"broker-{state.leader_id}") if state is not None else None
    if broker is None or broker.sharing is None:
        return None
    found = broker.sharing.leader.partitions.get((group_id, partition))
    return found if found is not None and found.ready else None


def share_partitions(world: World, group_id: str) -> list[SharePartition]:
    """All that are in memory."""
    found = (find_share_partition(world, group_id, one.partition) for one in image_of(world).all_partitions())
    return [one for one in found if one is not None]


def shares_of(world: World) -> dict[str, ShareHistory]:
    """What share groups did so far."""
    watch = world.witness
    assert isinstance(watch, Watch)
    return next(one.groups for one in watch.observers if isinstance(one, Shares))
