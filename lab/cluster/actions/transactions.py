"""Transactions: producers that write in them, applications that read, process and write, and ending one by hand; what
administrators ask about them.
"""

from dataclasses import dataclass
from typing import ClassVar

from lab.cluster.actions.base import ClusterAction, running
from lab.cluster.actions.clients import WORK_MS_MAX, free_name
from lab.cluster.actions.topics import partition_of, unknown_partition
from lab.cluster.build import ADMIN, add_processor, add_producer, image_of, topic_exists
from lab.cluster.spec import RATE_MAX, ProcessorSpec, ProducerSpec, TransactionSpec
from lab.env import NodeId
from lab.kafka import orders
from lab.kafka.clients.producer.transactional_app import TransactionalApp
from lab.kafka.clients.producer.transactions import IN_TRANSACTION
from lab.kafka.orders import Admin, AskTransactionCoordinator, EndTransaction
from lab.kafka.protocol.messages.topics import CreateTopicsRequest, NewTopic
from lab.kafka.protocol.messages.transaction_admin import DescribeTransactionsRequest, ListTransactionsRequest
from lab.kafka.protocol.topics import valid_topic_name
from lab.world.world import World


@dataclass(frozen=True, slots=True)
class AddTransactionalProducer(ClusterAction):
    """A producer that writes in transactions: one every `commit_every` records (0: ended by hand), of which every
    `abort_every`-th is aborted (0: none).
    """

    producer: str
    topic: str
    rate: int = 10
    commit_every: int = 10
    abort_every: int = 0
    timeout_ms: int = 60_000
    transactional_id: str = ""

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "shopping-cart"
    title: ClassVar[str] = "Add a transactional producer"

    def refusal(self, world: World) -> str:
        if not 0 <= self.rate <= RATE_MAX:
            return f"wanted a rate of 0 to {RATE_MAX:,} records a second, found {self.rate}"
        if not 0 <= self.commit_every <= RATE_MAX or not 0 <= self.abort_every <= RATE_MAX:
            return f"wanted 0 to {RATE_MAX:,} records and transactions, found {self.commit_every}, {self.abort_every}"
        if not 1 <= self.timeout_ms <= WORK_MS_MAX:
            return f"wanted a timeout of 1 to {WORK_MS_MAX:,} ms, found {self.timeout_ms}"
        if not self.topic:
            return "wanted a topic to write to"
        return free_name(world, self.producer)

    def apply(self, world: World) -> None:
        config = (
            ("transactional.id", self.transactional_id or self.producer),
            ("transaction.timeout.ms", str(self.timeout_ms)),
        )
        plan = TransactionSpec(self.commit_every, 0, self.abort_every)
        add_producer(
            world, ProducerSpec(self.producer, self.topic, self.rate, "cycle:6", config=config, transaction=plan)
        )
        world.mark("built", self.producer, f"{self.producer} begins to write to {self.topic} in transactions")

    def describe(self) -> str:
        return f"Add transactional producer {self.producer} for {self.topic}, {self.rate}/s"


@dataclass(frozen=True, slots=True)
class AddProcessor(ClusterAction):
    """An application that reads a topic as member of a group and writes what it makes of each record to another one,
    which is made if there is none. With a `transactional_id` both are one transaction; without, it commits afterwards.
    """

    consumer: str
    group: str
    topic: str
    output: str = "outcomes"
    work_ms: int = 5
    transactional_id: str = ""

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition", "group")
    menu: ClassVar[str] = "build"
    icon: ClassVar[str] = "users"
    title: ClassVar[str] = "Add a read-process-write app"

    def refusal(self, world: World) -> str:
        if not self.group or not self.topic or not self.output:
            return "wanted a group, a topic and an output"
        if self.topic == self.output:
            return "wanted another output than what is read"
        if wrong := valid_topic_name(self.output):
            return wrong
        if not 0 <= self.work_ms <= WORK_MS_MAX:
            return f"wanted 0 to {WORK_MS_MAX:,} ms of work a record, found {self.work_ms}"
        return free_name(world, self.consumer)

    def apply(self, world: World) -> None:
        source = image_of(world).topics.get(self.topic)
        if source is not None and not topic_exists(world, self.output):
            new = NewTopic(self.output, len(source.partitions), len(source.partitions[0].replicas))
            world.signal(ADMIN, Admin(CreateTopicsRequest((new,))))
        producer = (("transactional.id", self.transactional_id),) if self.transactional_id else ()
        add_processor(
            world,
            ProcessorSpec(
                self.consumer, self.group, (self.topic,), self.output, self.work_ms * 1_000,
                (("auto.offset.reset", "earliest"),), producer,
            ),
        )  # fmt: skip
        world.mark("built", self.consumer, f"{self.consumer} reads {self.topic} and writes {self.output}")

    def describe(self) -> str:
        return f"Add {self.consumer}, which reads {self.topic} and writes {self.output}"


