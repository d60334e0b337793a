"""QuorumMoments: what of a quorum's life is worth stopping for."""

from lab.cluster.watch import Observer, hears
from lab.env import NodeId
from lab.kafka import facts
from lab.world.world import World


class QuorumMoments(Observer):
    """Marks who leads the quorum, and when nobody does."""

    def __init__(self) -> None:
        self.leader: NodeId = ""
        self.incarnation = 0

    @hears(facts.QuorumRoleChanged)
    def _role(self, world: World, node: NodeId, fact: facts.QuorumRoleChanged) -> None:
        match fact.role:
            case "leader":
                self.leader, self.incarnation = node, world.hosts[node].incarnation
                world.mark("quorum", node, f"{node} leads the controllers in epoch {fact.epoch}")
            case "resigned" if node == self.leader and world.hosts[node].node is not None:
                self.leader = ""
                again = world.hosts[node].incarnation != self.incarnation
                led = f"starts as resigned: it led the controllers in epoch {fact.epoch} when it went down"
                world.mark("quorum", node, f"{node} {led if again else 'no longer leads the controllers'}")
            case _:
                pass

    @hears(facts.QuorumTruncated)
    def _truncated(self, world: World, node: NodeId, fact: facts.QuorumTruncated) -> None:
        if fact.log_end_offset > fact.offset:
            world.mark(
                "truncated", node, f"{node} cuts the metadata log back from {fact.log_end_offset} to {fact.offset}"
            )
