"""Storms: work without progress. A cluster that spins breaks no other promise for as long as it does.

What repeats is counted against what comes of it: elections of a partition against records committed, generations of a
group against records done, tries of a batch against the pause between them, and whatever else happens against all of
this together. Events alone say nothing: a busy cluster has many, and should.
"""

from dataclasses import dataclass

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import Micros, NodeId, Packed, seconds
from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

SECOND: Micros = seconds(1)
WITHIN: Micros = seconds(10)
ELECTIONS = 30
"""Of one partition in so much time. Faults of a person or a fuzz seed come to a handful."""
GENERATIONS = 30
"""Of one group. A member that restarts without end costs two each time, and takes 3 s to come back."""
UNSTORED = 120
"""Of one group whose coordinator has too few in-sync replicas to store an assignment: it begins anew each time its
members have joined, ten times a second, since they pause for retry.backoff.ms, 100.
"""
TRIES = 60
"""Of one batch in a second: with the shortest pause there is, 20 ms before the first batch of a transaction, it has 50.
"""
BATCHES = 1_000
"""So many batches are remembered; the oldest are forgotten first."""
EVENTS_IDLE = 10
"""Events a second between two machines, each with each, that have nothing to do. Most never speak: three idle brokers
have one.
"""
EVENTS_PER_STEP = 100
"""Events that one step of progress may cost. A record goes through the whole system in eleven, and takes three."""
EVENTS_BURST = 20_000
"""Events of a beginning: connections, metadata, the first fetches of all partitions."""
LAST = 6
"""Events that a storm is told with."""


@dataclass(slots=True)
class Repeats(Packed):
    """How often something has been repeated without progress, since when. `progress`: what had come of it by then."""

    since: Micros
    progress: int
    count: int = 0

    def again(self, now: Micros, progress: int) -> int:
        """Once more. Returns how often now, with no progress and within the time."""
        if progress != self.progress or now - self.since > WITHIN:
            self.since, self.progress, self.count = now, progress, 0
        self.count += 1
        return self.count


class NoElectionStorm(Invariant):
    """Leaders are elected so that somebody can write."""

    claim = "elections lead to something"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.repeats: dict[TopicPartition, Repeats] = {}

    @hears(facts.PartitionChanged)
    def _changed(self, world: World, node: NodeId, fact: facts.PartitionChanged) -> None:
        if fact.leader_id < 0:
            return
        committed = self.fates.table[fact.partition].highest
        times = self.repeats.setdefault(fact.partition, Repeats(world.now, committed)).again(world.now, committed)
        self.require(times <= ELECTIONS, fact.partition, "was changed", times, "times and nothing was committed")


class NoRebalanceStorm(Invariant):
    """A group that assigns its partitions again and again reads none of them. Real clients come and go as they like,
    and tell nobody what they have done.
    """

    claim = "rebalances lead to something"
    real = False

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.repeats: dict[tuple[str, bool], Repeats] = {}
        self.newest: dict[str, int] = {}

    @hears(facts.GroupStateChanged)
    def _classic(self, world: World, node: NodeId, fact: facts.GroupStateChanged) -> None:
        self._generation(world, node, fact.group_id, fact.generation_id)

    @hears(facts.ConsumerGroupChanged)
    def _consumer(self, world: World, node: NodeId, fact: facts.ConsumerGroupChanged) -> None:
        self._generation(world, node, fact.group_id, fact.group_epoch)

    @hears(facts.ProgramCame)
    def _came(self, world: World, node: NodeId, fact: facts.ProgramCame) -> None:
        self.real = True

    def _generation(self, world: World, node: NodeId, group_id: str, generation: int) -> None:
        if self.real or self.newest.get(group_id) == generation:
            return
        self.newest[group_id] = generation
        history = self.ledger.groups.get(group_id)
        done = history.done if history is not None else 0
        stored = _can_store(world, node, group_id)
        times = self.repeats.setdefault((group_id, stored), Repeats(world.now, done)).again(world.now, done)
        most = GENERATIONS if stored else UNSTORED
        self.require(times <= most, group_id, "has had", times, "generations and done nothing")


def _can_store(world: World, node: NodeId, group_id: str) -> bool:
    """Whether a coordinator has enough in-sync replicas to write down what it decides."""
    broker = world.hosts[node].node
    if not isinstance(broker, Broker):
        return True
    found = broker.coordinators.shard_of(broker, group_id)
    if isinstance(found, ErrorCode):
        return True
    partition = broker.partitions[found[0]]
    return len(partition.in_sync_replicas) >= partition.min_isr


class NoRetryStorm(Invariant):
    """Who tries again pauses before."""

    claim = "between tries is a pause"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.repeats: dict[tuple[str, int], Repeats] = {}

    @hears(facts.BatchRetried)
    def _retried(self, world: World, node: NodeId, fact: facts.BatchRetried) -> None:
        batch = fact.producer, fact.births[0]
        found = self.repeats.get(batch)
        if found is None:
            if len(self.repeats) >= BATCHES:
                del self.repeats[next(iter(self.repeats))]
            found = self.repeats[batch] = Repeats(world.now, 0)
        if world.now - found.since > SECOND:
            found.since, found.count = world.now, 0
        found.count += 1
        self.require(
            found.count <= TRIES, fact.producer, "tried record", fact.births[0], "in", fact.partition, found.count,
            "times within a second:", fact.error,
        )  # fmt: skip


class NoIdleStorm(Invariant):
    """Machines that have nothing to do are quiet: what happens is more of the clock's doing than of each other's. What
    real clients have to do, nobody knows; and they send as fast as sockets go.
    """

    claim = "where nothing comes of it, little happens"
    real = False

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.time: Micros = 0
        self.event_number = -1
        self.steps = 0

    def pulse(self, world: World) -> None:
        """Every few thousand events."""
        if self.real:
            return
        steps = self._steps()
        if self.event_number < 0 or world.now - self.time > WITHIN:
            self.time, self.event_number, self.steps = world.now, world.event_number, steps
            return
        events, gained = world.event_number - self.event_number, steps - self.steps
        passed = world.now - self.time
        idle = len(world.hosts) * len(world.hosts) * EVENTS_IDLE * passed // SECOND
        self.require(
            events <= EVENTS_BURST + idle + gained * EVENTS_PER_STEP,
            events, "events in", passed // 1_000, "ms, and all that came of them are", gained, "steps;", _last(world),
        )  # fmt: skip

    @hears(facts.ProgramCame)
    def _came(self, world: World, node: NodeId, fact: facts.ProgramCame) -> None:
        self.real = True

    def _steps(self) -> int:
        """All that has come of anything so far: a number that never falls."""
        born_and_told = sum(one.born + len(one.acked) for one in self.ledger.producers.values())
        return len(self.fates.table) + born_and_told + sum(one.done for one in self.ledger.groups.values())


def _last(world: World) -> str:
    """What the newest events are, which is what spins."""
    return ", ".join(f"{one.kind} on {one.node}" for one in world.trace.chain(world.event_number, LAST))


ALL: tuple[type[Invariant], ...] = (NoElectionStorm, NoRebalanceStorm, NoRetryStorm, NoIdleStorm)
