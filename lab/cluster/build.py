"""Build: a ClusterSpec becomes a world, its brokers up and its topics made, at time zero.

Setting up takes place in negative time: brokers register, the controller places replicas, and only
then, at zero, do the clients start. So what a person sees begins with a cluster that stands, and none
of it is faked.
"""

from collections.abc import Callable
from pathlib import Path

from lab.cluster.data_file import locate, read_rows, skipped_text
from lab.cluster.invariants import all_invariants, quorum_invariants
from lab.cluster.invariants.service_levels import watch_service_levels
from lab.cluster.invariants.transactions import watch_transactions
from lab.cluster.ledger.latencies import watch_latencies
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.ledger.pauses import Pauses
from lab.cluster.ledger.shares import Shares
from lab.cluster.lookup.controllers import CONTROLLER, controller_at, controller_hosts, in_quorum, voters_of
from lab.cluster.moments.cleaning import CleaningMoments
from lab.cluster.moments.decisions import Decisions
from lab.cluster.moments.moments import Moments
from lab.cluster.moments.quorum import QuorumMoments
from lab.cluster.moments.rot import RotMoments
from lab.cluster.refused import Refused
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProcessorSpec, ProducerSpec, TransactionSpec
from lab.cluster.watch import Observer, Watch
from lab.env import Micros, NodeId, seconds
from lab.env.vec import Vec
from lab.kafka.broker import lifecycle
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.app import Rows
from lab.kafka.clients.producer.auditing_app import AuditPlan
from lab.kafka.clients.producer.transactional_app import TransactionPlan
from lab.kafka.clients.program import ProgramRecipe
from lab.kafka.clients.recipes import (
    AdminRecipe,
    ConsumerRecipe,
    ProcessorRecipe,
    ProducerRecipe,
    ShareConsumerRecipe,
)
from lab.kafka.combined import CombinedRecipe
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.controller.recipe import ControllerRecipe, VoterRecipe
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.orders import Admin
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from lab.world.disk import HostDisk
from lab.world.host import Host, Recipe
from lab.world.world import World

ADMIN: NodeId = "admin"
RACK = "broker.rack"
SET_UP: Micros = seconds(10)
"""How long before time zero the machines are switched on."""
ELECTION: Micros = seconds(20)
"""So much more time is there where the controllers must first elect one: whatever the dice say, that is enough."""
RETURN: Micros = seconds(60)
"""The longest that brokers whose processes were killed may take to be let in again."""
DiskOf = Callable[[NodeId], HostDisk | None]
"""The disk that a machine brings; None: a simulated one."""


def build(spec: ClusterSpec, beside: Path | None = None) -> World:
    """The world of a checked spec, at time zero. `beside`: the folder of its scenario, where data files may lie.
    Raises Refused if the spec is wrong.
    """
    spec.checked()
    world = World(spec.seed, start=-SET_UP if not in_quorum(spec) else -SET_UP - ELECTION)
    world.network.extra_us = spec.link_extra_us
    ledger = Ledger()
    observers: list[Observer] = [
        ledger, Moments(ledger), CleaningMoments(ledger), RotMoments(), Shares(ledger), *all_invariants(ledger),
        Pauses(),
    ]  # fmt: skip
    if in_quorum(spec):
        observers += [Decisions(), QuorumMoments(), *quorum_invariants(spec.controllers)]
    world.witness = Watch(observers)
    if spec.service_levels:
        watch_service_levels(world)
    _machines(world, spec)
    _topics(world, spec)
    world.moments = Vec()
    for producer in spec.producers:
        add_producer(world, producer, beside)
    for consumer in spec.consumers:
        add_consumer(world, consumer)
    for processor in spec.processors:
        add_processor(world, processor)
    for consumer in spec.share_consumers:
        add_share_consumer(world, consumer)
    return world


def build_unwatched(spec: ClusterSpec, disk_of: DiskOf, epoch_ms: int) -> World:
    """The world of a checked spec, its servers up, with nobody in it who watches: no ledger, no invariants, no key
    moments, and no simulated clients. Its machines may bring disks on which an earlier world left its files.
    """
    spec.checked()
    world = World(spec.seed, start=-SET_UP if not in_quorum(spec) else -SET_UP - ELECTION, epoch_ms=epoch_ms)
    world.witness = Watch([])
    world.remembers = False  # thousands of messages would be gigabytes of records
    _machines(world, spec, disk_of)
    world.run_until(world.now + RETURN, until=_all_serve)
    _topics(world, spec)
    return world


def _all_serve(world: World) -> bool:
    """Whether every broker has been let in. Where processes were killed the controller first waits until their
    sessions have run out.
    """
    nodes = [world.hosts[name].node for name in broker_hosts(world)]
    return all(isinstance(node, Broker) and node.lifecycle.stage == lifecycle.RUNNING for node in nodes)


