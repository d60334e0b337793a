"""Processor time: how it is read, and how a rate is found in a noisy one."""

import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from statistics import median
from time import process_time_ns

Work = Callable[[], object]


def cpu_seconds(work: Work) -> float:
    """Processor time of one call."""
    begun = process_time_ns()
    work()
    return (process_time_ns() - begun) / 1e9


def typical_ms(work: Work, times: int) -> float:
    """The median of several calls, in milliseconds."""
    return median(cpu_seconds(work) for _ in range(times)) * 1_000


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of `values` that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@contextmanager
def undisturbed() -> Generator[None]:
    """No collection of garbage inside, and none of what is there already afterwards.

    A full collection walks everything that is alive: 10 ms in a small world, more in a large one. It
    would fall into one measurement and not into its neighbour.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@contextmanager
def at_rest() -> Generator[None]:
    """As in a window that has come to rest: what is alive by now is looked through no more (lab/ui/garbage.py)."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
