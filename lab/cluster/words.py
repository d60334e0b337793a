"""Words: what a scenario's expressions may ask of the engine, the ledger and the run so far.

Each word is a function of the world and a few plain arguments; its docstring is its line in the reference.
Reading changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import broker_hosts, image_of
from lab.cluster.ledger import Ledger, PartitionTruth, Progress
from lab.cluster.refused import Refused
from lab.cluster.watch import Watch
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.coordinator.group import Group
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.murmur import partition_for
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Word:
    """A function a scenario may call, and how many arguments it takes."""

    call: Callable[..., Value]
    arguments: tuple[int, int]
    help: str

    def __call__(self, world: World, *arguments: Value) -> Value:
        """Ask it. Raises Refused when an argument names nothing there is."""
        return self.call(world, *arguments)


WORDS: dict[str, Word] = {}
F = TypeVar("F", bound=Callable[..., Value])


def word(least: int, most: int | None = None) -> Callable[[F], F]:
    """Offer a function to scenarios, under its own name."""

    def register(function: F) -> F:
        name = function.__name__.rstrip("_")
        WORDS[name] = Word(function, (least, least if most is None else most), function.__doc__ or "")
        return function

    return register


# --- looking things up ----------------------------------------------------------------------------


def ledger_of(world: World) -> Ledger:
    """The ledger that watches this world."""
    watch = world.witness
    assert isinstance(watch, Watch)
    found = watch.observers[0]
    assert isinstance(found, Ledger)
    return found


def _named(name: Value) -> TopicPartition:
    found = partition_of(str(name))
    if found is None:
        raise Refused(f"wanted a partition like orders-0, found {name!r}")
    return found


def _state(world: World, name: Value) -> PartitionState:
    state = image_of(world).partition(_named(name))
    if state is None:
        raise Refused(f"there is no partition {name!r}")
    return state


def broker_at(world: World, node: NodeId) -> Broker | None:
    """The running process of a broker."""
    host = world.hosts.get(node)
    return host.node if host is not None and isinstance(host.node, Broker) else None


def _replica(world: World, name: Value, broker: Value = "") -> Partition:
    node = str(broker) or f"broker-{_state(world, name).leader_id}"
    found = broker_at(world, node)
    partition = found.partitions.get(_named(name)) if found is not None else None
    if partition is None:
        raise Refused(f"{node} has no running replica of {name}")
    return partition


def find_group(world: World, group_id: str) -> tuple[NodeId, Group] | None:
    """A group in the memory of its coordinator, and who that is."""
    for node in broker_hosts(world):
        broker = broker_at(world, node)
        if broker is not None:
            for shard in broker.coordinators.shards.values():
                if group_id in shard.groups:
                    return node, shard.groups[group_id]
    return None


def _truth(world: World, name: Value) -> PartitionTruth:
    return ledger_of(world).partition(_named(name))


def _progress(world: World, group: Value, name: Value) -> Progress:
    return ledger_of(world).group(str(group)).progress(_named(name))


# --- partitions and brokers -----------------------------------------------------------------------


@word(1)
def leader(world: World, partition: Value) -> Value:
    """The broker that leads a partition; "" if none does."""
    leader_id = _state(world, partition).leader_id
    return f"broker-{leader_id}" if leader_id >= 0 else ""


@word(2)
def replica(world: World, partition: Value, place: Value) -> Value:
    """The broker at a place of the partition's replica list, counted from 0; the first is the preferred leader."""
    replicas = _state(world, partition).replicas
    return f"broker-{replicas[int(place)]}" if 0 <= int(place) < len(replicas) else ""


@word(1)
def epoch(world: World, partition: Value) -> Value:
    """The leader epoch of a partition."""
    return _state(world, partition).leader_epoch


@word(1)
def isr(world: World, partition: Value) -> Value:
    """How many replicas are in sync."""
    return len(_state(world, partition).isr)


@word(2)
def in_isr(world: World, partition: Value, broker: Value) -> Value:
    """Whether a broker is in the ISR of a partition."""
    return str(broker) in [f"broker-{one}" for one in _state(world, partition).isr]


@word(1, 2)
def leo(world: World, partition: Value, broker: Value = "") -> Value:
    """The log end offset of the leader, or of a broker's replica."""
    return _replica(world, partition, broker).log.log_end_offset


