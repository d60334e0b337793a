"""A real client that has come from outside."""

from lab.cluster.figures import counted
from lab.cluster.probes.moment_views import causes_of
from lab.cluster.probes.programs import program_sections, programs_in
from lab.cluster.probes.views import InspectorView
from lab.world.world import World


def program_view(world: World, name: str) -> InspectorView | None:
    """None if no such program has come."""
    node = programs_in(world).get(name)
    if node is None:
        return None
    count = len(node.connections)
    state = counted(count, "connection") if count else "gone"
    return InspectorView(
        "program", name, f"real client · {state}", "plug", (), program_sections(world, node),
        f"What happened to {name}?", causes_of(world, name), (),
    )  # fmt: skip
