"""Words of replicas that move, and of those that are eligible to lead."""

from lab.cluster.build import image_of
from lab.cluster.lookup.parts import named_partition, partition_state, replica_at
from lab.cluster.words.word import Value, word
from lab.kafka.log.unified_log import UnifiedLog, read_all
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World


@word(0, 1)
def reassigning(world: World, partition: Value = "") -> Value:
    """How many partitions are being moved to other brokers; with a partition, whether it is."""
    moving = image_of(world).reassignments
    return named_partition(partition) in moving if partition else len(moving)


@word(2)
def in_replicas(world: World, partition: Value, broker: Value) -> Value:
    """Whether a broker is among the replicas of a partition."""
    return str(broker) in [f"broker-{one}" for one in partition_state(world, partition).replicas]


@word(1)
def replicas(world: World, partition: Value) -> Value:
    """How many replicas a partition has, those that are being added or removed included."""
    return len(partition_state(world, partition).replicas)


@word(1)
def hosts(world: World, broker: Value) -> Value:
    """How many replicas a broker has, those of Kafka's own topics left out."""
    return sum(f"broker-{one}" == broker for state in _states(world) for one in state.replicas)


@word(1)
def leads(world: World, broker: Value) -> Value:
    """How many partitions a broker leads, those of Kafka's own topics left out."""
    return sum(f"broker-{state.leader_id}" == broker for state in _states(world))


@word(1)
def elr(world: World, partition: Value) -> Value:
    """How many replicas are eligible to lead although they are not in sync (KIP-966)."""
    found = (image_of(world).eligible or {}).get(named_partition(partition))
    return len(found.elr) if found is not None else 0


@word(2)
def in_elr(world: World, partition: Value, broker: Value) -> Value:
    """Whether a broker is eligible to lead a partition although it is not in sync."""
    found = (image_of(world).eligible or {}).get(named_partition(partition))
    return found is not None and str(broker) in [f"broker-{one}" for one in found.elr]


@word(1)
def rack(world: World, broker: Value) -> Value:
    """The rack of a broker; "" if it has none."""
    return next((name for one, name in image_of(world).racks.items() if f"broker-{one}" == broker), "")


@word(1)
def racks(world: World, partition: Value) -> Value:
    """How many different racks the replicas of a partition are in."""
    known = image_of(world).racks
    return len(dict.fromkeys(known.get(one, "") for one in partition_state(world, partition).replicas))


@word(3)
def parts_at(world: World, partition: Value, broker: Value, other: Value) -> Value:
    """The first offset at which two brokers hold different records; -1 if one log is how the other begins."""
    mine, theirs = (_batches(replica_at(world, partition, one).log) for one in (broker, other))
    start = max((one[0].base_offset for one in (mine, theirs) if one), default=0)
    mine, theirs = ([one for one in log if one.base_offset >= start] for log in (mine, theirs))
    return next((one.base_offset for one, two in zip(mine, theirs, strict=False) if one.data != two.data), -1)


def _batches(log: UnifiedLog) -> list[RecordBatch]:
    return list(read_all(log))


def _states(world: World) -> list[PartitionState]:
    return [one for one in image_of(world).all_partitions() if not one.partition.topic.startswith("__")]
