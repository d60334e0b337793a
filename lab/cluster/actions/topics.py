"""Topics, partitions, groups: what an administrator does, sent as real requests by the `admin` client."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction
from lab.cluster.build import ADMIN, add_broker, broker_hosts, image_of, topic_exists
from lab.cluster.spec import BROKERS_MAX, PARTITIONS_MAX, TopicSpec
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.config.definition import InvalidConfig
from lab.kafka.config.topic import TopicConfig
from lab.kafka.orders import Admin, ResetGroup
from lab.kafka.protocol.messages.topics import (
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    ElectionType,
    ElectLeadersRequest,
    NewTopic,
)
from lab.kafka.protocol.topics import TopicPartition, valid_topic_name
from lab.world.world import World


def partition_of(name: str) -> TopicPartition | None:
    """`orders-0` as a partition; None if it is not the name of one."""
    topic, sign, index = name.rpartition("-")
    return TopicPartition(topic, int(index)) if sign and index.isdecimal() and len(index) < 10 else None


def unknown_topic(world: World, topic: str) -> str:
    """The refusal when there is no such topic."""
    return "" if topic_exists(world, topic) else f"there is no topic {topic!r}"


def unknown_partition(world: World, partition: str) -> str:
    """The refusal when there is no such partition."""
    found = partition_of(partition)
    there = found is not None and image_of(world).partition(found) is not None
    return "" if there else f"there is no partition {partition!r}"


def bad_config(values: tuple[tuple[str, str], ...]) -> str:
    """The refusal when a topic setting is wrong."""
    try:
        TopicConfig(dict(values))
    except InvalidConfig as wrong:
        return str(wrong)
    return ""


@dataclass(frozen=True, slots=True)
class CreateTopic(ClusterAction):
    """A new topic; the controller places its replicas."""

    topic: str
    partitions: int = 3
    replicas: int = 3
    config: tuple[tuple[str, str], ...] = ()

    on: ClassVar[tuple[str, ...]] = ("cluster", "broker")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "layers"
    title: ClassVar[str] = "Create a topic"

    def refusal(self, world: World) -> str:
        if wrong := valid_topic_name(self.topic):
            return wrong
        if topic_exists(world, self.topic):
            return f"there is already a topic {self.topic}"
        brokers = len(broker_hosts(world))
        if not brokers:
            return "there is no broker yet: add one first"
        if not 1 <= self.replicas <= brokers:
            return f"wanted 1 to {brokers} replicas (there are {brokers} brokers), found {self.replicas}"
        if not 1 <= self.partitions <= PARTITIONS_MAX:
            return f"wanted 1 to {PARTITIONS_MAX:,} partitions, found {self.partitions}"
        return bad_config(self.config)

    def apply(self, world: World) -> None:
        spec = TopicSpec(self.topic, self.partitions, self.replicas, self.config)
        new = NewTopic(spec.name, spec.partitions, spec.replicas, dict(spec.config))
        world.signal(ADMIN, Admin(CreateTopicsRequest((new,))))
        world.mark("built", self.topic, f"topic {self.topic} is created")

    def describe(self) -> str:
        return f"Create topic {self.topic}: {self.partitions} partitions, {self.replicas} replicas"


@dataclass(frozen=True, slots=True)
class DeleteTopic(ClusterAction):
    """Delete a topic and all its records."""

    topic: str

    on: ClassVar[tuple[str, ...]] = ("topic",)
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete the topic"

    def refusal(self, world: World) -> str:
        if self.topic.startswith("__"):
            return f"{self.topic} is Kafka's own"
        return unknown_topic(world, self.topic)

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(DeleteTopicsRequest((self.topic,))))
        world.mark("built", self.topic, f"topic {self.topic} is deleted")

    def describe(self) -> str:
        return f"Delete topic {self.topic}"


@dataclass(frozen=True, slots=True)
class AddPartitions(ClusterAction):
    """More partitions for a topic. There is no way back, and keys move."""

    topic: str
    total: int

    on: ClassVar[tuple[str, ...]] = ("topic", "partition")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "plus"
    title: ClassVar[str] = "Add partitions"

    def refusal(self, world: World) -> str:
        if not 1 <= self.total <= PARTITIONS_MAX:
            return f"wanted 1 to {PARTITIONS_MAX:,} partitions, found {self.total}"
        if wrong := unknown_topic(world, self.topic):
            return wrong
        now = len(image_of(world).topics[self.topic].partitions)
        return "" if self.total > now else f"{self.topic} has {now} partitions; wanted more, found {self.total}"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(CreatePartitionsRequest({self.topic: self.total})))
        world.mark("built", self.topic, f"{self.topic} is to have {self.total} partitions")

    def describe(self) -> str:
        return f"Give {self.topic} {self.total} partitions"


@dataclass(frozen=True, slots=True)
class ElectLeader(ClusterAction):
    """Elect the preferred leader; or, `unclean`, any replica that lives, in sync or not."""

    partition: str
    unclean: bool = False

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "crown"
    title: ClassVar[str] = "Elect a leader"

    def refusal(self, world: World) -> str:
        return unknown_partition(world, self.partition)

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        wanted = ElectionType.UNCLEAN if self.unclean else ElectionType.PREFERRED
        world.signal(ADMIN, Admin(ElectLeadersRequest(wanted, (found,))))
        kind = "an unclean leader" if self.unclean else "the preferred leader"
        world.mark("changed", self.partition, f"{kind} is asked for in {self.partition}")

    def describe(self) -> str:
        return f"Elect {'an unclean' if self.unclean else 'the preferred'} leader of {self.partition}"


@dataclass(frozen=True, slots=True)
class DeleteRecords(ClusterAction):
    """Delete all records of a partition below an offset; -1: all that are committed."""

    partition: str
    offset: int = -1

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Delete records"

    def refusal(self, world: World) -> str:
        if self.offset < -1:
            return f"wanted an offset, or -1 for all, found {self.offset}"
        return unknown_partition(world, self.partition)

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        world.signal(ADMIN, Admin(DeleteRecordsRequest({found: self.offset})))
        world.mark("changed", self.partition, f"records of {self.partition} are deleted")

    def describe(self) -> str:
        return f"Delete records of {self.partition} below {self.offset}"


def _running_members(world: World, group: str) -> list[str]:
    return [
        name for name, host in world.hosts.items() if isinstance(host.node, ConsumerApp) and host.node.group_id == group
    ]


@dataclass(frozen=True, slots=True)
class Replay(ClusterAction):
    """Move a group's committed offsets: `to` is earliest, latest, an offset, or time:MILLISECONDS (a date) or
    ago:SECONDS. The group must have no running member, as with Kafka's own tool.
    """

    group: str
    topic: str
    to: str = "earliest"

    on: ClassVar[tuple[str, ...]] = ("group",)
    menu: ClassVar[str] = "replay"
    icon: ClassVar[str] = "rewind"
    title: ClassVar[str] = "Replay"

    def refusal(self, world: World) -> str:
        if self._target(world) is None:
            return f"wanted earliest, latest, an offset, time:MILLISECONDS or ago:SECONDS, found {self.to!r}"
        there = _running_members(world, self.group)
        if there:
            return f"stop {' and '.join(there)} first: offsets of a group are moved only while nobody is in it"
        return unknown_topic(world, self.topic)

    def _target(self, world: World) -> "tuple[str, int] | None":
        if self.to in ("earliest", "latest"):
            return self.to, 0
        word, _, number = self.to.rpartition(":")
        if not number.isdecimal() or len(number) > 18:
            return None
        match word:
            case "":
                return "offset", int(number)
            case "time":
                return "timestamp", int(number)
            case "ago":
                return "timestamp", world.epoch_ms + world.now // 1_000 - 1_000 * int(number)
            case _:
                return None

    def apply(self, world: World) -> None:
        target = self._target(world)
        assert target is not None
        world.signal(ADMIN, ResetGroup(self.group, (self.topic,), *target))
        world.mark("changed", self.group, f"{self.group} is to read {self.topic} from {self.to}")

    def describe(self) -> str:
        return f"Replay {self.topic} for {self.group} from {self.to}"


@dataclass(frozen=True, slots=True)
class AddBroker(ClusterAction):
    """One more broker. It stays idle until partitions are placed on it."""

    on: ClassVar[tuple[str, ...]] = ("cluster", "broker")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "server"
    title: ClassVar[str] = "Add a broker"

    def refusal(self, world: World) -> str:
        full = len(broker_hosts(world)) >= BROKERS_MAX
        return f"wanted at most {BROKERS_MAX} brokers" if full else ""

    def apply(self, world: World) -> None:
        name = add_broker(world)
        world.mark("built", name, f"{name} is added")
