"""Shrink: the smallest part of a list that still fails (Zeller's ddmin), and what of a plan is made smaller by it.

Each of the functions that shrink a plan asks `fails` of smaller and smaller ones; who asks keeps the last that failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from lab.cluster.fuzzing.swarm import Plan, Timed
from lab.cluster.spec import ClusterSpec
from lab.env import Micros, millis, seconds

T = TypeVar("T")
Fails = Callable[[Plan], bool]
CLIENTS = ("producers", "consumers", "processors", "share_consumers")
ROUND: tuple[Micros, ...] = (seconds(1), millis(100), millis(1))


def ddmin(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """A sublist that fails and from which no single item can be left out. `items` itself must fail.

    `fails` may answer False for reasons of its own (no time left); the result then is what it is so far.
    """
    if fails(()):
        return []
    kept = list(items)
    parts = 2
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            if rest and fails(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), parts * 2)
    return kept


def fewer_actions(drawn: Plan, fails: Fails) -> None:
    """Leave out what was done."""
    ddmin(drawn.actions, lambda kept: fails(replace(drawn, actions=tuple(kept))))


def fewer_clients(drawn: Plan, fails: Fails) -> None:
    """Leave out clients, with what was done to them: an action on a machine that is not there is refused."""
    clients = [(kind, one) for kind in CLIENTS for one in getattr(drawn.spec, kind)]

    def without(kept: Sequence[tuple[str, object]]) -> ClusterSpec:
        left = {kind: tuple(one for which, one in kept if which == kind) for kind in CLIENTS}
        return replace(drawn.spec, **left)

    ddmin(clients, lambda kept: fails(replace(drawn, spec=without(kept))))


def rounder_times(drawn: Plan, fails: Fails) -> None:
    """Whole seconds, tenths or thousandths, as round as the order of what was done allows; each action for itself."""
    actions = list(drawn.actions)
    for place, (at, action) in enumerate(actions):
        before = actions[place - 1][0] if place else 0
        for unit in ROUND:
            rounded = at // unit * unit
            moved: Timed = (rounded, action)
            if rounded > before and (rounded == at or fails(_moved(drawn, actions, place, moved))):
                actions[place] = moved
                break


def _moved(drawn: Plan, actions: Sequence[Timed], place: int, moved: Timed) -> Plan:
    return replace(drawn, actions=(*actions[:place], moved, *actions[place + 1 :]))
