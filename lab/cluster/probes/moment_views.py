"""A key moment as the window shows it: its icon, its tone, and as a cause of what it changed."""

from lab.cluster.probes.views import CauseView
from lab.world.world import Moment, World

CAUSES = 3
LOOK_BACK = 600

TONES = {
    "fault": "fail",
    "loss": "fail",
    "isr": "pending",
    "isr+": "ok",
    "leader": "record",
    "broker": "fail",
    "broker+": "ok",
    "mended": "ok",
    "rebalance": "pending",
    "stable": "ok",
    "truncated": "fail",
    "rot": "fail",
    "corrupt": "fail",
    "retention": "pending",
    "cleaning": "pending",
    "cleaned": "ok",
    "client": "pending",
    "skipped": "pending",
    "expired": "pending",
    "archived": "fail",
    "alarm": "fail",
}


ICONS = {
    "fault": "zap",
    "loss": "triangle-alert",
    "isr": "unlink",
    "isr+": "link",
    "leader": "crown",
    "broker": "power-off",
    "broker+": "power",
    "mended": "circle-check",
    "rebalance": "refresh-cw",
    "stable": "users",
    "truncated": "scissors",
    "rot": "zap",
    "corrupt": "triangle-alert",
    "retention": "trash-2",
    "cleaning": "sparkles",
    "cleaned": "sparkles",
    "client": "user",
    "built": "plus",
    "changed": "settings",
    "skipped": "triangle-alert",
    "expired": "timer",
    "archived": "trash-2",
    "alarm": "triangle-alert",
}


def causes_of(world: World, *subjects: str, kinds: tuple[str, ...] = ()) -> tuple[CauseView, ...]:
    """The newest key moments about any of the subjects, newest first."""
    found: list[CauseView] = []
    total = len(world.moments)
    for at in range(total - 1, max(-1, total - LOOK_BACK), -1):
        moment = world.moments[at]
        if (moment.subject in subjects or any(one in moment.text for one in subjects)) and (
            not kinds or moment.kind in kinds
        ):
            found.append(cause(moment))
        if len(found) == CAUSES:
            break
    return tuple(found)


def cause(moment: Moment) -> CauseView:
    """A key moment as a cause, with what led to it in its label."""
    trigger = moment.causes[0].kind if moment.causes else moment.kind
    return CauseView(
        ICONS.get(moment.kind, "circle-dot"),
        TONES.get(moment.kind, ""),
        moment.text,
        moment.time,
        moment.event_number,
        trigger,
    )
