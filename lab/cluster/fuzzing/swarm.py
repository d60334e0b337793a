"""Swarm: what one fuzz seed does: a cluster, its clients, and faults at drawn times.

Each seed draws everything, and some kinds of faults are switched off entirely while the rest have wildly
different weights: bugs hide where one kind of trouble is frequent and another is absent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.cluster.actions import clients, disks, machines, network, topics
from lab.cluster.actions.base import ClusterAction
from lab.cluster.fuzzing.administration import with_administration
from lab.cluster.fuzzing.audits import with_audits
from lab.cluster.fuzzing.cleaning import Cleaning
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.fuzzing.flavours import with_flavours
from lab.cluster.fuzzing.load import with_loads
from lab.cluster.fuzzing.migration import with_migrations
from lab.cluster.fuzzing.moving import moving
from lab.cluster.fuzzing.partial_deletion import with_partial_deletions
from lab.cluster.fuzzing.rot import with_rot
from lab.cluster.fuzzing.settings import changes
from lab.cluster.fuzzing.transactions import Transactions
from lab.cluster.lookup.controllers import CONTROLLER
from lab.cluster.share_spec import ShareConsumerSpec
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Micros, NodeId, seconds
from lab.kafka.config.client import THEIR_OWN
from lab.world.dice import Stream

SAFETY_S = 95
"""Faults begin within so many seconds; then all is healed and must come to rest."""
FIRST: Micros = seconds(3)
QUORUM_PERCENT = 20
LEFT_ALONE_PERCENT = 12
ROOMY = {"segment.bytes": "1100000", "transaction.timeout.ms": "60000"}
"""A segment holds the largest batch of any client library, and a transaction is full before its time is over."""
COMPACT = ("cleanup.policy", "compact")
Timed = tuple[Micros, ClusterAction]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one run needs."""

    seed: int
    spec: ClusterSpec
    actions: tuple[Timed, ...]


def plan(seed: int) -> Plan:
    """The run of a seed: always the same. Who is left alone is owed promptness, which a producer for each request has
    not: now and then it finds a broker without an id to give. Nor does its group change its protocol meanwhile.
    """
    drawn = with_libraries(seed)
    if drawn.spec.service_levels:
        return drawn
    spec, actions = with_migrations(seed, with_audits(seed, drawn.spec), drawn.actions, FIRST)
    actions = with_rot(seed, spec, actions, FIRST)
    actions = with_partial_deletions(seed, spec, actions, FIRST)
    return replace(drawn, spec=spec, actions=with_administration(seed, spec, actions, FIRST))


def with_libraries(seed: int) -> Plan:
    """As below, with clients of all libraries, and some left alone. What a seed once found with them stays found."""
    drawn = trouble(seed)
    drawn = replace(drawn, spec=with_flavours(seed, drawn.spec))
    return left_alone(drawn) if Stream(f"fuzz/{seed}/left alone").below(100) < LEFT_ALONE_PERCENT else drawn


def left_alone(drawn: Plan) -> Plan:
    """Its cluster and clients without any fault: then it owes them promptness, too. A segment that is smaller than a
    batch is a fault of its own: the batch is refused, and with it what follows it. So is a transaction that is not
    full before its time is over.
    """
    topics = tuple(replace(one, config=_roomy(one.config)) for one in drawn.spec.topics)
    producers = tuple(replace(one, config=_roomy(one.config)) for one in drawn.spec.producers)
    spec = replace(drawn.spec, topics=topics, producers=producers, service_levels=True)
    return replace(drawn, spec=spec, actions=())


def _roomy(config: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, ROOMY.get(name, value)) for name, value in config)


def trouble(seed: int) -> Plan:
    """Its cluster and faults, with clients that are all the newest Java ones. What a seed has once found stays found by
    this, whatever is drawn besides.
    """
    draw, cleaning = Draw(seed), Cleaning(seed)
    spec = Transactions(seed).spec(with_shares(Draw(seed, "share"), _spec(draw, seed)))
    faults = _faults(draw, spec)
    spec = with_loads(seed, cleaning.spec(spec))
    deletes = cleaning.deletes(spec, FIRST)
    actions = tuple(sorted((*faults, *deletes, *changes(seed, spec, FIRST)), key=lambda one: one[0]))
    return Plan(seed, *moving(Draw(seed, "fuzz of replicas"), spec, actions))


# --- the cluster ----------------------------------------------------------------------------------


