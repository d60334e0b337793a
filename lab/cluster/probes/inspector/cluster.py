"""The cluster as a whole: what is shown when nothing else is."""

from lab.cluster.build import image_of
from lab.cluster.probes.moment_views import CAUSES, cause
from lab.cluster.probes.views import InspectorView, Row, Section
from lab.world.world import World


def cluster_view(world: World) -> InspectorView:
    """How much there is, and how much of it is not well."""
    image = image_of(world)
    partitions = [one for one in image.all_partitions() if not one.partition.topic.startswith("__")]
    rows = (
        Row("Brokers", f"{len(image.brokers)}"),
        Row("Partitions", f"{len(partitions)}"),
        Row("Under-replicated", f"{sum(len(one.isr) < len(one.replicas) for one in partitions)}"),
        Row("Without a leader", f"{sum(one.leader_id < 0 for one in partitions)}"),
    )
    recent = [world.moments[at] for at in range(max(0, len(world.moments) - CAUSES), len(world.moments))]
    return InspectorView(
        "cluster", "Cluster", "everything", "network", (), (Section("Cluster", rows),), "What happened last?",
        tuple(cause(one) for one in reversed(recent)), (),
    )  # fmt: skip
