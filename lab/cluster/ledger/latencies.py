"""Latencies: how long a producer's records take from send() to their acknowledgement. Measured where an application has
requests that wait for that.
"""

from collections import deque

from lab.cluster.watch import Observer, Watch, hears
from lab.env import Micros, NodeId, seconds
from lab.kafka import facts
from lab.world.world import World

WINDOW: Micros = seconds(1)


class Latencies(Observer):
    """`sent`: when each record was made that is not settled. `newest`: by client, when it was told of each record of
    the last second, and its latency.
    """

    def __init__(self) -> None:
        self.sent: dict[tuple[str, int], Micros] = {}
        self.newest: dict[NodeId, deque[tuple[Micros, Micros]]] = {}

    @hears(facts.RecordBorn)
    def _born(self, world: World, node: NodeId, fact: facts.RecordBorn) -> None:
        self.sent[fact.producer, fact.birth] = world.now

    @hears(facts.RecordsAcked)
    def _acked(self, world: World, node: NodeId, fact: facts.RecordsAcked) -> None:
        newest = self.newest.setdefault(node, deque())
        for birth in fact.births:
            at = self.sent.pop((fact.producer, birth), None)
            if at is not None:
                newest.append((world.now, world.now - at))
        while newest and newest[0][0] <= world.now - WINDOW:
            newest.popleft()

    @hears(facts.RecordsFailed)
    def _failed(self, world: World, node: NodeId, fact: facts.RecordsFailed) -> None:
        for birth in fact.births:
            self.sent.pop((fact.producer, birth), None)

    def of(self, client: NodeId, now: Micros) -> Micros | None:
        """The mean of the last second; None if nothing was acknowledged."""
        found = [one for at, one in self.newest.get(client, ()) if at > now - WINDOW]
        return sum(found) // len(found) if found else None


def latencies_of(world: World) -> Latencies | None:
    """Who measures here; None if nobody does."""
    watch = world.witness
    assert isinstance(watch, Watch)
    return next((one for one in watch.observers if isinstance(one, Latencies)), None)


def watch_latencies(world: World) -> None:
    """Measure from now on."""
    watch = world.witness
    assert isinstance(watch, Watch)
    if latencies_of(world) is None:
        watch.insert_before(watch.observers[-1], [Latencies()])
