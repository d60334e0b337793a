"""Service levels: what a cluster owes its clients while nothing is broken. Slow but correct is a mistake, too.

Every other invariant holds whatever happens; these hold only where nothing does, and are watched only where a spec says
so. With the first deed from outside all of them fall silent: what is slow from then on may have its reason.
"""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import Watch, hears
from lab.env import Micros, NodeId, millis, seconds
from lab.kafka import facts
from lab.kafka.clients.producer.app import ProducerApp
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

SETTLED: Micros = seconds(20)
"""By then every group has its members: 3 s for the first of them, two rebalances of a cooperative one."""
COMMITTED_WITHIN: Micros = millis(50)
ACKED_WITHIN: Micros = millis(100)
"""Beyond `linger.ms`."""
PAUSE: Micros = millis(1_200)
"""The longest before a retry: `retry.backoff.max.ms` and a fifth."""
READ_WITHIN: Micros = millis(1_200)
"""Two long polls of 500 ms may stand before a record: its reader's, for other partitions of the same broker, and its
follower's, which hears only then that it is committed.
"""
ORDINARY = ("TransactionAbortedException", "CONCURRENT_TRANSACTIONS", "NOT_ENOUGH_REPLICAS")
"""What a producer meets in good health: its application aborts before all is sent, or writes on while the markers of
its last transaction are still on their way, which an older protocol calls not enough replicas (spec 5.6). That replicas
are missing indeed is a claim of its own.
"""
PUT_OFF = (*ORDINARY, "OUT_OF_ORDER_SEQUENCE_NUMBER")
"""What it meets and tries again after: behind a batch that was put off so, the next ones are out of order for a while.
"""
DEEDS = ("fault", "rot", "mended", "built", "changed", "throttled")
"""Moments that a deed from outside leaves, the drawn ones of a fuzz seed as well as a person's."""


class ServiceLevel(Invariant):
    """Base: a claim about a cluster that is left alone."""

    def owe(self, world: World, holds: bool, *found: object) -> None:
        """One check; it fails only where nothing was done from outside."""
        if holds or any(one.kind in DEEDS for one in world.moments):
            self.checked += 1
        else:
            self.require(False, *found)


class LeadersStay(ServiceLevel):
    """A leader leads until something is done to it."""

    claim = "while nothing is broken no leader moves and no replica falls out of sync"

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        if fact.previous_leader_id < 0 or world.now < 0:
            return
        same = fact.leader_id == fact.previous_leader_id and set(fact.previous_isr) <= set(fact.in_sync_replicas)
        self.owe(
            world, same,
            fact.partition, "goes from leader", fact.previous_leader_id, "and in sync", fact.previous_isr,
            "to", fact.leader_id, fact.in_sync_replicas, f"({fact.reason})",
        )  # fmt: skip


class HeartbeatsAreHeard(ServiceLevel):
    """Of brokers by controllers, of controllers by each other, of members by coordinators."""

    claim = "while nothing is broken nobody is taken for dead"

    @hears(facts.BrokerFenced)
    def _fenced(self, world: World, node: NodeId, fact: facts.BrokerFenced) -> None:
        self.owe(world, world.now < 0, "broker", fact.broker_id, "is fenced:", fact.reason)

    @hears(facts.QuorumRoleChanged)
    def _role(self, world: World, node: NodeId, fact: facts.QuorumRoleChanged) -> None:
        self.owe(world, world.now < 0, "controller", fact.replica_id, "is", fact.role, "in epoch", fact.epoch)

    @hears(facts.LeftGroup)
    def _left(self, world: World, node: NodeId, fact: facts.LeftGroup) -> None:
        self.owe(world, False, fact.member, "leaves", fact.group_id, f"({fact.reason})")


class GroupsStay(ServiceLevel):
    """Once everybody is there, nobody has a reason to rebalance."""

    claim = "while nothing is broken a group that has settled does not rebalance"

    @hears(facts.GroupStateChanged, facts.ConsumerGroupChanged, facts.ShareGroupChanged)
    def _changed(
        self,
        world: World,
        node: NodeId,
        fact: facts.GroupStateChanged | facts.ConsumerGroupChanged | facts.ShareGroupChanged,
    ) -> None:
        self.owe(world, world.now < SETTLED, fact.group_id, "is", fact.state, f"({fact.reason})")


