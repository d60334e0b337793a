"""The controllers as the matrix and the inspector show them: who is active, who follows, how far behind."""

from lab.cluster.lookup.controllers import active_controller, controller_at, controller_hosts
from lab.cluster.probes.views import ControllerView, Row, Section
from lab.env import NodeId
from lab.kafka.controller.quorum_node import QuorumNode
from lab.world.world import World


def controller_view(world: World, name: NodeId, state: str) -> ControllerView:
    """One controller, whose machine is in this state."""
    node = controller_at(world, name)
    active = active_controller(world)
    if not isinstance(node, QuorumNode):
        return ControllerView(name, state, "", 0, 0, name == active)
    return ControllerView(name, state, node.raft.role.name, node.raft.epoch, lag(world, node), name == active)


def lag(world: World, node: QuorumNode) -> int:
    """How many records of the active controller's log this one has not got; 0 where nobody is active."""
    active = controller_at(world, active_controller(world))
    if not isinstance(active, QuorumNode):
        return 0
    return max(0, active.raft.end_offset - node.raft.end_offset)


def quorum_section(world: World, name: NodeId) -> tuple[Section, ...]:
    """What the inspector says of a controller that has a vote; nothing of one that is alone."""
    if name not in controller_hosts(world):
        return ()
    node = controller_at(world, name)
    if not isinstance(node, QuorumNode):
        return ()
    raft = node.raft
    election = raft.state.election
    behind = lag(world, node)
    snapshot = raft.state.log.latest_snapshot
    rows = [
        Row("Role", raft.role.name, "ok" if raft.role.name in ("leader", "follower") else "pending"),
        Row("Epoch", f"{raft.epoch}"),
        Row("Leader", node.voters.host(raft.leader_id) or "unknown"),
        Row("Voted for", node.voters.host(election.voted_id) or "nobody"),
        Row("Log end offset", f"{raft.end_offset}" + (f" ({behind} behind)" if behind else "")),
        Row("High watermark", f"{raft.high_watermark}" if raft.high_watermark >= 0 else "unknown"),
        Row("Newest snapshot", f"to {snapshot[0]}" if snapshot is not None else "none"),
    ]
    return (Section("Quorum", tuple(rows)),)
