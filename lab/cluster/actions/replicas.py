"""Replicas: moving them between brokers, giving leadership back, and taking a broker away."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, machine
from lab.cluster.actions.topics import partition_of, unknown_partition, unknown_topic
from lab.cluster.build import ADMIN, image_of
from lab.env import NodeId
from lab.kafka.broker.throttle import RATES
from lab.kafka.controller.placement import place
from lab.kafka.metadata.image import ELIGIBLE_LEADER_REPLICAS, MetadataImage, PartitionState
from lab.kafka.orders import Admin
from lab.kafka.protocol.messages.configs import ALL_BROKERS, IncrementalAlterConfigsRequest, topic_resource
from lab.kafka.protocol.messages.reassignments import (
    AlterPartitionReassignmentsRequest,
    UnregisterBrokerRequest,
    UpdateFeaturesRequest,
)
from lab.kafka.protocol.messages.topics import ElectionType, ElectLeadersRequest
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

LISTS = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")
Targets = dict[TopicPartition, tuple[int, ...] | None]


def broker_id(name: NodeId) -> int:
    """`broker-4` as 4; -1 if it is not the name of a broker."""
    number = name.removeprefix("broker-")
    return int(number) if number.isdecimal() and len(number) < 10 else -1


def ask(world: World, targets: Targets) -> None:
    """Have the administrator's client ask for these replicas."""
    world.signal(ADMIN, Admin(AlterPartitionReassignmentsRequest(targets)))


def load_of(image: MetadataImage) -> dict[int, int]:
    """How many replicas each registered broker has."""
    load = dict.fromkeys(image.brokers, 0)
    for state in image.all_partitions():
        for one in state.replicas:
            load[one] = load.get(one, 0) + 1
    return load


def without(image: MetadataImage, state: PartitionState, gone: int, load: dict[int, int]) -> tuple[int, ...] | None:
    """The replicas with the least loaded active broker in the place of one that goes; None if there is no other.
    In racks, one of the rack that is vacated, if there is any.
    """
    others = [one for one in image.brokers if image.is_active(one) and one not in state.replicas and one != gone]
    if not others:
        return None
    racks = image.racks
    best = min(others, key=lambda one: (racks.get(one) != racks.get(gone), load[one], one))
    load[best] += 1
    return tuple(best if one == gone else one for one in state.replicas)


@dataclass(frozen=True, slots=True)
class Reassign(ClusterAction):
    """Move a partition to these brokers, the preferred leader first. New replicas copy first; then the others go."""

    partition: str
    brokers: tuple[NodeId, ...]

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "arrow-right"
    title: ClassVar[str] = "Move the replicas"

    def refusal(self, world: World) -> str:
        if wrong := unknown_partition(world, self.partition):
            return wrong
        if not self.brokers or len(dict.fromkeys(self.brokers)) != len(self.brokers):
            return f"wanted different brokers, at least one, found {', '.join(self.brokers) or 'none'}"
        known = image_of(world).brokers
        unknown = [one for one in self.brokers if broker_id(one) not in known]
        return f"wanted brokers like broker-1, found {unknown[0]!r}" if unknown else ""

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        ask(world, {found: tuple(broker_id(one) for one in self.brokers)})
        world.mark("changed", self.partition, f"{self.partition} is to move to {', '.join(self.brokers)}")

    def describe(self) -> str:
        return f"Move {self.partition} to {', '.join(self.brokers)}"


@dataclass(frozen=True, slots=True)
class CancelReassignment(ClusterAction):
    """Stop moving a partition: what was added is deleted again, and the old replicas stay."""

    partition: str

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "undo-2"
    title: ClassVar[str] = "Stop moving"

    def refusal(self, world: World) -> str:
        if wrong := unknown_partition(world, self.partition):
            return wrong
        moving = partition_of(self.partition) in image_of(world).reassignments
        return "" if moving else f"{self.partition} is not being moved"

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        ask(world, {found: None})
        world.mark("changed", self.partition, f"{self.partition} is to stay where it was")

    def describe(self) -> str:
        return f"Stop moving {self.partition}"


@dataclass(frozen=True, slots=True)
class SpreadReplicas(ClusterAction):
    """Spread a topic evenly over all brokers, as if it were created now, and move its replicas there."""

    topic: str

    on: ClassVar[tuple[str, ...]] = ("topic", "partition")
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "maximize"
    title: ClassVar[str] = "Spread over all brokers"

    def refusal(self, world: World) -> str:
        if wrong := unknown_topic(world, self.topic):
            return wrong
        image = image_of(world)
        return "" if any(image.is_active(one) for one in image.brokers) else "wanted a broker that serves, found none"

    def apply(self, world: World) -> None:
        image = image_of(world)
        states = image.topics[self.topic].partitions
        ask(world, {one.partition: place(image, at, len(one.replicas)) for at, one in states.items()})
        world.mark("changed", self.topic, f"{self.topic} is to be spread over all brokers")

    def describe(self) -> str:
        return f"Spread {self.topic} over all brokers"


