"""Pauses: how long partitions were without a reader, because one had given them up and no other had taken them yet."""

from lab.cluster.watch import Observer, hears
from lab.env import Micros, NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


class Pauses(Observer):
    """Of each group and partition: since when nobody has it, and for how long nobody had it before that. Who dies
    without a word has given up nothing; that is told by the lag.
    """

    def __init__(self) -> None:
        self.since: dict[tuple[str, TopicPartition], Micros] = {}
        self.before: dict[tuple[str, TopicPartition], Micros] = {}

    def unread(self, group_id: str, partition: TopicPartition, now: Micros) -> Micros:
        """In all, until now."""
        key = group_id, partition
        return self.before.get(key, 0) + now - self.since.get(key, now)

    @hears(facts.PartitionsRevoked)
    def _given_up(self, world: World, node: NodeId, fact: facts.PartitionsRevoked) -> None:
        if not fact.lost:  # what was lost may have another reader for long
            for partition in fact.revoked:
                self.since.setdefault((fact.group_id, partition), world.now)

    @hears(facts.PartitionsAssigned)
    def _taken(self, world: World, node: NodeId, fact: facts.PartitionsAssigned) -> None:
        for partition in fact.added if self.since else ():
            begun = self.since.pop((fact.group_id, partition), None)
            if begun is not None:
                key = fact.group_id, partition
                self.before[key] = self.before.get(key, 0) + world.now - begun
