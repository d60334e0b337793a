"""MatrixWords: what the matrix says of a thing under the pointer, and where there is nothing."""

from lab.cluster.probes.views import (
    ClusterView,
    ControllerView,
    GroupView,
    MemberView,
    PartitionView,
    ProducerView,
    ProgramView,
)
from lab.ui.canvas.matrix_layout import Subject
from lab.ui.wording import grouped


def empty_text(view: ClusterView | None) -> tuple[str, str] | None:
    """What is not there yet, and what to do about it; None when something stands there."""
    if view is None:
        return "", ""
    if not view.brokers:
        return "No broker yet", "Build → Add a broker; then a topic, a producer, and a group that reads."
    return None if view.partitions else ("No topic yet", "Build → Create a topic.")


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
