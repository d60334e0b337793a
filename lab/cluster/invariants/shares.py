"""What is claimed of share groups (KIP-932, spec 4.7). Facts of a leader that was replaced are not held against its
successor: whatever it says can no longer be written.
"""

from dataclasses import dataclass, field

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.births import plain_birth
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.broker.share.in_flight import ACKNOWLEDGED, FINISHED, STATES
from lab.kafka.broker.share.states import STATE_TOPIC, state_partition
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

ShareFact = (
    facts.SharePartitionLoaded | facts.RecordsAcquired | facts.RecordsSettled | facts.ShareStartMoved
    | facts.ShareStateStored
)  # fmt: skip
NEVER_HELD = ("skipped", "retention")
OVER = tuple(STATES[state] for state in FINISHED)


@dataclass(slots=True)
class Held:
    """What is acquired in the newest leader epoch, and how often each record in flight was delivered."""

    leader_epoch: int = -1
    offsets: IntervalSet = field(default_factory=IntervalSet)
    counts: dict[int, int] = field(default_factory=dict[int, int])


class OneHolder(Invariant):
    """Between acquiring and settling a record is one member's."""

    claim = "a record is acquired by one member at a time"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.held: dict[tuple[str, TopicPartition], Held] = {}

    @hears(facts.SharePartitionLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.SharePartitionLoaded) -> None:
        key = fact.group_id, fact.partition
        if fact.leader_epoch >= self.held.get(key, Held()).leader_epoch:
            counts = {offset: count for first, end, count in fact.unfinished for offset in range(first, end)}
            self.held[key] = Held(fact.leader_epoch, counts=counts)

    @hears(facts.RecordsAcquired)
    def _acquired(self, world: World, node: NodeId, fact: facts.RecordsAcquired) -> None:
        held = self.held.get((fact.group_id, fact.partition))
        if held is None or fact.leader_epoch < held.leader_epoch:
            return
        twice = held.offsets.add(fact.first, fact.end)
        self.require(twice == 0, fact.client_id, "acquires", _range(fact), "of which", twice, "are another's")
        fate = self.fates.table[fact.partition]
        self.require(
            fact.end <= fate.highest or fate.retired,
            fact.client_id, "acquires", _range(fact), "but no leader committed beyond", fate.highest,
        )  # fmt: skip

    @hears(facts.RecordsSettled)
    def _settled(self, world: World, node: NodeId, fact: facts.RecordsSettled) -> None:
        held = self.held.get((fact.group_id, fact.partition))
        if held is None or fact.leader_epoch < held.leader_epoch or fact.reason in NEVER_HELD:
            return
        gone = held.offsets.remove(fact.first, fact.end)
        self.require(
            gone == fact.end - fact.first, fact.group_id, _range(fact), fact.reason, "but", gone, "were acquired"
        )


class DeliveriesCounted(OneHolder):
    """Each delivery counts one more, and none is beyond the limit."""

    claim = "no record is delivered more often than the limit"

    @hears(facts.RecordsAcquired)
    def _acquired(self, world: World, node: NodeId, fact: facts.RecordsAcquired) -> None:
        held = self.held.get((fact.group_id, fact.partition))
        if held is None or fact.leader_epoch < held.leader_epoch:
            return
        broker = world.hosts[node].node
        if isinstance(broker, Broker):
            limit = broker.config.group_share_delivery_count_limit
            self.require(fact.delivery_count <= limit, _range(fact), "is delivery", fact.delivery_count, "of", limit)
        for offset in range(fact.first, fact.end):
            before = held.counts.get(offset, 0)
            self.require(
                fact.delivery_count == before + 1,
                f"{fact.partition}@{offset}", "was delivered", before, "times and now is called", fact.delivery_count,
            )  # fmt: skip
            held.counts[offset] = fact.delivery_count

    @hears(facts.RecordsSettled)
    def _settled(self, world: World, node: NodeId, fact: facts.RecordsSettled) -> None:
        held = self.held.get((fact.group_id, fact.partition))
        if held is None or fact.leader_epoch < held.leader_epoch or fact.state not in OVER:
            return
        for offset in range(fact.first, fact.end):
            held.counts.pop(offset, None)


@dataclass(slots=True)
class Finished:
    """Of one share-partition: acknowledged or archived offsets at and beyond `start`, those whose acceptance is stored,
    and those of which that was written, but perhaps not replicated. All below is finished.
    """

    leader_epoch: int = -1
    start: int = -1
    over: IntervalSet = field(default_factory=IntervalSet)
    accepted: IntervalSet = field(default_factory=IntervalSet)
    written: IntervalSet = field(default_factory=IntervalSet)
    stored_start: int = -1
    stored_epoch: int = -1

    def prune(self) -> None:
        """What lies below the start offset needs no list."""
        self.over.remove(0, self.start)
        self.written.remove(0, self.start)
        self.accepted.remove(0, max(self.stored_start, 0))


