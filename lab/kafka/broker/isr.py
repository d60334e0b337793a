"""IsrChanges: the ISR changes a broker wants, one request to the controller at a time (spec 2.6)."""

from lab.env import Env
from lab.kafka.broker.partition import Partition
from lab.kafka.metadata.image import MetadataImage
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.brokers import (
    AlterPartitionChange,
    AlterPartitionRequest,
    AlterPartitionResponse,
)
from lab.kafka.protocol.topics import TopicPartition, by_topic


class IsrChanges:
    """Partitions whose pending ISR has to be sent, or is on its way."""

    __slots__ = ("broker_id", "in_flight", "waiting")

    def __init__(self, broker_id: int) -> None:
        self.broker_id = broker_id
        self.waiting: dict[TopicPartition, None] = {}
        self.in_flight: dict[TopicPartition, None] = {}

    def want(self, partition: Partition) -> None:
        """Its pending ISR is to be sent."""
        self.waiting[partition.partition] = None

    def request(
        self, broker_epoch: int, partitions: dict[TopicPartition, Partition], image: MetadataImage
    ) -> AlterPartitionRequest | None:
        """What to send now; None if there is nothing, or an answer is still out."""
        if self.in_flight:
            return None
        changes: dict[TopicPartition, AlterPartitionChange] = {}
        for name in self.waiting:
            partition = partitions.get(name)
            if partition is None or partition.pending_isr is None or not partition.leading:
                continue
            changes[name] = AlterPartitionChange(
                partition.leader_epoch,
                partition.partition_epoch,
                tuple((one, self._epoch(partition, one, image)) for one in partition.pending_isr),
                topic_id=partition.topic_id,
            )
        self.waiting = {}
        if not changes:
            return None
        self.in_flight = dict.fromkeys(changes)
        return AlterPartitionRequest(self.broker_id, broker_epoch, by_topic(changes))

    def _epoch(self, partition: Partition, replica_id: int, image: MetadataImage) -> int:
        """The broker epoch with which a follower fetched: a restarted one must catch up again first."""
        remote = partition.remotes.get(replica_id)
        if remote is not None and remote.broker_epoch >= 0:
            return remote.broker_epoch
        broker = image.brokers.get(replica_id)
        return broker.broker_epoch if broker is not None else -1

    def answered(
        self, env: Env, body: AlterPartitionResponse, partitions: dict[TopicPartition, Partition]
    ) -> list[TopicPartition]:
        """The controller's answer. Returns the partitions whose high watermark may have moved."""
        sent, self.in_flight = self.in_flight, {}
        settled: list[TopicPartition] = []
        for name in sent:
            partition = partitions.get(name)
            answer = body.partitions.get(name)
            if partition is None:
                continue
            if body.error_code is not ErrorCode.NONE or answer is None or partition.settle_isr(env, answer):
                self.waiting[name] = None
            else:
                settled.append(name)
        return settled

    def failed(self) -> None:
        """The connection broke: send all again."""
        self.waiting = {**self.in_flight, **self.waiting}
        self.in_flight = {}
