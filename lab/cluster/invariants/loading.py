"""Invariants of logs that were opened or cut: what they have read back is what their records tell (spec 1.5, 1.8)."""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.invariants.replica import replica_at
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import Disk, NodeId
from lab.kafka import facts
from lab.kafka.log.producer_state import Remembered
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.transaction_index import read_aborted
from lab.kafka.log.unified_log import UnifiedLog, read_all
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World


@dataclass(slots=True)
class Told:
    """What the records that are left tell: of each producer id, and which markers, by (id, offset), have aborted what
    is among them.
    """

    start: int
    producers: dict[int, Remembered] = field(default_factory=dict[int, Remembered])
    aborted: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def hear(self, batch: RecordBatch) -> None:
        """The next batch of the log."""
        pid, epoch = batch.producer_id, batch.producer_epoch
        known = self.producers.get(pid, Remembered(pid, epoch, -1, -1, 0, -1))
        if not batch.is_control:
            first = batch.base_offset if batch.is_transactional and known.first_offset < 0 else known.first_offset
            self.producers[pid] = Remembered(
                pid, epoch, batch.last_sequence, batch.last_offset, batch.last_offset - batch.base_offset,
                batch.max_timestamp_ms, known.coordinator_epoch, first,
            )  # fmt: skip
            return
        marker = read_marker(batch)
        if marker is None:
            return
        if known.first_offset >= 0 and not marker.commit:
            self.aborted.append((pid, batch.last_offset))
        if known.producer_epoch != epoch:
            known = Remembered(pid, epoch, -1, -1, 0, -1)
        self.producers[pid] = known._replace(
            timestamp_ms=batch.max_timestamp_ms, coordinator_epoch=marker.coordinator_epoch, first_offset=-1
        )

    def agrees(self, pid: int, known: Remembered | None, *, compacted: bool) -> bool:
        """Whether a log that knows this of a producer may have these records. Of what is deleted it may know more."""
        told = self.producers[pid]
        if known is None:
            return False
        if compacted:
            return (known.producer_epoch, known.last_offset) >= (told.producer_epoch, told.last_offset)
        same = known[2:5] == told[2:5] or (told.last_offset < 0 and known.last_offset < self.start)
        coordinated = known.coordinator_epoch == told.coordinator_epoch or told.coordinator_epoch < 0
        begun = known.first_offset == told.first_offset or (0 <= known.first_offset < self.start <= told.first_offset)
        return same and coordinated and begun and known.producer_epoch == told.producer_epoch


def told_by(log: UnifiedLog) -> Told:
    """What a log's records tell, from its start on."""
    told = Told(log.log_start_offset)
    for batch in read_all(log):
        if batch.producer_id >= 0 and batch.last_offset >= told.start:
            told.hear(batch)
    return told


class RebuiltProducers(Invariant):
    """A snapshot and the records behind it tell as much of each producer as all that is left of the log; it is ahead
    of that only where records are gone.
    """

    claim = "a log that was loaded or cut knows its producers as its records tell of them"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.forgotten: dict[tuple[NodeId, TopicPartition], dict[int, None]] = {}

    @hears(facts.ProducersForgotten)
    def _forgotten(self, world: World, node: NodeId, fact: facts.ProducersForgotten) -> None:
        """Of those nothing is asked any more."""
        self.forgotten.setdefault((node, fact.partition), {}).update(dict.fromkeys(fact.producer_ids))

    @hears(facts.LogLoaded, facts.Truncated)
    def _rebuilt(self, world: World, node: NodeId, fact: facts.LogLoaded | facts.Truncated) -> None:
        replica, fate = replica_at(world, node, fact.partition), self.fates.table[fact.partition]
        if replica is None or fate.retired:
            return
        log, forgotten = replica.log, self.forgotten.get((node, fact.partition), {})
        told = told_by(log)
        known = {one.producer_id: one for one in log.producers.remembered()}
        for pid, wanted in told.producers.items():
            self.require(
                pid in forgotten or told.agrees(pid, known.get(pid), compacted=fate.compacted > 0),
                fact.partition, "on", node, "knows", known.get(pid), "and its records tell", wanted,
            )  # fmt: skip
        for one in known.values():
            self.require(
                max(one.last_offset, one.first_offset) < log.log_end_offset,
                fact.partition, "on", node, "ends at", log.log_end_offset, "and knows", one,
            )  # fmt: skip
        aborted = {(one.producer_id, one.last_offset): None for at in log.segments
                   for one in read_aborted(log.disk, at.stem)}  # fmt: skip
        for pid, offset in told.aborted:
            self.require(
                (pid, offset) in aborted or offset < fate.compacted,
                fact.partition, "on", node, "has no entry for the transaction of", pid, "that ends at", offset,
            )  # fmt: skip


class LoadedIndexes(Invariant):
    """An index that was read back names batches that are there, and what is found by it is what a scan finds."""

    claim = "what a loaded log finds by its indexes is what a scan finds"

    @hears(facts.LogLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.LogLoaded) -> None:
        replica = replica_at(world, node, fact.partition)
        if replica is not None:
            for segment in replica.log.segments:
                self._scan(replica.log.disk, segment, f"{fact.partition} on {node}")

    def _scan(self, disk: Disk, segment: LogSegment, where: str) -> None:
        base = segment.base_offset
        starts = {position: batch.last_offset for position, batch in segment.batches(disk)}
        dates = {batch.last_offset: batch.max_timestamp_ms for _, batch in segment.batches(disk)}
        newest = max(dates.values(), default=-1)
        self.require(segment.max_timestamp_ms == newest, where, base, "is", segment.max_timestamp_ms, "not", newest)
        for offset, position in segment.index_entries(disk):
            self.require(starts.get(position) == offset, where, base, "names", offset, "at", position)
            found = segment.position_for(disk, offset)
            self.require(found == position, where, base, "finds", offset, "at", found, "and it is at", position)
        for timestamp_ms, offset in segment.time_index_entries(disk):
            self.require(dates.get(offset) == timestamp_ms, where, base, "dates", offset, timestamp_ms)


ALL: tuple[type[Invariant], ...] = (RebuiltProducers, LoadedIndexes)
