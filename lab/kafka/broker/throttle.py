"""ReplicationThrottle: how many bytes a second may be copied to replicas that are not in sync (spec 2.11).

Kafka measures a rate over eleven samples of a second; here each byte is paid for in time, which comes to the same
and is whole numbers. Who is in sync is never slowed down: acks=all would wait for it.
"""

from lab.env import Micros, seconds
from lab.kafka.broker.partition import Partition
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import LONG_MAX
from lab.kafka.protocol.topics import TopicPartition

RATES = ("follower.replication.throttled.rate", "leader.replication.throttled.rate")


class ReplicationThrottle:
    """The throttle of one broker, on both sides. Each side has a time before which it may not copy on. `now`: as of
    the last request, since a waiting fetch is looked at without a clock.
    """

    __slots__ = ("broker_id", "follower_free_at", "follower_rate", "leader_free_at", "leader_rate", "now")

    def __init__(self, broker_id: int, leader_rate: int, follower_rate: int) -> None:
        self.broker_id = broker_id
        self.leader_rate = leader_rate
        self.follower_rate = follower_rate
        self.leader_free_at: Micros = 0
        self.follower_free_at: Micros = 0
        self.now: Micros = 0

    def holds_back(self, partition: Partition, replica_id: int) -> bool:
        """Whether this leader has given as much as it may to followers that are not in sync, and this is one."""
        return self.leader_free_at > self.now and replica_id >= 0 and self._leads_throttled(partition, replica_id)

    def gave(self, partition: Partition, replica_id: int, size: int) -> None:
        """A follower was given so many bytes."""
        if size and replica_id >= 0 and self._leads_throttled(partition, replica_id):
            self.leader_free_at = _paid(self.leader_free_at, self.now, size, self.leader_rate)

    def _leads_throttled(self, partition: Partition, replica_id: int) -> bool:
        named = partition.config.leader_replication_throttled_replicas
        return replica_id not in partition.in_sync_replicas and covers(named, partition.partition, self.broker_id)

    def took(self, partition: Partition, size: int, now: Micros) -> None:
        """This follower has copied so many bytes."""
        if size and self.slows(partition):
            self.follower_free_at = _paid(self.follower_free_at, now, size, self.follower_rate)

    def slows(self, partition: Partition) -> bool:
        """Whether this replica is copied at the throttled pace: it is not in sync, and it is named."""
        named = partition.config.follower_replication_throttled_replicas
        return self.broker_id not in partition.in_sync_replicas and covers(named, partition.partition, self.broker_id)


def _paid(free_at: Micros, now: Micros, size: int, rate: int) -> Micros:
    return max(free_at, now) + size * seconds(1) // rate


def covers(named: str, partition: TopicPartition, broker_id: int) -> bool:
    """Whether a list like `0:1,0:4,2:4` of partitions and brokers, or `*`, names this replica."""
    return named == "*" or f"{partition.partition}:{broker_id}" in named.split(",")


def throttle_of(config: BrokerConfig, broker_id: int) -> ReplicationThrottle | None:
    """The throttle that a broker's settings ask for; None without any."""
    rates = config.leader_replication_throttled_rate, config.follower_replication_throttled_rate
    return ReplicationThrottle(broker_id, *rates) if min(rates) < LONG_MAX else None
