"""What an administrator does in some fuzz seeds, by dice of its own: topics come and go, groups and their offsets are
deleted, settings of topics change, leaders are asked for, brokers are emptied.
"""

from dataclasses import dataclass

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import AddConsumer, AddProducer
from lab.cluster.actions.groups import DeleteGroup, DeleteOffsets
from lab.cluster.actions.replicas import BalanceLeaders, Drain, UseEligibleLeaders
from lab.cluster.actions.settings import SetTopicConfig
from lab.cluster.actions.topics import AddPartitions, CreateTopic, DeleteTopic, ElectLeader
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, millis, seconds

CHANCE_PERCENT = 15
"""Of a hundred seeds."""
DEEDS_MAX = 8
WITHIN_S = 90
PARTITIONS_MAX = 4
SETTINGS: dict[str, tuple[str, ...]] = {
    "compression.type": ("gzip", "uncompressed", ""),
    "flush.messages": ("1", "20", ""),
    "max.message.bytes": ("300", "1000000", ""),
    "message.timestamp.type": ("LogAppendTime", ""),
    "min.insync.replicas": ("1", "2", ""),
    "retention.bytes": ("5000", "20000", ""),
    "retention.ms": ("20000", ""),
    "segment.bytes": ("2000", "20000", ""),
    "unclean.leader.election.enable": ("true", "false", ""),
}
Timed = tuple[Micros, ClusterAction]


@dataclass(frozen=True, slots=True)
class Administrator:
    """Draws what to do in a cluster, and when."""

    draw: Draw
    spec: ClusterSpec
    first: Micros

    def deeds(self) -> list[Timed]:
        """All of them. What cannot be done when its time comes is left out then."""
        found: list[Timed] = []
        for number in range(self.draw.number(1, DEEDS_MAX)):
            at = self.first + self.draw.dice.below(seconds(WITHIN_S) - self.first)
            found += self._topic(at, f"made-{number}") if self.draw.percent(25) else [(at, self._deed())]
        return found

    def _topic(self, at: Micros, name: str) -> list[Timed]:
        """A topic with a producer and perhaps a reader; some are deleted while they are used, and made again."""
        draw = self.draw
        partitions, replicas = draw.number(1, 3), draw.number(1, min(3, self.spec.brokers))
        made = CreateTopic(name, partitions, replicas, (("min.insync.replicas", draw.of("1", "2")),))
        found: list[Timed] = [
            (at, made),
            (at + draw.duration(), AddProducer(f"writer-{name}", name, draw.number(1, 10), acks=draw.of("all", "1"))),
        ]
        if draw.percent(60):
            group = f"readers-{name}" if draw.percent(60) else "group-0"
            reader = AddConsumer(f"reader-{name}", group, name, commit=draw.of("auto", "sync", "record"))
            found.append((at + draw.duration(), reader))
        if draw.percent(60):
            at += draw.duration()
            found.append((at, DeleteTopic(name)))
            if draw.percent(60):
                found.append((at + millis(draw.number(1, 5_000)), made))
        return found

    def _deed(self) -> ClusterAction:
        draw, spec = self.draw, self.spec
        topic = spec.topics[draw.dice.below(len(spec.topics))].name
        group = draw.of(*dict.fromkeys(one.group for one in spec.consumers))
        match draw.dice.below(10):
            case 0:
                return DeleteGroup(group)
            case 1:
                return DeleteOffsets(group, topic)
            case 2:
                return AddPartitions(topic, draw.number(2, PARTITIONS_MAX))
            case 3:
                return ElectLeader(draw.partition(spec), unclean=draw.percent(30))
            case 4:
                return BalanceLeaders()
            case 5:
                return UseEligibleLeaders()
            case 6:
                return Drain(f"broker-{draw.number(1, spec.brokers)}")
            case _:
                setting = draw.of(*SETTINGS)
                return SetTopicConfig(topic, setting, draw.of(*SETTINGS[setting]))


def with_administration(seed: int, spec: ClusterSpec, actions: tuple[Timed, ...], first: Micros) -> tuple[Timed, ...]:
    """The actions with an administrator's among them; in most seeds as they are."""
    draw = Draw(seed, "fuzz of administration")
    if not draw.percent(CHANCE_PERCENT):
        return actions
    return tuple(sorted((*actions, *Administrator(draw, spec, first).deeds()), key=lambda one: one[0]))
