"""Fates: per partition, what each replica holds, what is committed, and from where on losing it was legal.

Kafka may lose committed records in two ways only, and both are computed here, never assumed. An unclean
election makes a leader of a replica that was not in sync. And a replica that alone is in sync may have
lost unflushed records with its power: it leads again, since nobody else is allowed to. The same may happen
where a disk has spoilt a batch and recovery cuts the log there; which batches that are is kept in Rot. Older
Kafkas had more ways, and what these allow is computed too, in OlderRules.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from lab.cluster.invariants.lineage import Lineage
from lab.cluster.invariants.older_rules import OlderRules, rule_at
from lab.cluster.invariants.replica import replica_at
from lab.cluster.invariants.rot import Rot
from lab.cluster.moments.moments import broker_name
from lab.cluster.watch import Observer, Watch, hears
from lab.env import NodeId, Packed
from lab.env.vec import Vec
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.config.truncation import COMMON_EPOCH, FENCED_EPOCH, HIGH_WATERMARK
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.witness import PowerLost
from lab.world.world import World

NOWHERE = 1 << 62
JOINS = ("isr", "reassigned", "reassigned at once")
"""Reasons of a change with which a replica that has caught up joins the ISR."""
NEAR = 8
Written = facts.Appended | facts.Copied
Taken = facts.Copied | facts.HighWatermarkLearnt
"""What a follower takes from its leader."""
Stored = tuple[int, int, int]
"""A batch as (base offset, next offset, CRC)."""


class Branch:
    """All batches of one leader epoch, in order; `previous`: the epoch of the record before the first one."""

    __slots__ = ("batches", "end", "previous", "start")

    def __init__(self, start: int, previous: int) -> None:
        self.start = self.end = start
        self.previous = previous
        self.batches: Vec[Stored] = Vec()

    def note(self, batch: RecordBatch) -> None:
        """Whoever writes a batch first defines it."""
        if batch.base_offset >= self.end:
            self.batches.append((batch.base_offset, batch.next_offset, batch.crc))
            self.end = batch.next_offset

    def find(self, base_offset: int) -> Stored | None:
        """The batch that begins there, or that reaches over it; None beyond the end."""
        if base_offset >= self.end:
            return None
        batches = self.batches
        for one in reversed(batches.tail):  # a follower is seldom further behind
            if one[0] <= base_offset:
                return one
        low = high = max(0, batches.spine.count - 1)
        while low > 0 and batches[low][0] > base_offset and high - low < NEAR:
            low -= 1
        if batches[low][0] > base_offset:
            low, high = 0, low
            while low < high:
                middle = (low + high + 1) // 2
                if batches[middle][0] <= base_offset:
                    low = middle
                else:
                    high = middle - 1
        return batches[low]


@dataclass(slots=True)
class Election(Packed):
    """What the controller decided in one leader epoch."""

    leader_id: int
    in_sync_replicas: tuple[int, ...]
    reason: str


@dataclass(slots=True)
class Fate(Packed):
    """One partition. `doomed_below`: leaders of lower epochs commit what the newest one need not have.

    From `lost_from` to `lost_until` a legal loss may have taken records. `cut`: replicas whose log was
    shortened by a power loss, with the end that was left. `floors`: what of a replica was flushed when its
    power went. `cleaning`: where each replica's newest clean ends. `retired`: the topic was deleted, and a
    later one of that name could not be told apart.
    `older`: only where a replica ever followed by an older rule. `rot`: only where a disk ever spoilt a batch.
    """

    copies: dict[NodeId, Lineage] = field(default_factory=dict[NodeId, Lineage])
    log_starts: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    branches: dict[int, Branch] = field(default_factory=dict[int, Branch])
    elections: Vec[Election] = field(default_factory=Vec[Election])
    in_sync_replicas: tuple[int, ...] = ()
    partition_epoch: int = -1
    leader: NodeId = ""
    leader_epoch: int = -1
    committed: Lineage = field(default_factory=Lineage)
    commit_epoch: int = -1
    highest: int = 0
    compacted: int = 0
    cleaning: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    doomed_below: int = -1
    lost_from: int = NOWHERE
    lost_until: int = 0
    cut: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    floors: dict[NodeId, int] = field(default_factory=dict[NodeId, int])
    retired: bool = False
    older: OlderRules | None = None
    rot: Rot | None = None

    @property
    def elected_epoch(self) -> int:
        """The newest leader epoch the controller has committed."""
        return len(self.elections) - 1

    def end_of(self, node: NodeId) -> int:
        """The log end offset of a replica."""
        copy = self.copies.get(node)
        return copy.end if copy is not None else 0

    def may_lose(self, leader_epoch: int) -> bool:
        """Whether the newest leader of that epoch may lack committed records."""
        return self.leader_epoch < self.doomed_below <= leader_epoch

    def batch_at(self, copy: Lineage, offset: int) -> int:
        """Where the batch of a log begins that reaches over `offset`; the offset itself if it is between two."""
        branch = self.branches.get(copy.epoch_at(offset))
        found = branch.find(offset) if branch is not None else None
        return found[0] if found is not None else offset

    def cut_by_rule(self, node: NodeId, committed: Lineage, end: int) -> bool:
        """Whether what a replica lacks of `committed` below `end` is gone by the rule that was in force there."""
        older = self.older
        return older is not None and older.explain(node, self.copies.get(node) or Lineage(), committed, end)

    def excused(self, offset: int) -> bool:
        """Whether what stood at `offset` may be gone, or about to go, without anybody's mistake."""
        return self.lost_from <= offset < self.lost_until or self.doomed_below > self.leader_epoch

    def rotten(self, offset: int) -> bool:
        """Whether the leader's disk has spoilt what stands at `offset`."""
        return self.rot is not None and self.rot.holds(self.leader, offset)


