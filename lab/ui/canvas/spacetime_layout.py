"""SpaceTimeLayout: a row for each machine, and where on it an instant is.

Messages take a part of a millisecond, and what they wait for takes seconds: to scale, either would vanish. So each
stretch between two instants is as wide as the logarithm of its length, unless the true scale is asked for.
"""

import itertools
from bisect import bisect_right
from dataclasses import dataclass
from math import log10

from lab.cluster.probes.causes import CausesView, Step
from lab.env import Micros

HEADER, FOOT, LEFT, RIGHT = 70, 44, 138, 60
PITCH_MIN, PITCH_MAX = 46, 120
NARROW, PER_DECADE, SHORTEST = 30, 26, 40
"""Pixels of the shortest stretch between two steps, and more for each power of ten beyond so many microseconds."""
ASIDE = 8
"""Pixels at least before an instant at which only a message beside the way was sent or heard."""
DOT = 10


@dataclass(frozen=True, slots=True)
class SpaceTimeLayout:
    """`times` and their `xs`, in order; rows by machine."""

    times: tuple[Micros, ...]
    xs: tuple[float, ...]
    rows: dict[str, float]
    top: float
    bottom: float

    def x_of(self, time: Micros) -> float:
        """Where an instant is; before and after all that is known, at the edge."""
        times, xs = self.times, self.xs
        at = bisect_right(times, time)
        if at == 0:
            return xs[0]
        if at == len(times):
            return xs[-1]
        share = (time - times[at - 1]) / (times[at] - times[at - 1])
        return xs[at - 1] + share * (xs[at] - xs[at - 1])


def key_times(view: CausesView) -> dict[Micros, bool]:
    """Every instant of the picture, in order; whether a step is there."""
    found: dict[Micros, bool] = {}
    for aside in view.asides:
        found[aside.sent] = found[aside.heard] = False
    for step in view.steps:
        found[step.since] = found[step.time] = True
    return dict(sorted(found.items()))


def wanted_widths(times: dict[Micros, bool]) -> list[float]:
    """How wide each stretch between two instants would like to be."""
    known = list(times.items())
    return [
        max(ASIDE, NARROW + PER_DECADE * log10(max(time - before, 1) / SHORTEST))
        if is_step and was_step
        else max(ASIDE, PER_DECADE * log10(max(time - before, 1) / SHORTEST))
        for (before, was_step), (time, is_step) in itertools.pairwise(known)
    ]


def width_for(view: CausesView, scale: float) -> int:
    """The least width in which no two steps are on each other."""
    return round((LEFT + RIGHT + sum(wanted_widths(key_times(view))) * 0.8) * scale)


def layout_of(view: CausesView, width: float, height: float, scale: float, *, to_scale: bool) -> SpaceTimeLayout:
    """Share `width` among the stretches of time, `height` among the machines."""
    times = key_times(view)
    known = list(times)
    widths = wanted_widths(times)
    if to_scale:
        widths = [float(later - time) for time, later in itertools.pairwise(known)]
    left, room = LEFT * scale, max(width - (LEFT + RIGHT) * scale, 100)
    total = sum(widths)
    share = room / total if total else 0.0
    xs = [left if total else left + room / 2]
    for wide in widths:
        xs.append(xs[-1] + wide * share)
    pitch = (height - (HEADER + FOOT) * scale) / max(len(view.hosts), 1)
    pitch = min(max(pitch, PITCH_MIN * scale), PITCH_MAX * scale)
    rows = {name: HEADER * scale + pitch * (at + 0.5) for at, name in enumerate(view.hosts)}
    bottom = HEADER * scale + pitch * len(view.hosts)
    return SpaceTimeLayout(tuple(known), tuple(xs), rows, HEADER * scale, bottom)


def step_at(view: CausesView, layout: SpaceTimeLayout, x: float, y: float, reach: float) -> int:
    """The number of the step under a point, -1 for none; the nearest of several."""

    def away(one: Step) -> float:
        return abs(layout.x_of(one.time) - x) + abs(layout.rows[one.host] - y)

    near = [(away(one), at) for at, one in enumerate(view.steps) if away(one) <= reach]
    return min(near)[1] if near else -1
