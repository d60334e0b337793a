"""Lookup: where the parts of the engine are in a world, by the names a scenario gives them."""

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import broker_hosts, image_of
from lab.cluster.ledger.group_history import Progress
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.ledger.truth import PartitionTruth, ProducerTruth
from lab.cluster.refused import Refused
from lab.cluster.watch import Watch
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


def ledger_of(world: World) -> Ledger:
    """The ledger that watches this world."""
    watch = world.witness
    assert isinstance(watch, Watch)
    found = watch.observers[0]
    assert isinstance(found, Ledger)
    return found


def named_partition(name: int | str | bool) -> TopicPartition:
    """The partition of a name like orders-0. Raises Refused when the name is not of that form."""
    found = partition_of(str(name))
    if found is None:
        raise Refused(f"wanted a partition like orders-0, found {name!r}")
    return found


def partition_state(world: World, name: int | str | bool) -> PartitionState:
    """The controller's state of a partition. Raises Refused when there is none."""
    state = image_of(world).partition(named_partition(name))
    if state is None:
        raise Refused(f"there is no partition {name!r}")
    return state


def broker_at(world: World, node: NodeId) -> Broker | None:
    """The running process of a broker."""
    host = world.hosts.get(node)
    return host.node if host is not None and isinstance(host.node, Broker) else None


def replica_at(world: World, name: int | str | bool, broker: int | str | bool = "") -> Partition:
    """The running replica on a broker, by default the leader's. Raises Refused when there is none."""
    node = str(broker) or f"broker-{partition_state(world, name).leader_id}"
    found = broker_at(world, node)
    partition = found.partitions.get(named_partition(name)) if found is not None else None
    if partition is None:
        raise Refused(f"{node} has no running replica of {name}")
    return partition


def find_group(world: World, group_id: str) -> tuple[NodeId, AnyGroup] | None:
    """A group in the memory of its coordinator, and who that is."""
    for node in broker_hosts(world):
        broker = broker_at(world, node)
        if broker is not None:
            for shard in broker.coordinators.shards.values():
                if group_id in shard.groups:
                    return node, shard.groups[group_id]
    return None


def truths_of(world: World, producer: int | str | bool) -> list[ProducerTruth]:
    """What the ledger knows of a producer, of each of its processes: `shop`, `shop.2` after its first restart; of all
    producers where none is named.
    """
    found = ledger_of(world).producers
    return [one for name, one in found.items() if not producer or _machine_of(world, name) == producer]


def _machine_of(world: World, source: str) -> NodeId:
    machine, dot, incarnation = source.rpartition(".")
    restarted = dot and incarnation.isdecimal() and source not in world.hosts
    return machine if restarted else source


def truth_of(world: World, name: int | str | bool) -> PartitionTruth:
    """What the ledger knows of a partition."""
    return ledger_of(world).partition(named_partition(name))


def progress_of(world: World, group: int | str | bool, name: int | str | bool) -> Progress:
    """What the ledger knows of a group's way through a partition."""
    return ledger_of(world).group(str(group)).progress(named_partition(name))
