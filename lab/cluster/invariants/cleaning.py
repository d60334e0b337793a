"""Invariants of the cleaner: what it may touch, where what is left stands, and how long tombstones stay (spec 1.9)."""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.replica import replica_at
from lab.cluster.ledger.births import plain_birth
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.births import birth_of
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.extents import extents_in, payload_of
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

REMEMBERED = 128
"""Tombstones of a partition that are remembered, the newest: history must not make checkpoints dearer."""


def cleaned_segment(replica: Partition, fact: facts.SegmentsCleaned) -> LogSegment:
    """The segment that took the place of its sources."""
    return next(one for one in replica.log.segments if one.base_offset == fact.base_offsets[0])


def wall_at(world: World, node: NodeId) -> int:
    """The date of a host, in milliseconds."""
    return world.hosts[node].clock.read(world.epoch_ms, world.now)


class OnlyDecidedIsCleaned(Invariant):
    """The cleaner leaves the active segment alone, and all that is not committed and decided."""

    claim = "only what is closed and decided is cleaned"

    @hears(facts.CleaningStarted, facts.SegmentsCleaned)
    def _cleaned(self, world: World, node: NodeId, fact: facts.CleaningStarted | facts.SegmentsCleaned) -> None:
        replica = replica_at(world, node, fact.partition)
        if replica is None or self.fates.table[fact.partition].retired:
            return
        log = replica.log
        limit = min(log.last_stable_offset, log.active.base_offset)
        self.require(
            fact.end_offset <= limit,
            fact.partition, "on", node, "is cleaned up to", fact.end_offset, "and may be up to", limit,
        )  # fmt: skip
        if isinstance(fact, facts.SegmentsCleaned):
            self.require(
                fact.base_offsets[-1] < log.active.base_offset,
                fact.partition, "on", node, "had its active segment cleaned", fact.base_offsets,
            )  # fmt: skip


class OffsetsStay(Invariant):
    """What the cleaner leaves stands at its old offset, sound and in order: the ledger knows what was there."""

    claim = "a record keeps its offset when its log is cleaned"

    @hears(facts.SegmentsCleaned)
    def _cleaned(self, world: World, node: NodeId, fact: facts.SegmentsCleaned) -> None:
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        if replica is None or copy is None or fate.retired:
            return
        truth = self.ledger.partitions.get(fact.partition)
        # Behind the end of a clean, a leader that was replaced may have another past.
        shared = min(copy.shared(fate.committed), truth.log_end_offset) if truth is not None else 0
        before = -1
        for _, batch in cleaned_segment(replica, fact).batches(replica.log.disk):
            self.require(
                before < batch.base_offset and batch.valid_crc(),
                fact.partition, "on", node, "has a bad batch at", batch.base_offset, "after", before,
            )  # fmt: skip
            before = batch.last_offset
            if truth is None or batch.next_offset > shared:
                continue
            for record in batch.readable():
                birth = truth.birth_at(record.offset)
                self.require(
                    (birth or "") == plain_birth(birth_of(record)),
                    fact.partition, "on", node, "has", birth_of(record), "at", record.offset, "where", birth, "stood",
                )  # fmt: skip


class OneIsLeft(Invariant):
    """Below the end of a clean, each key has one record left, wherever the log began to be dirty."""

    claim = "a clean leaves one record of each key"

    @hears(facts.Compacted)
    def _compacted(self, world: World, node: NodeId, fact: facts.Compacted) -> None:
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        if replica is None or fate.retired:
            return
        log, rot = replica.log, fate.rot
        found: dict[bytes, int] = {}
        for batch in read_all(log):
            if batch.base_offset >= fact.end_offset or batch.is_control:
                continue
            if rot is not None and rot.holds(node, batch.base_offset):
                continue  # its keys may be anything
            for delta, _, key, _, _, _ in extents_in(payload_of(batch), batch.record_count):
                offset = batch.base_offset + delta
                if key is None or not log.log_start_offset <= offset < fact.end_offset:
                    continue
                self.require(
                    key not in found,
                    fact.partition, "on", node, "has", key, "at", found.get(key), "and at", offset,
                )  # fmt: skip
                found[key] = offset


@dataclass(slots=True)
class Tombstone:
    """`horizon_ms`: when the first cleaner may drop it; None before one has seen it. `open_to`: the producer whose
    transaction it is in, while that is undecided, else -1.
    """

    key: bytes
    open_to: int
    horizon_ms: int | None = None


@dataclass(slots=True)
class Begun:
    """The newest clean of one replica: when it began, by the broker's own clock, and the tombstones that it found."""

    at_ms: int
    found: tuple[int, ...]


