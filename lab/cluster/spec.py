"""ClusterSpec: a lab set-up as data, with every number checked before anything is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from lab.cluster.refused import Refused, shown, wanted
from lab.cluster.share_spec import ShareConsumerSpec
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.definition import Config, InvalidConfig
from lab.kafka.config.flavours import DEFAULT_FLAVOUR
from lab.kafka.config.topic import TopicConfig
from lab.kafka.protocol.topics import valid_topic_name

BROKERS_MAX = 200
CONTROLLERS = (1, 3, 5)
PARTITIONS_MAX = 20_000
CLIENTS_MAX = 500
RATE_MAX = 1_000_000
LOAD_MAX = 10_000
"""Records of one batch."""
NAME_MAX = 60
VALUE_BYTES_MAX = 100_000_000
WORK_US_MAX = 3_600_000_000
COMMITS = ("auto", "sync", "async", "record", "before", "none")


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic: settings are Kafka's topic settings, as text."""

    name: str
    partitions: int = 1
    replicas: int = 1
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProducerSpec:
    """A producer app. `keys`: none, cycle:N, zipf:N, or names joined by commas.

    `started`: whether its process runs from the beginning, or waits to be started. `data`: a file below
    `assets/data` or beside the scenario, whose rows it sends at their own pace times `pace_percent`/100. With a
    `transactional.id` in its config it writes in transactions, as `transaction` says. With a `load` it makes batches
    of so many records, equal but for their number. With an `audit` it is an application that writes a record of each
    request it serves. `flavour`: the client library, by its name in FLAVOURS.
    """

    name: str
    topic: str
    rate: int = 10
    keys: str = "none"
    value_bytes: int = 100
    count: int | None = None
    config: tuple[tuple[str, str], ...] = ()
    started: bool = True
    data: "DataSpec | None" = None
    flavour: str = DEFAULT_FLAVOUR
    transaction: "TransactionSpec | None" = None
    load: int = 0
    audit: "AuditSpec | None" = None


@dataclass(frozen=True, slots=True)
class AuditSpec:
    """The audit feature of an application: it serves so many `percent` of the requests, and makes a producer for each,
    unless it has a `shared` one.
    """

    percent: int = 0
    shared: bool = False


