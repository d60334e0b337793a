"""Facts of the controller: registrations, fencing, topics, and how partitions change."""

from dataclasses import dataclass

from lab.kafka.protocol.topics import TopicPartition


@dataclass(slots=True)
class PartitionChanged:
    """The controller committed a partition's state. `reason`: created, fenced, unfenced, elected,
    preferred, unclean, isr, shutdown …
    """

    partition: TopicPartition
    replicas: tuple[int, ...]
    in_sync_replicas: tuple[int, ...]
    leader_id: int
    leader_epoch: int
    partition_epoch: int
    reason: str
    previous_isr: tuple[int, ...] = ()
    previous_leader_id: int = -1
    reassignment: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    eligible: tuple[tuple[int, ...], tuple[int, ...]] | None = None


@dataclass(slots=True)
class UncleanElectionAsked:
    """An administrator wants leaders for these partitions (None: all), in sync or not."""

    partitions: tuple[TopicPartition, ...] | None


@dataclass(slots=True)
class ReassignmentAsked:
    """An administrator wants partitions on these brokers; None: not moved any more."""

    partitions: dict[TopicPartition, tuple[int, ...] | None]


@dataclass(slots=True)
class BrokerRegistered:
    """A broker process signed on and got its epoch."""

    broker_id: int
    broker_epoch: int


@dataclass(slots=True)
class BrokerFenced:
    """The controller takes the broker out of service."""

    broker_id: int
    reason: str


@dataclass(slots=True)
class BrokerUnfenced:
    """The controller lets the broker serve."""

    broker_id: int


@dataclass(slots=True)
class TopicCreated:
    """A topic exists from now on."""

    name: str
    partitions: int
    replication_factor: int


@dataclass(slots=True)
class TopicDeleted:
    """A topic is gone."""

    name: str


@dataclass(slots=True)
class SettingsApplied:
    """A broker has settings of the metadata log below `offset` in force: its own, and its topics'."""

    offset: int
