"""Where a record goes: murmur2 of its key, or the sticky partition of its topic (KIP-480, KIP-794)."""

from lab.env.node import Dice
from lab.kafka.protocol.murmur import partition_for


class StickyPartitioner:
    """Records without a key stay with one partition until it has had a batch's worth of bytes."""

    __slots__ = ("batch_size", "partition", "sticky_bytes")

    def __init__(self, batch_size: int) -> None:
        self.batch_size = max(batch_size, 1)
        self.partition = -1
        self.sticky_bytes = 0

    def choose(
        self,
        key: bytes | None,
        count: int,
        size: int,
        queues: list[int],
        dice: Dice,
        adaptive: bool,
    ) -> int:
        """A partition of `count` for a record of `size` bytes. `queues`: batches waiting for each."""
        if key is not None:
            return partition_for(key, count)
        if not 0 <= self.partition < count or self.sticky_bytes >= self.batch_size:
            self.partition = self._next(count, queues, dice, adaptive)
            self.sticky_bytes = 0
        self.sticky_bytes += size
        return self.partition

    def _next(self, count: int, queues: list[int], dice: Dice, adaptive: bool) -> int:
        """Random; partitions with shorter queues are likelier, if adaptive."""
        if not adaptive or len(queues) < count:
            return dice.below(count)
        longest = max(queues) + 1
        drawn = dice.below(sum(longest - one for one in queues))
        for partition, queue in enumerate(queues):
            drawn -= longest - queue
            if drawn < 0:
                return partition
        raise AssertionError(queues)
