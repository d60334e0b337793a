"""Words about the controllers: who is active, and how the quorum stands. One that is alone is a quorum of one."""

from lab.cluster.lookup.controllers import active_controller as active_host
from lab.cluster.lookup.controllers import controller_at, controller_hosts
from lab.cluster.words.word import Value, word
from lab.kafka.controller.metadata_log import ALONE_EPOCH
from lab.kafka.controller.quorum_node import QuorumNode
from lab.world.world import World


def _voting(world: World) -> list[QuorumNode]:
    nodes = [controller_at(world, name) for name in controller_hosts(world)]
    return [node for node in nodes if isinstance(node, QuorumNode)]


@word(0)
def active_controller(world: World) -> Value:
    """The machine of the active controller; "" if there is none."""
    return active_host(world)


@word(0)
def voters(world: World) -> Value:
    """How many controllers have a vote, running or not."""
    return len(controller_hosts(world))


@word(0)
def voters_running(world: World) -> Value:
    """How many controllers run."""
    return sum(world.hosts[name].state == "running" for name in controller_hosts(world))


@word(0)
def quorum_epoch(world: World) -> Value:
    """The newest epoch any running controller has heard of."""
    alone = ALONE_EPOCH if active_host(world) else 0
    return max((node.raft.epoch for node in _voting(world)), default=alone)


@word(0, 1)
def quorum_high_watermark(world: World, node: Value = "") -> Value:
    """Up to where the metadata log is committed, as the active controller or another one knows it; -1 if unknown."""
    found = controller_at(world, str(node) or active_host(world))
    if isinstance(found, QuorumNode):
        return found.raft.high_watermark
    return found.image.offset if found is not None else -1


@word(1)
def quorum_role(world: World, node: Value) -> Value:
    """unattached, prospective, candidate, follower, leader or resigned; "" if no controller runs there."""
    found = controller_at(world, str(node))
    if isinstance(found, QuorumNode):
        return found.raft.role.name
    return "leader" if found is not None else ""


@word(1)
def metadata_offset(world: World, node: Value) -> Value:
    """How far a controller has taken in the committed metadata; -1 if none runs there."""
    found = controller_at(world, str(node))
    return found.image.offset if found is not None else -1
