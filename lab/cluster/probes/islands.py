"""Islands: which servers still reach each other both ways: the strongly connected parts of the network."""

from functools import lru_cache
from typing import Any

from lab.cluster.build import broker_hosts
from lab.cluster.lookup.controllers import controller_hosts
from lab.env import NodeId
from lab.world.world import World

Way = tuple[NodeId, NodeId]
Island = tuple[NodeId, ...]


def islands(world: World) -> tuple[Island, ...]:
    """The mainland first: the part with the most controllers. Then the others, in order of size and name."""
    voters = controller_hosts(world)
    servers = list(dict.fromkeys((*broker_hosts(world), *voters)))
    cuts = [(source, target) for source, target, path in world.network.in_trouble() if path.cut]
    ways = tuple(sorted(one for one in cuts if one[0] in servers and one[1] in servers))
    return _parts(tuple(servers), voters, ways) if ways else (tuple(servers),)


def cut_off(world: World) -> frozenset[NodeId]:
    """The servers that are not on the mainland."""
    return frozenset(name for island in islands(world)[1:] for name in island)


@lru_cache(maxsize=64)
def _parts(servers: tuple[NodeId, ...], voters: tuple[NodeId, ...], cuts: tuple[Way, ...]) -> tuple[Island, ...]:
    import networkx as nx  # noqa: PLC0415 - takes a third of a second, and most networks are whole

    untyped: Any = nx
    graph = untyped.complete_graph(servers, untyped.DiGraph)
    graph.remove_edges_from(cuts)
    found: list[set[NodeId]] = list(untyped.strongly_connected_components(graph))
    parts = sorted(tuple(sorted(part)) for part in found)
    return tuple(sorted(parts, key=lambda part: (-sum(one in voters for one in part), -len(part), part)))
