"""Ledger: the ground truth about every record, kept outside the engine.

A record is *born* when an application makes it; it is *acked*, *failed* or *unknown* when that
application hears (or gives up waiting for) an answer; it is *stored* while the log of the partition's
latest leader holds it, *visible* while it lies between log start and high watermark, *done* when a
consumer has finished its work on it. What teaching is about follows: lost = acked and no longer stored;
ghost = failed or unknown, and stored all the same; duplicates, skipped, reordered, phantom a group.

All of it is intervals of births and offsets, so the ledger grows with trouble and not with time.
"""

from collections.abc import Iterable, Mapping, Sequence

from lab.cluster.ledger.births import births_from, is_load, lacks_births, plain_birth, split_birth
from lab.cluster.ledger.group_history import GroupHistory
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.load_runs import LoadRuns
from lab.cluster.ledger.truth import PartitionTruth, ProducerTruth
from lab.cluster.watch import Observer, hears
from lab.env import Micros, NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.clients.births import birth_of
from lab.kafka.clients.producer.load import load_in
from lab.kafka.config.truncation import FENCED_EPOCH
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

NOTHING: Mapping[int, Micros] = {}
REMEMBERED = 200
"""How many lost records are kept by name; the count goes on."""


def _add(numbers: IntervalSet, births: Sequence[int]) -> None:
    """Add them all; a range at once."""
    if isinstance(births, range):
        numbers.add(births.start, births.stop)
        return
    for birth in births:
        numbers.add(birth)


def _runs_without(kept: Mapping[int, Micros], start: int, end: int) -> list[tuple[int, int]]:
    """The parts of [start, end) that are not kept."""
    if not kept:
        return [(start, end)]
    numbers = IntervalSet()
    for offset in kept:
        numbers.add(offset)
    return numbers.gaps(start, end)


