"""RotMoments: when somebody comes upon what a disk has spoilt, each reader once, and what became of it."""

from lab.cluster.invariants.fates import files_begin_at, rot_of
from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


class RotMoments(Observer):
    """Marks the key moments of bit rot. That a byte turns is marked by who turns it."""

    def __init__(self) -> None:
        self.found: dict[tuple[NodeId, TopicPartition, int], None] = {}

    @hears(facts.CorruptBatchFound)
    def _found(self, world: World, node: NodeId, fact: facts.CorruptBatchFound) -> None:
        key = node, fact.partition, fact.offset
        if key in self.found:
            return
        self.found[key] = None
        what = f"corrupt batch of {fact.partition} found by {node} at offset {fact.offset}"
        if isinstance(world.hosts[node].node, Broker):
            what += ": it does not copy it, and asks again and again"
        world.mark("corrupt", str(fact.partition), what)

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        """Recovery reads the end of a log, and cuts it at the first batch that is not sound. Heard before the fates
        forget what was there.
        """
        rot, end = rot_of(world, fact.partition), fact.log_end_offset
        if rot is None or fact.clean:
            return
        first = files_begin_at(world, node, fact.partition)
        deleted = [base for base in rot.batches.get(node, {}) if first is not None and base < first]
        if rot.from_offset(node, end) == end:
            self._cut(world, node, fact.partition, end, "recovery cuts its log there")
        elif deleted:
            then = f"it lies below the log start, nothing is left, and the log begins anew at {end}"
            self._cut(world, node, fact.partition, min(deleted), then)

    def _cut(self, world: World, node: NodeId, partition: TopicPartition, offset: int, then: str) -> None:
        where = f"corrupt batch of {partition} found by {node} at offset {offset}"
        world.mark("corrupt", str(partition), f"{where}: {then}")
