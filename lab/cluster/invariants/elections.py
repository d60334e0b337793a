"""Invariants of the controller: who may lead, and who may be in sync."""

from collections.abc import Mapping

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.combined import controller_of
from lab.kafka.controller.node import ControllerNode
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

GROWS = ("created", "isr", "reassigned", "reassigned at once", "unclean", "elr", "last known leader")
"""Reasons for which the ISR may get members: no election adds any, but those that leave the ISR."""

UNCLEAN = "unclean.leader.election.enable"


class FencedLeadNothing(Invariant):
    """A broker from which the controller does not hear gets no leadership and joins no ISR (spec 2.9)."""

    claim = "a fenced broker is not elected and does not join the in-sync replicas"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.fenced: dict[int, None] = {}

    @hears(facts.BrokerRegistered, facts.BrokerFenced)
    def _fenced(self, world: World, node: NodeId, fact: facts.BrokerRegistered | facts.BrokerFenced) -> None:
        self.fenced[fact.broker_id] = None

    @hears(facts.BrokerUnfenced)
    def _unfenced(self, world: World, node: NodeId, fact: facts.BrokerUnfenced) -> None:
        self.fenced.pop(fact.broker_id, None)

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        fate = self.fates.table[fact.partition]
        elected = fact.leader_epoch > fate.elected_epoch
        added = [one for one in fact.in_sync_replicas if one not in fate.in_sync_replicas]
        self.require(
            not (elected and fact.leader_id in self.fenced) and not any(one in self.fenced for one in added),
            fact.partition, "leader", fact.leader_id, "ISR", fact.in_sync_replicas, "but fenced are", [*self.fenced],
        )  # fmt: skip


class ElectionsStayInSync(Invariant):
    """An election takes a leader from the ISR and adds nobody to it, unless an unclean one is allowed or asked for."""

    claim = "only the in-sync are elected, unless an unclean election is wanted"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.asked: dict[TopicPartition, None] = {}
        self.all_asked = False

    @hears(facts.UncleanElectionAsked)
    def _asked(self, world: World, node: NodeId, fact: facts.UncleanElectionAsked) -> None:
        self.all_asked = fact.partitions is None
        self.asked = dict.fromkeys(fact.partitions or ())

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        fate = self.fates.table[fact.partition]
        if fact.reason == "unclean":
            self.require(
                self._wanted(world, node, fact.partition),
                fact.partition, "is led by", fact.leader_id, "which was not in", fate.in_sync_replicas,
            )  # fmt: skip
        elif fact.reason not in GROWS and not fate.retired:
            self.require(
                all(one in fate.in_sync_replicas for one in fact.in_sync_replicas),
                fact.partition, fact.reason, "ISR", fate.in_sync_replicas, "to", fact.in_sync_replicas,
            )  # fmt: skip

    def _wanted(self, world: World, node: NodeId, partition: TopicPartition) -> bool:
        host = world.hosts.get(node)
        process = controller_of(host.node) if host is not None else None
        asked = self.all_asked or partition in self.asked
        self.asked.pop(partition, None)
        return asked or (process is not None and _allowed(process, partition.topic))


def _allowed(process: ControllerNode, topic: str) -> bool:
    """By the topic's own setting, else that of all brokers, else the controller's."""
    levels: tuple[Mapping[str, object], ...] = (
        process.image.topics[topic].config if topic in process.image.topics else {},
        process.image.broker_config.get("", {}),
        process.config.static,
    )
    found = next((level[UNCLEAN] for level in levels if UNCLEAN in level), False)
    return str(found).lower() == "true"


ALL: tuple[type[Invariant], ...] = (FencedLeadNothing, ElectionsStayInSync)
