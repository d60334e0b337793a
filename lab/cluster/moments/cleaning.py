"""CleaningMoments: when a log is cleaned, on the replica that leads it. Of retention, Moments tells."""

from lab.cluster.ledger.ledger import Ledger
from lab.cluster.moments.moments import INTERNAL
from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


class CleaningMoments(Observer):
    """Marks the key moments of the cleaner. Followers do the same at other times; that is not news."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def _is_news(self, node: NodeId, partition: TopicPartition) -> bool:
        truth = self.ledger.partitions.get(partition)
        return not partition.topic.startswith(INTERNAL) and truth is not None and node == truth.leader

    @hears(facts.Compacted)
    def _done(self, world: World, node: NodeId, fact: facts.Compacted) -> None:
        if self._is_news(node, fact.partition):
            world.mark(
                "cleaned", str(fact.partition),
                f"{node} has cleaned {fact.partition} up to {fact.end_offset}: "
                f"{fact.kept} of {fact.seen} records stay",
            )  # fmt: skip

    @hears(facts.CleaningFailed)
    def _failed(self, world: World, node: NodeId, fact: facts.CleaningFailed) -> None:
        world.mark("cleaning", str(fact.partition), f"{node} cannot clean {fact.partition}: {fact.reason}")
