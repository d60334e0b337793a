"""Invariants of reassignment: it ends with exactly its target, and no record is left behind."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.moments.moments import broker_name
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

REMEMBERED = 16
Course = tuple[tuple[int, ...], tuple[int, ...]]
"""What a reassignment leads to: its target, and the replicas that are left when it is cancelled."""


class ReassignmentEnds(Invariant):
    """Replicas are dropped only when every target is in sync and has all that is committed (spec 2.11)."""

    claim = "a reassignment ends with its target, all of it in sync"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.courses: dict[TopicPartition, Course] = {}
        self.asked: dict[TopicPartition, list[tuple[int, ...]]] = {}
        """Targets, newest last, since the partition was last where somebody wanted it."""

    @hears(facts.ReassignmentAsked)
    def _asked(self, world: World, node: NodeId, fact: facts.ReassignmentAsked) -> None:
        for name, target in fact.partitions.items():
            if target is not None:
                self.asked[name] = [*self.asked.get(name, ())[1 - REMEMBERED :], target]

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        adding, removing = fact.reassignment
        name = fact.partition
        if adding or removing:
            target = tuple(one for one in fact.replicas if one not in removing)
            self.courses[name] = target, tuple(one for one in fact.replicas if one not in adding)
            return
        course = self.courses.pop(name, None)
        if course is not None and fact.reason in ("reassigned", "cancelled"):
            wanted = course[fact.reason == "cancelled"]
            self.require(fact.replicas == wanted, name, fact.reason, "with", fact.replicas, "wanted", wanted)
        # At once: another target, all in sync already, in place of the one that was on its way. Nothing was noted of it
        # before; and a controller that lost its place may have been asked for more than it could write.
        if fact.reason == "reassigned at once":
            asked = self.asked.get(name, [])
            self.require(fact.replicas in asked, name, fact.reason, "with", fact.replicas, "and asked were", asked)
        if fact.reason in ("reassigned", "reassigned at once"):
            self.asked.pop(name, None)
            self._demand(fact)

    def _demand(self, fact: facts.PartitionChanged) -> None:
        fate = self.fates.table[fact.partition]
        for broker_id in fact.replicas:
            name = broker_name(broker_id)
            end = fate.end_of(name)
            self.require(
                broker_id in fact.in_sync_replicas
                and (
                    end >= fate.committed.end
                    or fate.may_lose(fact.leader_epoch)
                    or name in fate.cut
                    or fate.cut_by_rule(name, fate.committed, fate.committed.end)
                ),
                fact.partition, "on", name, "ends at", end, "of", fate.committed.end,
                "and in sync are", fact.in_sync_replicas,
            )  # fmt: skip

    @hears(facts.TopicDeleted)
    def _deleted(self, world: World, node: NodeId, fact: facts.TopicDeleted) -> None:
        self.courses = {name: course for name, course in self.courses.items() if name.topic != fact.name}
        self.asked = {name: targets for name, targets in self.asked.items() if name.topic != fact.name}


ALL: tuple[type[Invariant], ...] = (ReassignmentEnds,)