def fates_of(world: World) -> "Fates | None":
    """Those of a world; None where nobody watches."""
    watch = world.witness
    assert isinstance(watch, Watch)
    return next((one for one in watch.observers if isinstance(one, Fates)), None)


def rot_of(world: World, partition: TopicPartition) -> Rot | None:
    """Which batches of a partition disks have spoilt; None where they never did, or nobody watches."""
    fates = fates_of(world)
    fate = fates.table.get(partition) if fates is not None else None
    return fate.rot if fate is not None else None


def files_begin_at(world: World, node: NodeId, partition: TopicPartition) -> int | None:
    """At which offset the oldest file of a replica's log begins; None where no process runs."""
    replica = replica_at(world, node, partition)
    return replica.log.segments[0].base_offset if replica is not None else None


class Fates(Observer):
    """Hears everything last; the invariants read it as it was before the fact they hear."""

    def __init__(self) -> None:
        # A subclass of dict would be slower at each look: what it does not override, it still finds by name.
        self.table: defaultdict[TopicPartition, Fate] = defaultdict(Fate)
        """Each partition's, begun when it is first asked for."""
        self.failed_disks: dict[NodeId, None] = {}
        self.partitions: dict[str, int] = {}

    # --- logs -------------------------------------------------------------------------------------

    @hears(facts.Appended, facts.Copied)
    def _written(self, world: World, node: NodeId, fact: Written) -> None:
        fate = self.table[fact.partition]
        batch = fact.batch
        copy = fate.copies.get(node)
        if copy is None:
            copy = fate.copies[node] = Lineage()
        branch = fate.branches.get(batch.leader_epoch)
        if branch is None:
            previous = copy.epoch_at(copy.end - 1)
            branch = fate.branches[batch.leader_epoch] = Branch(batch.base_offset, previous)
        branch.note(batch)
        if (
            fate.older is not None
            and isinstance(fact, facts.Copied)
            and (not copy.epochs or copy.epochs[-1] != batch.leader_epoch)
        ):
            self._note_parting(world, node, fact, fate.older)
        copy.extend(batch.leader_epoch, batch.base_offset, batch.next_offset)
        if fate.older is not None:
            fate.older.copied(node, copy)

    @hears(facts.Truncated)
    def _truncated(self, world: World, node: NodeId, fact: facts.Truncated) -> None:
        fate = self.table[fact.partition]
        copy = fate.copies.get(node)
        if copy is not None:
            if fate.older is not None:
                fate.older.truncated(node, copy, fact.offset, fact.high_watermark, rule_at(world, node))
                fate.older.ragged[node] = fate.batch_at(copy, fact.offset)
            copy.cut(fact.offset)
            if fate.rot is not None:
                fate.rot.cut(node, fact.offset)
        elif fact.offset:
            fate.copies[node] = Lineage(fact.offset)  # a new replica whose leader has deleted all that would come first
        if fact.offset < fate.log_starts.get(node, 0):
            fate.log_starts[node] = fact.offset

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        fate = self.table[fact.partition]
        # What a crash kept from being swapped in was at this start (spec 1.5), and nobody tells of that.
        fate.compacted = max(fate.compacted, fate.cleaning.pop(node, 0))
        end = fact.log_end_offset
        copy = fate.copies.get(node)
        if copy is None:
            if end:
                fate.copies[node] = Lineage(end)
        elif end != copy.end:
            if end < copy.end:
                fate.cut[node] = end
            copy.cut(end)
            if fate.older is not None:
                fate.older.ends_at(node, end)
            if fate.rot is not None:
                fate.rot.cut(node, end)
        self._forget_deleted_rot(world, node, fact.partition)
        fate.floors.pop(node, None)
        fate.log_starts[node] = fact.log_start_offset

    @hears(facts.ReplicaDeleted)
    def _replica_deleted(self, world: World, node: NodeId, fact: facts.ReplicaDeleted) -> None:
        """What begins here again one day is another replica."""
        fate = self.table[fact.partition]
        for kept in (fate.copies, fate.log_starts, fate.cut, fate.floors):
            kept.pop(node, None)
        if fate.older is not None:
            fate.older.forget(node)
        if fate.rot is not None:
            fate.rot.cut(node, 0)

    @hears(facts.BatchRotted)
    def _rotted(self, world: World, node: NodeId, fact: facts.BatchRotted) -> None:
        fate = self.table[fact.partition]
        fate.rot = fate.rot or Rot()
        fate.rot.add(node, fact.base_offset, fact.next_offset)

    @hears(facts.SegmentsDeleted)
    def _segments_deleted(self, world: World, node: NodeId, fact: facts.SegmentsDeleted) -> None:
        self._forget_deleted_rot(world, node, fact.partition)

    def _forget_deleted_rot(self, world: World, node: NodeId, partition: TopicPartition) -> None:
        rot, first = self.table[partition].rot, files_begin_at(world, node, partition)
        if rot is not None and first is not None:
            rot.begin(node, first)

    # --- older rules ------------------------------------------------------------------------------

    @hears(facts.BecameFollower)
    def _follower(self, world: World, node: NodeId, fact: facts.BecameFollower) -> None:
        fate = self.table[fact.partition]
        if rule_at(world, node) != FENCED_EPOCH:
            fate.older = fate.older or OlderRules()
            copy = fate.copies.get(node)
            fate.older.fresh[node] = copy.epochs[-1] if copy is not None and copy.epochs else -1
        elif fate.older is not None:
            fate.older.fresh.pop(node, None)

    def unfenced(self, world: World, node: NodeId, fact: Taken) -> bool:
        """Whether a follower copies in an epoch that is over, because its fetches name none (before KIP-320)."""
        fate = self.table[fact.partition]
        return fact.leader_epoch < fate.leader_epoch and rule_at(world, node) != FENCED_EPOCH

    def parting(self, world: World, node: NodeId, fact: Taken) -> tuple[int, int] | None:
        """From where and up to where the log of a follower that copies this, or learns this high watermark, differs
        from its leader's, if its rule lets it; None if it should not.
        """
        fate = self.table[fact.partition]
        older, copy, process = fate.older, fate.copies.get(node), world.hosts[node].node
        replica = process.partitions.get(fact.partition) if isinstance(process, Broker) else None
        leader = fate.copies.get(broker_name(replica.leader_id)) if replica is not None else None
        if older is None or copy is None or replica is None or leader is None:
            return None
        base = fact.batch.base_offset if isinstance(fact, facts.Copied) else copy.end
        shared = copy.shared(leader)
        before = older.parted.get(node, (base, base))
        if shared >= min(base, leader.end) or shared >= before[0]:
            return before if node in older.parted else None
        rule = rule_at(world, node)
        may = older.may_part(node, leader, base, replica.log.high_watermark, rule)
        return (min(shared, before[0]), base) if may or self.unfenced(world, node, fact) else None

    def _note_parting(self, world: World, node: NodeId, fact: Taken, older: OlderRules) -> None:
        found = self.parting(world, node, fact)
        if found is not None and older.parted.get(node) != found:
            older.parted[node] = found
            rule = COMMON_EPOCH if self.unfenced(world, node, fact) else rule_at(world, node)
            older.say(f"{node} kept what it had of {fact.partition} from {found[0]} to {found[1]}", rule)

    def _lead_by_older_rule(self, fate: Fate, older: OlderRules, node: NodeId, fact: facts.BecameLeader) -> None:
        """What the new leader has cut by its rule is lost, and where its log has parted it is the truth from now on."""
        copy = fate.copies.get(node)
        if copy is None:
            copy = fate.copies[node] = Lineage()
        committed = fate.committed
        end = committed.end
        if not copy.agrees(committed, end) and older.explain(node, copy, committed, end):
            shared = copy.shared(committed)
            fate.committed = copy.until(shared)
            fate.commit_epoch = fact.leader_epoch
            fate.lost_from, fate.lost_until = min(fate.lost_from, shared), max(fate.lost_until, end)
            if node in older.cuts:
                older.say(f"{node} cut {fact.partition} at its own high watermark {shared} of {end}", HIGH_WATERMARK)
        if node in older.parted:
            start, until = older.parted.pop(node)
            fate.committed = copy.until(fate.committed.end)
            fate.lost_from, fate.lost_until = min(fate.lost_from, start), max(fate.lost_until, until)
            for name, other in fate.copies.items():
                if other.epoch_at(until - 1) not in (-1, copy.epoch_at(until - 1)):
                    older.parted[name] = start, until

    @hears(facts.LogStartMoved)
    def _start_moved(self, world: World, node: NodeId, fact: facts.LogStartMoved) -> None:
        self.table[fact.partition].log_starts[node] = fact.log_start_offset

    @hears(facts.CleaningStarted)
    def _cleaning(self, world: World, node: NodeId, fact: facts.CleaningStarted) -> None:
        self.table[fact.partition].cleaning[node] = fact.end_offset

    @hears(facts.SegmentsCleaned)
    def _compacted(self, world: World, node: NodeId, fact: facts.SegmentsCleaned) -> None:
        fate = self.table[fact.partition]
        fate.compacted = max(fate.compacted, fact.next_offset)
        if fate.rot is not None:
            fate.rot.renew(node, fact.base_offsets[0], fact.next_offset)

    @hears(PowerLost)
    def _power_lost(self, world: World, node: NodeId, fact: PowerLost) -> None:
        """What was flushed must survive; a machine without a process can no longer be asked what that is."""
        process = world.hosts[node].node
        replicas = process.partitions if isinstance(process, Broker) else {}
        for name, fate in self.table.items():
            if node in fate.copies:
                replica = replicas.get(name)
                fate.floors[node] = replica.log.flushed_offset() if replica is not None else 0

    @hears(facts.LogDirFailed)
    def _disk_failed(self, world: World, node: NodeId, fact: facts.LogDirFailed) -> None:
        self.failed_disks[node] = None

    # --- elections --------------------------------------------------------------------------------

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        fate = self.table[fact.partition]
        if fact.reason == "created":
            topic = fact.partition.topic
            self.partitions[topic] = self.partitions.get(topic, 0) + 1
        isr = fact.in_sync_replicas
        for broker_id in isr:
            if fact.reason in JOINS and broker_id not in fate.in_sync_replicas:
                fate.cut.pop(broker_name(broker_id), None)
                if fate.older is not None:
                    fate.older.cuts.pop(broker_name(broker_id), None)
        fate.in_sync_replicas = isr
        fate.partition_epoch = fact.partition_epoch
        if fact.leader_epoch > fate.elected_epoch:
            fate.elections.append(Election(fact.leader_id, isr, fact.reason))
            leader = broker_name(fact.leader_id)
            alone = isr == (fact.leader_id,) and leader in fate.cut
            if fact.reason == "unclean" or (alone and fact.reason != "elr"):
                fate.doomed_below = fact.leader_epoch

    @hears(facts.TopicDeleted)
    def _deleted(self, world: World, node: NodeId, fact: facts.TopicDeleted) -> None:
        for partition in self.table:
            if partition.topic == fact.name:
                self.table[partition] = Fate(retired=True)

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        fate = self.table[fact.partition]
        epoch = fact.leader_epoch
        if epoch <= fate.leader_epoch:
            return
        if fate.may_lose(epoch):
            copy = fate.copies.get(node)
            if copy is None:
                copy = fate.copies[node] = Lineage()
            shared = copy.shared(fate.committed)
            fate.committed = copy.until(shared)
            fate.commit_epoch = epoch
            fate.lost_from = min(fate.lost_from, shared)
            fate.lost_until = max(fate.lost_until, fate.highest)
            fate.cut.pop(node, None)
        elif fate.older is not None:
            self._lead_by_older_rule(fate, fate.older, node, fact)
        fate.leader = node
        fate.leader_epoch = epoch

    # --- committing -------------------------------------------------------------------------------

    @hears(facts.HighWatermarkMoved)
    def _watermark(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        fate = self.table[fact.partition]
        end = fact.high_watermark
        fate.highest = max(fate.highest, end)
        if fact.leader_epoch < fate.doomed_below:
            fate.lost_until = max(fate.lost_until, end)
            return
        if end <= fate.committed.end:
            return
        copy = fate.copies.get(node)
        if fate.older is not None and self._too_late(fate, copy, fact):
            fate.lost_until = max(fate.lost_until, end)
            return
        fate.commit_epoch = fact.leader_epoch
        if copy is not None and copy.epoch_at(end - 1) != fate.committed.epoch_at(fate.committed.end - 1):
            fate.committed = copy.until(end)
        else:
            fate.committed.end = end

    @hears(facts.HighWatermarkLearnt)
    def _learnt(self, world: World, node: NodeId, fact: facts.HighWatermarkLearnt) -> None:
        older = self.table[fact.partition].older
        if older is not None:
            self._note_parting(world, node, fact, older)

    def _too_late(self, fate: Fate, copy: Lineage | None, fact: facts.HighWatermarkMoved) -> bool:
        """Whether the newest leader has cut, by its rule, what an older one only now commits."""
        return (
            copy is not None
            and fact.leader_epoch < fate.leader_epoch
            and not fate.copies[fate.leader].agrees(copy, fact.high_watermark)
            and fate.cut_by_rule(fate.leader, copy, fact.high_watermark)
        )
