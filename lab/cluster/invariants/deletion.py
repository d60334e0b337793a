"""Invariants of what is deleted: nothing that is not committed yet, and of no key the newest record."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.replica import replica_at
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Newest = dict[bytes, list[tuple[int, bool]]]
"""Of each key the offsets of its records, oldest first, and whether each has a value."""

REMEMBERED = 32
"""Records of a key that are remembered: history must not make checkpoints dearer. Where a compaction ends so many
records of one key ago, that key is not judged.
"""


class OnlyCommittedIsDeleted(Invariant):
    """Neither retention nor DeleteRecords goes beyond the high watermark (spec 1.7)."""

    claim = "nothing above the high watermark is deleted"

    @hears(facts.LogStartMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.LogStartMoved) -> None:
        fate = self.fates.table[fact.partition]
        replica = replica_at(world, node, fact.partition)
        mark = replica.log.high_watermark if replica is not None else fate.highest
        self.require(
            fact.log_start_offset <= mark or fate.retired,
            fact.partition, "on", node, "begins at", fact.log_start_offset, "and is committed up to", mark,
        )  # fmt: skip


class NewestStays(Invariant):
    """After compaction the newest record of each key below its end is there, if it has a value (spec 1.9)."""

    claim = "compaction keeps the newest record of each key"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.table: dict[TopicPartition, Newest] = {}

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        if fact.leader_epoch < self.fates.table[fact.partition].leader_epoch:
            return
        replica = replica_at(world, node, fact.partition)
        if replica is None or not replica.config.compacted:
            return
        self._note(self.table.setdefault(fact.partition, {}), fact.batch)

    def _note(self, newest: Newest, batch: RecordBatch) -> None:
        for record in batch.readable():
            if batch.is_transactional:
                newest.pop(record.key or b"", None)  # whether it counts is decided later, and elsewhere
            elif record.key is not None:
                known = newest.setdefault(record.key, [])
                known.append((record.offset, record.value is not None))
                del known[:-REMEMBERED]

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        """From where the newest leader has something else than what is committed, its own log is the truth. That may
        be longer than what an earlier leader had: elected uncleanly, or again before it heard of the other.
        """
        fate = self.fates.table[fact.partition]
        newest = self.table.get(fact.partition)
        replica = replica_at(world, node, fact.partition)
        if fact.leader_epoch < fate.leader_epoch or newest is None or replica is None:
            return
        log = replica.log
        copy = fate.copies.get(node)
        shared = copy.shared(fate.committed) if copy is not None else 0
        for offsets in newest.values():
            while offsets and offsets[-1][0] >= shared:
                offsets.pop()
        own = log.read(max(shared, log.log_start_offset), 1 << 40, log.log_end_offset)
        for batch in own if isinstance(own, tuple) else ():
            self._note(newest, batch)

    @hears(facts.TopicDeleted)
    def _deleted(self, world: World, node: NodeId, fact: facts.TopicDeleted) -> None:
        for partition in [one for one in self.table if one.topic == fact.name]:
            del self.table[partition]

    @hears(facts.Compacted)
    def _compacted(self, world: World, node: NodeId, fact: facts.Compacted) -> None:
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        start, end = replica.log.log_start_offset if replica else 0, min(fact.end_offset, fate.committed.end)
        if replica is None or copy is None or fate.retired or not copy.agrees(fate.committed, end):
            return  # after an unclean election a follower may still have another past
        there = {record.offset: None for batch in read_all(replica.log) for record in batch.readable()}
        for key, offsets in self.table.get(fact.partition, {}).items():
            below = [one for one in offsets if one[0] < end]
            # The log may be a copy of one that was cleaned further: a younger record had taken the place there.
            younger = any(end <= at < fate.compacted and (at in there or not valued) for at, valued in offsets)
            offsets[: len(below)] = below[-1:]
            if below and below[-1][1] and below[-1][0] >= start:
                self.require(
                    below[-1][0] in there or younger,
                    fact.partition, "on", node, "has lost", key, "at", below[-1][0],
                )  # fmt: skip


ALL: tuple[type[Invariant], ...] = (OnlyCommittedIsDeleted, NewestStays)
