"""ClusterSpec: a lab set-up as data, with every number checked before anything is built."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.cluster.refused import wanted

BROKERS_MAX = 200
PARTITIONS_MAX = 20_000
CLIENTS_MAX = 500
RATE_MAX = 1_000_000


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

    `data`: a file below `assets/data` or beside the scenario, whose rows it sends at their own pace times
    `pace_percent`/100.
    """

    name: str
    topic: str
    rate: int = 10
    keys: str = "none"
    value_bytes: int = 100
    count: int | None = None
    config: tuple[tuple[str, str], ...] = ()
    data: "DataSpec | None" = None


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
    before, record, none.
    """

    name: str
    group: str
    topics: tuple[str, ...]
    work_us: int = 0
    commit: str = "auto"
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """Everything that stands at the beginning. `broker_config` goes to every broker."""

    seed: int = 42
    brokers: int = 3
    topics: tuple[TopicSpec, ...] = ()
    producers: tuple[ProducerSpec, ...] = ()
    consumers: tuple[ConsumerSpec, ...] = ()
    broker_config: tuple[tuple[str, str], ...] = ()
    disk_capacity_bytes: int | None = None
    link_extra_us: int = 0

    def checked(self) -> "ClusterSpec":
        """This spec, or Refused with the first thing that is wrong."""
        wanted(0 <= self.brokers <= BROKERS_MAX, f"wanted 0 to {BROKERS_MAX} brokers", self.brokers)
        clients = len(self.producers) + len(self.consumers)
        wanted(clients <= CLIENTS_MAX, f"wanted at most {CLIENTS_MAX} clients", clients)
        total = sum(topic.partitions for topic in self.topics)
        wanted(total <= PARTITIONS_MAX, f"wanted at most {PARTITIONS_MAX:,} partitions", total)
        seen: dict[str, None] = {}
        for topic in self.topics:
            wanted(topic.name not in seen, "wanted each topic once", topic.name)
            seen[topic.name] = None
            wanted(
                1 <= topic.replicas <= self.brokers,
                f"{topic.name}: wanted 1 to {self.brokers} replicas (there are {self.brokers} brokers)",
                topic.replicas,
            )
            wanted(
                topic.partitions >= 1,
                f"{topic.name}: wanted at least 1 partition",
                topic.partitions,
            )
        hosts: dict[str, None] = {}
        for client in (*self.producers, *self.consumers):
            wanted(client.name not in hosts, "wanted each client name once", client.name)
            hosts[client.name] = None
        for producer in self.producers:
            wanted(
                0 <= producer.rate <= RATE_MAX,
                f"{producer.name}: wanted a rate of 0 to {RATE_MAX:,} records a second",
                producer.rate,
            )
        return self


def settings(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Settings as a spec keeps them: text, true and false in Kafka's spelling."""
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in values.items()
    )