class Ledger(Observer):
    """Hears the facts and keeps the sets."""

    loaded: bool = False
    """Whether any producer ever made records under load, or a real client came; an instance says so once one does."""
    visited: bool = False
    """Whether a real client ever came: from then on what looks like a simulated producer's record may be another's."""
    parted: bool = False
    """Whether logs may differ below their high watermarks: once a broker has followed by an older rule."""

    def __init__(self) -> None:
        self.producers: dict[str, ProducerTruth] = {}
        self.partitions: dict[TopicPartition, PartitionTruth] = {}
        self.groups: dict[str, GroupHistory] = {}
        self.errors: dict[tuple[str, str], int] = {}
        """How many records of a producer failed with an error."""
        self.lost_births: list[str] = []
        self._lost = 0

    # --- reading the truth ------------------------------------------------------------------------

    def lost(self) -> int:
        """Acknowledged records that the latest leaders no longer hold (retention does not count)."""
        return self._lost

    def ghosts(self) -> int:
        """Records reported failed or unknown that are stored all the same."""
        return sum(
            truth.stored.common(truth.failed) + truth.stored.common(truth.unknown) for truth in self.producers.values()
        )

    def producer(self, name: str) -> ProducerTruth:
        """The truth about a producer; an empty one, if it has made no record yet."""
        found = self.producers.get(name)
        return found if found is not None else ProducerTruth()

    def begun_producer(self, name: str) -> ProducerTruth:
        """The truth about a producer, begun if need be."""
        found = self.producers.get(name)
        if found is None:
            found = self.producers[name] = ProducerTruth()
        return found

    def partition(self, partition: TopicPartition) -> PartitionTruth:
        """The truth about a partition; of one with no record yet, an empty one that nobody keeps: to look changes
        nothing.
        """
        found = self.partitions.get(partition)
        return found if found is not None else PartitionTruth()

    def begun_partition(self, partition: TopicPartition) -> PartitionTruth:
        """The truth about a partition, begun if need be."""
        found = self.partitions.get(partition)
        if found is None:
            found = self.partitions[partition] = PartitionTruth()
        return found

    def group(self, name: str) -> GroupHistory:
        """The history of a group; an empty one, if it has none yet."""
        found = self.groups.get(name)
        return found if found is not None else GroupHistory()

    def begun_group(self, name: str) -> GroupHistory:
        """The history of a group, begun if need be."""
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = GroupHistory()
        return found

    # --- producers --------------------------------------------------------------------------------

    @hears(facts.RecordBorn)
    def _born(self, world: World, node: NodeId, fact: facts.RecordBorn) -> None:
        self.begun_producer(fact.producer).born += 1

    @hears(facts.RecordsBorn)
    def _born_under_load(self, world: World, node: NodeId, fact: facts.RecordsBorn) -> None:
        self.loaded = True
        self.begun_producer(fact.producer).born += len(fact.births)

    @hears(facts.ProgramCame)
    def _real_client(self, world: World, node: NodeId, fact: facts.ProgramCame) -> None:
        self.loaded = self.visited = True

    @hears(facts.RecordsAcked)
    def _acked(self, world: World, node: NodeId, fact: facts.RecordsAcked) -> None:
        _add(self.begun_producer(fact.producer).acked, fact.births)
        if fact.base_offset >= 0:
            self._acked_at(fact)

    def _acked_at(self, fact: facts.RecordsAcked) -> None:
        """An answer named the offsets: what stands there now decides whether it was the truth."""
        truth = self.begun_partition(fact.partition)
        if isinstance(fact.births, range) and truth.runs is not None:
            run = truth.runs.at_or_below(fact.base_offset)
            if run is not None and (run.base_offset, run.producer, run.first, run.end_offset) == (
                fact.base_offset, fact.producer, fact.births.start, fact.base_offset + len(fact.births),
            ):  # fmt: skip
                truth.acked.add(run.base_offset, run.end_offset)
                return
        for place, birth in enumerate(fact.births, fact.base_offset):
            name = f"{fact.producer}:{birth}"
            if place < truth.log_end_offset and truth.birth_at(place) == name:
                truth.acked.add(place)
            elif place >= truth.log_start_offset:
                self._lose(truth, name)

    @hears(facts.RecordsFailed)
    def _failed(self, world: World, node: NodeId, fact: facts.RecordsFailed) -> None:
        producer = self.begun_producer(fact.producer)
        error = fact.producer, fact.error
        self.errors[error] = self.errors.get(error, 0) + len(fact.births)
        _add(producer.unknown if fact.unknown else producer.failed, fact.births)

    # --- the reference log ------------------------------------------------------------------------

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        truth = self.begun_partition(fact.partition)
        if fact.leader_epoch <= truth.leader_epoch:
            return
        truth.leader_epoch = fact.leader_epoch
        truth.leader = node
        if not fact.partition.topic.startswith("__"):
            self._take_over(world, fact, truth)

    def _take_over(self, world: World, fact: facts.BecameLeader, truth: PartitionTruth) -> None:
        """The reference log goes on as the new leader's. That one may be shorter; or it has, above the high watermark,
        what an earlier leader wrote that nobody took for part of the history since.
        """
        process = world.hosts[truth.leader].node if truth.leader in world.hosts else None
        replica = process.partitions.get(fact.partition) if isinstance(process, Broker) else None
        begin = truth.log_start_offset if self.parted else truth.high_watermark
        found = births_from(replica.log, begin) if replica is not None else {}
        same = min(fact.log_end_offset, truth.log_end_offset)
        if replica is not None:
            undecided = range(begin, same)
            same = next((at for at in undecided if found.get(at) != truth.birth_at(at)), same)
        kept = self._kept(truth, found, same) if self.parted else NOTHING
        self._cut(fact.partition, truth, same, kept)
        for offset in range(truth.log_end_offset, fact.log_end_offset):
            birth = found.get(offset)
            truth.births.append(birth)
            truth.appended_at.append(kept.get(offset, world.now))
            if birth is not None:
                producer, number = split_birth(birth)
                truth.duplicates += self.begun_producer(producer).stored.add(number)
        truth.log_end_offset = fact.log_end_offset

    def _kept(self, truth: PartitionTruth, found: dict[int, str | None], begin: int) -> dict[int, Micros]:
        """Behind where two logs have parted: offsets at which both hold the same record, and since when."""
        return {
            at: truth.time_at(at)
            for at in range(begin, truth.log_end_offset)
            if at in found and found[at] == truth.birth_at(at)
        }

    @hears(facts.BecameFollower)
    def _follower(self, world: World, node: NodeId, fact: facts.BecameFollower) -> None:
        process = world.hosts[node].node
        if isinstance(process, Broker) and process.config.replica_truncation_rule != FENCED_EPOCH:
            self.parted = True

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        if fact.partition.topic.startswith("__"):
            return
        truth = self.begun_partition(fact.partition)
        if fact.leader_epoch < truth.leader_epoch:
            return  # a leader that does not know yet it was replaced: not part of the history
        self._cut(fact.partition, truth, fact.batch.base_offset)
        if self.loaded and not fact.batch.is_control and self._load_appended(world, node, fact.batch, truth):
            return
        records = fact.batch.records()
        for record in records:
            birth = plain_birth(birth_of(record)) or None
            truth.births.append(birth)
            truth.appended_at.append(world.now)
            if birth is not None:
                producer, number = split_birth(birth)
                truth.duplicates += self.begun_producer(producer).stored.add(number)
        truth.log_end_offset += len(records)
        truth.appended_by[node] = truth.appended_by.get(node, 0) + len(records)

    def _load_appended(self, world: World, node: NodeId, batch: RecordBatch, truth: PartitionTruth) -> bool:
        """A batch of equal records, or of a real client's, is one interval. Returns whether it was one."""
        # What only simulated clients have written can be read.
        if lacks_births(batch) or (self.visited and not batch.readable()):
            found = "", range(batch.base_offset, batch.next_offset)
        else:
            found = load_in(batch)
        if found is None or (self.visited and not is_load(batch, *found)):
            return False
        producer, births = found
        if truth.runs is None:
            truth.runs = LoadRuns()
        truth.runs.add(batch.base_offset, producer, births, world.now)
        if producer:
            truth.duplicates += self.begun_producer(producer).stored.add(births.start, births.stop)
        truth.log_end_offset = batch.next_offset
        truth.appended_by[node] = truth.appended_by.get(node, 0) + len(births)
        return True

    @hears(facts.HighWatermarkMoved)
    def _watermark(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        truth = self.begun_partition(fact.partition)
        if fact.leader_epoch == truth.leader_epoch:
            truth.high_watermark = fact.high_watermark

    @hears(facts.LogStartMoved)
    def _start(self, world: World, node: NodeId, fact: facts.LogStartMoved) -> None:
        truth = self.begun_partition(fact.partition)
        if node == truth.leader:
            truth.log_start_offset = max(truth.log_start_offset, fact.log_start_offset)

    def _cut(
        self, partition: TopicPartition, truth: PartitionTruth, end: int, kept: Mapping[int, Micros] = NOTHING
    ) -> None:
        """The reference log now ends at `end`: what stood beyond is gone, but for offsets that are `kept`."""
        if end >= truth.log_end_offset:
            return
        acked = truth.acked
        for offset in range(end, truth.log_end_offset):
            birth = truth.birth_at(offset)
            if birth is None:
                continue
            producer, number = split_birth(birth)
            self.begun_producer(producer).stored.remove(number, number + 1)
            if offset in acked and offset not in kept:
                self._lose(truth, birth)
        for first, last in _runs_without(kept, end, truth.log_end_offset):
            acked.remove(first, last)
            for group in self.groups.values():
                progress = group.partitions.get(partition)
                if progress is not None:
                    group.phantom += progress.done.remove(first, last)
                if partition in group.hidden:
                    group.hidden[partition].remove(first, last)
        truth.cut(end)
        truth.high_watermark = min(truth.high_watermark, end)

    def _lose(self, truth: PartitionTruth, birth: str) -> None:
        truth.lost += 1
        self._lost += 1
        if len(self.lost_births) < REMEMBERED:
            self.lost_births.append(birth)

    # --- groups -----------------------------------------------------------------------------------

    @hears(facts.RecordsPolled)
    def _polled(self, world: World, node: NodeId, fact: facts.RecordsPolled) -> None:
        if not fact.offsets:
            return
        progress = self.begun_group(fact.group_id).begun_progress(fact.partition)
        if progress.first < 0:
            progress.first = fact.offsets[0]
        progress.first = min(progress.first, fact.offsets[0])
        progress.fetched.add(fact.offsets[0], fact.offsets[-1] + 1)
        progress.position = fact.offsets[-1] + 1
        progress.member = fact.member

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        progress = self.begun_group(fact.group_id).begun_progress(fact.partition)
        if progress.first < 0:
            progress.first = fact.offset
        progress.position = fact.offset
        progress.member = fact.member

    @hears(facts.RecordDone)
    def _done(self, world: World, node: NodeId, fact: facts.RecordDone) -> None:
        group = self.begun_group(fact.group_id)
        group.done += 1
        group.done_by[fact.member] = group.done_by.get(fact.member, 0) + 1
        progress = group.begun_progress(fact.partition)
        progress.done_by[fact.member] = progress.done_by.get(fact.member, 0) + 1
        if progress.done.add(fact.offset):
            group.duplicates += 1
        elif fact.birth:
            self._order(group, fact.birth, fact.key)

    def _order(self, group: GroupHistory, birth: str, key: bytes | None) -> None:
        """Compare with what the group did before: order by birth, over all and within the key."""
        producer, number = split_birth(birth)
        if number < group.newest_birth.get(producer, -1):
            group.reordered += 1
        else:
            group.newest_birth[producer] = number
        if key is None:
            return
        last_producer, last = group.newest_of_key.get(key, ("", -1))
        if last_producer == producer and number < last:
            group.reordered_keys[key] = group.reordered_keys.get(key, 0) + 1
        else:
            group.newest_of_key[key] = (producer, number)

    @hears(facts.OffsetsCommitted)
    def _committed(self, world: World, node: NodeId, fact: facts.OffsetsCommitted) -> None:
        group = self.begun_group(fact.group_id)
        for partition, offset in fact.offsets.items():
            progress = group.begun_progress(partition)
            progress.committed = offset
            if fact.generation_id < 0:  # moved from outside: the group answers from here on
                progress.first = offset if progress.first < 0 else min(progress.first, offset)

    @hears(facts.TransactionalOffsetsDecided)
    def _decided(self, world: World, node: NodeId, fact: facts.TransactionalOffsetsDecided) -> None:
        for group_id, offsets in fact.offsets.items():
            for partition, offset in offsets.items():
                self.begun_group(group_id).begun_progress(partition).committed = offset

    @hears(facts.OffsetsHidden)
    def _hidden(self, world: World, node: NodeId, fact: facts.OffsetsHidden) -> None:
        group = self.begun_group(fact.group_id)
        progress = group.begun_progress(fact.partition)
        hidden = group.hidden.setdefault(fact.partition, IntervalSet())
        for start, end in fact.ranges:
            progress.fetched.add(start, end)
            hidden.add(start, end)
        progress.position = fact.ranges[-1][1]
        progress.member = fact.member
        if progress.first < 0:
            progress.first = fact.ranges[0][0]

    def births_done(self, group: str, partitions: Iterable[TopicPartition] | None = None) -> int:
        """How many different records a group has finished."""
        history = self.group(group)
        wanted = history.partitions if partitions is None else partitions
        return sum(len(history.progress(partition).done) for partition in wanted)
