"""Heap: a model of what producer ids take of a broker's memory, and of its end. No other memory is counted.

The size of an entry is reckoned from the fields of Kafka 4.0 on a 64-bit JVM with compressed references, all objects
rounded up to 8 bytes: in the map of ProducerStateManager a node (32), its key (24) and about two slots (8);
ProducerStateEntry (48) with its ArrayDeque (24) over an array of 17 (88), and one BatchMetadata (40). Up to four more
batches are remembered, 40 bytes each; they are left out. Each replica of each partition has its own.
"""

from collections.abc import Mapping

from lab.env import Env
from lab.kafka import facts
from lab.kafka.broker.partition import Partition
from lab.kafka.protocol.topics import TopicPartition

PRODUCER_BYTES = 264
ALARM_PERCENT = 80


def used_bytes(partitions: Mapping[TopicPartition, Partition]) -> int:
    """What the producer ids take that these replicas remember."""
    return sum([len(one.log.producers.entries) for one in partitions.values()]) * PRODUCER_BYTES


class Heap:
    """What a process has for that, and what of it was used when it was last looked at. A JVM near its end collects
    garbage without pause first; this one ends at once.
    """

    __slots__ = ("alarmed", "capacity_bytes", "used_bytes")

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.used_bytes = 0
        self.alarmed = False

    @property
    def percent(self) -> int:
        """How much of it is taken."""
        return 100 * self.used_bytes // self.capacity_bytes

    def holds(self, env: Env, partitions: Mapping[TopicPartition, Partition]) -> bool:
        """Whether there is room for all that is remembered; an alarm is raised before there is none."""
        used = self.used_bytes = used_bytes(partitions)
        if used > self.capacity_bytes:
            env.tell(facts.HeapExhausted(used, self.capacity_bytes))
            return False
        alarmed = 100 * used >= ALARM_PERCENT * self.capacity_bytes
        if alarmed and not self.alarmed:
            env.tell(facts.HeapAlarm(used, self.capacity_bytes))
        self.alarmed = alarmed
        return True
