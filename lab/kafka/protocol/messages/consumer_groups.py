"""ConsumerGroupHeartbeat (68) and ConsumerGroupDescribe (69): the consumer group protocol of KIP-848."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition

JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH = 0, -1, -2
"""Member epochs that say what is wanted: to join, to leave, and (static) to be back soon."""


@dataclass(slots=True)
class ConsumerGroupHeartbeatRequest:
    """Joining, living, revoking and leaving, all in one. A field that is None (or -1) has not changed.

    `topic_partitions`: what the member owns now.
    """

    group_id: str
    member_id: str
    member_epoch: int
    instance_id: str | None = None
    rebalance_timeout_ms: int = -1
    subscribed_topic_names: tuple[str, ...] | None = None
    subscribed_topic_regex: str | None = None
    server_assignor: str | None = None
    topic_partitions: tuple[TopicPartition, ...] | None = None

    @property
    def is_full(self) -> bool:
        """Whether it says everything, as the first one does, and the first after an answer was lost."""
        return self.rebalance_timeout_ms >= 0 and self.topic_partitions is not None


@dataclass(slots=True)
class ConsumerGroupHeartbeatResponse:
    """`assignment`: what the member is to own from now on; None when that has not changed."""

    error_code: ErrorCode
    member_id: str = ""
    member_epoch: int = 0
    heartbeat_interval_ms: int = 0
    assignment: tuple[TopicPartition, ...] | None = None


@dataclass(slots=True)
class ConsumerGroupDescribeRequest:
    """ConsumerGroupDescribe (69)."""

    group_ids: tuple[str, ...]


@dataclass(slots=True)
class DescribedMember:
    """One member: what it has, and what it is to have."""

    member_id: str
    client_id: str
    instance_id: str | None
    member_epoch: int
    subscribed_topic_names: tuple[str, ...]
    subscribed_topic_regex: str
    assignment: tuple[TopicPartition, ...]
    target_assignment: tuple[TopicPartition, ...]


@dataclass(slots=True)
class DescribedConsumerGroup:
    """State names are Kafka's: Empty, Assigning, Reconciling, Stable, Dead."""

    error_code: ErrorCode
    group_id: str
    group_state: str = ""
    group_epoch: int = 0
    assignment_epoch: int = 0
    assignor_name: str = ""
    members: tuple[DescribedMember, ...] = ()


@dataclass(slots=True)
class ConsumerGroupDescribeResponse:
    """In the order asked."""

    groups: tuple[DescribedConsumerGroup, ...]
