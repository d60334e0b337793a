"""Words of partitions and brokers: leaders, replicas, offsets, machines."""

from lab.cluster.build import broker_hosts, image_of
from lab.cluster.lookup.parts import broker_at, partition_state, replica_at
from lab.cluster.refused import Refused
from lab.cluster.words.word import Value, word
from lab.kafka.protocol.murmur import partition_for
from lab.world.world import World


@word(1)
def leader(world: World, partition: Value) -> Value:
    """The broker that leads a partition; "" if none does."""
    leader_id = partition_state(world, partition).leader_id
    return f"broker-{leader_id}" if leader_id >= 0 else ""


@word(2)
def replica(world: World, partition: Value, place: Value) -> Value:
    """The broker at a place of the partition's replica list, counted from 0; the first is the preferred leader."""
    replicas = partition_state(world, partition).replicas
    return f"broker-{replicas[int(place)]}" if 0 <= int(place) < len(replicas) else ""


@word(1)
def epoch(world: World, partition: Value) -> Value:
    """The leader epoch of a partition."""
    return partition_state(world, partition).leader_epoch


@word(1)
def isr(world: World, partition: Value) -> Value:
    """How many replicas are in sync."""
    return len(partition_state(world, partition).isr)


@word(2)
def in_isr(world: World, partition: Value, broker: Value) -> Value:
    """Whether a broker is in the ISR of a partition."""
    return str(broker) in [f"broker-{one}" for one in partition_state(world, partition).isr]


@word(1, 2)
def leo(world: World, partition: Value, broker: Value = "") -> Value:
    """The log end offset of the leader, or of a broker's replica."""
    return replica_at(world, partition, broker).log.log_end_offset


@word(1, 2)
def hw(world: World, partition: Value, broker: Value = "") -> Value:
    """The high watermark as the leader, or a broker, knows it."""
    return replica_at(world, partition, broker).log.high_watermark


@word(1, 2)
def start(world: World, partition: Value, broker: Value = "") -> Value:
    """The log start offset."""
    return replica_at(world, partition, broker).log.log_start_offset


@word(1, 2)
def segments(world: World, partition: Value, broker: Value = "") -> Value:
    """How many segments the log has."""
    return len(replica_at(world, partition, broker).log.segments)


@word(1)
def log_bytes(world: World, partition: Value) -> Value:
    """How many bytes the leader's log has."""
    return replica_at(world, partition).log.size_bytes


@word(1)
def running(world: World, node: Value) -> Value:
    """Whether a machine's process runs."""
    host = world.hosts.get(str(node))
    return host is not None and host.state == "running"


@word(1)
def state(world: World, node: Value) -> Value:
    """running, down, frozen or off; "" if there is no such machine."""
    host = world.hosts.get(str(node))
    return host.state if host is not None else ""


@word(0)
def brokers(world: World) -> Value:
    """How many brokers run."""
    return sum(broker_at(world, node) is not None for node in broker_hosts(world))


@word(1)
def partitions(world: World, topic: Value) -> Value:
    """How many partitions a topic has; 0 if there is none."""
    found = image_of(world).topics.get(str(topic))
    return len(found.partitions) if found is not None else 0


@word(0)
def under_replicated(world: World) -> Value:
    """How many partitions have fewer in-sync replicas than replicas."""
    return sum(
        len(one.isr) < len(one.replicas)
        for one in image_of(world).all_partitions()
        if not one.partition.topic.startswith("__")
    )


@word(2)
def place(world: World, key: Value, count: Value) -> Value:
    """The partition of a key among so many, by murmur2."""
    if not isinstance(count, int) or count < 1:
        raise Refused(f"place: wanted 1 or more partitions, found {count!r}")
    return partition_for(str(key).encode(), count)