@word(1, 2)
def hw(world: World, partition: Value, broker: Value = "") -> Value:
    """The high watermark as the leader, or a broker, knows it."""
    return _replica(world, partition, broker).log.high_watermark


@word(1, 2)
def start(world: World, partition: Value, broker: Value = "") -> Value:
    """The log start offset."""
    return _replica(world, partition, broker).log.log_start_offset


@word(1, 2)
def segments(world: World, partition: Value, broker: Value = "") -> Value:
    """How many segments the log has."""
    return len(_replica(world, partition, broker).log.segments)


@word(1)
def log_bytes(world: World, partition: Value) -> Value:
    """How many bytes the leader's log has."""
    return _replica(world, partition).log.size_bytes


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


# --- the ledger -----------------------------------------------------------------------------------


@word(0, 1)
def born(world: World, producer: Value = "") -> Value:
    """How many records were made, by all producers or one."""
    found = ledger_of(world).producers
    return sum(truth.born for name, truth in found.items() if not producer or name == producer)


@word(0, 1)
def acked(world: World, producer: Value = "") -> Value:
    """How many records were acknowledged."""
    found = ledger_of(world).producers
    return sum(len(truth.acked) for name, truth in found.items() if not producer or name == producer)


@word(0, 1)
def failed(world: World, producer: Value = "") -> Value:
    """How many records failed for certain: they were never sent."""
    found = ledger_of(world).producers
    return sum(len(truth.failed) for name, truth in found.items() if not producer or name == producer)


@word(0, 1)
def unknown(world: World, producer: Value = "") -> Value:
    """How many records timed out after they had been sent: nobody told the producer whether they are stored."""
    found = ledger_of(world).producers
    return sum(len(truth.unknown) for name, truth in found.items() if not producer or name == producer)


@word(0)
def stored(world: World) -> Value:
    """How many different records the leaders' logs hold."""
    return sum(len(truth.stored) for truth in ledger_of(world).producers.values())


@word(0, 1)
def visible(world: World, partition: Value = "") -> Value:
    """How many records a consumer may read: from the log start to the high watermark."""
    found = ledger_of(world).partitions
    chosen = (
        [_truth(world, partition)]
        if partition
        else [one for name, one in found.items() if not name.topic.startswith("__")]
    )
    return sum(max(0, truth.high_watermark - truth.log_start_offset) for truth in chosen)


@word(0, 1)
def lost(world: World, partition: Value = "") -> Value:
    """How many acknowledged records are gone, of all partitions or one."""
    return _truth(world, partition).lost if partition else ledger_of(world).lost()


@word(0)
def ghosts(world: World) -> Value:
    """How many records are stored although their producer was told they failed, or nothing."""
    return ledger_of(world).ghosts()


@word(0)
def copies(world: World) -> Value:
    """How many records are in the log a second time."""
    return sum(truth.duplicates for truth in ledger_of(world).partitions.values())


# --- groups ---------------------------------------------------------------------------------------


@word(1, 2)
def done(world: World, group: Value, partition: Value = "") -> Value:
    """How many different records a group has finished, in all partitions or one."""
    ledger = ledger_of(world)
    return ledger.births_done(str(group), [_named(partition)] if partition else None)


@word(1)
def done_by(world: World, member: Value) -> Value:
    """How many records one consumer has finished, repeats included."""
    return sum(one.done_by.get(str(member), 0) for one in ledger_of(world).groups.values())


@word(1)
def duplicates(world: World, group: Value) -> Value:
    """How many times a group did a record it had done before."""
    return ledger_of(world).group(str(group)).duplicates


@word(1)
def skipped(world: World, group: Value) -> Value:
    """How many records the group has committed beyond without doing them."""
    return ledger_of(world).group(str(group)).skipped()


@word(1)
def phantoms(world: World, group: Value) -> Value:
    """How many records the group has done that no longer exist."""
    return ledger_of(world).group(str(group)).phantom


@word(1, 2)
def reordered(world: World, group: Value, key: Value = "") -> Value:
    """How many records were finished after a younger one; with a key, after a younger one of that key; with "*", of
    any one key.
    """
    history = ledger_of(world).group(str(group))
    if key == "*":
        return sum(history.reordered_keys.values())
    return history.reordered_keys.get(str(key).encode(), 0) if key else history.reordered


