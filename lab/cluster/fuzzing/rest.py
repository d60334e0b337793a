"""Rest: what a healed cluster owes: every replica in sync and equal, every group caught up, every record answered."""

from collections.abc import Mapping

from lab.cluster.actions import clients, disks, machines, network
from lab.cluster.actions.base import ClusterAction
from lab.cluster.build import broker_hosts, kind_of
from lab.cluster.fuzzing.rot_rest import cannot_be_read, cannot_follow, commits_nothing, idle
from lab.cluster.fuzzing.share_rest import share_unrest
from lab.cluster.invariants.fates import fates_of, rot_of
from lab.cluster.invariants.transactions import lost_something
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.lookup.controllers import active_controller, controller_at, controller_hosts
from lab.cluster.lookup.coordination import abandoned, all_transactions, hanging
from lab.cluster.watch import Watch
from lab.env import millis
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.transactions import TRANSACTIONS_TOPIC
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.consumer.classic_membership import ClassicMembership
from lab.kafka.clients.processor.app import ProcessorApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.recipes import ShareConsumerRecipe
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.quorum_node import QuorumNode
from lab.kafka.coordinator.group import STABLE
from lab.kafka.coordinator.transaction.metadata import AT_REST
from lab.kafka.log.unified_log import read_all
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.messages.fetch import IsolationLevel
from lab.kafka.protocol.topics import TopicPartition
from lab.world.host import FROZEN, RUNNING
from lab.world.world import World

NOTHING: dict[int, None] = {}
SWIFT_MS = 10
"""A record, of a member of a share group that catches up."""


def mending(world: World) -> list[ClusterAction]:
    """Once: all links, disks and clocks as they should be, nobody frozen or paused, no new records, and no member of a
    share group so slow that what is there already would keep it busy for minutes.
    """
    found: list[ClusterAction] = []
    for name, host in world.hosts.items():
        found += [network.Rejoin(name), machines.SkewClock(name, 0)]
        if host.state == FROZEN:
            found.append(machines.Thaw(name))
        match kind_of(host):
            case "broker":
                found.append(disks.MendDisk(name))
            case "consumer":
                found.append(clients.ResumeConsumer(name))
                if isinstance(host.recipe, ShareConsumerRecipe) and host.recipe.per_record_us > millis(SWIFT_MS):
                    found.append(clients.ChangeWork(name, SWIFT_MS))
            case "producer":
                found.append(clients.ChangeRate(name, 0))
            case _:
                pass
    return found


def starting(world: World) -> list[ClusterAction]:
    """As often as needed: a server or consumer that ended late, of an order given before, starts again."""
    return [
        machines.Restart(name)
        for name, host in world.hosts.items()
        if host.state in ("down", "off") and kind_of(host) in ("broker", "controller", "consumer")
    ]


def ledger_of(world: World) -> Ledger:
    """The world's own ledger."""
    assert isinstance(world.witness, Watch)
    found = world.witness.observers[0]
    assert isinstance(found, Ledger)
    return found


def owed(world: World) -> str:
    """What is still owed, and at rest what has come out wrong; empty when all is well."""
    if found := unrest(world):
        return found
    if found := difference(world):
        return f"replicas at rest are not equal: {found}"
    found = contradiction(world)
    return f"a record has one end: {found}" if found else ""


def unrest(world: World) -> str:
    """The first thing that is still owed; empty when the cluster has come to rest."""
    controller = controller_at(world, active_controller(world))
    if controller is None:
        return "no controller is active"
    if owed := _controllers(world, controller):
        return owed
    brokers: dict[int, Broker] = {}
    for name in broker_hosts(world):
        node = world.hosts[name].node
        if not isinstance(node, Broker) or not controller.image.is_active(node.broker_id):
            return f"{name} does not serve"
        if node.image.offset != controller.image.offset:
            return f"{name} has not read all metadata"
        brokers[node.broker_id] = node
    for partition, (adding, removing) in controller.image.reassignments.items():
        state = controller.image.partition(partition)
        if state is None or not dict.fromkeys(adding).keys() & cannot_follow(world, brokers, state):
            return f"{partition} is being moved: to copy {adding}, to go {removing}"
    for state in controller.image.all_partitions():
        if owed := _partition(world, brokers, state):
            return f"{state.partition}: {owed}"
    hopeless = abandoned(world) | _undecidable(world, idle(world, brokers, controller.image))
    return (
        _producers(world)
        or _transactions(world, hopeless)
        or _groups(world, brokers, controller, hopeless)
        or share_unrest(world, brokers, controller.image)
    )


