"""Axes: round numbers for ticks and ranges, and series thinned to what a picture can show."""

import math

import numpy as np

from lab.cluster.session.recorder import Values

TOPS = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
"""Whose halves are round as well."""
STEPS = (1, 2, 5, 10)
DECIMALS = 6
"""Of a tick at the most."""
PEAK_S = 2.0
"""So long are peaks at the most that a range may leave out, all together."""
PEAK_SHARE = 4
"""Samples for each one left out, at the least: of a few, none is an outlier yet."""
PEAK_TIMES = 8
"""So many times the rest is a peak that would press it flat."""


def round_top(value: float, *, whole: bool = True) -> float:
    """The smallest round number that is not below `value`, at least 2. `whole`: its half is a whole number as well."""
    if not value > 2:
        return 2.0
    scale = 10.0 ** math.floor(math.log10(value))
    tops = [top * scale for top in TOPS if top * scale >= value * (1 - 1e-12)]
    return next((top for top in tops if not whole or top % 2 == 0), tops[-1])


def usual_most(seconds: Values, values: Values) -> float:
    """The largest value, except for brief peaks that are over and that would press all the rest flat; 0 for nothing.

    What is highest at the end is no outlier: it may be the beginning of something.
    """
    there = ~np.isnan(values)
    known = values[there]
    if not len(known):
        return 0.0
    most = float(known.max())
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else PEAK_S
    brief = min(round(PEAK_S / max(step, 1e-3)), len(known) // PEAK_SHARE)
    if not brief:
        return most
    rest = float(np.partition(known, -brief - 1)[-brief - 1])
    over = bool((known[-brief:] <= rest).all())
    return rest if over and 0 < rest * PEAK_TIMES < most else most


def peaks_above(seconds: Values, values: Values, top: float) -> list[tuple[float, float]]:
    """Instant and value of the highest sample of each stretch above `top`."""
    above = np.flatnonzero(values > top)
    if not len(above):
        return []
    stretches = np.split(above, np.flatnonzero(np.diff(above) > 1) + 1)
    highest = [int(one[values[one].argmax()]) for one in stretches]
    return [(float(seconds[at]), float(values[at])) for at in highest]


def ticks(low: float, high: float, most: int, least: float = 0.0) -> list[float]:
    """Round numbers from `low` to `high`, about `most` of them at the most, `least` apart at least."""
    if not high > low or most < 1:
        return []
    rough = max((high - low) / most, least)
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(one * scale for one in STEPS if one * scale >= rough * (1 - 1e-12))
    first = math.ceil(low / step - 1e-9)
    return [at * step for at in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float, step: float) -> str:
    """A tick with as many decimals as its step needs, and thousands apart."""
    decimals = next((one for one in range(DECIMALS) if abs(step - round(step, one)) <= 1e-9 * step), DECIMALS)
    return f"{value:,.{decimals}f}".replace(",", "\u202f")


def thinned(seconds: Values, values: Values, points: int) -> tuple[Values, Values]:
    """At most about `points` of the samples: of each stretch its smallest and its largest, in their order.

    A peak of one sample stays visible, which a mean would hide; a gap (NaN) stays a gap.
    """
    size = -(-2 * len(values) // max(points, 2))
    if size <= 2:
        return seconds, values
    whole = len(values) // size * size
    rows = values[:whole].reshape(-1, size)
    base = np.arange(0, whole, size)
    chosen = np.sort(np.stack([base + rows.argmin(axis=1), base + rows.argmax(axis=1)], axis=1), axis=1).ravel()
    chosen = np.unique(np.concatenate([chosen, np.arange(whole, len(values))]))
    return seconds[chosen], values[chosen]
