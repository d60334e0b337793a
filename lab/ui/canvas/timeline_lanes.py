"""Lanes: how the timeline's height is shared."""

from dataclasses import dataclass

from lab.ui.canvas.story import FAULTS, GROUPS, ISR, LEADERS, Story

MOMENTS_HEIGHT, EVENTS_HEIGHT, AXIS_HEIGHT = 23, 18, 22
BRANCHES = "Branches"
PITCH_MIN, PITCH_EASY, PITCH_MAX = 12.5, 15.5, 26
"""Pixels of a row: from the height of its text on. Below the second, empty lanes give their room away."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A strip of the timeline: `rows` rows, `pitch` pixels each, from `top` on."""

    name: str
    top: float
    pitch: float
    rows: int

    def middle(self, row: int = 0) -> float:
        """The middle line of a row; where rows are missing, the last one stands for them."""
        return self.top + (min(row, self.rows - 1) + 0.5) * self.pitch


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
    """Give every lane its rows; in a low timeline first the empty lanes go, then bars share a row."""
    top = MOMENTS_HEIGHT * scale
    events_bottom = height - AXIS_HEIGHT * scale
    events_top = events_bottom - EVENTS_HEIGHT * scale
    rows = {name: story.rows(name) for name in (FAULTS, LEADERS, ISR, GROUPS)}
    if branches > 1:
        rows[BRANCHES] = 1
    room = (events_top - top) / scale
    wanted = _within(rows, int(room / PITCH_MIN), int(room / PITCH_EASY))
    pitch = min((events_top - top) / max(sum(wanted.values()), 1), PITCH_MAX * scale)
    lanes: list[Lane] = []
    at = top
    for name, need in wanted.items():
        lanes.append(Lane(name, at, pitch, need))
        at += pitch * need
    return Lanes(top, tuple(lanes), events_top, events_bottom, height)


def _within(rows: dict[str, int], budget: int, easy: int) -> dict[str, int]:
    """Rows for every lane, an empty one too if all are within `easy`; not more than `budget` if that can be."""
    found = {name: max(need, 1) for name, need in rows.items()}
    if sum(found.values()) > easy:
        found = {name: need for name, need in rows.items() if need}
    while sum(found.values()) > budget and max(found.values()) > 1:
        largest = max(reversed(found), key=lambda name: found[name])
        found[largest] -= 1
    return found
