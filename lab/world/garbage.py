"""Garbage: nothing that happens in a world leaves any for the collector, so that it need not look meanwhile."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Generator[None]:
    """No collection of garbage inside. The collector looks for circles that nobody holds any more; nodes, messages and
    logs make none, faults included, and reference counts free all the rest at once.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
