"""Fencing: what real clients may bring back from futures that a session leaves: the highest numbers given out there."""

from lab.cluster.actions.programs import Fence
from lab.cluster.build import broker_hosts, image_of
from lab.cluster.lookup.parts import broker_at
from lab.kafka import facts
from lab.kafka.clients.program import Program
from lab.world.branch import Branch
from lab.world.timeline import Timeline
from lab.world.world import World


class Heights:
    """The highest numbers that any of some futures has handed out."""

    def __init__(self) -> None:
        self.producer_id = 0
        self.generations: dict[str, int] = {}
        self.producer_epochs: dict[str, int] = {}
        self.transactional_ids: dict[str, None] = {}

    def look_at(self, world: World, branch: Branch) -> None:
        """A future at its end. What its groups were is told by its facts: a coordinator may be down there."""
        self.producer_id = max(self.producer_id, image_of(world).next_producer_id)
        for told in branch.told:
            match told.fact:
                case facts.GroupStateChanged():
                    self._reached(told.fact.group_id, told.fact.generation_id)
                case facts.ConsumerGroupChanged():
                    self._reached(told.fact.group_id, told.fact.group_epoch)
                case _:
                    pass
        for name in broker_hosts(world):
            broker = broker_at(world, name)
            coordinators = broker.transaction_coordinators if broker is not None else None
            for shard in coordinators.shards.values() if coordinators is not None else ():
                for transactional_id, one in shard.transactions.items():
                    known = self.producer_epochs.get(transactional_id, 0)
                    self.producer_epochs[transactional_id] = max(known, one.producer_epoch)
        for host in world.hosts.values():
            if isinstance(host.node, Program):
                self.transactional_ids |= host.node.transactional_ids

    def _reached(self, group_id: str, generation: int) -> None:
        self.generations[group_id] = max(self.generations.get(group_id, 0), generation)


def fence_of(timeline: Timeline, real_groups: tuple[str, ...]) -> Fence:
    """The fence between this instant and all futures there are. `real_groups`: those that real clients are in here;
    groups and transactional ids of simulated clients are left alone, since these go back with their world.
    """
    heights = Heights()
    for branch in timeline.branches:
        heights.look_at(timeline.at(branch.latest, branch), branch)
    generations = tuple((group, heights.generations.get(group, 0)) for group in real_groups)
    epochs = tuple((name, heights.producer_epochs.get(name, 0)) for name in heights.transactional_ids)
    number = 1 + sum(isinstance(one, Fence) for branch in timeline.branches for _, one in branch.journal)
    return Fence(number, heights.producer_id, generations, epochs)
