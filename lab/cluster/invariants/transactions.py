"""Invariants of transactions: all or nothing, in order, once. They listen only where somebody writes so."""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fate, Fates
from lab.cluster.ledger.births import split_birth
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Watch, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.coordinators import OFFSETS_TOPIC
from lab.kafka.broker.transactions import TRANSACTIONS_TOPIC
from lab.kafka.clients.births import birth_of
from lab.kafka.clients.consumer.app import ConsumerApp
from lab.kafka.clients.processor.outcomes import source_of
from lab.kafka.clients.recipes import ProcessorRecipe
from lab.kafka.config.client import ProducerConfig
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import CONTROL, TRANSACTIONAL, Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition, java_hash
from lab.world.world import World

REMEMBERED = 256
"""Aborted stretches of a partition: who reads what is older is not watched."""
JUMPS = ("earliest", "latest", "seek", "out of range", "truncated")
SUCCESSORS = {
    "Empty": ("Ongoing", "PrepareAbort"),
    "Ongoing": ("PrepareCommit", "PrepareAbort"),
    "PrepareCommit": ("CompleteCommit",),
    "PrepareAbort": ("CompleteAbort",),
    "CompleteCommit": ("Empty", "Ongoing", "PrepareAbort"),
    "CompleteAbort": ("Empty", "Ongoing", "PrepareAbort"),
}
PREPARED = {"PrepareCommit": True, "PrepareAbort": False}


def lost_something(fate: Fate) -> bool:
    """Whether a partition has lost records legally, or is about to, or is another one by now."""
    return fate.lost_until > 0 or fate.doomed_below > fate.leader_epoch or fate.retired


@dataclass(slots=True)
class Written:
    """What a producer has written in a partition in its transaction: stretches of offsets, its newest epoch."""

    first: int
    stretches: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    causes: list[tuple[str, TopicPartition, int]] = field(default_factory=list[tuple[str, TopicPartition, int]])

    def cut(self, end: int) -> None:
        """What was written from `end` on is gone; by a marker that comes then it is not ended."""
        self.stretches = [(start, min(stop, end)) for start, stop in self.stretches if start < end]


@dataclass(slots=True)
class Story:
    """The transactions of one partition, as its leaders appended them. `ended`: the last one of each producer id, with
    the offset of its marker and the epoch in it.
    """

    open: dict[int, Written] = field(default_factory=dict[int, Written])
    ended: dict[int, tuple[Written, int, int]] = field(default_factory=dict[int, tuple[Written, int, int]])
    aborted: IntervalSet = field(default_factory=IntervalSet)
    newest: tuple[int, int] = (-1, 0)


class Transactional(Invariant):
    """Base: hears what leaders append. Subclasses share nothing, so that each stands for itself."""

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.stories: dict[TopicPartition, Story] = {}

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        batch = fact.batch
        if not batch.attributes & (TRANSACTIONAL | CONTROL):
            return
        if fact.leader_epoch < self.fates.table[fact.partition].leader_epoch:
            return  # a leader that does not know yet it was replaced
        story = self.stories.setdefault(fact.partition, Story())
        marker = read_marker(batch) if batch.is_control else None
        if marker is None:
            self.written(world, fact.partition, story, batch)
            return
        open_one = story.open.pop(batch.producer_id, None)
        if open_one is not None:
            story.ended[batch.producer_id] = open_one, batch.base_offset, batch.producer_epoch
        self.marked(fact.partition, story, open_one, batch, marker.commit)

    def _kept_in(self, topic: str, name: str) -> TopicPartition:
        """The partition of a topic of coordinators' that keeps what is called so."""
        return TopicPartition(topic, abs(java_hash(name)) % max(1, self.fates.partitions.get(topic, 0)))

    def written(self, world: World, partition: TopicPartition, story: Story, batch: RecordBatch) -> None:
        """Records of a transaction."""
        found = story.open.setdefault(batch.producer_id, Written(batch.base_offset))
        found.stretches.append((batch.base_offset, batch.next_offset))

    def marked(
        self, partition: TopicPartition, story: Story, written: Written | None, batch: RecordBatch, commit: bool
    ) -> None:
        """A marker; `written`: what it has ended here."""

    @hears(facts.BecameLeader)
    def _leader(self, world: World, node: NodeId, fact: facts.BecameLeader) -> None:
        """What lies beyond the end of the newest leader is gone: a marker there has ended nothing."""
        story = self.stories.get(fact.partition)
        if story is None or fact.leader_epoch < self.fates.table[fact.partition].leader_epoch:
            return
        end = fact.log_end_offset
        for producer_id, (written, at, _) in list(story.ended.items()):
            if at >= end:
                del story.ended[producer_id]
                story.open[producer_id] = written
        story.open = {one: written for one, written in story.open.items() if written.first < end}
        for written in story.open.values():
            written.cut(end)
        story.aborted.remove(end, 1 << 62)


