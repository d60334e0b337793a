"""MetadataImage: brokers, topics and partitions as the replayed records make them."""

from lab.kafka.metadata.records import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    MetadataRecord,
    NoOpRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from lab.kafka.protocol.topics import TopicPartition

NO_LEADER = -1


class BrokerRegistration:
    """One registered broker."""

    __slots__ = (
        "broker_epoch",
        "broker_id",
        "fenced",
        "host",
        "in_controlled_shutdown",
        "incarnation_id",
    )

    def __init__(self, record: RegisterBrokerRecord) -> None:
        self.broker_id = record.broker_id
        self.host = record.host
        self.incarnation_id = record.incarnation_id
        self.broker_epoch = record.broker_epoch
        self.fenced = True
        self.in_controlled_shutdown = False

    @property
    def active(self) -> bool:
        """Whether it may lead and be in sync."""
        return not self.fenced and not self.in_controlled_shutdown


class PartitionState:
    """One partition as the controller has decided it."""

    __slots__ = (
        "isr",
        "leader_epoch",
        "leader_id",
        "partition",
        "partition_epoch",
        "recovering",
        "replicas",
    )

    def __init__(self, record: PartitionRecord) -> None:
        self.partition = TopicPartition(record.topic, record.partition)
        self.replicas = tuple(record.replicas)
        self.isr = tuple(record.isr)
        self.leader_id = record.leader
        self.leader_epoch = record.leader_epoch
        self.partition_epoch = record.partition_epoch
        self.recovering = False

    def change(self, record: PartitionChangeRecord) -> None:
        """Every change is a new partition epoch; naming a leader is a new leader epoch."""
        self.partition_epoch += 1
        if record.isr is not None:
            self.isr = tuple(record.isr)
        if record.leader is not None:
            self.leader_id = record.leader
            self.leader_epoch += 1
        if record.recovering is not None:
            self.recovering = record.recovering


class TopicImage:
    """One topic: its partitions by index, and its settings that are not default."""

    __slots__ = ("config", "name", "partitions")

    def __init__(self, name: str) -> None:
        self.name = name
        self.partitions: dict[int, PartitionState] = {}
        self.config: dict[str, str] = {}


class MetadataImage:
    """Everything the metadata log says, up to `offset` (exclusive)."""

    __slots__ = ("brokers", "next_producer_id", "offset", "topics")

    def __init__(self) -> None:
        self.offset = 0
        self.brokers: dict[int, BrokerRegistration] = {}
        self.topics: dict[str, TopicImage] = {}
        self.next_producer_id = 0

    def partition(self, partition: TopicPartition) -> PartitionState | None:
        """A partition's state; None if there is no such partition."""
        topic = self.topics.get(partition.topic)
        return topic.partitions.get(partition.partition) if topic is not None else None

    def all_partitions(self) -> list[PartitionState]:
        """Every partition, topics in order of creation."""
        return [state for topic in self.topics.values() for state in topic.partitions.values()]

    def is_active(self, broker_id: int) -> bool:
        """Whether a broker may lead and be in sync."""
        broker = self.brokers.get(broker_id)
        return broker is not None and broker.active

    def replay(self, record: MetadataRecord) -> None:
        """The only way the image changes."""
        match record:
            case PartitionChangeRecord():
                self.topics[record.topic].partitions[record.partition].change(record)
            case PartitionRecord():
                self.topics[record.topic].partitions[record.partition] = PartitionState(record)
            case RegisterBrokerRecord():
                self.brokers[record.broker_id] = BrokerRegistration(record)
            case BrokerRegistrationChangeRecord():
                self._change_broker(record)
            case TopicRecord():
                self.topics[record.name] = TopicImage(record.name)
            case RemoveTopicRecord():
                del self.topics[record.name]
            case ConfigRecord():
                self._configure(record)
            case ProducerIdsRecord():
                self.next_producer_id = record.next_producer_id
            case NoOpRecord():
                pass
        self.offset += 1

    def _change_broker(self, record: BrokerRegistrationChangeRecord) -> None:
        broker = self.brokers[record.broker_id]
        if record.fenced is not None:
            broker.fenced = record.fenced
        if record.in_controlled_shutdown is not None:
            broker.in_controlled_shutdown = record.in_controlled_shutdown

    def _configure(self, record: ConfigRecord) -> None:
        config = self.topics[record.topic].config
        if record.value is None:
            config.pop(record.name, None)
        else:
            config[record.name] = record.value
