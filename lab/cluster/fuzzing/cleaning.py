"""What one fuzz seed does to its compacted topics: lags, horizons, small buffers, slow cleaners, deleted keys.

It has dice of its own, so that what other seeds mean stays as it was.
"""

from dataclasses import replace

from lab.cluster.actions.keys import DeleteKeys
from lab.cluster.spec import ClusterSpec, ProducerSpec, TopicSpec
from lab.env import Micros, seconds
from lab.world.dice import Stream

POLICY = "cleanup.policy"
DELETES_MAX = 12
DELETES_WITHIN_S = 95


class Cleaning:
    """The choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = Stream(f"fuzz/{seed}/cleaning")

    def spec(self, spec: ClusterSpec) -> ClusterSpec:
        """The cluster with its compacted topics made more interesting."""
        if not any(_compacted(topic) for topic in spec.topics):
            return spec
        budget = self._of("2000", "20000", "")
        config = [*spec.broker_config, ("log.cleaner.dedupe.buffer.size", self._of("120", "480", "134217728"))]
        if budget:
            config.append(("log.cleaner.io.max.bytes.per.second", budget))
        topics = tuple(self._topic(one) if _compacted(one) else one for one in spec.topics)
        return replace(spec, topics=topics, broker_config=tuple(config))

    def _topic(self, topic: TopicSpec) -> TopicSpec:
        config = dict(topic.config)
        config["delete.retention.ms"] = self._of("0", "3000", "20000", "86400000")
        if self._percent(25):
            config |= {POLICY: "compact,delete", "retention.bytes": "20000"}
        if self._percent(25):
            config["min.compaction.lag.ms"] = self._of("2000", "10000")
        if self._percent(25):
            config |= {"max.compaction.lag.ms": "10000", "min.cleanable.dirty.ratio.percent": "90"}
        return replace(topic, config=tuple(config.items()))

    def deletes(self, spec: ClusterSpec, first: Micros) -> list[tuple[Micros, DeleteKeys]]:
        """When which keys are deleted."""
        compacted = [topic.name for topic in spec.topics if _compacted(topic)]
        writers = [one for one in spec.producers if one.topic in compacted]
        found: list[tuple[Micros, DeleteKeys]] = []
        for _ in range(self.dice.below(DELETES_MAX + 1) if writers else 0):
            writer = writers[self.dice.below(len(writers))]
            at = first + self.dice.below(seconds(DELETES_WITHIN_S) - first)
            found.append((at, DeleteKeys(writer.name, self._keys(writer))))
        return found

    def _keys(self, writer: ProducerSpec) -> tuple[str, ...]:
        """Some that are written again and again, and some that never come back."""
        count = int(writer.keys.partition(":")[2])
        keys = ("ABCDEFGHIJKL"[:count]) + "uvwxyz"
        return tuple(keys[self.dice.below(len(keys))] for _ in range(1 + self.dice.below(3)))

    def _of(self, *options: str) -> str:
        return options[self.dice.below(len(options))]

    def _percent(self, chance: int) -> bool:
        return self.dice.below(100) < chance


def _compacted(topic: TopicSpec) -> bool:
    return "compact" in dict(topic.config).get(POLICY, "")
