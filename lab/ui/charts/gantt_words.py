"""What the stretches of a group's history say of themselves."""

from lab.cluster.figures import counted
from lab.cluster.probes.ownership import (
    GroupOwnership,
    Rebalance,
    Stopped,
    Tenure,
    Unread,
    duration_text,
    rebalance_words,
)
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.charts.gantt_layout import Stretch

HOW = {
    "revoked": "given up", "lost": "lost: it had been thrown out", "left": "it left the group",
    "taken": "taken over by another", "silent": "silent",
}  # fmt: skip


def span_text(start: Micros, end: Micros | None, latest: Micros) -> str:
    """`00:08.112 to 00:22.118 (14 s)`."""
    until = latest if end is None else end
    return f"{clock(start)} to {clock(end) if end is not None else 'now'} ({duration_text(until - start)})"


def stretch_text(one: Stretch, latest: Micros) -> str:
    """What it is, whose, and from when to when; a line for each."""
    span = span_text(one.start, one.end, latest)
    match one:
        case Tenure():
            lines = [f"{one.partition} · {one.member}", f"{span}, generation {one.generation_id}"]
            if one.silent_from is not None:
                lines.append(f"silent from {clock(one.silent_from)}: the group does not know yet")
            elif one.ended:
                lines.append(f"then {HOW[one.ended]}")
        case Unread():
            lines = [f"nobody reads {one.partition}", span, f"{one.member}: {HOW[one.reason]}"]
        case Stopped():
            lines = [f"{one.member} is stopped", span, "it gave up all it had, and waits for its new partitions"]
        case Rebalance():
            into = f"into generation {one.generation_id}" if one.end is not None else "it lasts"
            lines = [f"rebalance, {into}", span, *rebalance_words(one)]
    return "\n".join(lines)


def spoken_text(group: GroupOwnership | None) -> str:
    """The chart for somebody who hears it."""
    if group is None:
        return "No group has partitions yet."
    owners = ", ".join(f"{one.partition} {one.member}" for one in group.tenures if one.end is None)
    count = len(group.rebalances)
    rebalances = counted(count, "rebalance")
    last = f"; the last one: {', '.join(rebalance_words(group.rebalances[-1]))}" if count else ""
    return f"{group.group}: {rebalances}{last}. Owners: {owners or 'none'}."