class NothingIsDoneTwice(ServiceLevel):
    """A retry has a cause, and there is none."""

    claim = "while nothing is broken nothing is tried twice, times out or fails"

    @hears(facts.BatchRetried)
    def _retried(self, world: World, node: NodeId, fact: facts.BatchRetried) -> None:
        self.owe(world, fact.error in PUT_OFF, fact.producer, "tries", fact.partition, "again:", fact.error)

    @hears(facts.RecordsFailed)
    def _failed(self, world: World, node: NodeId, fact: facts.RecordsFailed) -> None:
        self.owe(world, fact.error in ORDINARY, fact.producer, "fails to write to", fact.partition, fact.error)

    @hears(facts.CommitFailed)
    def _commit(self, world: World, node: NodeId, fact: facts.CommitFailed) -> None:
        self.owe(world, world.now < SETTLED, fact.member, "fails to commit:", fact.error)


class Prompt(ServiceLevel):
    """What is written is replicated and acknowledged at once, and read as soon as its reader has time for it."""

    claim = "while nothing is broken what is written is committed, acknowledged and read promptly"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.marks: dict[TopicPartition, int] = {}
        self.born: dict[str, dict[int, Micros]] = {}
        self.stable: dict[TopicPartition, Micros] = {}
        self.busy: dict[NodeId, Micros] = {}
        self.retried: dict[str, Micros] = {}

    @hears(facts.HighWatermarkMoved)
    def _committed(self, world: World, node: NodeId, fact: facts.HighWatermarkMoved) -> None:
        truth = self.ledger.partitions.get(fact.partition)
        if truth is None:
            return
        first = self.marks.get(fact.partition, 0)
        self.marks[fact.partition] = fact.high_watermark
        if first < min(fact.high_watermark, truth.log_end_offset):
            self._within(world, COMMITTED_WITHIN, truth.time_at(first), fact.partition, first, "is committed")

    @hears(facts.RecordBorn)
    def _born(self, world: World, node: NodeId, fact: facts.RecordBorn) -> None:
        self.born.setdefault(fact.producer, {})[fact.birth] = world.now

    @hears(facts.RecordsAcked)
    def _acked(self, world: World, node: NodeId, fact: facts.RecordsAcked) -> None:
        app = world.hosts[node].node
        linger_ms = app.producer.config.linger_ms if isinstance(app, ProducerApp) else 0
        born = self.born.get(fact.producer, {})
        times = [born.pop(one) for one in fact.births if one in born] if born else []
        if times and world.now >= SETTLED:
            retried = self.retried.get(fact.producer, -1)
            bound = ACKED_WITHIN + millis(linger_ms) + (PAUSE if retried >= times[0] else 0)
            self._within(world, bound, max(times[0], retried), fact.producer, fact.births[0], "is acknowledged")

    @hears(facts.BatchRetried)
    def _retried(self, world: World, node: NodeId, fact: facts.BatchRetried) -> None:
        """For an ordinary reason, or another claim is broken: it pauses, and what was made since waits behind it."""
        self.retried[fact.producer] = world.now

    @hears(facts.LastStableOffsetMoved)
    def _decided(self, world: World, node: NodeId, fact: facts.LastStableOffsetMoved) -> None:
        self.stable[fact.partition] = world.now

    @hears(facts.RecordDone)
    def _done(self, world: World, node: NodeId, fact: facts.RecordDone) -> None:
        self.busy[node] = world.now

    @hears(facts.RecordsPolled)
    def _read(self, world: World, node: NodeId, fact: facts.RecordsPolled) -> None:
        """Since it was there, decided, and its reader had nothing else to do."""
        if not fact.offsets or world.now < SETTLED:
            return
        there = self.ledger.partitions[fact.partition].time_at(fact.offsets[0])
        since = max(there, self.busy.get(node, 0), self.stable.get(fact.partition, 0))
        self._within(world, READ_WITHIN, since, fact.partition, fact.offsets[0], "is read by", fact.member)

    def _within(self, world: World, bound: Micros, since: Micros, *what: object) -> None:
        waited = world.now - since
        self.owe(world, waited <= bound, *what, "after", waited // 1_000, "ms and not", bound // 1_000)


ALL: tuple[type[ServiceLevel], ...] = (LeadersStay, HeartbeatsAreHeard, GroupsStay, NothingIsDoneTwice, Prompt)


def watch_service_levels(world: World) -> None:
    """From now on these are watched, too: from the beginning of a world."""
    watch = world.witness
    assert isinstance(watch, Watch)
    ledger, fates = watch.observers[0], next(one for one in watch.observers if isinstance(one, Fates))
    assert isinstance(ledger, Ledger)
    watch.insert_before(fates, [kind(ledger, fates) for kind in ALL])
