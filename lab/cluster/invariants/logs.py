"""Invariants of logs: no holes, epochs in order, equal where they must be, and safe once flushed."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fate, Fates, Written
from lab.cluster.invariants.replica import replica_at
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.protocol.records import SEQUENCES
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Stored = tuple[int, int, int]
"""Of a producer's batch the last offset, the producer epoch and the last sequence."""
REMEMBERED = 16
"""Batches a producer: what is forgotten is not asked about."""


class LogDense(Invariant):
    """Offsets have no holes, but where compaction made them."""

    claim = "each batch begins where its log ends"

    @hears(facts.Appended, facts.Copied)
    def _written(self, world: World, node: NodeId, fact: Written) -> None:
        fate = self.fates.table[fact.partition]
        if fate.retired:
            return
        base, end = fact.batch.base_offset, fate.end_of(node)
        # A new replica's log begins where its leader's does.
        holds = base == end or (base > end and (end < fate.compacted or node not in fate.copies))
        self.checked += 1
        if not holds:
            raise self.violated(f"{fact.partition} on {node} ends at {end} and gets {base}")

    @hears(facts.Truncated)
    def _truncated(self, world: World, node: NodeId, fact: facts.Truncated) -> None:
        fate = self.fates.table[fact.partition]
        if not fate.retired:
            end = fate.end_of(node)
            self.require(
                fact.log_end_offset == end,
                fact.partition, "on", node, "ends at", end, "and is cut from", fact.log_end_offset,
            )  # fmt: skip


class EpochsNeverFall(Invariant):
    """In a log the leader epochs only rise, and nobody writes for a leader of the future."""

    claim = "leader epochs never fall within a log"

    @hears(facts.Appended, facts.Copied)
    def _written(self, world: World, node: NodeId, fact: Written) -> None:
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        last = copy.epochs[-1] if copy is not None and copy.epochs else -1
        epoch = fact.batch.leader_epoch
        own = epoch == fact.leader_epoch if type(fact) is facts.Appended else epoch <= fact.leader_epoch
        self.checked += 1
        if not ((own and epoch >= last) or fate.retired or self._by_older_rule(world, node, fact, own, epoch >= last)):
            raise self.violated(f"{fact.partition} on {node} in epoch {fact.leader_epoch} gets {epoch} after {last}")

    def _by_older_rule(self, world: World, node: NodeId, fact: Written, own: bool, rises: bool) -> bool:
        """Whether a follower may copy this all the same: of a leader it does not know of, or onto what has parted."""
        fates = self.fates
        if isinstance(fact, facts.Appended):
            return False
        return (own or fates.unfenced(world, node, fact)) and (rises or fates.parting(world, node, fact) is not None)


class LogMatching(Invariant):
    """Two logs with the same epoch at an offset are equal up to there. By induction: a batch is the one known by
    its epoch and offset, and an epoch begins in each log behind the same record.
    """

    claim = "the same offset and epoch mean the same records"

    @hears(facts.Appended, facts.Copied)
    def _written(self, world: World, node: NodeId, fact: Written) -> None:
        fate = self.fates.table[fact.partition]
        batch = fact.batch
        if batch.base_offset < fate.compacted or fate.retired:
            return
        branch = fate.branches.get(batch.leader_epoch)
        if branch is None:
            return
        known = branch.find(batch.base_offset)
        mine = (batch.base_offset, batch.next_offset, batch.crc)
        self.checked += 1
        if known is not None and known != mine:
            raise self.violated(
                f"{fact.partition} on {node} epoch {batch.leader_epoch} has {mine} and elsewhere {known}"
            )
        copy = fate.copies.get(node)
        if copy is not None and copy.epochs and copy.epochs[-1] != batch.leader_epoch:
            place = branch.start, branch.previous
            found = batch.base_offset, copy.epoch_at(copy.end - 1)
            self.checked += 1
            if not (
                found == place
                or branch.start < fate.compacted
                or branch.previous < 0
                or found[1] < 0
                or self._all_before_is_gone(fate, fact)
                or (isinstance(fact, facts.Copied) and self.fates.parting(world, node, fact) is not None)
            ):
                raise self.violated(
                    f"{fact.partition} on {node} epoch {batch.leader_epoch} begins at and behind {found} "
                    f"and elsewhere {place}"
                )

    def _all_before_is_gone(self, fate: Fate, fact: Written) -> bool:
        """Whether the leader's log begins at this batch: of what its follower has below nothing will be left,
        and the leader itself does not know any more what its epochs before that wrote (KIP-101).
        """
        start = fate.log_starts.get(fate.leader, 0) if fate.leader_epoch == fact.leader_epoch else 0
        return fact.batch.base_offset <= start


