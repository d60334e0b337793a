"""Stories of whole clusters: build one, let time pass, act on it, ask it; every invariant listens."""

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

from lab.cluster.actions import ClusterAction
from lab.cluster.build import add_consumer, add_producer, build, image_of
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.lookup.parts import broker_at, ledger_of
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.watch import Observer, Watch, hears
from lab.env import Env, Micros, address, millis, seconds
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import Group
from lab.kafka.coordinator.groups import AnyGroup
from lab.kafka.metadata.image import PartitionState
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.kafka.rpc.envelope import Request, Response
from lab.world.world import World

ORDERS = TopicPartition("orders", 0)
FACTS = tuple(kind for kind in vars(facts).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind))
HAND = "hand"
F = TypeVar("F")


@dataclasses.dataclass
class Heard:
    """A fact, who stated it, and when."""

    time: Micros
    node: str
    fact: Any


class Scribe(Observer):
    """Writes every fact down."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    @hears(*FACTS)
    def _note(self, world: World, node: str, fact: object) -> None:
        self.heard.append(Heard(world.now, node, fact))


@dataclasses.dataclass
class Ask:
    """An order to the hand: send this request on a connection of its own."""

    number: int
    target: str
    body: object


class Hand:
    """A client without habits: sends single requests and keeps the answers, with the time they came."""

    def __init__(self) -> None:
        self.answers: dict[int, tuple[Micros, Any]] = {}
        self.closed: list[str] = []

    def start(self, env: Env) -> None: ...

    def receive(self, env: Env, sender: str, body: object) -> None:
        if isinstance(body, Ask):
            env.send(body.target, Request(body.number, HAND, body.body), 100)
        else:
            assert isinstance(body, Response)
            self.answers[body.correlation_id] = env.now, body.body

    def disconnected(self, env: Env, peer: str) -> None:
        self.closed.append(peer)

    def wake(self, env: Env, timer: object) -> None: ...


class HandRecipe:
    """How to make the hand."""

    def build(self) -> Hand:
        return Hand()


class Story:
    """A cluster of `ClusterSpec(**spec)`; times are seconds of virtual time since the clients started."""

    def __init__(self, **spec: Any) -> None:
        self.spec = ClusterSpec(**spec)
        self.world = build(self.spec)
        self.scribe = Scribe()
        watch = self.world.witness
        assert isinstance(watch, Watch)
        self.world.witness = Watch([*watch.observers, self.scribe])
        self.world.add_host(HAND, HandRecipe())
        self.world.boot(HAND)
        self.asked = 0

    # --- time and deeds ---------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Milliseconds."""
        return self.world.now // 1_000

    def run(self, duration_s: float) -> None:
        self.world.run_until(self.world.now + round(duration_s * 1_000_000))

    def until(self, happened: Any, limit_s: int = 120) -> int:
        """Run in steps of a millisecond until `happened()`. Returns how many milliseconds that took."""
        begun = self.world.now
        while not happened():
            assert self.world.now - begun < seconds(limit_s), f"it did not happen within {limit_s} s"
            self.world.run_until(self.world.now + millis(1))
        return (self.world.now - begun) // 1_000

    def act(self, *actions: ClusterAction) -> None:
        for action in actions:
            refusal = action.refusal(self.world)
            assert not refusal, refusal
            self.world.apply(action)

    def order(self, node: str, body: object) -> None:
        """Tell a process something, as an operator."""
        self.world.signal(node, body)

    def producer(self, name: str, topic: str = "orders", **spec: Any) -> None:
        add_producer(self.world, ProducerSpec(name, topic, **spec))

    def consumer(self, name: str, group: str = "pay", topics: tuple[str, ...] = ("orders",), **spec: Any) -> None:
        add_consumer(self.world, ConsumerSpec(name, group, topics, **spec))

    # --- requests by hand -------------------------------------------------------------------------

    def send(self, node: str, body: object) -> int:
        """Send a request to a node, over a connection of its own."""
        self.asked += 1
        self.order(HAND, Ask(self.asked, address(node, f"hand-{self.asked}"), body))
        return self.asked

    @property
    def _hand(self) -> Hand:
        hand = self.world.hosts[HAND].node
        assert isinstance(hand, Hand)
        return hand

    @property
    def closed(self) -> list[str]:
        """The connections of the hand that the other side has ended."""
        return self._hand.closed

    def answer(self, number: int) -> Any:
        """The answer to a request; None so far."""
        return self._hand.answers.get(number, (0, None))[1]

    def answered_at(self, number: int) -> int:
        """When, in milliseconds."""
        return self._hand.answers[number][0] // 1_000

    def ask(self, node: str, body: object, limit_s: int = 60) -> Any:
        """Send a request and wait for its answer."""
        number = self.send(node, body)
        self.until(lambda: number in self._hand.answers, limit_s)
        return self.answer(number)

    # --- what is there ----------------------------------------------------------------------------

    def told(self, kind: type[F]) -> list[F]:
        """All facts of a kind so far."""
        return [one.fact for one in self.scribe.heard if isinstance(one.fact, kind)]

    def heard(self, kind: type, **fields: object) -> Iterator[Heard]:
        """Facts of a kind with these fields, with time and node."""
        for one in self.scribe.heard:
            if isinstance(one.fact, kind) and all(getattr(one.fact, name) == value for name, value in fields.items()):
                yield one

    @property
    def ledger(self) -> Ledger:
        return ledger_of(self.world)

    def state(self, partition: TopicPartition = ORDERS) -> PartitionState:
        """The partition as the controller has decided it."""
        found = image_of(self.world).partition(partition)
        assert found is not None
        return found

    def broker(self, broker_id: int) -> Broker:
        found = broker_at(self.world, f"broker-{broker_id}")
        assert found is not None, f"broker-{broker_id} does not run"
        return found

    def replica(self, broker_id: int, partition: TopicPartition = ORDERS) -> Partition:
        return self.broker(broker_id).partitions[partition]

    def elected(self, broker_id: int, partition: TopicPartition = ORDERS) -> int:
        """Run until a broker knows that it leads. Returns how many milliseconds that took."""
        return self.until(lambda: self.replica(broker_id, partition).leading)

    def ends(self, partition: TopicPartition = ORDERS) -> dict[int, tuple[int, int]]:
        """Of each running replica: (high watermark, log end offset)."""
        found: dict[int, tuple[int, int]] = {}
        for broker_id in self.state(partition).replicas:
            broker = broker_at(self.world, f"broker-{broker_id}")
            if broker is not None and partition in broker.partitions:
                log = broker.partitions[partition].log
                found[broker_id] = log.high_watermark, log.log_end_offset
        return found

    def app(self, name: str) -> ConsumerApp:
        node = self.world.hosts[name].node
        assert isinstance(node, ConsumerApp), f"{name} does not run"
        return node

    def owned(self, *names: str) -> dict[str, list[int]]:
        """The partition numbers that each consumer owns."""
        return {name: [one.partition for one in self.app(name).membership.owned] for name in names}

    def coordinator(self, group: str = "pay") -> int:
        """The broker that looks after a group."""
        for broker_id in range(1, self.spec.brokers + 1):
            broker = broker_at(self.world, f"broker-{broker_id}")
            if broker is not None and any(group in shard.groups for shard in broker.coordinators.shards.values()):
                return broker_id
        raise AssertionError(f"nobody knows {group}")

    def _group(self, group: str) -> AnyGroup:
        shards = self.broker(self.coordinator(group)).coordinators.shards.values()
        return next(shard.groups[group] for shard in shards if group in shard.groups)

    def group(self, group: str = "pay") -> Group:
        found = self._group(group)
        assert isinstance(found, Group)
        return found

    def consumer_group(self, group: str = "pay") -> ConsumerGroup:
        """A group of the consumer protocol."""
        found = self._group(group)
        assert isinstance(found, ConsumerGroup)
        return found

    def done(self, group: str = "pay") -> list[int]:
        """Offsets whose work is done, in that order."""
        return [one.offset for one in self.told(facts.RecordDone) if one.group_id == group]

    def polled(self, member: str) -> list[int]:
        """Offsets that poll() returned to a member, in that order."""
        return [at for one in self.told(facts.RecordsPolled) if one.member == member for at in one.offsets]


def orders(partitions: int = 1, replicas: int = 3, **config: object) -> tuple[TopicSpec, ...]:
    """The topic of most stories; settings with `_` for `.`."""
    return (TopicSpec("orders", partitions, replicas, settings(**config)),)


def settings(**values: object) -> tuple[tuple[str, str], ...]:
    """Kafka settings from keywords: `min_insync_replicas=2`."""
    return tuple((name.replace("_", "."), str(value)) for name, value in values.items())


def batch(*values: str, size: int = 0) -> RecordBatch:
    """Records with these values, or one of `size` bytes."""
    texts = values or ("x" * size,)
    return RecordBatch.build([Record(0, 1_767_225_600_000, b"k", one.encode()) for one in texts])
