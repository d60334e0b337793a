"""Clients: adding them, and what one changes in a running application."""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, running
from lab.cluster.build import add_consumer, add_producer, client_topics, group_kind
from lab.cluster.data_file import locate, read_rows
from lab.cluster.refused import Refused
from lab.cluster.spec import RATE_MAX, ConsumerSpec, DataSpec, ProducerSpec, wrong_client_name
from lab.env import NodeId
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.orders import PauseWork as Pause
from lab.kafka.orders import ResumeWork as Resume
from lab.kafka.orders import SendRecords, SetRate, SetWork
from lab.world.world import World

WORK_MS_MAX = 3_600_000
TIMES_MAX = 1_000_000


def free_name(world: World, name: str) -> str:
    """The refusal when a host of that name exists, or the name cannot be one."""
    if wrong := wrong_client_name(name):
        return wrong
    return f"there is already a {name}" if name in world.hosts else ""


def hangs(world: World, node: NodeId) -> bool:
    """Whether a consumer's application does not call poll()."""
    app = world.hosts[node].node
    return isinstance(app, (ConsumerApp, ShareConsumerApp)) and app.paused


@dataclass(frozen=True, slots=True)
class AddProducer(ClusterAction):
    """A new producer application. `keys`: none, cycle:6, or names joined by commas."""

    producer: str
    topic: str
    rate: int = 10
    acks: str = "all"
    keys: str = "cycle:6"

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "shopping-cart"
    title: ClassVar[str] = "Add a producer"

    def refusal(self, world: World) -> str:
        if self.acks not in ("0", "1", "all"):
            return f"wanted acks 0, 1 or all, found {self.acks}"
        if not 0 <= self.rate <= RATE_MAX:
            return f"wanted a rate of 0 to {RATE_MAX:,} records a second, found {self.rate}"
        if not self.topic:
            return "wanted a topic to write to"
        if wrong := KeyPattern(self.keys).wrong():
            return f"keys: {wrong}; they are {self.keys!r}"
        return free_name(world, self.producer)

    def apply(self, world: World) -> None:
        add_producer(
            world,
            ProducerSpec(self.producer, self.topic, self.rate, self.keys, config=(("acks", self.acks),)),
        )
        world.mark("built", self.producer, f"{self.producer} begins to write to {self.topic}")

    def describe(self) -> str:
        return f"Add producer {self.producer} for {self.topic}, {self.rate}/s, acks={self.acks}"


@dataclass(frozen=True, slots=True)
class SendFile(ClusterAction):
    """A producer that sends the rows of a data file. With a column of timestamps they come at their recorded
    times, so many `times` as fast; without one, `rate` a second.
    """

    producer: str
    topic: str
    file: str
    timestamp: str = "time"
    key: str = ""
    times: int = 360
    rate: int = 10

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "file-text"
    title: ClassVar[str] = "Send a data file"

    def refusal(self, world: World) -> str:
        if not self.topic:
            return "wanted a topic to write to"
        if not 1 <= self.times <= TIMES_MAX:
            return f"wanted 1 to {TIMES_MAX:,} times as fast, found {self.times}"
        if not 1 <= self.rate <= RATE_MAX:
            return f"wanted a rate of 1 to {RATE_MAX:,} records a second, found {self.rate}"
        try:
            read_rows(self._data(), locate(self.file))
        except Refused as wrong:
            return str(wrong)
        return free_name(world, self.producer)

    def apply(self, world: World) -> None:
        add_producer(world, ProducerSpec(self.producer, self.topic, data=self._data()))
        world.mark("built", self.producer, f"{self.producer} sends {self.file} to {self.topic}")

    def describe(self) -> str:
        return f"{self.producer} sends {self.file} to {self.topic}"

    def _data(self) -> DataSpec:
        rate = 0 if self.timestamp else self.rate
        return DataSpec(self.file, self.key, timestamp=self.timestamp, pace_percent=100 * self.times, rate=rate)


@dataclass(frozen=True, slots=True)
class AddConsumer(ClusterAction):
    """A new member of a consumer group, which is made with its first member."""

    consumer: str
    group: str
    topic: str
    work_ms: int = 0
    assignor: str = "range"
    reset: str = "earliest"
    commit: str = "auto"

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition", "group")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "users"
    title: ClassVar[str] = "Add a consumer"

    def refusal(self, world: World) -> str:
        if not self.group or not self.topic:
            return "wanted a group and a topic"
        if group_kind(world, self.group) == "share":
            return f"{self.group} is a share group"
        if self.assignor not in ("range", "roundrobin", "sticky", "cooperative-sticky"):
            return f"there is no assignor {self.assignor!r}"
        if self.reset not in ("earliest", "latest", "none"):
            return f"wanted a reset of earliest, latest or none, found {self.reset!r}"
        if self.commit not in ("auto", "sync", "async", "before", "record", "none"):
            return f"there is no commit policy {self.commit!r}"
        if not 0 <= self.work_ms <= WORK_MS_MAX:
            return f"wanted 0 to {WORK_MS_MAX:,} ms of work a record, found {self.work_ms}"
        return free_name(world, self.consumer)

    def apply(self, world: World) -> None:
        config = (
            ("partition.assignment.strategy", self.assignor),
            ("auto.offset.reset", self.reset),
        )
        add_consumer(
            world,
            ConsumerSpec(self.consumer, self.group, (self.topic,), self.work_ms * 1_000, self.commit, config),
        )
        world.mark("built", self.consumer, f"{self.consumer} starts in group {self.group}")

    def describe(self) -> str:
        return f"Add consumer {self.consumer} to group {self.group}"


