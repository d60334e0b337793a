"""In which fuzz seeds logs come to start in the middle of a batch, by dice of its own, and replicas begin there."""

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.replicas import SpreadReplicas
from lab.cluster.actions.topics import DeleteRecords
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, millis, seconds

CHANCE_PERCENT = 15
"""Of a hundred seeds."""
DELETIONS_MAX = 4
OFFSET_MAX = 400
"""Further than most logs of the fuzz get; what lies beyond the high watermark is refused."""
WITHIN_S = 90
Timed = tuple[Micros, ClusterAction]


def with_partial_deletions(
    seed: int, spec: ClusterSpec, actions: tuple[Timed, ...], first: Micros
) -> tuple[Timed, ...]:
    """The actions with some that delete records below any offset; half of them spread the replicas anew at once, so
    that one begins where the log now starts. Most seeds as they are.
    """
    draw = Draw(seed, "fuzz of partial deletions")
    if not draw.percent(CHANCE_PERCENT):
        return actions
    found: list[Timed] = []
    for _ in range(draw.number(1, DELETIONS_MAX)):
        partition = draw.partition(spec)
        at = first + draw.dice.below(seconds(WITHIN_S) - first)
        found.append((at, DeleteRecords(partition, draw.number(1, OFFSET_MAX))))
        if draw.percent(50):
            found.append((at + millis(draw.number(1, 2_000)), SpreadReplicas(partition.rpartition("-")[0])))
    return tuple(sorted((*actions, *found), key=lambda one: one[0]))