def _controllers(world: World, active: ControllerNode) -> str:
    for name in controller_hosts(world):
        one = controller_at(world, name)
        if one is None:
            return f"the controller of {name} is not running"
        if isinstance(one, QuorumNode) and isinstance(active, QuorumNode) and one.raft.end != active.raft.end:
            return f"{name} has metadata to {one.raft.end}, not {active.raft.end}"
    return ""


def _partition(world: World, brokers: dict[int, Broker], state: PartitionState) -> str:
    if state.leader_id < 0:
        return "no leader"
    owing = [one for one in state.replicas if one not in cannot_follow(world, brokers, state)]
    if sorted(state.isr) != sorted(owing):
        return f"in sync are {state.isr} of {state.replicas}"
    replicas = [brokers[one].partitions.get(state.partition) for one in owing]
    ends = [(one.log.high_watermark, one.log.log_end_offset) if one is not None else (-1, -1) for one in replicas]
    whole = all(mark == end == ends[0][0] for mark, end in ends)
    return "" if whole or commits_nothing(world, brokers, state) else f"high watermarks and ends of {owing} are {ends}"


def _producers(world: World) -> str:
    ledger = ledger_of(world)
    for host in world.hosts.values():
        if not isinstance(host.node, ProducerApp) or host.state != RUNNING:
            continue  # what a killed process had in memory nobody will ever hear of
        truth = ledger.producer(host.node.source)
        told = len(truth.acked) + len(truth.failed) + len(truth.unknown)
        if told != truth.born:
            return f"{host.node.source}: {truth.born} born, but {told} told of"
    return ""


def _undecidable(world: World, idle: dict[TopicPartition, None]) -> dict[str, None]:
    """Transactional ids whose markers cannot be written, because nothing is committed in one of their partitions."""
    found = all_transactions(world) if idle else {}
    return {name: None for name, (_, one) in found.items() if any(each in idle for each in one.stored.partitions)}


def _transactions(world: World, hopeless: dict[str, None]) -> str:
    """Each is decided, by its producer or by its time-out, and complete."""
    for name, (_, metadata) in all_transactions(world).items():
        state = metadata.stored.status
        if name not in hopeless and (metadata.pending is not None or state not in AT_REST):
            return f"the transaction of {name} is {state.title}"
    return ""


def _is_stuck(app: ConsumerApp, hopeless: dict[str, None]) -> bool:
    """Whether its producer can never begin."""
    transactions = app.transactions if isinstance(app, ProcessorApp) else None
    return transactions is not None and transactions.transactional_id in hopeless


def _groups(
    world: World, brokers: dict[int, Broker], controller: ControllerNode, hopeless: dict[str, None]
) -> str:  # fmt: skip
    members: dict[str, list[ConsumerApp]] = {}
    for host in world.hosts.values():
        if isinstance(host.node, ConsumerApp):
            members.setdefault(host.node.group_id, []).append(host.node)
    for group_id, apps in members.items():
        if any(_is_stuck(one, hopeless) for one in apps) or _meets_rot(world, brokers, controller, apps):
            continue
        if _offsets_hang(world, brokers, group_id):
            continue
        names = sorted(app.name for app in apps)
        states = [
            (found.state, sorted(one.client_id for one in found.members.values()))
            for broker in brokers.values()
            for shard in broker.coordinators.shards.values()
            if (found := shard.groups.get(group_id)) is not None
        ]
        if (STABLE, names) not in states:
            return f"{group_id} is {states}, not Stable with {names}"
        if owed := _progress(apps, brokers, controller):
            return f"{group_id}: {owed}"
    return ""


def _offsets_hang(world: World, brokers: dict[int, Broker], group_id: str) -> bool:
    """Whether what a group commits waits for the end of a transaction that its coordinator has lost with its log."""
    fates = fates_of(world)
    table = fates.table.items() if fates is not None else ()
    if not any(partition.topic == TRANSACTIONS_TOPIC and lost_something(fate) for partition, fate in table):
        return False
    return any(
        group_id in shard.groups and hanging(world, name, broker.partitions[name].log) > 0
        for broker in brokers.values()
        for name, shard in broker.coordinators.shards.items()
    )


