"""Compare: a line before and after an instant, as two means and two 95th percentiles."""

from dataclasses import dataclass

import numpy as np

from lab.cluster.session.recorder import NOTHING, Values
from lab.ui.charts.lines import Line


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some samples: how many, their mean, and what 95 of 100 do not exceed. NaN when there are none."""

    count: int
    mean: float
    p95: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A line before and after."""

    label: str
    before: Figures
    after: Figures

    @property
    def mean_difference(self) -> float:
        """How much the mean rose."""
        return self.after.mean - self.before.mean

    @property
    def p95_difference(self) -> float:
        """How much the 95th percentile rose."""
        return self.after.p95 - self.before.p95


def compare(line: Line, start: float, end: float) -> Comparison:
    """From `start` to `end` (seconds) against the stretch of the same length before `start`."""
    before = figures(line, start - (end - start), start)
    return Comparison(line.label, before, figures(line, start, end))


def figures(line: Line, start: float, end: float) -> Figures:
    """Of the samples from `start` (inclusive) to `end` (exclusive)."""
    first, last = np.searchsorted(line.seconds, (start, end))
    values: Values = line.values[first:last]
    values = values[~np.isnan(values)]
    if not len(values):
        return Figures(0, NOTHING, NOTHING)
    return Figures(len(values), float(values.mean()), float(np.percentile(values, 95)))
