"""Cluster: marks of the timeline that would overlap, merged into one."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.cluster.probes.views import MomentView, SpanView
from lab.env import Micros
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


def clustered(xs: Sequence[float], width: float, merged_width: float, apart: float) -> list[Cluster]:
    """Merge marks around `xs` (from left to right) until no two overlap."""
    found: list[Cluster] = []
    for at, x in enumerate(xs):
        one = Cluster(x - width / 2, x + width / 2, (at,))
        while found and one.left < found[-1].right + apart:
            before = found.pop()
            members = (*before.members, *one.members)
            middle = (xs[members[0]] + xs[members[-1]]) / 2
            one = Cluster(middle - merged_width / 2, middle + merged_width / 2, members)
        found.append(one)
    return found


def moment_clusters(moments: Sequence[MomentView], now: Micros, axis: TimeAxis, scale: float) -> list[Cluster]:
    """The badges; what has been and what is still to come are never one."""
    shown = [at for at, one in enumerate(moments) if axis.shows(one.time)]
    found: list[Cluster] = []
    for coming in (False, True):
        own = [at for at in shown if (moments[at].time > now) is coming]
        xs = [axis.x_of(moments[at].time) for at in own]
        found += [
            Cluster(one.left, one.right, tuple(own[at] for at in one.members))
            for one in clustered(xs, 17 * scale, 38 * scale, 2 * scale)
        ]
    return found


def mark_clusters(spans: Sequence[SpanView], axis: TimeAxis, scale: float) -> list[tuple[Cluster, list[SpanView]]]:
    """Single marks of a lane, merged where they would overlap."""
    shown = [span for span in spans if axis.shows(span.start)]
    found = clustered([axis.x_of(span.start) for span in shown], 14 * scale, 33 * scale, 3 * scale)
    return [(one, [shown[at] for at in one.members]) for one in found]
