"""Cluster: brokers, partitions, producers and groups, as the matrix shows them."""

from dataclasses import dataclass
from functools import lru_cache

from lab.cluster.build import broker_hosts, image_of
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.lookup.controllers import controller_hosts
from lab.cluster.lookup.parts import broker_at, find_group, ledger_of
from lab.cluster.lookup.shares import find_share_group
from lab.cluster.probes.islands import cut_off
from lab.cluster.probes.letters import letter_of
from lab.cluster.probes.programs import groups_of_programs, program_view, programs_in
from lab.cluster.probes.quorum import controller_view
from lab.cluster.probes.views import (
    BrokerView,
    ClusterView,
    GroupView,
    LinkView,
    MemberView,
    PartitionView,
    ProducerView,
    ProgramView,
    ReplicaView,
)
from lab.cluster.words.groups import lag
from lab.env import NodeId
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.clients.recipes import ConsumerRecipe, ProducerRecipe, ShareConsumerRecipe
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.metadata.image import MetadataImage, PartitionState
from lab.kafka.protocol.records import RecordBatch
from lab.world.host import Host
from lab.world.world import World

RECENT = 8
INTERNAL = "__"
MEMBERS = (ConsumerRecipe, ShareConsumerRecipe)
STATES = {"down": "crashed", "off": "off", "frozen": "frozen"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything the matrix shows. `internal`: with Kafka's own topics."""

    internal: bool = False

    def __call__(self, world: World) -> ClusterView:
        """The answer."""
        image = image_of(world)
        cut = cut_off(world)
        return ClusterView(
            now=world.now,
            brokers=tuple(_broker(world, name, image, cut) for name in broker_hosts(world)),
            controllers=tuple(
                controller_view(world, name, machine_state(world, name, cut)) for name in controller_hosts(world)
            ),
            partitions=tuple(
                _partition(world, state)
                for state in image.all_partitions()
                if self.internal or not state.partition.topic.startswith(INTERNAL)
            ),
            producers=tuple(
                _producer(world, host) for host in world.hosts.values() if isinstance(host.recipe, ProducerRecipe)
            ),
            groups=_groups(world),
            links=_links(world),
            programs=_programs(world),
        )


def machine_state(world: World, name: NodeId, cut: frozenset[NodeId]) -> str:
    """running, slow, frozen, crashed, stopped, off or partitioned."""
    host = world.hosts[name]
    if host.state != "running":
        stopped = host.state == "down" and _was_stopped(world, name)
        return "stopped" if stopped else STATES[host.state]
    if name in cut:
        return "partitioned"
    return "slow" if host.disk.slowdown > 1 else "running"


def _was_stopped(world: World, name: NodeId) -> bool:
    """Whether the newest thing done to a machine was to stop it in an orderly way."""
    for moment in reversed(world.moments.slice(len(world.moments) - 400, len(world.moments))):
        if moment.subject == name and moment.kind in ("fault", "mended"):
            return moment.text.startswith("stop")
    return False


def _broker(world: World, name: NodeId, image: MetadataImage, cut: frozenset[NodeId]) -> BrokerView:
    host = world.hosts[name]
    broker_id = int(name.removeprefix("broker-"))
    state = machine_state(world, name, cut)
    registration = image.brokers.get(broker_id)
    note = ""
    if state == "running" and (registration is None or registration.fenced):
        state, note = "starting" if registration is None else "fenced", "not in service"
    if state == "slow":
        note = f"disk ×{host.disk.slowdown}"
    leaders = sum(one.leader_id == broker_id for one in image.all_partitions())
    heap = host.node.heap if isinstance(host.node, Broker) else None
    return BrokerView(
        name, broker_id, state, note, host.disk.used, host.disk.capacity, len(host.backlog), leaders,
        heap_percent=heap.percent if heap is not None else None, heap_alarmed=heap is not None and heap.alarmed,
    )  # fmt: skip


def _partition(world: World, state: PartitionState) -> PartitionView:
    name = str(state.partition)
    leader = f"broker-{state.leader_id}" if state.leader_id >= 0 else ""
    end, high_watermark = _leader_offsets(world, state)
    return PartitionView(
        name, state.partition.topic, state.partition.partition, leader, state.leader_epoch,
        tuple(f"broker-{one}" for one in state.isr),
        tuple(_replica(world, state, one, end) for one in state.replicas),
        high_watermark,
    )  # fmt: skip


def _leader_offsets(world: World, state: PartitionState) -> tuple[int, int]:
    broker = broker_at(world, f"broker-{state.leader_id}")
    partition = broker.partitions.get(state.partition) if broker is not None else None
    if partition is not None:
        return partition.log.log_end_offset, partition.log.high_watermark
    truth = ledger_of(world).partition(state.partition)
    return truth.log_end_offset, truth.high_watermark


def _replica(world: World, state: PartitionState, broker_id: int, leader_end: int) -> ReplicaView:
    name = f"broker-{broker_id}"
    broker = broker_at(world, name)
    in_sync = broker_id in state.isr
    partition = broker.partitions.get(state.partition) if broker is not None else None
    if partition is None:
        return ReplicaView(name, "offline", in_sync, -1, -1, 0, ())
    role = "leader" if state.leader_id == broker_id else "follower"
    log = partition.log
    behind = max(0, leader_end - log.log_end_offset)
    return ReplicaView(name, role, in_sync, log.log_end_offset, log.high_watermark, behind, recent(log))


def recent(log: UnifiedLog) -> tuple[tuple[str, bool], ...]:
    """The newest records' letters, and whether they are committed; from the batches in memory."""
    found: list[tuple[str, bool]] = []
    for batch in reversed(log.tail):
        for offset, letter in reversed(letters_in(batch)):
            found.append((letter, offset < log.high_watermark))
            if len(found) == RECENT:
                return tuple(reversed(found))
    return tuple(reversed(found))


@lru_cache(maxsize=512)
def letters_in(batch: RecordBatch) -> tuple[tuple[int, str], ...]:
    """Offset and letter of the newest records. Remembered: every replica shows the same batch, frame after frame."""
    return tuple((record.offset, letter_of(record.key)) for record in batch.newest(RECENT))


def _producer(world: World, host: Host) -> ProducerView:
    recipe = host.recipe
    assert isinstance(recipe, ProducerRecipe)
    node = host.node
    truths = [one for name, one in ledger_of(world).producers.items() if name.split(".")[0] == host.name]
    state = "running" if host.state == "running" else "stopped" if host.state == "down" else host.state
    buffered = rate = 0
    if isinstance(node, ProducerApp):
        rate = node.rate
        accumulator = node.producer.accumulator
        buffered = sum(len(one.waiting) for one in accumulator.queues.values()) + len(accumulator.unplaced)
    return ProducerView(
        host.name, recipe.topic, dict(recipe.configs).get("acks", "all"), rate, state, buffered,
        sum(len(one.acked) for one in truths),
        sum(len(one.failed) for one in truths),
        sum(len(one.unknown) for one in truths),
    )  # fmt: skip


def group_names(world: World) -> list[str]:
    """All groups with a member's machine, in the order of machines; then those that only real clients know of."""
    found = {host.recipe.group_id: None for host in world.hosts.values() if isinstance(host.recipe, MEMBERS)}
    return list(found | dict.fromkeys(groups_of_programs(world)))


def _groups(world: World) -> tuple[GroupView, ...]:
    real = groups_of_programs(world)
    return tuple(_group(world, name, 3 + place, real.get(name, ())) for place, name in enumerate(group_names(world)))


def _programs(world: World) -> tuple[ProgramView, ...]:
    """Real clients, also those that are gone: what they did stays in the picture."""
    real = groups_of_programs(world)
    memberships = {
        name: tuple(group for group, members in real.items() if any(one.name == name for one in members))
        for name in programs_in(world)
    }
    return tuple(program_view(world.hosts[name], groups) for name, groups in memberships.items())


def members_of(world: World, group: str) -> tuple[MemberView, ...]:
    """The applications that are made to be members of a group, whether they run or not; and real clients in it."""
    return (*_made_members(world, group), *groups_of_programs(world).get(group, ()))


def _made_members(world: World, group: str) -> tuple[MemberView, ...]:
    ledger = ledger_of(world)
    return tuple(
        _member(world, ledger, host)
        for host in world.hosts.values()
        if isinstance(host.recipe, MEMBERS) and host.recipe.group_id == group
    )


def _group(world: World, name: str, category: int, real: tuple[MemberView, ...]) -> GroupView:
    found = find_group(world, name)
    state, generation, coordinator = "", 0, ""
    if found is not None:
        coordinator, group = found
        state, generation = group.state, group.generation
    elif (shared := find_share_group(world, name)) is not None:
        coordinator, state, generation = shared[0], shared[1].state, shared[1].group_epoch
    members = (*_made_members(world, name), *real)
    return GroupView(name, state, generation, coordinator, members, int(lag(world, name)), category % 8)


def _member(world: World, ledger: Ledger, host: Host) -> MemberView:
    node = host.node
    if isinstance(node, ShareConsumerApp):
        return _share_member(host, node)
    if not isinstance(node, ConsumerApp):
        state = "stopped" if host.state == "down" and not host.incarnation else STATES.get(host.state, host.state)
        if host.state == "down" and _was_stopped(world, host.name):
            state = "stopped"
        return MemberView(host.name, state, (), 0, "")
    owned = node.membership.owned
    behind = sum(
        max(
            0,
            ledger.partition(one).high_watermark - max(ledger.group(node.group_id).progress(one).committed, 0),
        )
        for one in owned
    )
    return MemberView(host.name, _member_state(host, node), tuple(str(one) for one in owned), behind, "")


def _share_member(host: Host, node: ShareConsumerApp) -> MemberView:
    """Its partitions are others' too: what is behind is told of the group, what it holds of the member."""
    state = "frozen" if host.state == "frozen" else "paused" if node.paused else "consuming"
    if not node.membership.joined:
        state = "joining"
    held = len(node.work) - node.done + len(node.buffered)
    assigned = tuple(str(one) for one in node.membership.assignment)
    return MemberView(host.name, state, assigned, 0, f"{held} acquired" if held else "")


def _member_state(host: Host, node: ConsumerApp) -> str:
    if host.state == "frozen":
        return "frozen"
    if node.paused:
        return "paused"
    if node.membership.stage == "left":
        return "left"
    return "consuming" if node.membership.stage == "stable" else "joining"


def _links(world: World) -> tuple[LinkView, ...]:
    return tuple(
        LinkView(
            source,
            target,
            "cut" if path.cut else "slow",
            "" if path.cut else f"{path.extra_us // 1_000} ms",
        )
        for source, target, path in world.network.in_trouble()
        if source in world.hosts and target in world.hosts
    )


def leading_replica(world: World, state: PartitionState) -> Partition | None:
    """The leader's replica, if its process runs."""
    broker: Broker | None = broker_at(world, f"broker-{state.leader_id}")
    return broker.partitions.get(state.partition) if broker is not None else None
