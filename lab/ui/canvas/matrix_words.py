"""What the matrix says: on its cards and around them, of a thing under the pointer, and where there is nothing."""

from lab.cluster.figures import counted, grouped
from lab.cluster.probes.views import (
    BrokerView,
    ClusterView,
    ControllerView,
    GroupView,
    MemberView,
    PartitionView,
    ProducerView,
    ProgramView,
)
from lab.ui.canvas.matrix_layout import MatrixLayout, Subject


def empty_text(view: ClusterView | None) -> tuple[str, str] | None:
    """What is not there yet, and what to do about it; None when something stands there."""
    if view is None:
        return "", ""
    if not view.brokers:
        return "No broker yet", "Build → Add a broker; then a topic, a producer, and a group that reads."
    return None if view.partitions else ("No topic yet", "Build → Create a topic.")


def summary(view: ClusterView) -> str:
    """`3 brokers · topic orders · 6 partitions · RF 3`."""
    topics = list(dict.fromkeys(one.topic for one in view.partitions))
    brokers = counted(len(view.brokers), "broker")
    if not topics:
        return f"{brokers} · no topic yet"
    named = f"topic {topics[0]}" if len(topics) == 1 else f"{len(topics)} topics"
    partitions = counted(len(view.partitions), "partition")
    factors = {len(one.replicas): None for one in view.partitions}
    factor = f" · RF {next(iter(factors))}" if len(factors) == 1 else ""
    return f"{brokers} · {named} · {partitions}{factor}"


def hidden_text(view: ClusterView, layout: MatrixLayout) -> str:
    """What is scrolled away, in words."""
    parts: list[str] = []
    if layout.wide:
        seen = [
            one for one in layout.columns.values() if layout.area.contains(one.center().x(), layout.area.center().y())
        ]
        if len(seen) < len(view.partitions):
            parts.append(f"{len(seen)} of {len(view.partitions)} partitions")
    if layout.high:
        rows = [one for one in layout.brokers.values() if layout.area.top() <= one.center().y() <= layout.area.bottom()]
        parts.append(f"{len(rows)} of {len(view.brokers)} brokers")
    return f"{' · '.join(parts)} · scroll for more" if parts else ""


def subject_text(view: ClusterView, subject: Subject) -> str:
    """A tooltip."""
    kind, name = subject
    match kind:
        case "controller":
            return next((controller_text(one) for one in view.controllers if one.name == name), "")
        case "broker":
            found = [f"{one.name}: {one.state}, leads {one.leaders}" for one in view.brokers if one.name == name]
            return "; ".join((*found, *(controller_text(one) for one in view.controllers if one.name == name)))
        case "partition":
            return next((_partition(one) for one in view.partitions if one.name == name), "")
        case "producer":
            return next((_producer(one) for one in view.producers if one.name == name), "")
        case "program":
            return next((_program(one) for one in view.programs if one.name == name), "")
        case "group":
            return next((_group(one) for one in view.groups if one.name == name), "")
        case "consumer":
            members = (each for one in view.groups for each in one.members)
            return next((_member(one) for one in members if one.name == name), "")
        case _:
            return ""


def program_note(program: ProgramView) -> str:
    """What its card says below its name."""
    if program.state != "running":
        return program.state
    return program.software or "real client"


def group_words(group: GroupView) -> tuple[str, str]:
    """What a group does, in Kafka's words, and in which tone."""
    if group.state in ("PreparingRebalance", "CompletingRebalance"):
        return "rebalancing", "pending"
    if not group.state or group.state == "Dead":
        if all(one.state == "stopped" for one in group.members):
            return "nobody has started", ""
        return "no coordinator", "pending"
    words = group.state.lower()
    return (f"{words} · lag {grouped(group.lag)}" if group.lag else words), ""


def chip_texts(partitions: tuple[str, ...], fits: int) -> list[str]:
    """The numbers of partitions; of several topics, or too many, only how many."""
    topics = {name.rpartition("-")[0]: None for name in partitions}
    numbers = sorted(int(name.rpartition("-")[2]) for name in partitions)
    if len(topics) == 1 and len(numbers) <= fits:
        return [f"{one}" for one in numbers]
    if len(topics) == 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return [f"{numbers[0]}–{numbers[-1]}"]
    return [f"{len(numbers)} parts"]


def broker_figure(broker: BrokerView) -> tuple[str, str, str]:
    """The last line of a broker's card, its icon and tone: what is wrong with it, or how full it is."""
    if broker.note:
        return broker.note, "info", ""
    if broker.heap_percent is not None:
        return f"heap {broker.heap_percent}%", "gauge", "fail" if broker.heap_alarmed else ""
    return disk_text(broker), "hard-drive", ""


def disk_text(broker: BrokerView) -> str:
    """How full the disk is; how much is on it where it has no end. Two figures, so that it seldom changes."""
    if broker.disk_capacity_bytes:
        return f"disk {100 * broker.disk_used_bytes // broker.disk_capacity_bytes}%"
    size, unit = broker.disk_used_bytes / 1000, "kB"
    if size >= 1000:
        size, unit = size / 1000, "MB"
    return f"{size:.2g} {unit}" if size < 100 else f"{round(size, -1):.0f} {unit}"


def controller_note(one: ControllerView) -> str:
    """What its card says beside its name."""
    if one.state != "running" or not one.role:
        return one.state
    if one.active:
        return f"active · epoch {one.epoch}"
    if one.role == "follower":
        return f"−{grouped(one.lag)}" if one.lag > 1 else "follows"
    return one.role


def controller_text(one: ControllerView) -> str:
    """Its tooltip. A controller that is alone always decides."""
    if not one.role or one.active:
        epoch = f" in epoch {one.epoch}" if one.role else ""
        return f"{one.name}: {one.state}, decides which broker leads each partition{epoch}"
    behind = f", {grouped(one.lag)} records behind" if one.lag else ""
    return f"{one.name}: {one.state}, {one.role} in epoch {one.epoch} of the controllers{behind}"


def _partition(one: PartitionView) -> str:
    leader = f"led by {one.leader} in epoch {one.leader_epoch}" if one.leader else "without a leader"
    in_sync = ", ".join(one.in_sync_replicas) or "none"
    return f"{one.name}: {leader}; in sync: {in_sync}; high watermark {grouped(one.high_watermark)}"


def _producer(one: ProducerView) -> str:
    counts = ("acknowledged", one.acked), ("failed", one.failed), ("unknown", one.unknown)
    return f"{one.name} → {one.topic}: {one.state}, {', '.join(f'{word} {grouped(count)}' for word, count in counts)}"


def _program(one: ProgramView) -> str:
    software = f" ({one.software})" if one.software else ""
    where = f"connected to {', '.join(one.brokers)}" if one.brokers else "no connection"
    return f"{one.name}, a real client{software}: {where}{', member of ' + ', '.join(one.groups) if one.groups else ''}"


def _group(one: GroupView) -> str:
    where = f", coordinated by {one.coordinator}" if one.coordinator else ""
    return f"{one.name}: {one.state or 'unknown'}, generation {one.generation}, lag {grouped(one.lag)}{where}"


def _member(one: MemberView) -> str:
    owned = ", ".join(one.partitions) or "no partition"
    return f"{one.name}: {one.state}, {owned}, lag {grouped(one.lag)}"
