"""MetadataImage: brokers, topics and partitions as the replayed records make them."""

from functools import lru_cache
from typing import NamedTuple

from lab.env import Packed
from lab.kafka.metadata.acls import Acls
from lab.kafka.metadata.records import (
    AccessControlEntryRecord,
    BrokerConfigRecord,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    FeatureLevelRecord,
    GroupConfigRecord,
    MetadataRecord,
    NoOpRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveAccessControlEntryRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnregisterBrokerRecord,
)
from lab.kafka.protocol.topic_ids import NO_TOPIC_ID, TopicId
from lab.kafka.protocol.topics import TopicPartition

NO_LEADER = -1
ELIGIBLE_LEADER_REPLICAS = "eligible.leader.replicas.version"


class Reassignment(NamedTuple):
    """A partition that is being moved: who is to join its replicas, and who is to leave them in the end."""

    adding: tuple[int, ...]
    removing: tuple[int, ...]


class EligibleReplicas(NamedTuple):
    """Who may lead without loss although it is not in sync; and who led last, when nobody is left (KIP-966)."""

    elr: tuple[int, ...]
    last_known_elr: tuple[int, ...]


NONE_ELIGIBLE = EligibleReplicas((), ())


class BrokerRegistration(Packed):
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


class PartitionState(NamedTuple):
    """One partition as the controller has decided it."""

    partition: TopicPartition
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader_id: int
    leader_epoch: int
    partition_epoch: int
    recovering: bool = False

    def changed(self, record: PartitionChangeRecord) -> "PartitionState":
        """Every change is a new partition epoch; naming a leader is a new leader epoch."""
        return partition_state(
            self.partition,
            self.replicas if record.replicas is None else tuple(record.replicas),
            self.isr if record.isr is None else tuple(record.isr),
            self.leader_id if record.leader is None else record.leader,
            self.leader_epoch + (record.leader is not None),
            self.partition_epoch + 1,
            self.recovering if record.recovering is None else record.recovering,
        )


partition_state = lru_cache(maxsize=1 << 15)(PartitionState)
"""The state with these values; for equal ones the same object. Every node has an image of its own, and a checkpoint
of twenty brokers would hold each partition twenty times.
"""


def _created(record: PartitionRecord) -> PartitionState:
    return partition_state(
        TopicPartition(record.topic, record.partition), tuple(record.replicas), tuple(record.isr), record.leader,
        record.leader_epoch, record.partition_epoch,
    )  # fmt: skip


class TopicImage:
    """One topic: its partitions by index, and its settings that are not default."""

    __slots__ = ("config", "name", "partitions", "topic_id")

    def __init__(self, name: str, topic_id: TopicId) -> None:
        self.name = name
        self.topic_id = topic_id
        self.partitions: dict[int, PartitionState] = {}
        self.config: dict[str, str] = {}


