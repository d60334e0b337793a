"""Invariants of eligible leader replicas (KIP-966): each of them could lead now, and nothing would be lost."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.moments.moments import broker_name
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


class EligibleHold(Invariant):
    """Who is eligible has all that is committed, from when it becomes so until it is elected (spec 2.10)."""

    claim = "an eligible leader replica has every committed record"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.eligible: dict[TopicPartition, tuple[int, ...]] = {}

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        name = fact.partition
        before = self.eligible.pop(name, ())
        if fact.reason == "elr":
            known = (*before, *fact.previous_isr)
            self.require(fact.leader_id in known, name, "is led by", fact.leader_id, "but eligible were", known)
        if fact.eligible is not None and fact.eligible[0]:
            self.eligible[name] = fact.eligible[0]
            self._demand(name, self.fates.table[name].committed.end)

    @hears(facts.HighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        if fact.partition not in self.eligible:
            return
        if fact.leader_epoch >= self.fates.table[fact.partition].doomed_below:
            self._demand(fact.partition, fact.high_watermark)

    def _demand(self, partition: TopicPartition, committed: int) -> None:
        fate = self.fates.table[partition]
        if fate.retired or fate.doomed_below > fate.leader_epoch:
            return
        for broker_id in self.eligible[partition]:
            end = fate.end_of(broker_name(broker_id))
            holds = end >= committed or fate.cut_by_rule(broker_name(broker_id), fate.committed, committed)
            self.require(holds, partition, "on", broker_name(broker_id), "ends at", end, "of", committed)

    @hears(facts.TopicDeleted)
    def _deleted(self, world: World, node: NodeId, fact: facts.TopicDeleted) -> None:
        self.eligible = {name: found for name, found in self.eligible.items() if name.topic != fact.name}


ALL: tuple[type[Invariant], ...] = (EligibleHold,)