def _meets_rot(world: World, brokers: dict[int, Broker], controller: ControllerNode, apps: list[ConsumerApp]) -> bool:
    """Whether a member throws as often as it is started: the whole group has no peace then."""
    topics = dict.fromkeys(topic for app in apps for topic in app.topics)
    states = [one for topic in topics for one in _partitions_of(controller, topic).values()]
    return any(cannot_be_read(world, brokers, one) for one in states)


def _partitions_of(controller: ControllerNode, topic: str) -> Mapping[int, PartitionState]:
    """None of a topic that was deleted."""
    found = controller.image.topics.get(topic)
    return found.partitions if found is not None else {}


def _overlooks_growth(apps: list[ConsumerApp]) -> bool:
    """Whether a group may not notice before its next rebalance that a topic has grown. A static leader that was away
    comes back to its old plan, and takes the counts of now for those it planned for (KIP-814; ConsumerCoordinator
    does the same). And where static members came one by one from the consumer protocol, none was told that it leads.
    """
    members = [app.membership for app in apps]
    static = [one for one in members if isinstance(one, ClassicMembership) and one.instance_id is not None]
    return any(one.kept_plan for one in members) or (
        len(static) == len(members) and not any(one.leads for one in static)
    )


def _progress(apps: list[ConsumerApp], brokers: dict[int, Broker], controller: ControllerNode) -> str:
    owned: dict[TopicPartition, ConsumerApp] = {}
    for app in apps:
        for partition in app.membership.owned:
            if partition in owned:
                return f"{partition} has two owners"
            owned[partition] = app
    for topic in dict.fromkeys(topic for app in apps for topic in app.topics):
        for index, state in _partitions_of(controller, topic).items():
            app = owned.get(TopicPartition(topic, index))
            if app is None and _overlooks_growth(apps):
                continue
            if app is None:
                return f"{topic}-{index} has no owner"
            position = app.fetcher.positions.get(state.partition)
            log = brokers[state.leader_id].partitions[state.partition].log
            committed = app.fetcher.isolation is IsolationLevel.READ_COMMITTED
            # Beyond a transaction that hangs it may be, where another of its group reads what is not decided.
            end = log.last_stable_offset if committed else log.high_watermark
            if app.work or position is None or not end <= position.offset <= log.high_watermark:
                at = position.offset if position is not None else "nowhere"
                return f"{app.name} is at {at} of {state.partition}, which ends at {end}"
    return ""


def difference(world: World) -> str:
    """The first two replicas that are not equal byte for byte; empty when all are (but for compaction, for what has
    parted by an older rule, and for what a disk has spoilt: beyond that some may not follow).
    """
    copies: dict[TopicPartition, list[Partition]] = {}
    for name in broker_hosts(world):
        node = world.hosts[name].node
        assert isinstance(node, Broker)
        for partition, replica in node.partitions.items():
            if not replica.config.compacted:
                copies.setdefault(partition, []).append(replica)
    for partition, replicas in copies.items():
        start = max(*(one.log.log_start_offset for one in replicas), _parted_until(world, partition))
        rot = rot_of(world, partition)
        spoilt = rot.anywhere() if rot is not None else NOTHING
        end = min(one.log.log_end_offset for one in replicas) if spoilt else None
        contents = [
            [
                batch.data for batch in read_all(one.log)
                if batch.base_offset >= start and batch.base_offset not in spoilt
                and (end is None or batch.base_offset < end)
            ]
            for one in replicas
        ]  # fmt: skip
        for one, content in zip(replicas, contents, strict=True):
            if content != contents[0]:
                return f"{partition} differs on {one.broker_id} and {replicas[0].broker_id}"
    return ""


def _parted_until(world: World, partition: TopicPartition) -> int:
    """Up to which offset logs may differ because some broker followed by an older rule."""
    fates = fates_of(world)
    older = fates.table[partition].older if fates is not None else None
    return max((until for _, until in older.parted.values()), default=0) if older is not None else 0


def contradiction(world: World) -> str:
    """A record of which a producer was told two different ends; empty when there is none."""
    for name, truth in ledger_of(world).producers.items():
        twice = (
            truth.acked.common(truth.failed) + truth.acked.common(truth.unknown) + truth.failed.common(truth.unknown)
        )
        if twice:
            return f"{name} was told two ends of {twice} records"
    return ""
