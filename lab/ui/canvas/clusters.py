"""Cluster: marks of the timeline that would overlap, merged into one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.cluster.probes.views import MomentView, SpanView
from lab.env import Micros
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.time_axis import TimeAxis


@dataclass(frozen=True, slots=True)
class Cluster:
    """Neighbours that would overlap, as one mark from `left` to `right`; `members` are indices."""

    left: float
    right: float
    members: tuple[int, ...]

    @property
    def middle(self) -> float:
        """Its middle."""
        return (self.left + self.right) / 2


def clustered(
    xs: Sequence[float], width_of: Callable[[tuple[int, ...]], float], apart: float, low: float
) -> list[Cluster]:
    """Merge marks around `xs` (from left to right) until no two overlap; none begins left of `low`."""
    found: list[Cluster] = []
    for at in range(len(xs)):
        one = _around(xs, (at,), width_of, low)
        while found and one.left < found[-1].right + apart:
            one = _around(xs, (*found.pop().members, *one.members), width_of, low)
        found.append(one)
    return found


def _around(
    xs: Sequence[float], members: tuple[int, ...], width_of: Callable[[tuple[int, ...]], float], low: float
) -> Cluster:
    wide = width_of(members)
    left = max((xs[members[0]] + xs[members[-1]] - wide) / 2, low)
    return Cluster(left, left + wide, members)


def moment_clusters(moments: Sequence[MomentView], now: Micros, axis: TimeAxis, stamps: Stamps) -> list[Cluster]:
    """The badges; what has been and what is still to come are never one."""
    scale = stamps.theme.ui_scale
    found: list[Cluster] = []
    for coming in (False, True):
        own = [at for at, one in enumerate(moments) if axis.shows(one.time) and (one.time > now) is coming]

        def width_of(members: tuple[int, ...], own: list[int] = own) -> float:
            text = badge_text(moments[own[members[0]]].number, len(members))
            return max(17 * scale, stamps.width(text, 11, 700) + 10 * scale)

        xs = [axis.x_of(moments[at].time) for at in own]
        low = max((one.right + 2 * scale for one in found), default=axis.left - 9 * scale)
        found += [
            Cluster(one.left, one.right, tuple(own[at] for at in one.members))
            for one in clustered(xs, width_of, 2 * scale, low)
        ]
    return found


def badge_text(number: int, count: int) -> str:
    """`3`, or `3 +4` for a badge that stands for five."""
    return f"{number} +{count - 1}" if count > 1 else str(number)


def mark_clusters(spans: Sequence[SpanView], axis: TimeAxis, scale: float) -> list[tuple[Cluster, list[SpanView]]]:
    """Single marks of a lane, merged where they would overlap."""
    shown = [span for span in spans if axis.shows(span.start)]
    xs = [axis.x_of(span.start) for span in shown]
    found = clustered(xs, lambda members: (14 if len(members) == 1 else 34) * scale, 3 * scale, axis.left - 9 * scale)
    return [(one, [shown[at] for at in one.members]) for one in found]