@dataclass(frozen=True, slots=True)
class TransactionSpec:
    """When a transactional producer ends a transaction: after `commit_every` records, or `commit_ms` after its first
    one; with 0 of both only by hand. Every `abort_every`-th is aborted; 0: none.
    """

    commit_every: int = 10
    commit_ms: int = 0
    abort_every: int = 0


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Rows of a real data file: which columns are key, value, timestamp; what to do with a bad row."""

    path: str
    key: str = ""
    value: str = ""
    timestamp: str = ""
    pace_percent: int = 100
    rate: int = 0
    bad_rows: str = "refuse"


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """A consumer app, member of `group`. `work_us`: its work on one record. `commit`: auto, sync, async,
    before, record, none. `flavour`: as a producer's.
    """

    name: str
    group: str
    topics: tuple[str, ...]
    work_us: int = 0
    commit: str = "auto"
    config: tuple[tuple[str, str], ...] = ()
    started: bool = True
    flavour: str = DEFAULT_FLAVOUR


@dataclass(frozen=True, slots=True)
class ProcessorSpec:
    """A read-process-write app: member of `group`, it writes what it makes of each record to `output`. With a
    `transactional.id` in its `producer_config` each poll() is a transaction, and every `abort_every`-th is aborted and
    done again.
    """

    name: str
    group: str
    topics: tuple[str, ...]
    output: str
    work_us: int = 0
    config: tuple[tuple[str, str], ...] = ()
    producer_config: tuple[tuple[str, str], ...] = ()
    abort_every: int = 0
    started: bool = True


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """Everything that stands at the beginning. `broker_config` goes to every broker and controller; the `racks` are
    dealt out to the brokers in turn. `heap_bytes`: what each broker's heap has for producer ids; None: no end.

    `controllers`: more than one are a quorum. `combined`: they are no machines of their own, but the first brokers.
    `service_levels`: watch as well what a cluster owes its clients as long as nothing is done to it.
    """

    seed: int = 42
    brokers: int = 3
    topics: tuple[TopicSpec, ...] = ()
    producers: tuple[ProducerSpec, ...] = ()
    consumers: tuple[ConsumerSpec, ...] = ()
    broker_config: tuple[tuple[str, str], ...] = ()
    disk_capacity_bytes: int | None = None
    link_extra_us: int = 0
    racks: tuple[str, ...] = ()
    processors: tuple[ProcessorSpec, ...] = ()
    controllers: int = 1
    combined: bool = False
    share_consumers: tuple[ShareConsumerSpec, ...] = ()
    service_levels: bool = False
    heap_bytes: int | None = None

    def checked(self) -> "ClusterSpec":
        """This spec, or Refused with the first thing that is wrong."""
        wanted(0 <= self.brokers <= BROKERS_MAX, f"wanted 0 to {BROKERS_MAX} brokers", self.brokers)
        wanted(self.controllers in CONTROLLERS, "wanted controllers of 1, 3 or 5", self.controllers)
        wanted(
            not self.combined or self.controllers <= self.brokers,
            f"combined: wanted at least as many brokers as controllers ({self.controllers})", self.brokers,
        )  # fmt: skip
        wanted(self.seed >= 0, "wanted a seed of 0 or more", self.seed)
        wanted(self.link_extra_us >= 0, "wanted a link extra us of 0 or more", self.link_extra_us)
        wanted(all(self.racks), "wanted a name for each rack", self.racks)
        capacity = self.disk_capacity_bytes
        wanted(capacity is None or capacity > 0, "wanted disk capacity bytes of 1 or more", capacity)
        wanted(self.heap_bytes is None or self.heap_bytes > 0, "wanted heap bytes of 1 or more", self.heap_bytes)
        _config("the brokers' config", BrokerConfig, self.broker_config)
        clients = (*self.producers, *self.consumers, *self.processors, *self.share_consumers)
        wanted(len(clients) <= CLIENTS_MAX, f"wanted at most {CLIENTS_MAX} clients", len(clients))
        total = sum(topic.partitions for topic in self.topics)
        wanted(total <= PARTITIONS_MAX, f"wanted at most {PARTITIONS_MAX:,} partitions in all", f"{total:,}")
        for topic in self.topics:
            _topic(topic, self.brokers)
        for producer in self.producers:
            _producer(producer)
        for consumer in self.consumers:
            _consumer(consumer)
        for processor in self.processors:
            _processor(processor)
        for consumer in self.share_consumers:
            _client_name(consumer.name)
            consumer.check()
        _once("topic", [topic.name for topic in self.topics])
        _once("client name", [client.name for client in clients])
        return self


def _once(what: str, names: list[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    wanted(twice is None, f"wanted each {what} once", twice)


def _topic(topic: TopicSpec, brokers: int) -> None:
    wrong = valid_topic_name(topic.name)
    if wrong:
        raise Refused(f"topic {shown(topic.name)}: {wrong}")
    wanted(
        1 <= topic.replicas <= brokers,
        f"{topic.name}: wanted 1 to {brokers} replicas (there are {brokers} brokers)",
        topic.replicas,
    )
    wanted(topic.partitions >= 1, f"{topic.name}: wanted at least 1 of partitions", topic.partitions)
    _config(f"{topic.name}: config", TopicConfig, topic.config)


def wrong_client_name(name: str) -> str:
    """Why a client cannot be called so; empty if it can."""
    if not name or len(name) > NAME_MAX or any(sign in name for sign in " #|/:"):
        return f"wanted a name of 1 to {NAME_MAX} characters without spaces and # | / :, found {name[:60]!r}"
    taken = name == "admin" or name.rpartition("-")[0] in ("broker", "controller")
    return f"wanted a name that is not a server's, found {name!r}" if taken else ""


def _client_name(name: str) -> None:
    if wrong := wrong_client_name(name):
        raise Refused(wrong)


def _producer(producer: ProducerSpec) -> None:
    name = producer.name
    _client_name(name)
    wanted(bool(producer.topic), f"{name}: wanted a topic to write to", "none")
    wanted(
        0 <= producer.rate <= RATE_MAX, f"{name}: wanted a rate of 0 to {RATE_MAX:,} records a second", producer.rate
    )
    wanted(
        0 <= producer.value_bytes <= VALUE_BYTES_MAX,
        f"{name}: wanted value bytes of 0 to {VALUE_BYTES_MAX:,}", producer.value_bytes,
    )  # fmt: skip
    wanted(producer.count is None or producer.count > 0, f"{name}: wanted a count of 1 or more", producer.count)
    wanted(0 <= producer.load <= LOAD_MAX, f"{name}: wanted a load of 0 to {LOAD_MAX:,} records", producer.load)
    alone = producer.keys == "none" and producer.data is None and producer.transaction is None
    wanted(not producer.load or alone, f"{name}: wanted a load without keys, data or transactions", "them")
    wrong = KeyPattern(producer.keys).wrong()
    if wrong:
        raise Refused(f"{name}: keys: {wrong}")
    if producer.data is not None:
        wanted(
            0 <= producer.data.rate <= RATE_MAX,
            f"{name}: data: wanted a rate of 0 to {RATE_MAX:,} records a second", producer.data.rate,
        )  # fmt: skip
        wanted(
            producer.data.pace_percent >= 1, f"{name}: data: wanted a pace of 1 percent or more",
            producer.data.pace_percent,
        )  # fmt: skip
    _config(f"{name}: config", partial(ProducerConfig, flavour=producer.flavour), producer.config)
    if producer.audit is not None:
        _audit(name, producer)
    if producer.transaction is not None:
        _transaction(name, producer.transaction, dict(producer.config))


def _audit(name: str, producer: ProducerSpec) -> None:
    assert producer.audit is not None
    percent = producer.audit.percent
    wanted(0 <= percent <= 100, f"{name}: audit: wanted a percent of 0 to 100", percent)
    config = ProducerConfig(producer.config, flavour=producer.flavour)
    plain = not producer.load and producer.data is None and not config.transactional_id
    wanted(plain, f"{name}: wanted an audit without a load, data or transactions", "them")
    wanted(config.enable_idempotence, f"{name}: audit: wanted enable.idempotence in its config", "false")


def _transaction(name: str, plan: TransactionSpec, config: dict[str, str]) -> None:
    wanted(
        bool(config.get("transactional.id")), f"{name}: transaction: wanted a transactional.id in its config", "none"
    )
    for what, value in (("commit every", plan.commit_every), ("commit ms", plan.commit_ms),
                        ("abort every", plan.abort_every)):  # fmt: skip
        wanted(0 <= value <= RATE_MAX, f"{name}: transaction: wanted a {what} of 0 to {RATE_MAX:,}", value)


def _consumer(consumer: ConsumerSpec) -> None:
    name = consumer.name
    _client_name(name)
    wanted(bool(consumer.group), f"{name}: wanted a group", "none")
    wanted(bool(consumer.topics), f"{name}: wanted topics to read", "none")
    wanted(
        0 <= consumer.work_us <= WORK_US_MAX, f"{name}: wanted work of 0 to {WORK_US_MAX:,} microseconds a record",
        consumer.work_us,
    )  # fmt: skip
    wanted(consumer.commit in COMMITS, f"{name}: wanted a commit of {', '.join(COMMITS)}", repr(consumer.commit))
    _config(f"{name}: config", partial(ConsumerConfig, flavour=consumer.flavour), consumer.config)


def _processor(processor: ProcessorSpec) -> None:
    name = processor.name
    _consumer(ConsumerSpec(name, processor.group, processor.topics, processor.work_us, config=processor.config))
    wanted(bool(processor.output), f"{name}: wanted an output topic to write to", "none")
    wanted(processor.output not in processor.topics, f"{name}: wanted another output than its input", processor.output)
    wanted(
        0 <= processor.abort_every <= RATE_MAX, f"{name}: wanted an abort every of 0 to {RATE_MAX:,}",
        processor.abort_every,
    )  # fmt: skip
    _config(f"{name}: producer config", ProducerConfig, processor.producer_config)


def _config(
    what: str, kind: Callable[[tuple[tuple[str, str], ...]], Config], values: tuple[tuple[str, str], ...]
) -> None:
    try:
        kind(values)
    except InvalidConfig as wrong:
        raise Refused(f"{what}: {wrong}") from None


def settings(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Settings as a spec keeps them: text, true and false in Kafka's spelling."""
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in values.items()
    )
