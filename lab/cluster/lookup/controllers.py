"""Controllers: which machines of a world hold one, and which of them is active."""

from lab.cluster.spec import ClusterSpec
from lab.env import NodeId
from lab.kafka.combined import CombinedRecipe, controller_of
from lab.kafka.controller.node import ControllerNode
from lab.kafka.controller.quorum_node import QuorumNode
from lab.kafka.controller.recipe import ControllerRecipe, VoterRecipe
from lab.kafka.raft.voters import Voters
from lab.world.world import World

CONTROLLER: NodeId = "controller-1"
FIRST_ID = 3_001
"""Controllers and brokers share one range of ids (`node.id`); those of brokers begin at 1."""


def voters_of(spec: ClusterSpec) -> Voters:
    """The voters of a spec: machines of their own, or the first brokers."""
    if spec.combined:
        return Voters(tuple((number, f"broker-{number}") for number in range(1, spec.controllers + 1)))
    return Voters(tuple((FIRST_ID + at, f"controller-{at + 1}") for at in range(spec.controllers)))


def in_quorum(spec: ClusterSpec) -> bool:
    """Whether controllers vote. One on a machine of its own does not: what it has flushed is committed."""
    return spec.controllers > 1 or spec.combined


def controller_hosts(world: World) -> tuple[NodeId, ...]:
    """The machines that hold a controller, running or not."""
    kinds = (ControllerRecipe, VoterRecipe, CombinedRecipe)
    return tuple(name for name, host in world.hosts.items() if isinstance(host.recipe, kinds))


def controller_at(world: World, node: NodeId) -> ControllerNode | None:
    """The running controller of a machine."""
    host = world.hosts.get(node)
    return controller_of(host.node) if host is not None else None


def active_controller(world: World) -> NodeId:
    """The machine of the active controller: with a quorum, who leads in the newest epoch and may decide; "" if none.

    A leader that was cut off believes in itself until it notices; whoever leads a newer epoch is the one.
    """
    best, newest = "", -1
    for name in controller_hosts(world):
        node = controller_at(world, name)
        if isinstance(node, QuorumNode):
            if node.active and node.raft.epoch > newest and world.hosts[name].state == "running":
                best, newest = name, node.raft.epoch
        elif node is not None:
            best = name
    return best
