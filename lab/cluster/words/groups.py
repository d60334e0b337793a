"""Words of groups: what they did, committed, own."""

from lab.cluster.lookup.parts import find_group, ledger_of, named_partition, progress_of
from lab.cluster.lookup.shares import find_share_group
from lab.cluster.words.word import Value, word
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.world.world import World


@word(1, 2)
def done(world: World, group: Value, partition: Value = "") -> Value:
    """How many different records a group has finished, in all partitions or one."""
    ledger = ledger_of(world)
    return ledger.births_done(str(group), [named_partition(partition)] if partition else None)


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
    return progress_of(world, group, partition).committed


@word(2)
def position(world: World, group: Value, partition: Value) -> Value:
    """Where the group reads next; -1 before it reads at all."""
    return progress_of(world, group, partition).position


@word(1, 2)
def lag(world: World, group: Value, partition: Value = "") -> Value:
    """How many visible records the group has not committed, in all its partitions or one."""
    ledger = ledger_of(world)
    history = ledger.group(str(group))
    chosen = [named_partition(partition)] if partition else list(history.partitions)
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
    found = find_group(world, str(group)) or find_share_group(world, str(group))
    return found[1].state if found is not None else ""


@word(1)
def generation(world: World, group: Value) -> Value:
    """The group's generation; 0 if no coordinator knows it."""
    found = find_group(world, str(group))
    return found[1].generation if found is not None else 0


@word(1)
def members(world: World, group: Value) -> Value:
    """How many members the group has."""
    found = find_group(world, str(group)) or find_share_group(world, str(group))
    return len(found[1].members) if found is not None else 0


@word(1)
def coordinator(world: World, group: Value) -> Value:
    """The broker that looks after the group."""
    found = find_group(world, str(group)) or find_share_group(world, str(group))
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
    wanted = named_partition(partition)
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
    node = host.node if host is not None else None
    return node.per_record_us // 1_000 if isinstance(node, (ConsumerApp, ShareConsumerApp)) else 0


@word(1)
def in_hand(world: World, member: Value) -> Value:
    """How many records poll() has returned to a consumer that it has not finished."""
    host = world.hosts.get(str(member))
    node = host.node if host is not None else None
    return max(0, len(node.work) - node.done) if isinstance(node, (ConsumerApp, ShareConsumerApp)) else 0
