"""Invariants of the cleaner: what it may touch, where what is left stands, and how long tombstones stay (spec 1.9)."""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.deletion import replica_at
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger import Ledger, plain_birth
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.partition import Partition
from lab.kafka.clients.births import birth_of
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.extents import extents_in, payload_of
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
        known = truth is not None and copy.agrees(fate.committed, min(fact.end_offset, fate.committed.end))
        before = -1
        for _, batch in cleaned_segment(replica, fact).batches(replica.log.disk):
            self.require(
                before < batch.base_offset and batch.valid_crc(),
                fact.partition, "on", node, "has a bad batch at", batch.base_offset, "after", before,
            )  # fmt: skip
            before = batch.last_offset
            if truth is None or not known or batch.next_offset > min(truth.log_end_offset, fate.committed.end):
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
        if replica is None or self.fates.table[fact.partition].retired:
            return
        log = replica.log
        found: dict[bytes, int] = {}
        for batch in read_all(log):
            if batch.base_offset >= fact.end_offset or batch.is_control:
                continue
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
class Tombstones:
    """Of a partition: offset -> (key, when the first cleaner may drop it; None before one has seen it). `begun_ms`:
    when each broker began its newest clean, by its own clock.
    """

    known: dict[int, tuple[bytes, int | None]] = field(default_factory=dict[int, tuple[bytes, int | None]])
    begun_ms: dict[NodeId, int] = field(default_factory=dict[NodeId, int])


class TombstonesStay(Invariant):
    """A tombstone is dropped only when a cleaner saw it delete.retention.ms ago, or a younger record replaces it."""

    claim = "a tombstone stays until its delete horizon"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.table: dict[TopicPartition, Tombstones] = {}

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        if not fact.leading or fact.leader_epoch < self.fates.table[fact.partition].leader_epoch:
            return
        replica = replica_at(world, node, fact.partition)
        if replica is None or not replica.log.config.compacted or fact.batch.is_control:
            return
        for record in fact.batch.readable():
            if record.value is None and record.key is not None:
                found = self.table.setdefault(fact.partition, Tombstones())
                found.known[record.offset] = record.key, None
                if len(found.known) > REMEMBERED:
                    del found.known[next(iter(found.known))]

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
        found = self.table.get(fact.partition)
        if found is not None:
            found.begun_ms[node] = wall_at(world, node)

    @hears(facts.SegmentsCleaned)
    def _cleaned(self, world: World, node: NodeId, fact: facts.SegmentsCleaned) -> None:
        found = self.table.get(fact.partition)
        replica = replica_at(world, node, fact.partition)
        fate = self.fates.table[fact.partition]
        copy = fate.copies.get(node)
        if found is None or replica is None or copy is None or fate.retired:
            return
        end = min(fact.next_offset, fate.committed.end)
        if copy.agrees(fate.committed, end):
            self._judge(node, fact, found, replica, end)

    def _judge(
        self, node: NodeId, fact: facts.SegmentsCleaned, found: Tombstones, replica: Partition, end: int
    ) -> None:
        log, begun = replica.log, found.begun_ms.get(node)
        if begun is None:
            return  # its first tombstone came while this clean was under way
        left = {
            record.offset: None
            for _, batch in cleaned_segment(replica, fact).batches(log.disk) for record in batch.readable()
        }  # fmt: skip
        for offset, (key, horizon) in list(found.known.items()):
            if not max(fact.base_offsets[0], log.log_start_offset) <= offset < end:
                continue
            if offset in left:
                ends = begun + log.config.delete_retention_ms
                found.known[offset] = key, ends if horizon is None else min(horizon, ends)
                continue
            if horizon is not None and horizon <= begun:
                continue
            self.require(
                self._replaced(replica, key, offset),
                fact.partition, "on", node, "has lost the tombstone of", key, "at", offset,
                "at", begun, "and its horizon is", horizon,
            )  # fmt: skip
            # The younger one may be a tombstone too, and be gone when this stretch is cleaned again.
            del found.known[offset]

    def _replaced(self, replica: Partition, key: bytes, offset: int) -> bool:
        """Whether a younger record of the key is there."""
        batches = read_all(replica.log)
        return any(one.key == key and one.offset > offset for batch in batches for one in batch.readable())


ALL: tuple[type[Invariant], ...] = (OnlyDecidedIsCleaned, OffsetsStay, OneIsLeft, TombstonesStay)