def _machines(world: World, spec: ClusterSpec, disk_of: DiskOf = lambda node: None) -> None:
    config = spec.broker_config
    if not in_quorum(spec):
        _boot(world, CONTROLLER, ControllerRecipe(config), disk=disk_of(CONTROLLER))
    elif not spec.combined:
        for replica_id, name in voters_of(spec).members:
            _boot(world, name, VoterRecipe(replica_id, voters_of(spec), config), disk=disk_of(name))
    for broker_id in range(1, spec.brokers + 1):
        name = f"broker-{broker_id}"
        _boot(world, name, _broker_recipe(spec, broker_id), spec.disk_capacity_bytes, disk_of(name))
    world.add_host(ADMIN, AdminRecipe(broker_hosts(world) or ("broker-1",)))
    world.boot(ADMIN)
    world.run_until(-SET_UP // 2)


def _broker_recipe(spec: ClusterSpec, broker_id: int) -> BrokerRecipe:
    """A broker under the controllers of its cluster; in a combined one perhaps a voter itself."""
    config = spec.broker_config
    if spec.racks:
        config = (*config, (RACK, spec.racks[(broker_id - 1) % len(spec.racks)]))
    if not in_quorum(spec):
        return BrokerRecipe(broker_id, (CONTROLLER,), config, heap_bytes=spec.heap_bytes)
    voters = voters_of(spec)
    hosts = tuple(host for _, host in voters.members)
    if spec.combined and broker_id in voters.ids:
        return CombinedRecipe(broker_id, hosts, config, True, spec.heap_bytes, voters)
    return BrokerRecipe(broker_id, hosts, config, True, spec.heap_bytes)


def _boot(
    world: World, name: NodeId, recipe: Recipe, capacity: int | None = None, disk: HostDisk | None = None
) -> None:
    world.add_host(name, recipe, disk_capacity=capacity, disk=disk)
    world.boot(name)


def _topics(world: World, spec: ClusterSpec) -> None:
    """By a real request of the administrator, with time for its answer."""
    if spec.topics:
        topics = tuple(NewTopic(one.name, one.partitions, one.replicas, dict(one.config)) for one in spec.topics)
        world.signal(ADMIN, Admin(CreateTopicsRequest(topics)))
    world.run_until(world.now + SET_UP // 2)
    for topic in spec.topics:
        if not topic_exists(world, topic.name):
            reason = "its name or a setting is wrong, or super.users does not name User:admin, who makes it"
            raise Refused(f"topic {topic.name} could not be created: {reason}")


# --- adding to a world ----------------------------------------------------------------------------


def add_broker(world: World) -> NodeId:
    """One more broker, with the settings of the first, in the rack with the fewest; it votes in no quorum. Returns
    its name.
    """
    brokers = broker_hosts(world)
    hosts = controller_hosts(world)
    recipe = world.hosts[brokers[0]].recipe if brokers else BrokerRecipe(0, hosts, quorum=len(hosts) > 1)
    assert isinstance(recipe, BrokerRecipe)
    highest = max((int(name.removeprefix("broker-")) for name in brokers), default=0)
    config = tuple(one for one in recipe.configs if one[0] != RACK)
    racks = racks_of(world)
    if racks:
        config = (*config, (RACK, min(dict.fromkeys(racks), key=racks.count)))
    name = f"broker-{highest + 1}"
    _boot(world, name, BrokerRecipe(highest + 1, recipe.controllers, config, recipe.quorum, recipe.heap_bytes))
    return name


def add_producer(world: World, spec: ProducerSpec, beside: Path | None = None) -> None:
    """A producer's machine; it starts now, or waits to be started. Its data lies in `assets/data` or `beside`."""
    rows = None
    if spec.data is not None:
        found, bad = read_rows(spec.data, locate(spec.data.path, beside))
        if bad:
            world.mark("skipped", spec.name, skipped_text(spec.data.path, bad))
        rows = Rows(tuple((row.at, row.key, row.value) for row in found))
    recipe = ProducerRecipe(
        spec.name, spec.topic, bootstrap(world), spec.config,
        rate=spec.data.rate if spec.data is not None else spec.rate,
        keys=KeyPattern(spec.keys), value_bytes=spec.value_bytes, count=spec.count, rows=rows,
        pace_percent=spec.data.pace_percent if spec.data is not None else 100,
        load=spec.load,
        transaction=_plan(spec.transaction), flavour=spec.flavour,
        audit=AuditPlan(spec.audit.percent, spec.audit.shared) if spec.audit is not None else None,
    )  # fmt: skip
    if spec.audit is not None:
        watch_latencies(world)
    if "transactional.id" in dict(spec.config):
        watch_transactions(world)
    _start_client(world, spec.name, recipe, spec.started)


def _plan(spec: TransactionSpec | None) -> TransactionPlan | None:
    return TransactionPlan(spec.commit_every, spec.commit_ms, spec.abort_every) if spec is not None else None


def add_consumer(world: World, spec: ConsumerSpec) -> None:
    """A consumer's machine; it starts now, or waits to be started."""
    recipe = ConsumerRecipe(
        spec.name, spec.group, spec.topics, bootstrap(world), spec.config, spec.work_us, spec.commit, spec.flavour
    )
    _start_client(world, spec.name, recipe, spec.started)


def add_processor(world: World, spec: ProcessorSpec) -> None:
    """A read-process-write application's machine; it starts now, or waits to be started."""
    recipe = ProcessorRecipe(
        spec.name, spec.group, spec.topics, bootstrap(world), spec.config, spec.work_us, "none", output=spec.output,
        producer_configs=spec.producer_config, abort_every=spec.abort_every,
    )  # fmt: skip
    if "transactional.id" in dict(spec.producer_config):
        watch_transactions(world)
    _start_client(world, spec.name, recipe, spec.started)


def add_share_consumer(world: World, spec: ShareConsumerSpec) -> None:
    """A share consumer's machine; it starts now, or waits to be started."""
    recipe = ShareConsumerRecipe(
        spec.name, spec.group, spec.topics, bootstrap(world), spec.config, spec.work_us, spec.poison, spec.on_failure
    )
    _start_client(world, spec.name, recipe, spec.started)


def _start_client(
    world: World, name: NodeId, recipe: ProducerRecipe | ConsumerRecipe | ShareConsumerRecipe, started: bool
) -> None:
    try:
        recipe.build()
    except InvalidConfig as wrong:
        raise Refused(f"{name}: {wrong}") from None
    world.add_host(name, recipe)
    if started:
        world.boot(name)


def bootstrap(world: World) -> tuple[str, ...]:
    """The brokers a client is told of."""
    return broker_hosts(world) or ("broker-1",)


# --- what is in a world ---------------------------------------------------------------------------


def racks_of(world: World) -> tuple[str, ...]:
    """The rack of each broker; none at all where brokers have none."""
    recipes = [world.hosts[name].recipe for name in broker_hosts(world)]
    found = [dict(one.configs).get(RACK, "") for one in recipes if isinstance(one, BrokerRecipe)]
    return tuple(found) if any(found) else ()


def broker_hosts(world: World) -> tuple[NodeId, ...]:
    """The names of all brokers, running or not."""
    return tuple(name for name, host in world.hosts.items() if isinstance(host.recipe, BrokerRecipe))


def client_topics(host: Host) -> tuple[str, ...] | None:
    """The topics of a client's machine; None if it is none."""
    recipe = host.recipe
    if isinstance(recipe, ProducerRecipe):
        return (recipe.topic,)
    return recipe.topics if isinstance(recipe, (ConsumerRecipe, ShareConsumerRecipe)) else None


def group_kind(world: World, group: str) -> str:
    """consumer or share, as the machines of its members say; "" if it has none."""
    for host in world.hosts.values():
        if isinstance(host.recipe, (ConsumerRecipe, ShareConsumerRecipe)) and host.recipe.group_id == group:
            return "share" if isinstance(host.recipe, ShareConsumerRecipe) else "consumer"
    return ""


def kind_of(host: Host) -> str:
    """broker, controller, producer, consumer, admin, or program: a real one."""
    return KINDS[type(host.recipe)]


KINDS: dict[type, str] = {
    BrokerRecipe: "broker",
    CombinedRecipe: "broker",
    ControllerRecipe: "controller",
    VoterRecipe: "controller",
    ProducerRecipe: "producer",
    ConsumerRecipe: "consumer",
    ProcessorRecipe: "consumer",
    ShareConsumerRecipe: "consumer",
    AdminRecipe: "admin",
    ProgramRecipe: "program",
}


def image_of(world: World) -> MetadataImage:
    """The newest committed metadata any live server has: a controller's, else the most advanced broker's."""
    best = MetadataImage()
    for name in controller_hosts(world):
        controller = controller_at(world, name)
        if controller is not None and controller.image.offset > best.offset:
            best = controller.image
    for name in broker_hosts(world):
        node = world.hosts[name].node
        if isinstance(node, Broker) and node.image.offset > best.offset:
            best = node.image
    return best


def topic_exists(world: World, topic: str) -> bool:
    """Whether the cluster knows the topic."""
    return topic in image_of(world).topics
