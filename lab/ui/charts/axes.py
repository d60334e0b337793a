"""Axes: round numbers for ticks and ranges, and series thinned to what a picture can show."""

import math

import numpy as np

from lab.cluster.session.recorder import Values

TOPS = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
"""Whose halves are round as well."""
STEPS = (1, 2, 5, 10)


def round_top(value: float, *, whole: bool = True) -> float:
    """The smallest round number that is not below `value`, at least 2. `whole`: its half is a whole number as well."""
    if not value > 2:
        return 2.0
    scale = 10.0 ** math.floor(math.log10(value))
    tops = [top * scale for top in TOPS if top * scale >= value * (1 - 1e-12)]
    return next((top for top in tops if not whole or top % 2 == 0), tops[-1])


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
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
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