@dataclass(frozen=True, slots=True)
class Drain(ClusterAction):
    """Move every replica of a broker to the others, so that it can be taken away."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "download"
    title: ClassVar[str] = "Move everything off it"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        image = image_of(world)
        gone = broker_id(self.node)
        mine = [state for state in image.all_partitions() if gone in state.replicas]
        stuck = next((one for one in mine if without(image, one, gone, load_of(image)) is None), None)
        if stuck is not None:
            return f"{stuck.partition} has {len(stuck.replicas)} replicas, and there is no other broker for this one"
        return "" if mine else f"{self.node} has no replicas"

    def apply(self, world: World) -> None:
        image = image_of(world)
        gone, load = broker_id(self.node), load_of(image)
        moves: Targets = {
            state.partition: without(image, state, gone, load)
            for state in image.all_partitions() if gone in state.replicas
        }  # fmt: skip
        ask(world, moves)
        world.mark("changed", self.node, f"{self.node} is to be emptied")

    def describe(self) -> str:
        return f"Move everything off {self.node}"


@dataclass(frozen=True, slots=True)
class RemoveBroker(ClusterAction):
    """Take a stopped broker without replicas away for good: the controller forgets it (UnregisterBroker)."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("broker",)
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Remove"

    def refusal(self, world: World) -> str:
        if wrong := machine(world, self.node, self.on):
            return wrong
        gone = broker_id(self.node)
        left = sum(gone in state.replicas for state in image_of(world).all_partitions())
        if left:
            return f"{self.node} has {left} replicas: move everything off it first"
        state = world.hosts[self.node].state
        return "" if state in ("down", "off") else f"{self.node} is {state}: stop it first"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(UnregisterBrokerRequest(broker_id(self.node))))
        world.mark("built", self.node, f"{self.node} is removed")
        world.remove_host(self.node)

    def describe(self) -> str:
        return f"Remove {self.node}"


@dataclass(frozen=True, slots=True)
class ThrottleReplication(ClusterAction):
    """Copy replicas that are not in sync with at most so many bytes a second, on every broker; 0: freely."""

    bytes_per_second: int

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "gauge"
    title: ClassVar[str] = "Throttle the copying of replicas"

    def refusal(self, world: World) -> str:
        return "" if self.bytes_per_second >= 0 else f"wanted 0 or more bytes a second, found {self.bytes_per_second}"

    def apply(self, world: World) -> None:
        """As Kafka's own tool: rates for all brokers, and for every topic the list of replicas they are meant for."""
        rate = str(self.bytes_per_second) if self.bytes_per_second else None
        lists: dict[str, str | None] = dict.fromkeys(LISTS, "*" if rate else None)
        topics = {topic_resource(name): dict(lists) for name in image_of(world).topics if not name.startswith("__")}
        rates: dict[str, str | None] = dict.fromkeys(RATES, rate)
        world.signal(ADMIN, Admin(IncrementalAlterConfigsRequest({**topics, ALL_BROKERS: rates})))
        pace = f"with {self.bytes_per_second:,} bytes a second" if rate else "freely"
        world.mark("throttled" if rate else "changed", "cluster", f"replicas are copied {pace}")

    def describe(self) -> str:
        return f"Throttle replication to {self.bytes_per_second} bytes a second"


@dataclass(frozen=True, slots=True)
class BalanceLeaders(ClusterAction):
    """Elect the preferred leader of every partition, wherever it is in sync."""

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "crown"
    title: ClassVar[str] = "Elect all preferred leaders"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(ElectLeadersRequest(ElectionType.PREFERRED)))
        world.mark("changed", "cluster", "all preferred leaders are asked for")


@dataclass(frozen=True, slots=True)
class UseEligibleLeaders(ClusterAction):
    """Upgrade the feature `eligible.leader.replicas.version` (KIP-966): who was last in sync may lead. No way back."""

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "shield-check"
    title: ClassVar[str] = "Use eligible leader replicas"

    def refusal(self, world: World) -> str:
        return "eligible leader replicas are in use" if image_of(world).eligible is not None else ""

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(UpdateFeaturesRequest({ELIGIBLE_LEADER_REPLICAS: 1})))
        world.mark("changed", "cluster", "eligible leader replicas are to be used")