def _spec(draw: Draw, seed: int) -> ClusterSpec:
    brokers = (1, 2, 3, 3, 3, 4, 5)[draw.dice.below(7)]
    made = tuple(_topic(draw, f"topic-{at}", brokers) for at in range(draw.number(1, 2)))
    producers = tuple(_producer(draw, f"producer-{at}", made[at % len(made)]) for at in range(draw.number(1, 2)))
    groups = draw.number(1, 2)
    members = tuple(_consumer(draw, f"consumer-{at}", f"group-{at % groups}", made) for at in range(draw.number(1, 3)))
    members = _protocols(Draw(seed, "fuzz-protocols"), members)
    config = (
        ("replica.lag.time.max.ms", str((2_000, 10_000, 30_000)[draw.dice.below(3)])),
        ("offsets.topic.num.partitions", "2"),
        ("log.retention.check.interval.ms", "10000"),
        ("log.cleaner.backoff.ms", "5000"),
        ("log.flush.offset.checkpoint.interval.ms", str((5_000, 60_000)[draw.dice.below(2)])),
        ("leader.imbalance.check.interval.seconds", str((10, 300)[draw.dice.below(2)])),
        ("unclean.leader.election.interval.ms", "5000"),
    )
    spec = ClusterSpec(seed, brokers, made, producers, members, config)
    return _quorum(spec) if Stream(f"fuzz/{seed}/elect").below(100) >= 100 - QUORUM_PERCENT else spec


def _quorum(spec: ClusterSpec) -> ClusterSpec:
    """The same with controllers that vote. From dice of its own: other seeds' stories stay what they were."""
    draw = Draw(spec.seed)
    draw.dice = Stream(f"fuzz/{spec.seed}/controllers")
    combined = spec.brokers >= 3 and draw.percent(30)
    config = [*spec.broker_config]
    if draw.percent(50):
        config += [
            ("metadata.log.max.record.bytes.between.snapshots", str(draw.number(1_000, 8_000))),
            ("metadata.max.retention.bytes", str(draw.number(1_000, 8_000))),
            ("metadata.log.segment.bytes", "4000"),
        ]
    return replace(spec, controllers=3, combined=combined, broker_config=tuple(config))


def _topic(draw: Draw, name: str, brokers: int) -> TopicSpec:
    replicas = draw.number(1, min(3, brokers))
    config = [("min.insync.replicas", str(draw.number(1, min(2, replicas))))]
    if draw.percent(25):
        config.append(("unclean.leader.election.enable", "true"))
    if draw.percent(40):
        config.append(("segment.bytes", str(draw.number(2_000, 20_000))))
    if draw.percent(15):
        config.append(("retention.bytes", "10000"))
    elif draw.percent(15):
        config += [COMPACT, ("min.cleanable.dirty.ratio.percent", "10")]
        if "segment.bytes" not in dict(config):
            config.append(("segment.bytes", "5000"))  # only closed segments are compacted
    if draw.percent(20):
        config.append(("flush.messages", str(draw.number(1, 50))))
    return TopicSpec(name, draw.number(1, 3), replicas, tuple(config))


def _producer(draw: Draw, name: str, topic: TopicSpec) -> ProducerSpec:
    config = [
        ("acks", draw.of("all", "all", "all", "1", "0")),
        ("linger.ms", draw.of("0", "5", "50")),
        ("request.timeout.ms", draw.of("1000", "5000")),
        ("delivery.timeout.ms", draw.of("6000", "15000")),
        ("max.in.flight.requests.per.connection", draw.of("1", "5")),
        ("metadata.max.age.ms", "10000"),
    ]
    if config[0][1] == "all":
        config.append(("enable.idempotence", draw.of("true", "false")))
    keys = draw.of("none", "cycle:3", "zipf:10")
    if keys == "none" and COMPACT in topic.config:
        keys = "cycle:12"  # a compacted topic refuses records without a key
    return ProducerSpec(name, topic.name, draw.number(1, 12), keys, draw.number(10, 300), config=tuple(config))