@dataclass(slots=True)
class Tombstones:
    """Of a partition: those of the leader's log by their offsets, and the newest clean on each broker."""

    known: dict[int, Tombstone] = field(default_factory=dict[int, Tombstone])
    begun: dict[NodeId, Begun] = field(default_factory=dict[NodeId, Begun])

    def add(self, batch: RecordBatch) -> None:
        """What the leader has appended."""
        open_to = batch.producer_id if batch.is_transactional else -1
        for record in batch.readable():
            if record.value is None and record.key is not None:
                self.known[record.offset] = Tombstone(record.key, open_to)
                if len(self.known) > REMEMBERED:
                    del self.known[next(iter(self.known))]

    def decide(self, producer_id: int, *, commit: bool) -> None:
        """A transaction has ended: what was aborted may go at once (spec 1.9.3)."""
        for offset, one in list(self.known.items()):
            if one.open_to == producer_id:
                one.open_to = -1
                if not commit:
                    del self.known[offset]

    def outlived(self, key: bytes, offset: int, at_ms: int) -> bool:
        """Whether a younger tombstone of the key may go by `at_ms`: one clean may drop both."""
        return any(
            at > offset and one.key == key and one.horizon_ms is not None and one.horizon_ms <= at_ms
            for at, one in self.known.items()
        )


class TombstonesStay(Invariant):
    """A tombstone is dropped only when a cleaner saw it delete.retention.ms ago, or a younger record replaces it, or
    its transaction was aborted.
    """

    claim = "a tombstone stays until its delete horizon"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.table: dict[TopicPartition, Tombstones] = {}

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        if fact.leader_epoch < self.fates.table[fact.partition].leader_epoch:
            return
        replica = replica_at(world, node, fact.partition)
        if replica is None or not replica.log.config.compacted:
            return
        table = self.table.get(fact.partition)
        if table is None:
            table = self.table[fact.partition] = Tombstones()
        marker = read_marker(fact.batch) if fact.batch.is_control else None
        if marker is not None:
            table.decide(fact.batch.producer_id, commit=marker.commit)
        elif not fact.batch.is_control:
            table.add(fact.batch)

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        """From where the newest leader has something else than what is committed, nothing is known any more."""
        found = self.table.get(fact.partition)
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        if found is not None and fact.leader_epoch >= fate.leader_epoch:
            shared = copy.shared(fate.committed) if copy is not None else 0
            found.known = {at: one for at, one in found.known.items() if at < shared}

    @hears(facts.TopicDeleted)
    def _deleted(self, world: World, node: NodeId, fact: facts.TopicDeleted) -> None:
        for partition in [one for one in self.table if one.topic == fact.name]:
            del self.table[partition]

    @hears(facts.CleaningStarted)
    def _started(self, world: World, node: NodeId, fact: facts.CleaningStarted) -> None:
        """Only what a clean has found can it lose: a follower may never have had what its leader's cleaner dropped."""
        table = self.table.get(fact.partition)
        replica = replica_at(world, node, fact.partition)
        if table is not None and replica is not None:
            batches = read_all(replica.log) if table.known else ()
            found = [one.offset for batch in batches for one in batch.readable() if one.offset in table.known]
            table.begun[node] = Begun(wall_at(world, node), tuple(found))

    @hears(facts.SegmentsCleaned)
    def _cleaned(self, world: World, node: NodeId, fact: facts.SegmentsCleaned) -> None:
        table = self.table.get(fact.partition)
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        if table is None or replica is None or copy is None or fate.retired:
            return
        end = min(fact.next_offset, fate.committed.end)
        if node in table.begun and copy.agrees(fate.committed, end):
            self._judge(node, fact, table, replica, end)

    def _judge(
        self, node: NodeId, fact: facts.SegmentsCleaned, table: Tombstones, replica: Partition, end: int
    ) -> None:
        log, begun = replica.log, table.begun[node]
        left = {
            record.offset: None
            for _, batch in cleaned_segment(replica, fact).batches(log.disk) for record in batch.readable()
        }  # fmt: skip
        for offset in begun.found:
            one = table.known.get(offset)
            if one is None or not max(fact.base_offsets[0], log.log_start_offset) <= offset < fact.next_offset:
                continue
            if offset in left:  # also beyond what is committed: a segment is written anew in whole, up to its end
                ends = begun.at_ms + log.config.delete_retention_ms
                one.horizon_ms = ends if one.horizon_ms is None else min(one.horizon_ms, ends)
            elif offset < end and (one.horizon_ms is None or one.horizon_ms > begun.at_ms):
                self.require(
                    table.outlived(one.key, offset, begun.at_ms) or self._replaced(replica, one.key, offset),
                    fact.partition, "on", node, "has lost the tombstone of", one.key, "at", offset,
                    "at", begun.at_ms, "and its horizon is", one.horizon_ms,
                )  # fmt: skip

    def _replaced(self, replica: Partition, key: bytes, offset: int) -> bool:
        """Whether a younger record of the key is there."""
        batches = read_all(replica.log)
        return any(one.key == key and one.offset > offset for batch in batches for one in batch.readable())


ALL: tuple[type[Invariant], ...] = (OnlyDecidedIsCleaned, OffsetsStay, OneIsLeft, TombstonesStay)
