"""How to make the processes of clients: frozen data."""

from dataclasses import dataclass

from lab.env import Micros
from lab.kafka.clients.admin import AdminApp
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.processor.app import ProcessorApp
from lab.kafka.clients.producer.app import ProducerApp, Rows
from lab.kafka.clients.producer.auditing_app import AuditingApp, AuditPlan
from lab.kafka.clients.producer.load import LoadApp
from lab.kafka.clients.producer.transactional_app import TransactionalApp, TransactionPlan
from lab.kafka.clients.share.app import ShareConsumerApp
from lab.kafka.config.client import ConsumerConfig, ProducerConfig
from lab.kafka.config.flavours import DEFAULT_FLAVOUR
from lab.kafka.config.share import ShareConsumerConfig


@dataclass(frozen=True, slots=True)
class ProducerRecipe:
    """A producer application. With `rows` it sends a data file at the file's pace, or at `rate`. With a
    `transactional.id` among its settings it writes in transactions, which end as `transaction` says. With `load` it
    makes so many equal records at once. With an `audit` its records are of requests, of which that serves some.
    """

    name: str
    topic: str
    bootstrap: tuple[str, ...]
    configs: tuple[tuple[str, str], ...] = ()
    rate: int = 10
    keys: KeyPattern = KeyPattern()
    value_bytes: int = 100
    count: int | None = None
    rows: Rows | None = None
    pace_percent: int = 100
    flavour: str = DEFAULT_FLAVOUR
    transaction: TransactionPlan | None = None
    load: int = 0
    audit: AuditPlan | None = None

    def config(self) -> ProducerConfig:
        """Its settings. Raises InvalidConfig."""
        return ProducerConfig(self.configs, self.flavour)

    def build(self) -> ProducerApp:
        """A new process."""
        config = self.config()
        if self.load:
            return LoadApp(
                self.name, self.topic, config, self.bootstrap, self.rate, self.value_bytes, self.count, self.load
            )
        if self.audit is not None:
            return AuditingApp(
                self.name, self.topic, config, self.bootstrap, self.rate, self.keys, self.value_bytes, self.count,
                self.rows, self.pace_percent, self.audit,
            )  # fmt: skip
        if config.transactional_id:
            return TransactionalApp(
                self.name, self.topic, config, self.bootstrap, self.rate, self.keys, self.value_bytes, self.count,
                self.rows, self.pace_percent, self.transaction or TransactionPlan(),
            )  # fmt: skip
        return ProducerApp(
            self.name,
            self.topic,
            self.config(),
            self.bootstrap,
            self.rate,
            self.keys,
            self.value_bytes,
            self.count,
            self.rows,
            self.pace_percent,
        )


@dataclass(frozen=True, slots=True)
class ConsumerRecipe:
    """A consumer application."""

    name: str
    group_id: str
    topics: tuple[str, ...]
    bootstrap: tuple[str, ...]
    configs: tuple[tuple[str, str], ...] = ()
    per_record_us: Micros = 0
    commit: str = "auto"
    flavour: str = DEFAULT_FLAVOUR

    def config(self) -> ConsumerConfig:
        """Its settings. Raises InvalidConfig."""
        return ConsumerConfig(self.configs, self.flavour)

    def build(self) -> ConsumerApp:
        """A new process."""
        return ConsumerApp(
            self.name,
            self.group_id,
            self.topics,
            self.config(),
            self.per_record_us,
            self.commit,
            self.bootstrap,
        )


@dataclass(frozen=True, slots=True)
class ProcessorRecipe(ConsumerRecipe):
    """A read-process-write application: what it reads it writes to `output`. With a `transactional.id` among the
    producer's settings both are one transaction a poll(), and it reads what is committed unless told otherwise.
    """

    output: str = ""
    producer_configs: tuple[tuple[str, str], ...] = ()
    abort_every: int = 0

    def build(self) -> ProcessorApp:
        """A new process."""
        producer = ProducerConfig(self.producer_configs)
        committed = {"isolation.level": "read_committed"} if producer.transactional_id else {}
        config = ConsumerConfig({**committed, **dict(self.configs)})
        return ProcessorApp(
            self.name, self.group_id, self.topics, config, self.per_record_us, self.bootstrap, self.output, producer,
            self.abort_every,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShareConsumerRecipe:
    """A share consumer application."""

    name: str
    group_id: str
    topics: tuple[str, ...]
    bootstrap: tuple[str, ...]
    configs: tuple[tuple[str, str], ...] = ()
    per_record_us: Micros = 0
    poison: str = ""
    on_failure: str = "release"

    def build(self) -> ShareConsumerApp:
        """A new process."""
        config = ShareConsumerConfig(self.configs)
        return ShareConsumerApp(
            self.name, self.group_id, self.topics, config, self.per_record_us, self.poison, self.on_failure,
            self.bootstrap,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AdminRecipe:
    """The administrator's client."""

    bootstrap: tuple[str, ...]

    def build(self) -> AdminApp:
        """A new process."""
        return AdminApp(self.bootstrap)
