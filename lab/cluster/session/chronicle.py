"""Chronicle: the facts that are kept with a branch, for those who tell what was when.

A recorder like that of the charts, for what happens instead of what is measured. It hears each world from
outside, so nothing of it is in a checkpoint; whatever is run again is kept once.
"""

from lab.cluster.watch import Observer, Watch, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.world.timeline import Timeline
from lab.world.world import World


class Chronicle(Observer):
    """Keeps who owned which partition, and how the groups were."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        timeline.greet(self.attend)

    def attend(self, world: World) -> None:
        """Listen to `world` as well."""
        assert isinstance(world.witness, Watch)
        world.witness.invite(self)

    @hears(
        facts.PartitionsAssigned, facts.PartitionsRevoked, facts.GroupStateChanged, facts.ConsumerGroupChanged,
        facts.LeftGroup, facts.PollFailed,
    )  # fmt: skip
    def _told(self, world: World, node: NodeId, fact: object) -> None:
        self.timeline.keep(world, node, fact)
