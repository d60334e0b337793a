"""Build: a ClusterSpec becomes a world, its brokers up and its topics made, at time zero.

Setting up takes place in negative time: brokers register, the controller places replicas, and only
then, at zero, do the clients start. So what a person sees begins with a cluster that stands, and none
of it is faked.
"""

from pathlib import Path

from lab.cluster.data_file import locate, read_rows, skipped_text
from lab.cluster.invariants import all_invariants
from lab.cluster.ledger import Ledger
from lab.cluster.moments import Moments
from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TransactionSpec
from lab.cluster.watch import Observer, Watch
from lab.env import Micros, NodeId, seconds
from lab.env.vec import Vec
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.recipe import BrokerRecipe
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.app import Rows
from lab.kafka.clients.producer.transactional_app import TransactionPlan
from lab.kafka.clients.recipes import AdminRecipe, ConsumerRecipe, ProducerRecipe
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.recipe import ControllerRecipe
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.orders import Admin
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from lab.world.host import Host
from lab.world.world import World

ADMIN: NodeId = "admin"
CONTROLLER: NodeId = "controller-1"
SET_UP: Micros = seconds(10)
"""How long before time zero the machines are switched on."""


def build(spec: ClusterSpec, beside: Path | None = None) -> World:
    """The world of a checked spec, at time zero. `beside`: the folder of its scenario, where data files may lie.
    Raises Refused if the spec is wrong.
    """
    spec.checked()
    world = World(spec.seed, start=-SET_UP)
    world.network.extra_us = spec.link_extra_us
    ledger = Ledger()
    observers: list[Observer] = [ledger, Moments(ledger), *all_invariants(ledger)]
    world.witness = Watch(observers)
    _machines(world, spec)
    _topics(world, spec)
    world.moments = Vec()
    for producer in spec.producers:
        add_producer(world, producer, beside)
    for consumer in spec.consumers:
        add_consumer(world, consumer)
    return world


def _machines(world: World, spec: ClusterSpec) -> None:
    world.add_host(CONTROLLER, ControllerRecipe(spec.broker_config))
    world.boot(CONTROLLER)
    for broker_id in range(1, spec.brokers + 1):
        _broker(world, broker_id, spec.broker_config, spec.disk_capacity_bytes)
    world.add_host(ADMIN, AdminRecipe(broker_hosts(world) or ("broker-1",)))
    world.boot(ADMIN)
    world.run_until(-SET_UP // 2)


def _broker(world: World, broker_id: int, config: tuple[tuple[str, str], ...], capacity: int | None) -> NodeId:
    name = f"broker-{broker_id}"
    world.add_host(name, BrokerRecipe(broker_id, CONTROLLER, config), disk_capacity=capacity)
    world.boot(name)
    return name


def _topics(world: World, spec: ClusterSpec) -> None:
    """By a real request of the administrator, with time for its answer."""
    if spec.topics:
        topics = tuple(NewTopic(one.name, one.partitions, one.replicas, dict(one.config)) for one in spec.topics)
        world.signal(ADMIN, Admin(CreateTopicsRequest(topics)))
    world.run_until(0)
    for topic in spec.topics:
        if not topic_exists(world, topic.name):
            raise Refused(f"topic {topic.name} could not be created: its name or a setting is wrong")


# --- adding to a world ----------------------------------------------------------------------------


def add_broker(world: World) -> NodeId:
    """One more broker, with the settings of the first. Returns its name."""
    brokers = broker_hosts(world)
    recipe = world.hosts[brokers[0]].recipe if brokers else BrokerRecipe(0, CONTROLLER)
    assert isinstance(recipe, BrokerRecipe)
    highest = max((int(name.removeprefix("broker-")) for name in brokers), default=0)
    return _broker(world, highest + 1, recipe.configs, None)


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
        transaction=_plan(spec.transaction),
    )  # fmt: skip
    _start_client(world, spec.name, recipe, spec.started)


def _plan(spec: TransactionSpec | None) -> TransactionPlan | None:
    return TransactionPlan(spec.commit_every, spec.commit_ms, spec.abort_every) if spec is not None else None


def add_consumer(world: World, spec: ConsumerSpec) -> None:
    """A consumer's machine; it starts now, or waits to be started."""
    recipe = ConsumerRecipe(
        spec.name, spec.group, spec.topics, bootstrap(world), spec.config, spec.work_us, spec.commit
    )
    _start_client(world, spec.name, recipe, spec.started)


def _start_client(world: World, name: NodeId, recipe: ProducerRecipe | ConsumerRecipe, started: bool) -> None:
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


def broker_hosts(world: World) -> tuple[NodeId, ...]:
    """The names of all brokers, running or not."""
    return tuple(name for name, host in world.hosts.items() if isinstance(host.recipe, BrokerRecipe))


def client_topics(host: Host) -> tuple[str, ...] | None:
    """The topics of a client's machine; None if it is none."""
    recipe = host.recipe
    if isinstance(recipe, ProducerRecipe):
        return (recipe.topic,)
    return recipe.topics if isinstance(recipe, ConsumerRecipe) else None


def kind_of(host: Host) -> str:
    """broker, controller, producer, consumer or admin."""
    return KINDS[type(host.recipe)]


KINDS: dict[type, str] = {
    BrokerRecipe: "broker",
    ControllerRecipe: "controller",
    ProducerRecipe: "producer",
    ConsumerRecipe: "consumer",
    AdminRecipe: "admin",
}


def image_of(world: World) -> MetadataImage:
    """The newest metadata any live server has: the controller's, else the most advanced broker's."""
    best = MetadataImage()
    for name in (CONTROLLER, *broker_hosts(world)):
        node = world.hosts[name].node
        image = node.image if isinstance(node, (ControllerNode, Broker)) else None
        if image is not None and image.offset > best.offset:
            best = image
    return best


def topic_exists(world: World, topic: str) -> bool:
    """Whether the cluster knows the topic."""
    return topic in image_of(world).topics
