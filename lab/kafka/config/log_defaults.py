"""Log defaults: which settings of a broker are the defaults of its topics, by Kafka's synonyms."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from lab.kafka.config.definition import INT_MAX, Setting, Value
from lab.kafka.config.topic import TopicConfig


class Synonym(NamedTuple):
    """A broker's setting, and how many of the topic's units one of its own is."""

    name: str
    units: int = 1


SYNONYMS: Mapping[str, tuple[Synonym, ...]] = {
    "cleanup.policy": (Synonym("log.cleanup.policy"),),
    "compression.type": (Synonym("compression.type"),),
    "delete.retention.ms": (Synonym("log.cleaner.delete.retention.ms"),),
    "file.delete.delay.ms": (Synonym("log.segment.delete.delay.ms"),),
    "flush.messages": (Synonym("log.flush.interval.messages"),),
    "flush.ms": (Synonym("log.flush.interval.ms"), Synonym("log.flush.scheduler.interval.ms")),
    "index.interval.bytes": (Synonym("log.index.interval.bytes"),),
    "max.compaction.lag.ms": (Synonym("log.cleaner.max.compaction.lag.ms"),),
    "max.message.bytes": (Synonym("message.max.bytes"),),
    "message.timestamp.after.max.ms": (Synonym("log.message.timestamp.after.max.ms"),),
    "message.timestamp.before.max.ms": (Synonym("log.message.timestamp.before.max.ms"),),
    "message.timestamp.type": (Synonym("log.message.timestamp.type"),),
    "min.cleanable.dirty.ratio.percent": (Synonym("log.cleaner.min.cleanable.ratio.percent"),),
    "min.compaction.lag.ms": (Synonym("log.cleaner.min.compaction.lag.ms"),),
    "min.insync.replicas": (Synonym("min.insync.replicas"),),
    "retention.bytes": (Synonym("log.retention.bytes"),),
    "retention.ms": (
        Synonym("log.retention.ms"), Synonym("log.retention.minutes", 60_000), Synonym("log.retention.hours", 3_600_000)
    ),
    "segment.bytes": (Synonym("log.segment.bytes"),),
    "segment.index.bytes": (Synonym("log.index.size.max.bytes"),),
    "segment.ms": (Synonym("log.roll.ms"), Synonym("log.roll.hours", 3_600_000)),
    "unclean.leader.election.enable": (Synonym("unclean.leader.election.enable"),),
}  # fmt: skip
"""Of each setting of a topic the broker's, the one that wins first. (Throttled replicas are each topic's own.)"""
CHAINS: Mapping[str, tuple[Synonym, ...]] = {chain[0].name: chain for chain in SYNONYMS.values()}
"""The same by the first name of each: the only one of a chain that may change while the broker runs."""
COARSER = (
    Setting("log.retention.hours", 168, "log.retention.ms in hours, where no finer unit is set", -1, INT_MAX),
    Setting("log.retention.minutes", 10_080, "log.retention.ms in minutes, where that is not set", -1, INT_MAX),
    Setting("log.roll.hours", 168, "log.roll.ms in hours, where that is not set", 1, INT_MAX),
)


def log_settings() -> Iterator[Setting]:
    """The settings of a broker that its topics have by default, with the ranges they have in a topic."""
    for topic_name, chain in SYNONYMS.items():
        yield replace(TopicConfig.settings[topic_name], name=chain[0].name)
    yield from COARSER


def topic_defaults(broker: Mapping[str, Value]) -> dict[str, Value]:
    """What a broker's settings, where they are set at all, mean to a topic that has none of its own."""
    found: dict[str, Value] = {}
    for topic_name, chain in SYNONYMS.items():
        for name, units in chain:
            if name in broker:
                value = broker[name]
                found[topic_name] = value if units == 1 else max(int(value) * units, -1)
                break
    return found