@word(2)
def committed(world: World, group: Value, partition: Value) -> Value:
    """The group's committed offset; -1 if there is none."""
    return _progress(world, group, partition).committed


@word(2)
def position(world: World, group: Value, partition: Value) -> Value:
    """Where the group reads next; -1 before it reads at all."""
    return _progress(world, group, partition).position


@word(1, 2)
def lag(world: World, group: Value, partition: Value = "") -> Value:
    """How many visible records the group has not committed, in all its partitions or one."""
    ledger = ledger_of(world)
    history = ledger.group(str(group))
    chosen = [_named(partition)] if partition else list(history.partitions)
    total = 0
    for one in chosen:
        truth = ledger.partition(one)
        total += max(
            0,
            truth.high_watermark - max(history.progress(one).committed, truth.log_start_offset, 0),
        )
    return total


@word(1)
def group_state(world: World, group: Value) -> Value:
    """Kafka's name for the group's state; "" if no coordinator knows it."""
    found = find_group(world, str(group))
    return found[1].state if found is not None else ""


@word(1)
def generation(world: World, group: Value) -> Value:
    """The group's generation; 0 if no coordinator knows it."""
    found = find_group(world, str(group))
    return found[1].generation if found is not None else 0


@word(1)
def members(world: World, group: Value) -> Value:
    """How many members the group has."""
    found = find_group(world, str(group))
    return len(found[1].members) if found is not None else 0


@word(1)
def coordinator(world: World, group: Value) -> Value:
    """The broker that looks after the group."""
    found = find_group(world, str(group))
    return found[0] if found is not None else ""


@word(1)
def owns(world: World, member: Value) -> Value:
    """How many partitions a consumer holds."""
    host = world.hosts.get(str(member))
    node = host.node if host is not None else None
    return len(node.membership.owned) if isinstance(node, ConsumerApp) else 0


@word(1)
def active(world: World, group: Value) -> Value:
    """How many consumers of a group hold at least one partition."""
    return sum(
        isinstance(host.node, ConsumerApp) and host.node.group_id == group and bool(host.node.membership.owned)
        for host in world.hosts.values()
    )


@word(2)
def owner(world: World, group: Value, partition: Value) -> Value:
    """The consumer that holds a partition; "" if nobody does."""
    wanted = _named(partition)
    for name, host in world.hosts.items():
        node = host.node
        if isinstance(node, ConsumerApp) and node.group_id == group and wanted in node.membership.owned:
            return name
    return ""


@word(1)
def rate(world: World, producer: Value) -> Value:
    """How many records a second a producer is to make."""
    host = world.hosts.get(str(producer))
    return host.node.rate if host is not None and isinstance(host.node, ProducerApp) else 0


@word(1)
def work_ms(world: World, member: Value) -> Value:
    """How many milliseconds a consumer works on a record; 0 if there is no such consumer."""
    host = world.hosts.get(str(member))
    return host.node.per_record_us // 1_000 if host is not None and isinstance(host.node, ConsumerApp) else 0


@word(1)
def in_hand(world: World, member: Value) -> Value:
    """How many records poll() has returned to a consumer that it has not finished."""
    host = world.hosts.get(str(member))
    return max(0, len(host.node.work) - host.node.done) if host and isinstance(host.node, ConsumerApp) else 0


# --- the run so far -------------------------------------------------------------------------------


@word(1, 2)
def moments(world: World, kind: Value, subject: Value = "") -> Value:
    """How many key moments of a kind there have been: leader, isr, isr+, rebalance, stable, truncated, retention,
    broker, client, loss, fault, mended, built, changed.
    """
    return sum(one.kind == kind and subject in ("", one.subject) for one in world.moments)


@word(1, 2)
def since(world: World, kind: Value, subject: Value = "") -> Value:
    """Whole seconds since the last key moment of a kind; -1 if there has been none."""
    at = max((one.time for one in world.moments if one.kind == kind and subject in ("", one.subject)), default=-1)
    return (world.now - at) // 1_000_000 if at >= 0 else -1


@word(0)
def seconds_(world: World) -> Value:
    """Whole seconds of virtual time since the beginning."""
    return world.now // 1_000_000
