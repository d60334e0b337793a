"""Moving: what some fuzz seeds draw besides: racks, eligible leaders, replicas that move, a throttle."""

from dataclasses import replace

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.replicas import CancelReassignment, Reassign, SpreadReplicas, ThrottleReplication
from lab.cluster.actions.topics import AddBroker
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec, TopicSpec
from lab.env import Micros, millis, seconds
from lab.kafka.broker.read_replicas import RACK_AWARE

Timed = tuple[Micros, ClusterAction]
LATEST: Micros = seconds(70)
"""Moves begin by then, so that faults still come after them."""
RACKS = ("a", "b", "c")


def moving(draw: Draw, spec: ClusterSpec, actions: tuple[Timed, ...]) -> tuple[ClusterSpec, tuple[Timed, ...]]:
    """The spec and the deeds of a seed, most often as they are."""
    if not draw.percent(35):
        return spec, actions
    if draw.percent(50):
        spec = replace(spec, broker_config=(*spec.broker_config, ("eligible.leader.replicas.enable", "true")))
    if draw.percent(40):
        spec = _in_racks(draw, spec)
    found = list(actions)
    brokers = spec.brokers
    if draw.percent(40):
        brokers += 1
        found.append((seconds(draw.number(2, 20)), AddBroker()))
    for _ in range(draw.number(0, 4)):
        found += _move(draw, spec, brokers)
    if draw.percent(25):
        at = seconds(draw.number(1, 60))
        found.append((at, ThrottleReplication(draw.number(1, 50) * 1_000)))
        found.append((at + draw.duration(), ThrottleReplication(0)))
    return spec, tuple(sorted(found, key=lambda one: one[0]))


def _in_racks(draw: Draw, spec: ClusterSpec) -> ClusterSpec:
    racks = RACKS[: draw.number(2, 3)]
    consumers = tuple(
        replace(one, config=(*one.config, ("client.rack", draw.of(*racks)))) if draw.percent(70) else one
        for one in spec.consumers
    )
    selector = ("replica.selector.class", RACK_AWARE)
    return replace(spec, racks=racks, consumers=consumers, broker_config=(*spec.broker_config, selector))


def _move(draw: Draw, spec: ClusterSpec, brokers: int) -> list[Timed]:
    """A partition to other brokers, perhaps more or fewer of them; one in four changes its mind."""
    topic = spec.topics[draw.dice.below(len(spec.topics))]
    at = seconds(20) + draw.dice.below(LATEST - seconds(20))
    if draw.percent(20):
        return [(at, SpreadReplicas(topic.name))]
    partition = f"{topic.name}-{draw.dice.below(topic.partitions)}"
    found: list[Timed] = [(at, Reassign(partition, _target(draw, topic, brokers)))]
    if draw.percent(25):
        found.append((at + millis(draw.number(1, 3_000)), CancelReassignment(partition)))
    return found


def _target(draw: Draw, topic: TopicSpec, brokers: int) -> tuple[str, ...]:
    count = max(1, min(brokers, topic.replicas + draw.number(-1, 1)))
    left = list(range(1, brokers + 1))
    return tuple(f"broker-{left.pop(draw.dice.below(len(left)))}" for _ in range(count))