class FlushedSurvives(Invariant):
    """A killed process leaves its whole log; a power loss takes at most what was not flushed."""

    claim = "what was flushed survives"

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        fate = self.fates.table[fact.partition]
        if node not in fate.copies or fate.retired:
            return
        before, floor = fate.end_of(node), fate.floors.get(node)
        if fate.older is not None and fate.older.ragged.get(node, before) < before:
            floor = min(fate.older.ragged[node], before if floor is None else floor)
        least = before if floor is None else max(min(floor, before), fact.log_start_offset)
        # The batch at which a disk failed may be in the log without ever having been stated.
        most = 1 << 62 if node in self.fates.failed_disks else max(before, fact.log_start_offset)
        self.require(
            least <= fact.log_end_offset <= most or self._cut_at_rot(fate, node, fact),
            fact.partition, "on", node, "ends at", fact.log_end_offset,
            f"after a start; wanted {self._wanted(fate, node, least)} to {most}",
        )  # fmt: skip

    def _cut_at_rot(self, fate: Fate, node: NodeId, fact: facts.LogLoaded) -> bool:
        """Whether recovery came upon a batch that the disk has spoilt. Who stopped cleanly does not look."""
        if fact.clean or fate.rot is None:
            return False
        return fate.rot.may_end(node, fact.log_end_offset, fact.log_start_offset, fate.compacted)

    def _wanted(self, fate: Fate, node: NodeId, least: int) -> str:
        return f"{least} (flushed)" if node in fate.floors else f"{least} (all)"


class LoadedIsSound(Invariant):
    """After a crash or a power loss the end of the log is looked at, and what is torn is cut off (spec 1.5)."""

    claim = "what a log is loaded with is sound"

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        replica = replica_at(world, node, fact.partition)
        if replica is None or fact.clean:
            return
        log = replica.log
        for _, batch in log.active.batches(log.disk):
            self.require(
                batch.valid_crc(),
                fact.partition, "on", node, "has a torn batch at", batch.base_offset,
            )  # fmt: skip


class CopiedIsSound(Invariant):
    """A follower checks what it copies, so a corrupt batch stays where its disk has spoilt it (spec 2.2)."""

    claim = "nobody copies a corrupt batch"

    @hears(facts.Copied)
    def _copied(self, world: World, node: NodeId, fact: facts.Copied) -> None:
        fate = self.fates.table[fact.partition]
        if fate.rot is None:
            return
        self.checked += 1
        if not fact.batch.valid_crc():
            raise self.violated(f"{fact.partition} on {node} got the batch at {fact.batch.base_offset}")


class Sequences(Invariant):
    """What an idempotent producer writes stands in the log once and in order: within a producer epoch each batch goes
    on where the last one ended. A leader that no longer has the last one may know nothing (spec 5.2).
    """

    claim = "the batches of an idempotent producer stand once and in order"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.stored: dict[TopicPartition, dict[int, tuple[Stored, ...]]] = {}

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        batch = fact.batch
        fate = self.fates.table[fact.partition]
        if fact.leader_epoch < fate.leader_epoch or fate.retired:
            return
        if batch.producer_id < 0 or batch.base_sequence < 0:  # nobody's sequences count, though a client may write some
            return
        stored = self.stored.setdefault(fact.partition, {})
        before = stored.get(batch.producer_id, ())
        if before:
            offset, epoch, sequence = before[-1]
            wanted = (sequence + 1) % SEQUENCES if epoch == batch.producer_epoch else 0
            known = offset >= fate.log_starts.get(node, 0)
            self.checked += 1
            if known and (batch.producer_epoch < epoch or batch.base_sequence != wanted):
                raise self.violated(
                    f"{fact.partition} producer {batch.producer_id} epoch {batch.producer_epoch} sequence "
                    f"{batch.base_sequence} after {before[-1]}"
                )
        last = batch.last_offset, batch.producer_epoch, batch.last_sequence
        stored[batch.producer_id] = (*before[1 - REMEMBERED :], last)

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        """What lies beyond the end of the newest leader is gone."""
        stored = self.stored.get(fact.partition)
        fate = self.fates.table[fact.partition]
        if stored is not None and fact.leader_epoch >= fate.leader_epoch:
            end = fact.log_end_offset
            if fate.older is not None and node in fate.older.parted:
                end = fate.older.parted[node][0]
            for producer_id, before in stored.items():
                stored[producer_id] = tuple(one for one in before if one[0] < end)


ALL: tuple[type[Invariant], ...] = (
    LogDense,
    EpochsNeverFall,
    LogMatching,
    FlushedSurvives,
    LoadedIsSound,
    CopiedIsSound,
    Sequences,
)
