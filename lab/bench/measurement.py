"""Measurement: one figure beside its target; and the groups, each a generator of figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Say = Callable[[str], None]
"""Says what is going on, in a few words; measuring takes a while."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. `target` in words (`≥ 40`), empty for a figure given as information only."""

    name: str
    unit: str
    value: float
    target: str = ""
    holds: bool = True


def at_least(name: str, unit: str, value: float, target: float) -> Figure:
    """A figure that should not be lower than `target`."""
    return Figure(name, unit, value, f"≥ {target:,g}", value >= target)


def at_most(name: str, unit: str, value: float, target: float) -> Figure:
    """A figure that should not be higher than `target`."""
    return Figure(name, unit, value, f"≤ {target:,g}", value <= target)


def told(name: str, unit: str, value: float) -> Figure:
    """A figure without a target."""
    return Figure(name, unit, value)


Group = Callable[[Say], Iterator[Figure]]
GROUPS: dict[str, Group] = {}
"""Every group by its name, in the order of their files."""

G = TypeVar("G", bound=Group)


def group(name: str) -> Callable[[G], G]:
    """Register a generator of figures under `name`. Its docstring's first line is its description."""

    def register(measure: G) -> G:
        assert name not in GROUPS, name
        GROUPS[name] = measure
        return measure

    return register
