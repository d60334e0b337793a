"""Where a record goes: by the hash of its key, or without one by the habit of its client (spec 6.1)."""

import zlib
from typing import Protocol

from lab.env import Env, Micros
from lab.env.node import Dice
from lab.kafka.clients.producer.batch import ProducerBatch
from lab.kafka.config.client import ProducerConfig
from lab.kafka.protocol.murmur import partition_for

CRC32 = "consistent_random"
"""librdkafka's default hashes by CRC-32, and takes an empty key for none; all others hash as Java does."""


class Accumulator(Protocol):
    """What a partitioner may ask about the partitions of its topic."""

    config: ProducerConfig

    def last_batch(self, partition: int) -> ProducerBatch | None:
        """The batch that waits and may take more; None if none waits."""
        ...

    def waiting(self, partition: int) -> int:
        """How many batches wait."""
        ...

    def is_led(self, partition: int) -> bool:
        """Whether a leader is known."""
        ...


class Partitioner(Protocol):
    """Of records without a key."""

    def choose(self, queues: Accumulator, env: Env, size: int, count: int) -> int:
        """One of `count` partitions for a record of `size` bytes."""
        ...


def by_key(config: ProducerConfig, key: bytes | None, count: int) -> int | None:
    """The partition that a key decides, leader or not; None if it decides nothing."""
    if key is None or config.partitioner_ignore_keys:
        return None
    if config.partitioner == CRC32:
        return zlib.crc32(key) % count if key else None
    return partition_for(key, count)


def partitioner_for(config: ProducerConfig) -> Partitioner:
    """A new one, by the setting `partitioner`."""
    match config.partitioner:
        case "uniform_sticky":
            return UniformSticky(config.batch_size)
        case "sticky":
            return Sticky()
        case "round_robin":
            return RoundRobin()
        case _:
            return AtRandom()


class UniformSticky:
    """Since 3.3 (KIP-794): records stay with one partition until it has had a batch's worth of bytes."""

    __slots__ = ("batch_size", "partition", "sticky_bytes")

    def __init__(self, batch_size: int) -> None:
        self.batch_size = max(batch_size, 1)
        self.partition = -1
        self.sticky_bytes = 0

    def choose(self, queues: Accumulator, env: Env, size: int, count: int) -> int:
        """Where the last batch is half full, it is filled first, but not beyond twice its size."""
        if self._spent(queues, count):
            loads = {one: queues.waiting(one) for one in range(count) if queues.is_led(one)}
            # Where nobody leads anything, the records wait wherever they are.
            adaptive = queues.config.partitioner_adaptive_partitioning_enable
            self._move(loads or dict.fromkeys(range(count), 0), env.dice, adaptive)
        self.sticky_bytes += size
        return self.partition

    def _spent(self, queues: Accumulator, count: int) -> bool:
        if not 0 <= self.partition < count:
            return True
        if self.sticky_bytes < self.batch_size:
            return False
        last = queues.last_batch(self.partition)
        full = last is None or last.attempts > 0 or last.bytes >= queues.config.batch_size
        return full or self.sticky_bytes >= self.batch_size * 2

    def _move(self, loads: dict[int, int], dice: Dice, adaptive: bool) -> None:
        """To one of these partitions at random; if adaptive, those where fewer batches wait are likelier."""
        self.sticky_bytes = 0
        longest = max(loads.values()) + 1 if adaptive else 1
        weights = {partition: longest - waiting if adaptive else 1 for partition, waiting in loads.items()}
        drawn = dice.below(sum(weights.values()))
        for partition, weight in weights.items():
            drawn -= weight
            if drawn < 0:
                self.partition = partition
                return
        raise AssertionError(loads)


class Sticky:
    """2.4 to 3.2 (KIP-480): records stay with one partition until it needs a new batch, and then go to another one.
    Where batches leave half empty, because the broker is quick, few records go; a slow broker gets whole batches.
    """

    __slots__ = ("partition",)

    def __init__(self) -> None:
        self.partition = -1

    def choose(self, queues: Accumulator, env: Env, size: int, count: int) -> int:
        """The same, as long as the record fits into the batch that waits there."""
        last = queues.last_batch(self.partition) if 0 <= self.partition < count else None
        if last is None or last.attempts or last.bytes + size > queues.config.batch_size:
            self._move(_led(queues, count), env.dice)
        return self.partition

    def _move(self, able: list[int], dice: Dice) -> None:
        others = [one for one in able if one != self.partition]
        self.partition = others[dice.below(len(others))] if others else able[0]


class RoundRobin:
    """Until 2.3: one record a partition, in turn, from a random start."""

    __slots__ = ("turn",)

    def __init__(self) -> None:
        self.turn = -1

    def choose(self, queues: Accumulator, env: Env, size: int, count: int) -> int:
        """The next one that is led."""
        self.turn = self.turn + 1 if self.turn >= 0 else env.dice.below(count)
        able = _led(queues, count)
        return able[self.turn % len(able)]


class AtRandom:
    """librdkafka and kafka-python: any partition; the former's stays for `sticky.partitioning.linger.ms`."""

    __slots__ = ("partition", "until")

    def __init__(self) -> None:
        self.partition = -1
        self.until: Micros = 0

    def choose(self, queues: Accumulator, env: Env, size: int, count: int) -> int:
        """Another one when its time is over, or nobody leads it."""
        if not 0 <= self.partition < count or env.now >= self.until or not queues.is_led(self.partition):
            able = _led(queues, count)
            self.partition = able[env.dice.below(len(able))]
            self.until = env.now + queues.config.sticky_partitioning_linger_us
        return self.partition


def _led(queues: Accumulator, count: int) -> list[int]:
    """The partitions with a leader; all of them where none has one."""
    return [one for one in range(count) if queues.is_led(one)] or list(range(count))
