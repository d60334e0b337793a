"""LensGeometry: where on the lens an offset, a replica and a group are."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF

from lab.cluster.probes.lens import ROOM
from lab.cluster.probes.views import LensView

MARGIN, LABELS, TEXT_AT = 20, 142, 44
"""The longest note, `stopped · out of ISR`, fits; 26 offsets stay 27 pixels wide at the design's width."""
TITLE_Y, RULER_Y, ROWS_TOP, FLOOR = 20, 50, 66, 4
REPLICA_PITCH, REPLICA_PITCH_MIN = 50, 34
GROUP_PITCH, GROUP_PITCH_MIN = 40, 28
PITCH_MIN, PITCH_MAX = 12, 44
RIGHT_ROOM = 106
"""Pixels right of the axis, for the lag of a group that has read everything but the last record."""
GAP = 3
BRACKET_LANES, LANE_PITCH = 2, 16
"""Over the rows of a log with transactions: room for brackets of two that overlap. It is there even while none is to be
seen, so that the rows stand still.
"""


@dataclass(frozen=True, slots=True)
class LensGeometry:
    """Pixels. `pitch` from one offset to the next, a whole number so that every cell is sharp."""

    scale: float
    width: int
    height: int
    first: int
    cells: int
    pitch: int
    replicas: int
    groups: int
    replica_pitch: float
    group_pitch: float
    scroll: float
    lanes: int = 0

    @property
    def left(self) -> int:
        """The left edge of the axis."""
        return round((MARGIN + LABELS) * self.scale)

    @property
    def right(self) -> int:
        """The right edge of the axis."""
        return self.left + self.cells * self.pitch

    @property
    def axis_top(self) -> int:
        """Above it are the title and the ruler, below it the brackets of transactions and the rows."""
        return round(ROWS_TOP * self.scale)

    @property
    def top(self) -> int:
        """Below it the rows, which may scroll."""
        return round((ROWS_TOP + self.lanes * LANE_PITCH) * self.scale)

    def lane_line(self, lane: int) -> float:
        """The upper edge of the brackets in a lane; lane 0 is the nearest to the rows."""
        return round(self.top - ((lane + 0.5) * LANE_PITCH) * self.scale) + 0.5

    @property
    def gap(self) -> int:
        """Pixels between two cells."""
        return max(1, round(GAP * min(self.scale, self.pitch / 27)))

    @property
    def cell_height(self) -> int:
        """The height of a cell."""
        return round(self.replica_pitch * 0.6)

    @property
    def overflow(self) -> float:
        """How many pixels of rows do not fit; what rounding leaves over is not worth a scroll bar."""
        rows = self.replicas * self.replica_pitch + self.groups * self.group_pitch
        over = rows + FLOOR * self.scale - (self.height - self.top)
        return over if over >= 1 else 0.0

    @property
    def groups_top(self) -> float:
        """Where the replicas end and the groups begin."""
        return self.top - self.scroll + self.replicas * self.replica_pitch

    def x_of(self, offset: int) -> float:
        """The line in front of an offset: what is left of it is below the offset."""
        return self.left + (offset - self.first) * self.pitch - self.gap / 2

    def held_x(self, offset: int) -> float:
        """The same, held within the axis."""
        return min(max(self.x_of(offset), self.left - self.gap / 2), self.right - self.gap / 2)

    def shows(self, offset: int) -> bool:
        """Whether the line in front of an offset is on the axis."""
        return self.first <= offset <= self.first + self.cells

    def cell_corner(self, offset: int, row: int) -> QPointF:
        """The upper left corner of a cell."""
        return QPointF(self.left + (offset - self.first) * self.pitch, self.cell_top(row))

    def cell_top(self, row: int) -> int:
        """The upper edge of a replica's cells."""
        return round(self.top - self.scroll + row * self.replica_pitch + self.replica_pitch * 0.08)

    def cell_middle(self, row: int) -> float:
        """The middle of a replica's cells."""
        return self.cell_top(row) + self.cell_height / 2

    def underline(self, row: int) -> float:
        """The line that says what is on disk."""
        return self.cell_top(row) + self.cell_height + max(2.0, round(self.replica_pitch * 0.11)) + 0.5

    def group_line(self, row: int) -> float:
        """The line a group's marks stand on."""
        return round(self.groups_top + row * self.group_pitch + 6 * self.scale) + 0.5

    def group_box(self, row: int) -> QRectF:
        """All that belongs to a group."""
        top = self.groups_top + row * self.group_pitch - 4 * self.scale
        return QRectF(0, top, self.width, self.group_pitch)

    def offset_at(self, x: float) -> int | None:
        """The offset whose cell is at `x`, if that is on the axis."""
        found = int((x - self.left + self.gap / 2) // self.pitch)
        return self.first + found if 0 <= found < self.cells else None

    def replica_at(self, y: float) -> int | None:
        """Which replica's row is at `y`."""
        row = int((y - self.top + self.scroll) // self.replica_pitch)
        return row if y >= self.top and 0 <= row < self.replicas else None

    def group_at(self, y: float) -> int | None:
        """Which group's row is at `y`."""
        row = int((y - self.groups_top + 4 * self.scale) // self.group_pitch)
        return row if y >= self.top and self.replica_at(y) is None and 0 <= row < self.groups else None


def geometry_of(view: LensView, width: int, height: int, scale: float, scroll: float) -> LensGeometry:
    """Rows shrink until all fit; when they can shrink no more, they scroll."""
    cells = max(view.end_offset - view.first_offset, 1)
    room = width - (MARGIN + LABELS + RIGHT_ROOM) * scale
    pitch = int(min(max(room / cells, PITCH_MIN * scale), PITCH_MAX * scale))
    need = len(view.replicas) * REPLICA_PITCH + len(view.groups) * GROUP_PITCH
    lanes = BRACKET_LANES if view.transactions is not None else 0
    share = min(1.0, (height / scale - ROWS_TOP - lanes * LANE_PITCH - FLOOR) / max(need, 1))
    found = LensGeometry(
        scale, width, height, view.first_offset, cells, max(pitch, 4), len(view.replicas), len(view.groups),
        max(REPLICA_PITCH * share, REPLICA_PITCH_MIN) * scale, max(GROUP_PITCH * share, GROUP_PITCH_MIN) * scale, 0.0,
        lanes,
    )  # fmt: skip
    held = min(max(scroll, 0.0), found.overflow)
    if not held:
        return found
    return replace(found, scroll=held)


def newest_offset(view: LensView) -> int:
    """Where the longest of the logs ends."""
    return max((one.log_end_offset for one in view.replicas), default=0)


def oldest_offset(view: LensView) -> int:
    """Where the first of the logs begins."""
    return min((one.log_start_offset for one in view.replicas if one.log_end_offset >= 0), default=0)


def follows_end(view: LensView) -> bool:
    """Whether the newest record is in the window."""
    return view.first_offset >= last_first(view)


def last_first(view: LensView) -> int:
    """The first offset of the window that follows the end."""
    return max(0, newest_offset(view) - (view.end_offset - view.first_offset) + ROOM)