class ShareStarts(Invariant):
    """The start offset (SPSO) rises only, over records of which each was acknowledged or archived; what was stored
    as accepted is never delivered again, whoever leads.
    """

    claim = "a share group leaves no record out, and does no accepted one again"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.finished: dict[tuple[str, TopicPartition], Finished] = {}

    def _known(self, fact: ShareFact) -> Finished | None:
        """What is known of a share-partition; None where logs were lost legally, and all may be otherwise."""
        key = fact.group_id, fact.partition
        table = self.fates.table
        for fate in (table[fact.partition], table[self._kept_in(fact)]):
            if fate.lost_until > 0 or fate.doomed_below > fate.leader_epoch or fate.retired:
                self.finished.pop(key, None)
                return None
        found = self.finished.get(key)
        if found is None:
            found = self.finished[key] = Finished()
        return found

    def _kept_in(self, fact: ShareFact) -> TopicPartition:
        """The partition of `__share_group_state` that keeps a share-partition."""
        count = max(1, self.fates.partitions.get(STATE_TOPIC, 0))
        return TopicPartition(STATE_TOPIC, state_partition(fact.group_id, fact.partition, count))

    @hears(facts.SharePartitionLoaded)
    def _loaded(self, world: World, node: NodeId, fact: facts.SharePartitionLoaded) -> None:
        known = self._known(fact)
        if known is None or fact.leader_epoch < known.leader_epoch:
            return
        known.leader_epoch = fact.leader_epoch
        self.require(
            not fact.initial or known.stored_start < 0,
            fact.group_id, "begins anew in", fact.partition, "where", known.stored_start, "was stored",
        )  # fmt: skip
        for first, end in known.written.intervals():
            known.over.add(first, end)
        if not fact.initial and known.start >= 0:
            self._all_over(known, fact, known.start, fact.start_offset)
        known.start = fact.start_offset
        known.over.remove(fact.start_offset, 1 << 62)
        at = fact.start_offset
        for first, end, _ in (*fact.unfinished, (fact.end_offset, fact.end_offset, 0)):
            if at < first:
                known.over.add(at, first)
            at = end

    def _all_over(self, known: Finished, fact: ShareFact, first: int, end: int) -> None:
        self.require(
            end <= first or known.over.count(first, end) == end - first,
            fact.group_id, "moves on in", fact.partition, "from", first, "to", end, "over", known.over.gaps(first, end),
        )  # fmt: skip

    @hears(facts.RecordsSettled)
    def _settled(self, world: World, node: NodeId, fact: facts.RecordsSettled) -> None:
        known = self._known(fact)
        if known is None or fact.leader_epoch < known.leader_epoch:
            return
        if fact.state not in OVER:
            # A leader that never heard the answer does not know what it has had stored, and gives it out again: Kafka's
            # gives up after some tries. What it has settled it cannot: that OneHolder knows.
            known.accepted.remove(fact.first, fact.end)
            return
        known.over.add(fact.first, fact.end)
        if fact.reason == "accepted":
            known.accepted.add(fact.first, fact.end)

    @hears(facts.ShareStartMoved)
    def _moved(self, world: World, node: NodeId, fact: facts.ShareStartMoved) -> None:
        known = self._known(fact)
        if known is None or fact.leader_epoch < known.leader_epoch or known.start < 0:
            return
        self.require(
            fact.start_offset > known.start,
            fact.group_id, "goes back in", fact.partition, "from", known.start, "to", fact.start_offset,
        )  # fmt: skip
        self._all_over(known, fact, known.start, fact.start_offset)
        known.start = fact.start_offset
        known.prune()

    @hears(facts.ShareStateStored)
    def _stored(self, world: World, node: NodeId, fact: facts.ShareStateStored) -> None:
        known = self._known(fact)
        if known is None:
            return
        late = self.fates.table[self._kept_in(fact)].leader not in ("", node)
        self.require(
            fact.leader_epoch >= known.stored_epoch or late,
            "epoch", fact.leader_epoch, "writes of", fact.group_id, fact.partition, "after", known.stored_epoch,
        )  # fmt: skip
        if fact.leader_epoch < known.stored_epoch:
            return
        if not fact.replicated:
            for first, end, state in fact.batches:
                if state in FINISHED:
                    known.written.add(first, end)
            return
        known.stored_epoch = fact.leader_epoch
        known.stored_start = max(known.stored_start, fact.start_offset)
        for first, end, state in fact.batches:
            known.accepted.remove(first, end)
            if state == ACKNOWLEDGED:
                known.accepted.add(first, end)
            if state in FINISHED:
                known.over.add(first, end)

    @hears(facts.ShareStateReset)
    def _reset(self, world: World, node: NodeId, fact: facts.ShareStateReset) -> None:
        """An administrator wants it to begin elsewhere."""
        self.finished.pop((fact.group_id, fact.partition), None)

    @hears(facts.RecordsAcquired)
    def _acquired(self, world: World, node: NodeId, fact: facts.RecordsAcquired) -> None:
        known = self._known(fact)
        if known is None or fact.leader_epoch < max(known.leader_epoch, known.stored_epoch):
            return
        again = known.accepted.count(fact.first, fact.end)
        self.require(
            again == 0 and fact.first >= known.stored_start,
            fact.client_id, "gets", _range(fact), "of which", again, "were accepted; all below", known.stored_start,
            "is finished",
        )  # fmt: skip


class DeliversCommitted(Invariant):
    """poll() returns what the log holds, as any other consumer's."""

    claim = "a share consumer sees exactly the committed records"

    @hears(facts.RecordsDelivered)
    def _delivered(self, world: World, node: NodeId, fact: facts.RecordsDelivered) -> None:
        fate = self.fates.table[fact.partition]
        truth = self.ledger.partition(fact.partition)
        if fate.retired:
            return
        for offset, birth in zip(fact.offsets, fact.births, strict=True):
            stored = truth.birth_at(offset) if offset < truth.log_end_offset else "nothing"
            self.require(
                offset < fate.highest and ((stored or "") == plain_birth(birth) or fate.excused(offset)),
                fact.member, "gets", birth, "from", f"{fact.partition}@{offset}", "where", stored, "is",
            )  # fmt: skip


def _range(fact: facts.RecordsAcquired | facts.RecordsSettled) -> str:
    return f"{fact.partition}@{fact.first} to {fact.end - 1}"


ALL: tuple[type[Invariant], ...] = (OneHolder, DeliveriesCounted, ShareStarts, DeliversCommitted)
