"""Where a record without a key goes: the sticky partition of its topic (KIP-480, KIP-794, spec 6.1.2)."""

from lab.env.node import Dice


class StickyPartitioner:
    """Records without a key stay with one partition until it has had a batch's worth of bytes."""

    __slots__ = ("batch_size", "partition", "sticky_bytes")

    def __init__(self, batch_size: int) -> None:
        self.batch_size = max(batch_size, 1)
        self.partition = -1
        self.sticky_bytes = 0

    def spent(self, count: int, *, full: bool) -> bool:
        """Whether it is time for another of `count` partitions. `full`: no batch of the old one is half full;
        one that is gets filled, but not beyond twice its size.
        """
        if not 0 <= self.partition < count:
            return True
        return self.sticky_bytes >= self.batch_size * (1 if full else 2)

    def move(self, loads: dict[int, int], dice: Dice, adaptive: bool) -> None:
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

    def take(self, size: int) -> int:
        """The partition, which a record of `size` bytes now goes to."""
        self.sticky_bytes += size
        return self.partition
