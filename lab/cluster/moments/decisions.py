"""Decisions: what a quorum has committed, told once, whichever leaders saw it."""

from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.world.world import World


class Decisions(Observer):
    """Passes the facts about committed records on to all who listen, each offset once and in order.

    The leader that sees a record committed states what it means. One that takes over cannot know how far the last
    one has come with that, and states it again from where it knows.
    """

    def __init__(self) -> None:
        self.next_offset = 0

    @hears(facts.Decided)
    def _decided(self, world: World, node: NodeId, fact: facts.Decided) -> None:
        if fact.offset >= self.next_offset:
            self.next_offset = fact.offset + 1
            assert world.witness is not None
            world.witness.tell(world, node, fact.fact)