class MetadataImage:
    """Everything the metadata log says, up to `offset` (exclusive). What few clusters have is kept aside, by
    partition, broker or group: `reassignments`, `racks`, `broker_config`, `group_config`, where that feature is on,
    `eligible`, and, once there is a rule of who may do what, `acls`.
    """

    __slots__ = (
        "acls",
        "broker_config",
        "brokers",
        "eligible",
        "group_config",
        "next_producer_id",
        "offset",
        "racks",
        "reassignments",
        "topic_names",
        "topics",
    )

    def __init__(self) -> None:
        self.offset = 0
        self.brokers: dict[int, BrokerRegistration] = {}
        self.topics: dict[str, TopicImage] = {}
        self.topic_names: dict[TopicId, str] = {}
        self.next_producer_id = 0
        self.reassignments: dict[TopicPartition, Reassignment] = {}
        self.eligible: dict[TopicPartition, EligibleReplicas] | None = None
        self.racks: dict[int, str] = {}
        self.broker_config: dict[str, dict[str, str]] = {}
        self.group_config: dict[str, dict[str, str]] = {}
        self.acls: Acls | None = None

    def partition(self, partition: TopicPartition) -> PartitionState | None:
        """A partition's state; None if there is no such partition."""
        topic = self.topics.get(partition.topic)
        return topic.partitions.get(partition.partition) if topic is not None else None

    def topic_id(self, name: str) -> TopicId:
        """The id of the topic that has this name now."""
        topic = self.topics.get(name)
        return topic.topic_id if topic is not None else NO_TOPIC_ID

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
                self._change_partition(record)
            case PartitionRecord():
                topic = self.topics[record.topic]
                assert topic.topic_id == record.topic_id, record
                topic.partitions[record.partition] = _created(record)
            case RegisterBrokerRecord():
                self.brokers[record.broker_id] = BrokerRegistration(record)
                if record.rack:
                    self.racks[record.broker_id] = record.rack
            case BrokerRegistrationChangeRecord():
                self._change_broker(record)
            case TopicRecord():
                self.topics[record.name] = TopicImage(record.name, record.topic_id)
                self.topic_names[record.topic_id] = record.name
            case RemoveTopicRecord():
                self._remove_topic(record)
            case ConfigRecord():
                self._configure(self.topics[record.topic].config, record)
            case BrokerConfigRecord():
                self._configure(self.broker_config.setdefault(record.broker, {}), record)
            case GroupConfigRecord():
                self._configure(self.group_config.setdefault(record.group, {}), record)
            case UnregisterBrokerRecord():
                del self.brokers[record.broker_id]
                self.racks.pop(record.broker_id, None)
            case FeatureLevelRecord():
                assert record.name == ELIGIBLE_LEADER_REPLICAS, record
                self.eligible = {} if record.feature_level > 0 else None
            case ProducerIdsRecord():
                self.next_producer_id = record.next_producer_id
            case AccessControlEntryRecord():
                self.acls = self.acls or Acls()
                self.acls.add(record)
            case RemoveAccessControlEntryRecord():
                assert self.acls is not None, record
                self.acls.remove(record.id)
            case NoOpRecord():
                pass
        self.offset += 1

    def _change_broker(self, record: BrokerRegistrationChangeRecord) -> None:
        broker = self.brokers[record.broker_id]
        if record.fenced is not None:
            broker.fenced = record.fenced
        if record.in_controlled_shutdown is not None:
            broker.in_controlled_shutdown = record.in_controlled_shutdown

    def _change_partition(self, record: PartitionChangeRecord) -> None:
        partitions = self.topics[record.topic].partitions
        state = partitions[record.partition] = partitions[record.partition].changed(record)
        name = state.partition
        if record.adding_replicas is not None or record.removing_replicas is not None:
            before = self.reassignments.pop(name, Reassignment((), ()))
            adding = before.adding if record.adding_replicas is None else tuple(record.adding_replicas)
            removing = before.removing if record.removing_replicas is None else tuple(record.removing_replicas)
            if adding or removing:
                self.reassignments[name] = Reassignment(adding, removing)
        if self.eligible is not None and (record.elr is not None or record.last_known_elr is not None):
            known = self.eligible.pop(name, NONE_ELIGIBLE)
            elr = known.elr if record.elr is None else tuple(record.elr)
            last = known.last_known_elr if record.last_known_elr is None else tuple(record.last_known_elr)
            if elr or last:
                self.eligible[name] = EligibleReplicas(elr, last)

    def _remove_topic(self, record: RemoveTopicRecord) -> None:
        del self.topic_names[record.topic_id]
        for state in self.topics.pop(record.name).partitions.values():
            self.reassignments.pop(state.partition, None)
            if self.eligible is not None:
                self.eligible.pop(state.partition, None)

    def _configure(self, config: dict[str, str], record: ConfigRecord | BrokerConfigRecord | GroupConfigRecord) -> None:
        if record.value is None:
            config.pop(record.name, None)
        else:
            config[record.name] = record.value
