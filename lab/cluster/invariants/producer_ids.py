"""Invariants of producer ids: by its id a leader tells a retry from a new record, so no two producers may have one."""

from lab.cluster.invariants.base import Invariant
from lab.cluster.invariants.fates import Fates
from lab.cluster.ledger.interval_set import IntervalSet
from lab.cluster.ledger.ledger import Ledger
from lab.cluster.watch import hears
from lab.env import NodeId
from lab.kafka import facts
from lab.kafka.clients.births import birth_of
from lab.kafka.protocol.records import RecordBatch
from lab.world.world import World


class IdsAreOnesOwn(Invariant):
    """A producer that is made anew gets an id that nobody had before it."""

    claim = "no producer id is handed out twice, or taken by two producers"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.given = IntervalSet()
        self.taken = IntervalSet()

    @hears(facts.ProducerIdGiven)
    def _given(self, world: World, node: NodeId, fact: facts.ProducerIdGiven) -> None:
        self.require(not self.given.add(fact.producer_id), node, "hands out", fact.producer_id, "again")

    @hears(facts.ProducerIdTaken)
    def _taken(self, world: World, node: NodeId, fact: facts.ProducerIdTaken) -> None:
        again = self.taken.add(fact.producer_id)
        self.require(not again, fact.producer, "takes", fact.producer_id, "which another producer has")


class IdsWereGiven(Invariant):
    """What a replica remembers of producers is as much as there were. Of simulated ones: a real client may come back
    from a future that was taken back with an id it was given there, and who writes by hand may make one up.
    """

    claim = "who writes with a producer id was given it"

    def __init__(self, ledger: Ledger, fates: Fates) -> None:
        super().__init__(ledger, fates)
        self.given = IntervalSet()

    @hears(facts.ProducerIdGiven)
    def _given(self, world: World, node: NodeId, fact: facts.ProducerIdGiven) -> None:
        self.given.add(fact.producer_id)

    @hears(facts.Appended)
    def _appended(self, world: World, node: NodeId, fact: facts.Appended) -> None:
        batch = fact.batch
        if batch.producer_id < 0:
            return
        self.require(
            batch.producer_id in self.given or not self._is_simulated(batch),
            node, "stores records of producer", batch.producer_id, "in", fact.partition,
        )  # fmt: skip

    def _is_simulated(self, batch: RecordBatch) -> bool:
        """Whether its records are of a producer that the ledger follows."""
        births = () if batch.is_control else map(birth_of, batch.readable())
        return any(one.rpartition(":")[0] in self.ledger.producers for one in births)


ALL: tuple[type[Invariant], ...] = (IdsAreOnesOwn, IdsWereGiven)
