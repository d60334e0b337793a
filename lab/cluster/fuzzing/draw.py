"""Draw: the choices of one fuzz seed, from a stream of their own."""

from lab.cluster.spec import ClusterSpec
from lab.env import Micros, millis
from lab.world.dice import Stream


class Draw:
    """The choices of one seed."""

    def __init__(self, seed: int, stream: str = "fuzz") -> None:
        self.dice = Stream(f"{stream}/{seed}")

    def of(self, *options: str) -> str:
        """One of these."""
        return options[self.dice.below(len(options))]

    def number(self, least: int, most: int) -> int:
        """From `least` to `most`."""
        return least + self.dice.below(most - least + 1)

    def percent(self, chance: int) -> bool:
        """True so many times in a hundred."""
        return self.dice.below(100) < chance

    def partition(self, spec: ClusterSpec) -> str:
        """A partition of one of the topics, like orders-0."""
        topic = spec.topics[self.dice.below(len(spec.topics))]
        return f"{topic.name}-{self.dice.below(topic.partitions)}"

    def duration(self) -> Micros:
        """50 ms to 25 s, short ones as likely as long ones."""
        return millis(50 << self.dice.below(10)) * self.number(50, 100) // 100

    def weighted(self, weights: "list[int]") -> int:
        """An index, as often as its weight says."""
        left = self.dice.below(max(1, sum(weights)))
        for at, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return at
        return len(weights) - 1