def _consumer(draw: Draw, name: str, group: str, made: tuple[TopicSpec, ...]) -> ConsumerSpec:
    config = [
        ("auto.offset.reset", draw.of("earliest", "earliest", "latest")),
        ("session.timeout.ms", "6000"),
        ("heartbeat.interval.ms", "1500"),
        ("max.poll.interval.ms", draw.of("8000", "60000")),
        ("request.timeout.ms", draw.of("3000", "10000")),
        ("max.poll.records", draw.of("1", "10", "500")),
        ("auto.commit.interval.ms", draw.of("500", "5000")),
        ("partition.assignment.strategy", "range,cooperative-sticky"),
        ("metadata.max.age.ms", "10000"),
    ]
    if draw.percent(20):
        config.append(("group.instance.id", name))
    read = tuple(topic.name for topic in made)
    commit = draw.of("auto", "auto", "sync", "async", "record", "before")
    work_us = draw.number(0, 20) * 1_000
    most = dict(config)
    # Whoever cannot finish one poll within max.poll.interval.ms never gets any further, in Kafka as here.
    work_us = min(work_us, int(most["max.poll.interval.ms"]) * 500 // int(most["max.poll.records"]))
    return ConsumerSpec(name, group, read, work_us, commit, tuple(config))


def _protocols(draw: Draw, members: tuple[ConsumerSpec, ...]) -> tuple[ConsumerSpec, ...]:
    """Some groups use the consumer protocol. By dice of their own: the rest of a seed's story stays as it was."""
    consumer = {group: None for group in dict.fromkeys(one.group for one in members) if draw.percent(35)}
    assignors = {group: draw.of("uniform", "uniform", "range") for group in consumer}
    return tuple(
        replace(one, config=_consumer_protocol(one.config, assignors[one.group])) if one.group in consumer else one
        for one in members
    )


def _consumer_protocol(config: tuple[tuple[str, str], ...], assignor: str) -> tuple[tuple[str, str], ...]:
    kept = tuple((name, value) for name, value in config if name not in THEIR_OWN["classic"])
    return (*kept, ("group.protocol", "consumer"), ("group.remote.assignor", assignor))


def with_shares(draw: Draw, spec: ClusterSpec) -> ClusterSpec:
    """Every fifth cluster has a share group as well. Drawn apart: what else a seed does stays as it was."""
    if not draw.percent(20):
        return spec
    members = tuple(_share_consumer(draw, f"worker-{at}", spec.topics) for at in range(draw.number(1, 4)))
    config = (
        ("group.share.auto.offset.reset", draw.of("earliest", "latest")),
        ("group.share.delivery.count.limit", draw.of("2", "5")),
        ("group.share.record.lock.duration.ms", draw.of("3000", "15000")),
        ("group.share.partition.max.record.locks", draw.of("5", "200")),
        ("group.share.heartbeat.interval.ms", "1500"),
        ("group.share.session.timeout.ms", "6000"),
        ("share.coordinator.state.topic.num.partitions", "2"),
        ("share.coordinator.snapshot.update.records.per.snapshot", draw.of("3", "500")),
    )
    return replace(spec, share_consumers=members, broker_config=(*spec.broker_config, *config))


def _share_consumer(draw: Draw, name: str, made: tuple[TopicSpec, ...]) -> ShareConsumerSpec:
    mode = draw.of("implicit", "explicit", "explicit")
    config = (
        ("share.acknowledgement.mode", mode),
        ("max.poll.records", draw.of("1", "10", "500")),
        ("request.timeout.ms", draw.of("3000", "10000")),
        ("metadata.max.age.ms", "10000"),
    )
    poison = draw.of("", "", "A", "B")
    read = tuple(topic.name for topic in made)
    return ShareConsumerSpec(
        name, "workers", read, draw.number(0, 100) * 1_000, poison, draw.of("release", "release", "reject"), config
    )


# --- faults ---------------------------------------------------------------------------------------

Fault = Callable[[Draw, ClusterSpec, Micros], list[Timed]]


def _faults(draw: Draw, spec: ClusterSpec) -> tuple[Timed, ...]:
    faults = FAULTS if spec.controllers == 1 else (*FAULTS, *QUORUM_FAULTS)
    weights = [0 if draw.percent(50) else 1 << draw.dice.below(7) for _ in faults]
    found: list[Timed] = []
    for _ in range(draw.number(0, 30) if any(weights) else 0):
        at = FIRST + draw.dice.below(seconds(SAFETY_S) - FIRST)
        found += faults[draw.weighted(weights)](draw, spec, at)
    return tuple(sorted(found, key=lambda one: one[0]))


def _broker(draw: Draw, spec: ClusterSpec) -> NodeId:
    return f"broker-{draw.number(1, spec.brokers)}"


def _server(draw: Draw, spec: ClusterSpec) -> NodeId:
    return _controller(draw, spec) if draw.percent(15) else _broker(draw, spec)


def _controller(draw: Draw, spec: ClusterSpec) -> NodeId:
    if spec.controllers == 1:
        return CONTROLLER
    return f"{'broker' if spec.combined else 'controller'}-{draw.number(1, spec.controllers)}"


def _client(draw: Draw, spec: ClusterSpec) -> NodeId:
    names = [one.name for one in (*spec.producers, *spec.consumers, *spec.share_consumers, *spec.processors)]
    return names[draw.dice.below(len(names))]


def _anybody(draw: Draw, spec: ClusterSpec) -> NodeId:
    return _client(draw, spec) if draw.percent(40) else _server(draw, spec)


def _crash(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _server(draw, spec)
    return [(at, machines.Crash(node)), (at + draw.duration(), machines.Restart(node))]


def _stop(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _broker(draw, spec)
    return [(at, machines.Stop(node)), (at + draw.duration(), machines.Restart(node))]


def _power(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    nodes = tuple(f"broker-{number}" for number in range(1, spec.brokers + 1) if draw.percent(40)) or (
        _broker(draw, spec),
    )
    back: list[Timed] = [(at + draw.duration(), machines.Restart(node)) for node in nodes]
    return [(at, machines.PowerOff(nodes)), *back]


def _freeze(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _anybody(draw, spec)
    return [(at, machines.Freeze(node)), (at + draw.duration(), machines.Thaw(node))]


def _client_crash(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _client(draw, spec)
    end = machines.Crash(node) if draw.percent(60) else machines.Stop(node)
    return [(at, end), (at + draw.duration(), machines.Restart(node))]


def _isolate(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _server(draw, spec)
    return [
        (at, network.Isolate(node, draw.percent(30))),
        (at + draw.duration(), network.Rejoin(node)),
    ]


def _cut(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    one, other = _anybody(draw, spec), _server(draw, spec)
    return [
        (at, network.CutLink(one, other, draw.percent(50))),
        (at + draw.duration(), network.HealLink(one, other)),
    ]


def _slow_link(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    one, other = _anybody(draw, spec), _server(draw, spec)
    return [
        (at, network.SlowLink(one, other, draw.number(1, 3_000))),
        (at + draw.duration(), network.HealLink(one, other)),
    ]


def _slow_disk(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _broker(draw, spec)
    return [
        (at, disks.SlowDisk(node, 10 ** draw.number(2, 5))),
        (at + draw.duration(), disks.MendDisk(node)),
    ]


def _full_disk(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _broker(draw, spec)
    back = at + draw.duration()
    return [
        (at, disks.FillDisk(node)),
        (back, disks.MendDisk(node)),
        (back + 2, machines.Restart(node)),
    ]


def _clock(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    return [(at, machines.SkewClock(_anybody(draw, spec), draw.number(-60_000, 60_000)))]


def _pause(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    readers = (*spec.consumers, *spec.share_consumers)
    node = readers[draw.dice.below(len(readers))].name
    return [(at, clients.PauseConsumer(node)), (at + draw.duration(), clients.ResumeConsumer(node))]


def _elect(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    return [(at, topics.ElectLeader(draw.partition(spec), draw.percent(40)))]


def _delete_records(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    return [(at, topics.DeleteRecords(draw.partition(spec)))]


def _more_partitions(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    topic = spec.topics[draw.dice.below(len(spec.topics))]
    return [(at, topics.AddPartitions(topic.name, topic.partitions + 1))]


FAULTS: tuple[Fault, ...] = (
    _crash, _stop, _power, _freeze, _client_crash, _isolate, _cut, _slow_link, _slow_disk,
    _full_disk, _clock, _pause, _elect, _delete_records, _more_partitions,
)  # fmt: skip


def _controller_crash(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _controller(draw, spec)
    end = machines.Crash(node) if draw.percent(60) else machines.Stop(node)
    return [(at, end), (at + draw.duration(), machines.Restart(node))]


def _controllers_power(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    nodes = tuple(dict.fromkeys(_controller(draw, spec) for _ in range(draw.number(1, spec.controllers))))
    back: list[Timed] = [(at + draw.duration(), machines.Restart(node)) for node in nodes]
    return [(at, machines.PowerOff(nodes)), *back]


def _controller_freeze(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    node = _controller(draw, spec)
    return [(at, machines.Freeze(node)), (at + draw.duration(), machines.Thaw(node))]


def _controller_cut(draw: Draw, spec: ClusterSpec, at: Micros) -> list[Timed]:
    one, other = _controller(draw, spec), _controller(draw, spec) if draw.percent(70) else _broker(draw, spec)
    return [
        (at, network.CutLink(one, other, draw.percent(50))),
        (at + draw.duration(), network.HealLink(one, other)),
    ]


QUORUM_FAULTS: tuple[Fault, ...] = (_controller_crash, _controllers_power, _controller_freeze, _controller_cut)
"""Drawn as well where controllers vote."""
