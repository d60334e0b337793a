"""A partition: its replicas and offsets, and why its high watermark is where it is."""

from lab.cluster.actions.settings import topic_settings
from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.figures import grouped
from lab.cluster.moments.moments import broker_name
from lab.cluster.probes.inspector.settings import TOPIC_SETTINGS, shown_settings
from lab.cluster.probes.islands import cut_off
from lab.cluster.probes.log_sections import corrupt_section, log_sections
from lab.cluster.probes.moment_views import CAUSES, causes_of
from lab.cluster.probes.topology import Cluster, leading_replica, machine_state
from lab.cluster.probes.views import OFFSET, CauseView, InspectorView, ReplicaRow, Row, Section
from lab.kafka.broker.partition import Partition
from lab.kafka.metadata.image import PartitionState
from lab.world.world import World


def partition_view(world: World, name: str) -> InspectorView | None:
    """None if the controller knows no such partition."""
    found = partition_of(name)
    state = image_of(world).partition(found) if found is not None else None
    if state is None:
        return None
    leader = broker_name(state.leader_id) if state.leader_id >= 0 else "nobody"
    partition = leading_replica(world, state)
    view = next((one for one in Cluster(internal=True)(world).partitions if one.name == name), None)
    replicas = tuple(
        ReplicaRow(one.broker, one.role, one.log_end_offset, one.behind, one.in_sync)
        for one in (view.replicas if view else ())
    )
    sections = (Section("Offsets", _offsets(partition)), *log_sections(partition.log)) if partition is not None else ()
    sections += corrupt_section(world, state.partition)
    why, causes = _why_watermark(world, state, partition)
    config = partition.config if partition is not None else topic_settings(world, state.partition.topic)
    return InspectorView(
        "partition",
        name,
        f"partition · leader {leader}",
        "layers",
        replicas,
        sections,
        why,
        causes,
        shown_settings(config, TOPIC_SETTINGS),
    )


def _offsets(partition: Partition) -> tuple[Row, ...]:
    log = partition.log
    flushed = log.flushed_offset()
    return (
        Row("Topic", partition.partition.topic, link=("topic", partition.partition.topic)),
        Row("High watermark", grouped(log.high_watermark), "ok", link=(OFFSET, f"{log.high_watermark}")),
        Row("Log end offset", grouped(log.log_end_offset), link=(OFFSET, f"{log.log_end_offset}")),
        Row("On disk up to", grouped(flushed), link=(OFFSET, f"{flushed}")),
        Row("Log start", grouped(log.log_start_offset), link=(OFFSET, f"{log.log_start_offset}")),
        Row("Leader epoch", f"{partition.leader_epoch}"),
        Row("Segments", f"{len(log.segments)} · {grouped(log.size_bytes)} bytes"),
    )


def _why_watermark(
    world: World, state: PartitionState, partition: Partition | None
) -> tuple[str, tuple[CauseView, ...]]:
    """Which replica holds the high watermark where it is, and the last changes of leader and ISR."""
    name = str(state.partition)
    history = causes_of(
        world, name, kinds=("leader", "isr", "isr+", "truncated", "rot", "corrupt", "retention", "cleaned")
    )
    if partition is None:
        return f"Why does nobody serve {name}?", (*_nobody(world, state), *history)[:CAUSES]
    log = partition.log
    holder = _holder(world, state, partition)
    return f"Why is the HW at {grouped(log.high_watermark)}?", (holder, *history)[:CAUSES]


def _nobody(world: World, state: PartitionState) -> tuple[CauseView, ...]:
    """Why no running broker leads the partition, and what became of the one that last did."""
    if state.leader_id < 0:
        left = ", ".join(broker_name(one) for one in state.isr)
        text = f"Only the ISR may lead: **{left}**. None of it serves."
        return (CauseView("lock", "fail", text, world.now, world.event_number, "controller"),)
    leader = broker_name(state.leader_id)
    if leader not in world.hosts:
        return ()
    is_now = machine_state(world, leader, cut_off(world))
    text = f"{leader} is {is_now}, but its session has not ended: for the controller it still leads."
    waits = CauseView("hourglass", "pending", text, world.now, world.event_number, "broker.session.timeout.ms")
    return waits, *causes_of(world, leader)[:1]


def _holder(world: World, state: PartitionState, partition: Partition) -> CauseView:
    log = partition.log
    waiting = [
        (remote.log_end_offset, one) for one, remote in partition.remotes.items() if one in partition.maximal_isr
    ]
    last = max((remote.last_fetch for remote in partition.remotes.values()), default=world.now)
    if len(partition.in_sync_replicas) < partition.min_isr:
        text = f"Only **{len(partition.in_sync_replicas)}** in sync: below min.insync.replicas nothing is committed."
        return CauseView("lock", "fail", text, world.now, world.event_number, "min.insync.replicas")
    if log.high_watermark == log.log_end_offset or not waiting:
        text = f"All in-sync replicas have everything: **{grouped(log.log_end_offset)}** is the end of the log."
        return CauseView("circle-check", "ok", text, min(last, world.now), world.event_number, "fetch")
    offset, slowest = min(waiting)
    reached = grouped(max(offset, 0))
    text = f"{broker_name(slowest)} has fetched up to **{reached}**; it is the slowest replica still in sync."
    return CauseView("arrow-up-down", "ok", text, min(last, world.now), world.event_number, "fetch")
