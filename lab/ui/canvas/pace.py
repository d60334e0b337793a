"""Pace: how messages are drawn at the speed of the clock, so that the eye can follow."""

from dataclasses import dataclass
from fractions import Fraction

from lab.env import Micros
from lab.ui.canvas.lens_words import duration_text

SEEN_US = 350_000
"""A message is on the screen for so long at least, by the clock on the wall."""
FASTEST_SINGLE = 4
"""Above this speed single messages would be a swarm: bands move instead."""
MANY = 3_000
NOMINAL_US = 500
"""What a message takes in a quiet network."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`linger`: the shortest time, virtual, that a message is drawn. `bands`: as bands instead of one by one."""

    linger: Micros = 0
    bands: bool = False


TRUE_PACE = Pace()
"""Messages exactly where they are, and none that has arrived: what a step shows."""


def pace_at(speed: Fraction) -> Pace:
    """How messages are drawn while time runs."""
    return Pace(int(SEEN_US * speed), speed > FASTEST_SINGLE)


def pace_text(pace: Pace) -> str:
    """What the legend says about it; nothing when the picture is to scale."""
    if pace.bands:
        return f"messages of the last {duration_text(pace.linger)}"
    return "slowed for the eye: a message takes about 0.5 ms" if pace.linger > 2 * NOMINAL_US else ""