def _open(world: World, node: NodeId) -> str:
    """The refusal when a producer has no transaction open."""
    app = world.hosts[node].node
    if not isinstance(app, TransactionalApp):
        return f"{node} does not write in transactions"
    return "" if app.transactions.state == IN_TRANSACTION else f"{node} has no transaction open"


@dataclass(frozen=True, slots=True)
class CommitTransaction(ClusterAction):
    """The producer commits the transaction it has open."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "check"
    title: ClassVar[str] = "Commit the transaction"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on) or _open(world, self.node)

    def apply(self, world: World) -> None:
        world.signal(self.node, EndTransaction(True))

    def describe(self) -> str:
        return f"Have {self.node} commit"


@dataclass(frozen=True, slots=True)
class AbortTransaction(ClusterAction):
    """The producer aborts the transaction it has open."""

    node: NodeId

    on: ClassVar[tuple[str, ...]] = ("producer",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "x"
    title: ClassVar[str] = "Abort the transaction"

    def refusal(self, world: World) -> str:
        return running(world, self.node, self.on) or _open(world, self.node)

    def apply(self, world: World) -> None:
        world.signal(self.node, EndTransaction(False))

    def describe(self) -> str:
        return f"Have {self.node} abort"


@dataclass(frozen=True, slots=True)
class DescribeProducers(ClusterAction):
    """Ask a partition's leader who has written to it, and who has a transaction open there."""

    partition: str

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "list"
    title: ClassVar[str] = "Describe the producers"

    def refusal(self, world: World) -> str:
        return unknown_partition(world, self.partition)

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        world.signal(ADMIN, orders.DescribeProducers(found))

    def describe(self) -> str:
        return f"Describe the producers of {self.partition}"


@dataclass(frozen=True, slots=True)
class ListTransactions(ClusterAction):
    """Ask every broker which transactional ids it coordinates."""

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "list"
    title: ClassVar[str] = "List the transactions"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, Admin(ListTransactionsRequest()))

    def describe(self) -> str:
        return "List the transactions"


@dataclass(frozen=True, slots=True)
class DescribeTransaction(ClusterAction):
    """Ask the coordinator of a transactional id for its state, its producer, and its partitions."""

    transactional_id: str

    on: ClassVar[tuple[str, ...]] = ("cluster",)
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "list"
    title: ClassVar[str] = "Describe a transaction"

    def refusal(self, world: World) -> str:
        return "" if self.transactional_id else "wanted a transactional id"

    def apply(self, world: World) -> None:
        name = self.transactional_id
        world.signal(ADMIN, AskTransactionCoordinator(name, DescribeTransactionsRequest((name,))))

    def describe(self) -> str:
        return f"Describe transaction {self.transactional_id}"


@dataclass(frozen=True, slots=True)
class FindHangingTransactions(ClusterAction):
    """Look for transactions in a topic that are open, that no coordinator knows of, and to which nobody has written for
    longer than `max_timeout_ms`.
    """

    topic: str
    max_timeout_ms: int = 900_000

    on: ClassVar[tuple[str, ...]] = ("cluster", "topic", "partition")
    menu: ClassVar[str] = "change"
    icon: ClassVar[str] = "scan-search"
    title: ClassVar[str] = "Find hanging transactions"

    def refusal(self, world: World) -> str:
        if self.topic not in image_of(world).topics:
            return f"wanted a topic, found {self.topic!r}"
        return "" if self.max_timeout_ms >= 0 else f"wanted 0 ms or more, found {self.max_timeout_ms}"

    def apply(self, world: World) -> None:
        world.signal(ADMIN, orders.FindHanging(self.topic, self.max_timeout_ms))

    def describe(self) -> str:
        return f"Find hanging transactions in {self.topic}"


@dataclass(frozen=True, slots=True)
class AbortHangingTransaction(ClusterAction):
    """End by hand the transaction that begins at `start_offset`: its leader writes an ABORT marker, whatever the
    coordinator thinks. A transaction that only takes long is lost to its producer, in this partition alone.
    """

    partition: str
    start_offset: int

    on: ClassVar[tuple[str, ...]] = ("partition",)
    menu: ClassVar[str] = "break"
    icon: ClassVar[str] = "scissors"
    title: ClassVar[str] = "Abort a hanging transaction"

    def refusal(self, world: World) -> str:
        if self.start_offset < 0:
            return f"wanted the offset at which it begins, found {self.start_offset}"
        return unknown_partition(world, self.partition)

    def apply(self, world: World) -> None:
        found = partition_of(self.partition)
        assert found is not None
        world.signal(ADMIN, orders.AbortHanging(found, self.start_offset))
        world.mark("changed", self.partition, f"what begins at {self.start_offset} is aborted by hand")

    def describe(self) -> str:
        return f"Abort the transaction that begins at {self.start_offset} in {self.partition}"
