"""Lanes: how the timeline's height is shared."""

from dataclasses import dataclass

from lab.ui.canvas.story import FAULTS, GROUPS, ISR, LEADERS, Story

MOMENTS_HEIGHT, EVENTS_HEIGHT, AXIS_HEIGHT = 23, 18, 22
BRANCHES = "Branches"
ROOMY = 4
"""With more rows than these, lanes with nothing in them give up theirs."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip of the timeline: `rows` rows, `pitch` pixels each, from `top` on."""

    name: str
    top: float
    pitch: float
    rows: int

    def middle(self, row: int = 0) -> float:
        """The middle line of a row."""
        return self.top + (row + 0.5) * self.pitch


@dataclass(frozen=True, slots=True)
class Lanes:
    """All strips, from top to bottom: moments, lanes, events, axis."""

    moments_bottom: float
    lanes: tuple[Lane, ...]
    events_top: float
    events_bottom: float
    height: float

    @property
    def moments_middle(self) -> float:
        """Where the badges are."""
        return self.moments_bottom / 2 + 1

    @property
    def axis_middle(self) -> float:
        """Where the ticks' texts are."""
        return (self.events_bottom + self.height) / 2

    def lane(self, name: str) -> Lane | None:
        """A strip by its name, if it has a place."""
        return next((one for one in self.lanes if one.name == name), None)


def share_height(story: Story, branches: int, height: float, scale: float) -> Lanes:
    """Give every lane its rows."""
    wanted = [(name, story.rows(name)) for name in (FAULTS, LEADERS, ISR, GROUPS)]
    if branches > 1:
        wanted.append((BRANCHES, 1))
    if sum(max(need, 1) for _, need in wanted) > ROOMY:
        wanted = [(name, need) for name, need in wanted if need]
    top = MOMENTS_HEIGHT * scale
    events_bottom = height - AXIS_HEIGHT * scale
    events_top = events_bottom - EVENTS_HEIGHT * scale
    total = sum(max(need, 1) for _, need in wanted)
    pitch = min(max((events_top - top) / max(total, 1), 4.0), 26 * scale)
    lanes: list[Lane] = []
    at = top
    for name, need in wanted:
        lanes.append(Lane(name, at, pitch, max(need, 1)))
        at += pitch * max(need, 1)
    return Lanes(top, tuple(lanes), events_top, events_bottom, height)
