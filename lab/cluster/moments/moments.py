"""Moments: which facts are worth stopping for, and in which words.

A key moment is a tick on the timeline, a place to step to, and the beginning of a *why?*.
"""

from functools import cache

from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.config.truncation import ENDED_BY, FENCED_EPOCH, HIGH_WATERMARK, LAST_EPOCH
from lab.world.world import World

INTERNAL = "__"
HOW = {
    "unclean": " (unclean: it was not in sync)",
    "elr": " (it was eligible: it has all that is committed)",
    "last known leader": " (it led last, and nobody better is left)",
}
"""What is said about elections that do not take a member of the ISR."""


@cache
def broker_name(broker_id: int) -> NodeId:
    """The host of a broker id."""
    return f"broker-{broker_id}"


def names(broker_ids: tuple[int, ...]) -> str:
    """Broker ids in a sentence."""
    return ", ".join(str(broker_id) for broker_id in broker_ids) or "nobody"


class Moments(Observer):
    """Marks the key moments of a world as the facts come."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._lost = 0

    # --- partitions -------------------------------------------------------------------------------

    @hears(facts.PartitionChanged)
    def _partition(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        if fact.partition.topic.startswith(INTERNAL) or fact.reason == "created":
            return
        if fact.leader_id != fact.previous_leader_id:
            world.mark("leader", str(fact.partition), self._election(fact))
        gone = [one for one in fact.previous_isr if one not in fact.in_sync_replicas]
        back = [one for one in fact.in_sync_replicas if one not in fact.previous_isr]
        for broker_id in gone:
            world.mark(
                "isr", str(fact.partition),
                f"broker-{broker_id} leaves the ISR of {fact.partition}: now {names(fact.in_sync_replicas)}",
            )  # fmt: skip
        for broker_id in back:
            world.mark(
                "isr+", str(fact.partition),
                f"broker-{broker_id} is back in the ISR of {fact.partition}: now {names(fact.in_sync_replicas)}",
            )  # fmt: skip

        self._moving(world, fact)

    def _moving(self, world: World, fact: facts.PartitionChanged) -> None:
        """Replicas on their way to other brokers, and who could still lead when the ISR is too small."""
        subject = str(fact.partition)
        adding, removing = fact.reassignment
        if fact.reason == "reassign":
            target = tuple(one for one in fact.replicas if one not in removing)
            text = f"{subject} is to be on {names(target)}: to copy, {names(adding)}; to go, {names(removing)}"
            world.mark("reassign", subject, text)
        elif fact.reason in ("reassigned", "reassigned at once", "cancelled"):
            world.mark("reassigned", subject, f"{subject} is {fact.reason}: its replicas are {names(fact.replicas)}")
        if fact.eligible is not None and fact.eligible[0] and fact.previous_isr != fact.in_sync_replicas:
            world.mark("elr", subject, f"{subject} may also be led by {names(fact.eligible[0])}: nothing would be lost")

    def _election(self, fact: facts.PartitionChanged) -> str:
        if fact.leader_id < 0:
            return f"{fact.partition} has no leader: no in-sync replica is left"
        how = HOW.get(fact.reason, "")
        return f"broker-{fact.leader_id} leads {fact.partition} in epoch {fact.leader_epoch}{how}"

    @hears(facts.Truncated)
    def _truncated(self, world: World, node: NodeId, fact: facts.Truncated) -> None:
        if fact.log_end_offset <= fact.offset or fact.partition.topic.startswith(INTERNAL):
            return
        text = f"{node} cuts {fact.partition} back from {fact.log_end_offset} to {fact.offset}"
        world.mark("truncated", str(fact.partition), text + self._why(world, node, fact))

    def _why(self, world: World, node: NodeId, fact: facts.Truncated) -> str:
        """An older rule says where by itself; today's is the leader's word."""
        process = world.hosts[node].node
        rule = process.config.replica_truncation_rule if isinstance(process, Broker) else FENCED_EPOCH
        if rule == HIGH_WATERMARK and fact.offset == fact.high_watermark:
            return f": its own high watermark, as Kafka did before {ENDED_BY[rule]}"
        if rule == LAST_EPOCH:
            return f": where its last epoch ended, asked once, as Kafka did before {ENDED_BY[rule]}"
        return ""

    @hears(facts.LogStartMoved)
    def _start(self, world: World, node: NodeId, fact: facts.LogStartMoved) -> None:
        truth = self.ledger.partitions.get(fact.partition)
        if truth is None or node != truth.leader:
            return
        world.mark(
            "retention", str(fact.partition),
            f"{fact.partition} now starts at {fact.log_start_offset} ({fact.reason})",
        )  # fmt: skip

    # --- brokers ----------------------------------------------------------------------------------

    @hears(facts.BrokerFenced)
    def _fenced(self, world: World, node: NodeId, fact: facts.BrokerFenced) -> None:
        world.mark(
            "broker", broker_name(fact.broker_id),
            f"The controller fences broker-{fact.broker_id}: {fact.reason}",
        )  # fmt: skip

    @hears(facts.BrokerUnfenced)
    def _unfenced(self, world: World, node: NodeId, fact: facts.BrokerUnfenced) -> None:
        if world.now > 0:
            world.mark("broker+", broker_name(fact.broker_id), f"broker-{fact.broker_id} may serve again")

    @hears(facts.LogDirFailed)
    def _disk(self, world: World, node: NodeId, fact: facts.LogDirFailed) -> None:
        world.mark("broker", node, f"{node} stops: {fact.reason}")

    @hears(facts.HeapAlarm)
    def _nearly_full(self, world: World, node: NodeId, fact: facts.HeapAlarm) -> None:
        percent = 100 * fact.used_bytes // fact.capacity_bytes
        world.mark("alarm", node, f"{node}: {percent} % of the heap is taken by producer ids")

    @hears(facts.HeapExhausted)
    def _full(self, world: World, node: NodeId, fact: facts.HeapExhausted) -> None:
        world.mark("broker", node, f"{node} stops: java.lang.OutOfMemoryError, its heap is full of producer ids")

    # --- groups and clients -----------------------------------------------------------------------

    @hears(facts.GroupStateChanged)
    def _group(self, world: World, node: NodeId, fact: facts.GroupStateChanged) -> None:
        if fact.state == "PreparingRebalance":
            world.mark("rebalance", fact.group_id, f"{fact.group_id} rebalances: {fact.reason}")
        elif fact.state == "Stable":
            world.mark(
                "stable", fact.group_id,
                f"{fact.group_id} is stable in generation {fact.generation_id}",
            )  # fmt: skip

    @hears(facts.ConsumerGroupChanged)
    def _consumer_group(self, world: World, node: NodeId, fact: facts.ConsumerGroupChanged) -> None:
        if fact.reason:
            world.mark("rebalance", fact.group_id, f"{fact.group_id} rebalances: {fact.reason}")
        if fact.state == "Stable":
            world.mark("stable", fact.group_id, f"{fact.group_id} is stable in epoch {fact.group_epoch}")

    @hears(facts.GroupConverted)
    def _converted(self, world: World, node: NodeId, fact: facts.GroupConverted) -> None:
        with_members = f" with {len(fact.members)} members in it" if fact.members else ""
        world.mark(
            "changed", fact.group_id, f"{fact.group_id} goes over to the {fact.group_type} protocol{with_members}"
        )

    @hears(facts.LeftGroup)
    def _left(self, world: World, node: NodeId, fact: facts.LeftGroup) -> None:
        world.mark("client", fact.member, f"{fact.member} leaves {fact.group_id}: {fact.reason}")

    @hears(facts.PollFailed)
    def _ended(self, world: World, node: NodeId, fact: facts.PollFailed) -> None:
        world.mark("client", fact.member, f"{fact.member} ends with {fact.exception}")

    @hears(facts.CommitFailed)
    def _commit(self, world: World, node: NodeId, fact: facts.CommitFailed) -> None:
        world.mark("client", fact.member, f"{fact.member} may not commit: {fact.error}")

    @hears(facts.TransactionFailed)
    def _transaction_failed(self, world: World, node: NodeId, fact: facts.TransactionFailed) -> None:
        if fact.fatal:
            world.mark("client", node, f"{node} may not go on as {fact.transactional_id}: {fact.error}")

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        if fact.reason in ("out of range", "truncated", "seek"):
            world.mark(
                "client", fact.member,
                f"{fact.member} goes to {fact.offset} in {fact.partition}: {fact.reason}",
            )  # fmt: skip

    @hears(facts.AdminResult)
    def _administered(self, world: World, node: NodeId, fact: facts.AdminResult) -> None:
        name = fact.request.removesuffix("Request")
        if fact.error:
            world.mark("changed", node, f"{name}: {fact.error}")
        elif fact.text:
            world.mark("changed", node, f"{name}: {fact.text}")

    @hears(facts.BecameLeader, facts.RecordsAcked)
    def _loss(self, world: World, node: NodeId, fact: object) -> None:
        # Heard after the ledger has drawn its conclusion from the same fact.
        lost = self.ledger.lost()
        if lost > self._lost:
            count = lost - self._lost
            records = "record is" if count == 1 else "records are"
            world.mark("loss", node, f"{count} acknowledged {records} lost")
        self._lost = lost
