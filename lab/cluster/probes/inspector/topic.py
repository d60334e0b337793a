"""A topic: its partitions together, and one by one."""

from lab.cluster.actions.settings import topic_settings
from lab.cluster.build import image_of
from lab.cluster.figures import grouped
from lab.cluster.moments.moments import broker_name
from lab.cluster.probes.inspector.settings import TOPIC_SETTINGS, shown_settings
from lab.cluster.probes.moment_views import causes_of
from lab.cluster.probes.topology import leading_replica
from lab.cluster.probes.views import InspectorView, Row, Section
from lab.kafka.metadata.image import PartitionState
from lab.world.world import World

PARTITIONS = 24
"""So many of a topic are listed one by one."""


def topic_view(world: World, name: str) -> InspectorView | None:
    """None if the controller knows no such topic."""
    topic = image_of(world).topics.get(name)
    if topic is None:
        return None
    partitions = tuple(topic.partitions.values())
    first = leading_replica(world, partitions[0])
    leaders = [one for one in (leading_replica(world, each) for each in partitions) if one is not None]
    missing = len(partitions) - len(leaders)
    rows = (
        Row("Partitions", f"{len(partitions)}"),
        Row("Replicas of each", f"{len(partitions[0].replicas)}"),
        Row("Without a leader", f"{missing}", "fail" if missing else ""),
        Row("Under-replicated", f"{sum(len(one.isr) < len(one.replicas) for one in partitions)}"),
        Row("Offsets", grouped(sum(one.log.log_end_offset - one.log.log_start_offset for one in leaders))),
        Row("Bytes", grouped(sum(one.log.size_bytes for one in leaders))),
    )
    config = shown_settings(first.config if first is not None else topic_settings(world, name), TOPIC_SETTINGS)
    each = tuple(_partition_row(one) for one in partitions[:PARTITIONS])
    names = (str(one.partition) for one in partitions)
    sections = (Section("Topic", rows), Section("Partitions", each))
    return InspectorView(
        "topic", name, "topic", "layers", (), sections, f"What happened to {name}?",
        causes_of(world, name, *names), config,
    )  # fmt: skip


def _partition_row(state: PartitionState) -> Row:
    """Who leads it, and how many of its replicas are in sync."""
    name, leader = str(state.partition), broker_name(state.leader_id) if state.leader_id >= 0 else "no leader"
    lacks = len(state.isr) < len(state.replicas)
    tone = "fail" if state.leader_id < 0 else "pending" if lacks else ""
    return Row(name, f"{leader} · ISR {len(state.isr)} of {len(state.replicas)}", tone, link=("partition", name))
