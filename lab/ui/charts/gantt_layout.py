"""GanttLayout: where the rows of a group are, and which stretch is under a point."""

from dataclasses import dataclass

from lab.cluster.probes.ownership import GroupOwnership, Rebalance, Stopped, Tenure, Unread
from lab.env import Micros
from lab.ui.canvas.time_axis import TimeAxis

HEADER, AXIS, LEFT, RIGHT = 62, 34, 132, 24
SECTION = 14
PITCH_MIN, PITCH_MAX = 19, 34
NARROW = 4
"""What is shorter than so many pixels is drawn, and found, as if it were so long."""

Stretch = Rebalance | Tenure | Unread | Stopped


@dataclass(frozen=True, slots=True)
class GanttRow:
    """A line of the chart. `kind`: group, partition or member."""

    kind: str
    name: str
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Its middle line."""
        return self.top + self.height / 2


@dataclass(frozen=True, slots=True)
class GanttLayout:
    """Rows from top to bottom, and the axis below them."""

    rows: tuple[GanttRow, ...]
    top: float
    bottom: float
    scale: float

    def row(self, kind: str, name: str) -> GanttRow | None:
        """A line by what it shows."""
        return next((one for one in self.rows if (one.kind, one.name) == (kind, name)), None)

    def row_at(self, y: float) -> GanttRow | None:
        """The line under a point."""
        return next((one for one in self.rows if one.top <= y < one.top + one.height), None)


def height_for(group: GroupOwnership | None, scale: float) -> int:
    """The least height in which every row has its text."""
    rows = 1 + len(group.partitions) + len(group.members) if group is not None else 4
    return round((HEADER + AXIS + SECTION + rows * PITCH_MIN) * scale)


def layout_of(group: GroupOwnership, height: float, scale: float) -> GanttLayout:
    """Share `height` among the group's state, its partitions and its members."""
    top, bottom = HEADER * scale, height - AXIS * scale
    kinds = [("group", group.group)]
    kinds += [("partition", name) for name in group.partitions] + [("member", name) for name in group.members]
    pitch = min(max((bottom - top - SECTION * scale) / len(kinds), PITCH_MIN * scale), PITCH_MAX * scale)
    rows: list[GanttRow] = []
    at = top
    for kind, name in kinds:
        if kind == "member" and rows[-1].kind != "member":
            at += SECTION * scale
        rows.append(GanttRow(kind, name, at, pitch))
        at += pitch
    return GanttLayout(tuple(rows), top, at + 4 * scale, scale)


def stretches_of(group: GroupOwnership, row: GanttRow) -> tuple[Stretch, ...]:
    """What a row shows, what lies on top last."""
    match row.kind:
        case "group":
            return group.rebalances
        case "partition":
            owned = tuple(one for one in group.tenures if one.partition == row.name)
            return (*owned, *(one for one in group.unread if one.partition == row.name and one.reason != "silent"))
        case _:
            return tuple(one for one in group.stopped if one.member == row.name)


def ends_of(one: Stretch, axis: TimeAxis, latest: Micros) -> tuple[float, float]:
    """From which pixel to which; what is too short to be seen is as long as the eye needs."""
    left = axis.x_of(one.start)
    right = axis.x_of(latest if one.end is None else one.end)
    return left, max(right, left + NARROW)


def stretch_at(group: GroupOwnership, row: GanttRow, x: float, axis: TimeAxis, latest: Micros) -> Stretch | None:
    """What is under `x` in a row; of several the one on top, and a short one from near by."""
    for one in reversed(stretches_of(group, row)):
        left, right = ends_of(one, axis, latest)
        slack = 3 if right - left <= NARROW else 0
        if left - slack <= x <= right + slack:
            return one
    return None


def edges_of(group: GroupOwnership, row: GanttRow | None) -> tuple[Micros, ...]:
    """The instants at which anything begins or ends, in a row or in all of them; in order."""
    found: dict[Micros, None] = {}
    rows = (row,) if row is not None else tuple(
        GanttRow(kind, name, 0, 0)
        for kind, names in (("group", (group.group,)), ("partition", group.partitions), ("member", group.members))
        for name in names
    )  # fmt: skip
    for each in rows:
        for one in stretches_of(group, each):
            found[one.start] = None
            if one.end is not None:
                found[one.end] = None
    return tuple(sorted(found))
