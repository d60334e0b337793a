"""Invariants of replication: one leader an epoch, and what is committed stays, wherever leadership goes."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import JOINS, Fate, Fates
from lab.cluster.invariants.lineage import Lineage
from lab.cluster.invariants.replica import replica_at
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.moments.moments import broker_name
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


class HighWatermarkOrder(Invariant):
    """A high watermark lies in its log; a leader's only rises; a follower's is one a leader has had."""

    claim = "the high watermark never passes the log end and never falls in an epoch"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.newest: dict[TopicPartition, tuple[int, int]] = {}

    @hears(facts.HighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        fate = self.fates.table[fact.partition]
        if fate.retired:
            return
        mark = fact.high_watermark
        end = fate.end_of(node)
        self._within_log(fact, node, end)
        epoch, before = self.newest.get(fact.partition, (-1, 0))
        if fact.leader_epoch == epoch:
            self.checked += 1
            if mark <= before:
                raise self.violated(f"{fact.partition} on {node} fell from {before} to {mark}")
        if fact.leader_epoch >= epoch:
            self.newest[fact.partition] = fact.leader_epoch, mark

    @hears(facts.HighWatermarkLearnt)
    def _learnt(self, world: World, node: NodeId, fact: facts.HighWatermarkLearnt) -> None:
        fate = self.fates.table[fact.partition]
        if fate.retired:
            return
        mark = fact.high_watermark
        self._within_log(fact, node, fate.end_of(node))
        self.checked += 1
        if mark > fate.highest:
            raise self.violated(f"{fact.partition} on {node} follows to {mark} but no leader passed {fate.highest}")

    def _within_log(self, fact: facts.HighWatermarkMoved | facts.HighWatermarkLearnt, node: NodeId, end: int) -> None:
        self.checked += 1
        if fact.high_watermark > end or fact.log_end_offset != end:
            raise self.violated(
                f"{fact.partition} on {node} has {fact.high_watermark} told end {fact.log_end_offset} true end {end}"
            )


class OneLeader(Invariant):
    """Only who was elected in an epoch leads in it; epochs rise one by one."""

    claim = "at most one leader an epoch, the elected one"

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        fate = self.fates.table[fact.partition]
        if fate.retired:
            return
        before = fate.elected_epoch
        self.require(
            before <= fact.leader_epoch <= before + 1 and fact.partition_epoch > fate.partition_epoch,
            fact.partition, "leader epoch", before, "to", fact.leader_epoch,
            "partition epoch", fate.partition_epoch, "to", fact.partition_epoch,
        )  # fmt: skip

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        fate = self.fates.table[fact.partition]
        if fate.retired:
            return
        epoch = fact.leader_epoch
        elected = fate.elections[epoch].leader_id if epoch <= fate.elected_epoch else -1
        self.require(
            node == broker_name(elected),
            fact.partition, "is led by", node, "in epoch", epoch, "but elected was", elected,
        )  # fmt: skip


class LeaderCompleteness(Invariant):
    """Whoever leads in a later epoch than one that committed a record has that record."""

    claim = "a new leader has every committed record"

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        fate = self.fates.table[fact.partition]
        epoch = fact.leader_epoch
        # Compared with the epoch that committed: a stale leader between both may hold other records.
        if epoch < max(fate.leader_epoch, fate.commit_epoch) or fate.retired or fate.may_lose(epoch):
            return
        self._demand(fate, fact.partition, node, fate.committed.end, fate.commit_epoch)

    @hears(facts.HighWatermarkMoved)
    def _late_commit(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        """A leader that was replaced may still commit what its followers had fetched before."""
        fate = self.fates.table[fact.partition]
        epoch, end = fact.leader_epoch, fact.high_watermark
        if fate.doomed_below <= epoch < fate.leader_epoch and not fate.retired:
            self._demand(fate, fact.partition, fate.leader, end, epoch, fate.copies.get(node))

    def _demand(
        self, fate: Fate, partition: TopicPartition, node: NodeId, end: int, epoch: int,
        reference: Lineage | None = None,
    ) -> None:  # fmt: skip
        copy = fate.copies.get(node)
        committed = reference if reference is not None else fate.committed
        holds = not end or (copy is not None and copy.agrees(committed, end)) or fate.cut_by_rule(node, committed, end)
        self.require(
            holds,
            partition, "on", node, "ends at", fate.end_of(node), "with epochs",
            copy and list(zip(copy.epochs, copy.starts, strict=True)),
            "but epoch", epoch, "committed up to", end,
        )  # fmt: skip


class CommittedNeverRewritten(Invariant):
    """No leader writes where something is committed, but one who was replaced before that."""

    claim = "a committed offset is never written again"

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        fate = self.fates.table[fact.partition]
        base, epoch = fact.batch.base_offset, fact.leader_epoch
        stale = epoch < max(fate.commit_epoch, fate.doomed_below)
        self.checked += 1
        if base < fate.committed.end and not stale and not fate.retired:
            raise self.violated(
                f"{fact.partition} offset {base} in epoch {epoch} on {node} but epoch {fate.commit_epoch} "
                f"committed up to {fate.committed.end}"
            )


class AckedIsCommitted(Invariant):
    """What acks=all acknowledged is committed, and is what the answer says: with leader completeness it stays."""

    claim = "a record acknowledged with acks=all is committed at its offset"

    @hears(facts.RecordsAcked)
    def _acked(self, world: World, node: NodeId, fact: facts.RecordsAcked) -> None:
        base = fact.base_offset
        if fact.acks != -1 or base < 0:
            return
        fate = self.fates.table[fact.partition]
        end = base + len(fact.births)
        if fate.retired:
            return
        self.checked += 1
        if end > fate.highest:
            raise self.violated(
                f"{fact.producer} {fact.births[0]} in {fact.partition} at {base} but no leader committed beyond "
                f"{fate.highest}"
            )
        truth = self.ledger.partition(fact.partition)
        for offset, birth in {base: fact.births[0], end - 1: fact.births[-1]}.items():
            name = f"{fact.producer}:{birth}"
            stored = truth.birth_at(offset) if offset < truth.log_end_offset else "nothing"
            self.checked += 1
            if stored != name and not (fate.excused(offset) or (stored is None and fate.rotten(offset))):
                raise self.violated(f"{name} in {fact.partition} at {offset} where {stored} is")


class InSyncReplicasHold(Invariant):
    """The ISR are replicas, the leader is one of them, and each has all that is committed."""

    claim = "every in-sync replica has what its leader committed"

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        isr = fact.in_sync_replicas
        members = dict.fromkeys(isr)
        sound = (
            (bool(isr) or fact.eligible is not None)
            and len(members) == len(isr)
            and all(one in fact.replicas for one in isr)
            and (fact.leader_id < 0 or fact.leader_id in members)
        )
        self.require(
            sound,
            fact.partition, "leader", fact.leader_id, "ISR", isr, "replicas", fact.replicas,
        )  # fmt: skip
        fate = self.fates.table[fact.partition]
        if fact.reason in JOINS and not fate.retired and not fate.may_lose(fact.leader_epoch):
            self._compare(fate, fact.partition, isr, fate.committed.end)

    @hears(facts.HighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        fate = self.fates.table[fact.partition]
        if fact.leader_epoch == fate.elected_epoch and not fate.retired:
            self._compare(fate, fact.partition, fate.in_sync_replicas, fact.high_watermark, node)

    def _compare(
        self, fate: Fate, partition: TopicPartition, isr: tuple[int, ...], mark: int, leader: NodeId = ""
    ) -> None:
        copies = fate.copies
        for broker_id in isr:
            name = broker_name(broker_id)
            end = copies[name].end if name in copies else 0
            # Who lost records with its power leaves the ISR when it signs on; the controller cannot know before. Who
            # joins it has all.
            self.checked += 1
            if end < mark and not (broker_id in fate.in_sync_replicas and self._may_lack(fate, name, leader, mark)):
                raise self.violated(f"{partition} on {name} ends at {end} and is in sync at high watermark {mark}")

    def _may_lack(self, fate: Fate, name: NodeId, leader: NodeId, mark: int) -> bool:
        return name in fate.cut or fate.cut_by_rule(name, fate.copies.get(leader, fate.committed), mark)


class FollowersAgree(Invariant):
    """Below its high watermark a follower holds what is committed."""

    claim = "below the high watermark a follower equals its leader"

    @hears(facts.HighWatermarkLearnt)
    def _learnt(self, world: World, node: NodeId, fact: facts.HighWatermarkLearnt) -> None:
        fate = self.fates.table[fact.partition]
        end = fact.high_watermark
        copy = fate.copies.get(node)
        if copy is None or end > fate.committed.end or fate.excused(end - 1) or fate.retired:
            return
        self.checked += 1
        if not copy.agrees(fate.committed, end) and self.fates.parting(world, node, fact) is None:
            raise self.violated(
                f"{fact.partition} on {node} has epoch {copy.epoch_at(end - 1)} at {end - 1} where epoch "
                f"{fate.committed.epoch_at(end - 1)} is committed"
            )


class EnoughCopies(Invariant):
    """Below min.insync.replicas nothing is committed, whatever the producer's acks (KAFKA-15583, spec 2.4)."""

    claim = "what is committed is on min.insync.replicas replicas"

    @hears(facts.HighWatermarkMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        if replica is None or fact.leader_epoch < fate.doomed_below or fate.retired:
            return
        mark, copies, count = fact.high_watermark, fate.copies, 0
        for broker_id in replica.replicas:
            name = broker_name(broker_id)
            has = name in copies and copies[name].end >= mark
            # Who lost it with its power had it; the leader cannot know yet.
            count += has or name in fate.cut or fate.cut_by_rule(name, copies.get(node, fate.committed), mark)
        wanted = min(replica.log.config.min_insync_replicas, len(replica.replicas))
        self.checked += 1
        if count < wanted:
            raise self.violated(f"{fact.partition} up to {mark} on {count} replicas, wanted {wanted}")


ALL: tuple[type[Invariant], ...] = (
    HighWatermarkOrder,
    OneLeader,
    LeaderCompleteness,
    CommittedNeverRewritten,
    AckedIsCommitted,
    InSyncReplicasHold,
    FollowersAgree,
    EnoughCopies,
)