class StableOffset(Transactional):
    """The last stable offset never passes the high watermark or the first record of an open transaction, and within a
    leader epoch it never falls.
    """

    claim = "the last stable offset never falls and never passes an open transaction"

    @hears(facts.LastStableOffsetMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.LastStableOffsetMoved) -> None:
        fate = self.fates.table[fact.partition]
        stable, mark = fact.last_stable_offset, fact.high_watermark
        self.require(stable <= mark, fact.partition, "on", node, "is stable to", stable, "beyond", mark)
        story = self.stories.get(fact.partition)
        if story is None or not fact.leading or fact.leader_epoch != fate.leader_epoch or lost_something(fate):
            return
        start = fate.log_starts.get(node, 0)
        first = min((one.first for one in story.open.values()), default=stable)
        self.require(
            stable <= max(first, start),
            fact.partition, "on", node, "is stable to", stable, "and a transaction is open from", first,
        )  # fmt: skip
        epoch, before = story.newest
        self.require(
            fact.leader_epoch != epoch or stable >= before,
            fact.partition, "on", node, "was stable to", before, "and is to", stable,
        )  # fmt: skip
        story.newest = fact.leader_epoch, stable


class AbortedIsHidden(Transactional):
    """Who reads committed gets no record of a transaction that is open or was aborted."""

    claim = "nobody who reads committed gets a record that is not"

    def marked(
        self, partition: TopicPartition, story: Story, written: Written | None, batch: RecordBatch, commit: bool
    ) -> None:
        """Note what it aborts."""
        if written is None or commit:
            return
        for start, end in written.stretches:
            story.aborted.add(start, end)
        if len(story.aborted.starts) > REMEMBERED:
            story.aborted.remove(0, story.aborted.ends[REMEMBERED // 2])

    @hears(facts.RecordsPolled)
    def _polled(self, world: World, node: NodeId, fact: facts.RecordsPolled) -> None:
        story = self.stories.get(fact.partition)
        app = world.hosts[node].node
        if story is None or not fact.offsets or not isinstance(app, ConsumerApp):
            return
        if app.config.isolation_level != "read_committed" or lost_something(self.fates.table[fact.partition]):
            return
        first, last = fact.offsets[0], fact.offsets[-1]
        if story.aborted.count(first, last + 1):
            seen = [one for one in fact.offsets if one in story.aborted]
            self.require(not seen, fact.member, "reads", fact.partition, "at", seen[:5], "which was aborted")
        for written in story.open.values():
            if written.first <= last:
                seen = [one for one in fact.offsets for start, end in written.stretches if start <= one < end]
                self.require(not seen, fact.member, "reads", fact.partition, "at", seen[:5], "which is not decided")
        self.checked += 1


class FencedWritesNothing(Transactional):
    """After a marker of an epoch nothing of an older one is appended for that producer id."""

    claim = "a fenced producer writes nothing"

    def written(self, world: World, partition: TopicPartition, story: Story, batch: RecordBatch) -> None:
        """Compare with the newest marker."""
        super().written(world, partition, story, batch)
        ended = story.ended.get(batch.producer_id)
        if ended is not None and not lost_something(self.fates.table[partition]):
            self.require(
                batch.producer_epoch >= ended[2],
                partition, "producer", batch.producer_id, "writes in epoch", batch.producer_epoch,
                "after a marker of epoch", ended[2],
            )  # fmt: skip


class AllOrNothing(Transactional):
    """A transaction has one end: all its markers say the same, and all are replicated before it is called complete."""

    claim = "a transaction ends alike in all its partitions before it is complete"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.decided: dict[int, tuple[bool, dict[TopicPartition, int]]] = {}
        self.states: dict[str, str] = {}

    def kept_in(self, transactional_id: str) -> Fate:
        """The fate of the partition of `__transaction_state` that keeps a transactional id."""
        return self.fates.table[self._kept_in(TRANSACTIONS_TOPIC, transactional_id)]

    def marked(
        self, partition: TopicPartition, story: Story, written: Written | None, batch: RecordBatch, commit: bool
    ) -> None:
        """It says what was decided."""
        found = self.decided.get(batch.producer_id)
        if found is None or written is None:
            return
        self.require(
            commit == found[0] or lost_something(self.fates.table[partition]),
            partition, "producer", batch.producer_id, "has", "COMMIT" if commit else "ABORT", "against the decision",
        )  # fmt: skip
        found[1][partition] = batch.base_offset

    @hears(facts.TransactionStateChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.TransactionStateChanged) -> None:
        fate = self.kept_in(fact.transactional_id)
        if fate.leader not in ("", node):
            return  # a coordinator that does not know yet it was replaced
        before = self.states.get(fact.transactional_id, "Empty")
        self.states[fact.transactional_id] = fact.state
        allowed = (before, *SUCCESSORS[before])
        self.require(
            fact.state in allowed or lost_something(fate),
            fact.transactional_id, "goes from", before, "to", fact.state,
        )  # fmt: skip
        if fact.state in PREPARED:
            self.decided[fact.producer_id] = PREPARED[fact.state], dict.fromkeys(fact.partitions, -1)
        elif fact.state.startswith("Complete") and not lost_something(fate):
            self._complete(fact)

    def _complete(self, fact: facts.TransactionStateChanged) -> None:
        found = self.decided.get(fact.producer_id)
        for partition, marker in found[1].items() if found is not None else ():
            fate = self.fates.table[partition]
            nothing_there = fact.producer_id not in self.stories.get(partition, Story()).open
            self.require(
                0 <= marker < fate.highest or (marker < 0 and nothing_there) or lost_something(fate),
                fact.transactional_id, "is complete, and in", partition, "its marker is at", marker,
                "where committed is up to", fate.highest,
            )  # fmt: skip

    @hears(facts.TransactionsLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.TransactionsLoaded) -> None:
        """What was decided is decided for the next coordinator, too."""
        fate = self.fates.table[fact.partition]
        if node != fate.leader or lost_something(fate):
            return
        for name, before in list(self.states.items()):
            if self.kept_in(name) is not fate:
                continue
            state = fact.transactions.get(name, (-1, -1, "gone"))[2]
            self.require(
                state in (before, *SUCCESSORS[before]), name, "was", before, "and its new coordinator finds", state
            )
            self.states[name] = state
            if state in PREPARED and state != before:  # decided by the one before, who did not live to tell
                self.decided[fact.transactions[name][0]] = PREPARED[state], {}

    @hears(facts.TransactionExpired)
    def _expired(self, world: World, node: NodeId, fact: facts.TransactionExpired) -> None:
        self.states.pop(fact.transactional_id, None)


class ExactlyOnce(Transactional):
    """What a group of read-process-write apps makes of a record of its input is committed once."""

    claim = "of each record that is read one outcome is committed"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.outcomes: dict[tuple[str, TopicPartition], IntervalSet] = {}
        self.jumped: dict[tuple[str, TopicPartition], None] = {}
        self.users: dict[int, str] = {}

    @hears(facts.TransactionStateChanged)
    def _used(self, world: World, node: NodeId, fact: facts.TransactionStateChanged) -> None:
        self.users[fact.producer_id] = fact.transactional_id

    @hears(facts.TransactionsLoaded)
    def _found(self, world: World, node: NodeId, fact: facts.TransactionsLoaded) -> None:
        """What a coordinator decided that did not live to tell."""
        self.users |= {producer_id: name for name, (producer_id, _, _) in fact.transactions.items()}

    def written(self, world: World, partition: TopicPartition, story: Story, batch: RecordBatch) -> None:
        """Note of which records these are the outcome."""
        super().written(world, partition, story, batch)
        if partition.topic == OFFSETS_TOPIC:
            return
        found = story.open[batch.producer_id]
        for record in batch.readable():
            source = source_of(record)
            recipe = self._maker(world, record, batch.producer_id) if source is not None else None
            if source is not None and recipe is not None:
                found.causes.append((recipe.group_id, *source))

    def _maker(self, world: World, record: Record, producer_id: int) -> ProcessorRecipe | None:
        """The application that an outcome names. None if another writes it: a program copies headers, too."""
        birth = birth_of(record)
        host = world.hosts.get(split_birth(birth)[0].partition(".")[0]) if birth else None
        recipe = host.recipe if host is not None else None
        if not isinstance(recipe, ProcessorRecipe):
            return None
        own = ProducerConfig(recipe.producer_configs).transactional_id
        return recipe if self.users.get(producer_id) == own else None

    def marked(
        self, partition: TopicPartition, story: Story, written: Written | None, batch: RecordBatch, commit: bool
    ) -> None:
        """What is committed now was not before."""
        if written is None or not commit or not written.causes:
            return
        for group, read, offset in written.causes:
            again = self.outcomes.setdefault((group, read), IntervalSet()).add(offset)
            self.require(
                not again or (group, read) in self.jumped or self._excused(group, read, offset, partition),
                group, "commits the outcome of", f"{read}@{offset}", "a second time, in", partition,
            )  # fmt: skip

    def _excused(self, group: str, read: TopicPartition, offset: int, written: TopicPartition) -> bool:
        """Whether a legal loss can be why: of the very record that was read, whose offset then has another; of what the
        group had committed; of the outcome or its marker; or of what was decided about a transaction.
        """
        table = self.fates.table
        decided = (fate for partition, fate in table.items() if partition.topic == TRANSACTIONS_TOPIC)
        kept = (table[self._kept_in(OFFSETS_TOPIC, group)], table[written], *decided)
        return table[read].excused(offset) or table[read].retired or any(lost_something(fate) for fate in kept)

    @hears(facts.PositionReset)
    def _reset(self, world: World, node: NodeId, fact: facts.PositionReset) -> None:
        if fact.reason in JUMPS:
            self.jumped[fact.group_id, fact.partition] = None

    @hears(facts.OffsetsForgotten)
    def _forgotten(self, world: World, node: NodeId, fact: facts.OffsetsForgotten) -> None:
        for partition in fact.partitions:
            self.jumped[fact.group_id, partition] = None

    @hears(facts.OffsetsCommitted)
    def _moved(self, world: World, node: NodeId, fact: facts.OffsetsCommitted) -> None:
        """Moved from outside of the group: what is read then may have been read before."""
        for partition in fact.offsets if fact.generation_id < 0 else ():
            self.jumped[fact.group_id, partition] = None


ALL: tuple[type[Invariant], ...] = (StableOffset, AbortedIsHidden, FencedWritesNothing, AllOrNothing, ExactlyOnce)


def watch_transactions(world: World) -> None:
    """From now on these are watched, too: before the first transaction of a world."""
    watch = world.witness
    assert isinstance(watch, Watch)
    if not any(isinstance(one, Transactional) for one in watch.observers):
        ledger, fates = watch.observers[0], next(one for one in watch.observers if isinstance(one, Fates))
        assert isinstance(ledger, Ledger)
        watch.insert_before(fates, [kind(ledger, fates) for kind in ALL])