@dataclass(frozen=True, slots=True)
class ChangeRate(ClusterAction):
    """How many records a second the producer makes; 0 stops it."""

    node: NodeId
    per_second: int

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "gauge"
    title: ClassVar[str] = "Change the rate"

    def refusal(self, world: World) -> str:
        if not 0 <= self.per_second <= RATE_MAX:
            return f"wanted a rate of 0 to {RATE_MAX:,} records a second, found {self.per_second}"
        return running(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("changed", self.node, f"{self.node} now makes {self.per_second} records/s")
        world.signal(self.node, SetRate(self.per_second))

    def describe(self) -> str:
        return f"Have {self.node} make {self.per_second} records/s"


@dataclass(frozen=True, slots=True)
class Send(ClusterAction):
    """Have the producer send records now: one each, `key=value`, or only a value."""

    node: NodeId
    records: tuple[str, ...]

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "plus"
    title: ClassVar[str] = "Send records"

    def refusal(self, world: World) -> str:
        if not 1 <= len(self.records) <= 1_000:
            return f"wanted 1 to 1,000 records, found {len(self.records)}"
        return running(world, self.node, self.on)

    def apply(self, world: World) -> None:
        pairs = tuple(self._pair(text) for text in self.records)
        world.signal(self.node, SendRecords(pairs))

    def _pair(self, text: str) -> tuple[bytes | None, bytes]:
        key, sign, value = text.partition("=")
        return (key.encode(), value.encode()) if sign else (None, text.encode())

    def describe(self) -> str:
        count = len(self.records)
        return f"Have {self.node} send {count} record{'s' if count > 1 else ''}"


@dataclass(frozen=True, slots=True)
class ChangeWork(ClusterAction):
    """How long the consumer works on one record."""

    node: NodeId
    work_ms: int

    on: ClassVar[tuple[str, ...]] = ("consumer",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "turtle"
    title: ClassVar[str] = "Slow consumer"

    def refusal(self, world: World) -> str:
        if not 0 <= self.work_ms <= WORK_MS_MAX:
            return f"wanted 0 to {WORK_MS_MAX:,} ms, found {self.work_ms}"
        return running(world, self.node, self.on)

    def apply(self, world: World) -> None:
        world.mark("changed", self.node, f"{self.node} now works {self.work_ms} ms on a record")
        world.signal(self.node, SetWork(self.work_ms * 1_000))

    def describe(self) -> str:
        return f"Have {self.node} work {self.work_ms} ms on a record"


@dataclass(frozen=True, slots=True)
class PauseConsumer(ClusterAction):
    """The application stops calling poll(); its heartbeat thread goes on."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("consumer",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "hourglass"
    title: ClassVar[str] = "Stop polling"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on) or (f"{self.node} does not poll" if hangs(world, self.node) else "")

    def apply(self, world: World) -> None:
        world.mark("changed", self.node, f"{self.node} stops polling")
        world.signal(self.node, Pause())

    def describe(self) -> str:
        return f"Stop the poll loop of {self.node}"


@dataclass(frozen=True, slots=True)
class ResumeConsumer(ClusterAction):
    """The application goes on polling."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("consumer",)
    menu: ClassVar[str] = "mend"
    icon: ClassVar[str] = "play"
    title: ClassVar[str] = "Go on polling"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on) or ("" if hangs(world, self.node) else f"{self.node} polls")

    def apply(self, world: World) -> None:
        world.mark("changed", self.node, f"{self.node} polls again")
        world.signal(self.node, Resume())

    def describe(self) -> str:
        return f"Let {self.node} poll again"


@dataclass(frozen=True, slots=True)
class RemoveClient(ClusterAction):
    """Take a stopped client away."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("producer", "consumer")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "trash-2"
    title: ClassVar[str] = "Remove"

    def refusal(self, world: World) -> str:
        host = world.hosts.get(self.node)
        if host is None:
            return f"there is no {self.node}"
        if client_topics(host) is None:
            return f"{self.node} is not a client"
        return "" if host.state == "down" else f"{self.node} is {host.state}: stop it first"

    def apply(self, world: World) -> None:
        world.mark("built", self.node, f"{self.node} is removed")
        world.remove_host(self.node)

    def describe(self) -> str:
        return f"Remove {self.node}"
