"""In which fuzz seeds disks rot, by dice of its own: a batch or two, in the middle of some replica's log."""

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.disks import CorruptBatch
from lab.cluster.fuzzing.draw import Draw
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, seconds

CHANCE_PERCENT = 15
"""Of a hundred seeds."""
BATCHES_MAX = 3
WITHIN_S = 90
Timed = tuple[Micros, ClusterAction]


def with_rot(seed: int, spec: ClusterSpec, actions: tuple[Timed, ...], first: Micros) -> tuple[Timed, ...]:
    """The actions with some that spoil a batch; most seeds as they are."""
    draw = Draw(seed, "fuzz of rot")
    if not draw.percent(CHANCE_PERCENT):
        return actions
    found: list[Timed] = []
    for _ in range(draw.number(1, BATCHES_MAX)):
        partition = draw.partition(spec)
        node = f"broker-{draw.number(1, spec.brokers)}"
        found.append((first + draw.dice.below(seconds(WITHIN_S) - first), CorruptBatch(partition, node)))
    return tuple(sorted((*actions, *found), key=lambda one: one[0]))
