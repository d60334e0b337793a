"""`lab bench`: the figures this project is held to, measured where you are.

Each group of measurements is one file in `groups/`, found by being there. What is measured is processor
time, not the clock on the wall, so a busy machine disturbs little; figures of one group come from one run,
and ratios are taken within it. A figure stands beside its target, and whether the target holds.
"""

from lab.bench.terminal import main

__all__ = ["main"]
