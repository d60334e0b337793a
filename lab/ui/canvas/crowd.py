"""Crowd: what of every message under way stays the same from frame to frame, kept in arrays."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from lab.cluster.probes.views import FlightView
from lab.ui.canvas.routes import Points

Way = tuple[str, str, str, str]
"""Source, target, partition and kind: all messages of one way travel on one route."""
SENT, ARRIVES, HELD, WAY = range(4)
"""The columns of what is known about a message."""
SPARE = 256
"""How many rows of messages that have arrived are no reason to begin anew."""


class Crowd:
    """Reads a `FlightView` when it is first seen and knows it again by its identity: in two thousand messages
    one frame has perhaps thirty that the frame before had not.
    """

    def __init__(self) -> None:
        self.ways: dict[Way, int] = {}
        self._rows: dict[int, int] = {}
        self._kept: list[FlightView] = []
        """So that no other object gets the identity of one that is known."""
        self._facts = np.zeros((SPARE, 4))

    @property
    def remembered(self) -> int:
        """How many messages are known, those that have arrived among them."""
        return len(self._kept)

    def facts_of(self, flights: Sequence[FlightView]) -> Points:
        """A row for each message: when it was sent, when it arrives, whether it is held, the number of its way."""
        found = map(self._rows.get, map(id, flights), repeat(-1))
        rows = np.fromiter(found, dtype=np.intp, count=len(flights))
        new = np.flatnonzero(rows < 0)
        if len(new):
            rows[new] = len(self._kept) + np.arange(len(new))
            self._learn([flights[at] for at in new.tolist()])
        facts = self._facts[rows]
        if len(self._kept) > 2 * len(flights) + SPARE:
            self._forget_all_but(flights, facts)
        return facts

    def _learn(self, new: Sequence[FlightView]) -> None:
        ways, first = self.ways, len(self._kept)
        last = first + len(new)
        if last > len(self._facts):
            self._facts = np.resize(self._facts, (2 * last, 4))
        self._rows.update(zip(map(id, new), range(first, last), strict=True))
        self._kept += new
        self._facts[first:last] = [
            (
                one.sent_at,
                one.arrives_at,
                one.held,
                ways.setdefault((one.source, one.target, one.partition, one.kind), len(ways)),
            )
            for one in new
        ]

    def _forget_all_but(self, flights: Sequence[FlightView], facts: Points) -> None:
        self._kept = list(flights)
        self._rows = dict(zip(map(id, flights), range(len(flights)), strict=True))
        self._facts[: len(flights)] = facts


class Tracks:
    """The routes of many ways, laid end to end, so that one interpolation places messages on all of them."""

    def __init__(self, routes: Sequence[Points | None]) -> None:
        self.drawn = np.array([one is not None for one in routes], dtype=bool)
        self._starts = np.zeros(len(routes))
        self._lengths = np.zeros(len(routes))
        reached: list[NDArray[np.float64]] = [np.zeros(1)]
        points: list[Points] = [np.zeros((1, 2))]
        start = 1.0
        for number, route in enumerate(routes):
            if route is None:
                continue
            steps = np.hypot(*(route[1:] - route[:-1]).T)
            along = start + np.concatenate(([0.0], np.cumsum(steps)))
            reached.append(along)
            points.append(route)
            self._starts[number] = start
            self._lengths[number] = along[-1] - start
            start = float(along[-1]) + 1.0
        self._reached = np.concatenate(reached)
        self._points = np.concatenate(points)
        legs = np.maximum(np.diff(self._reached), 1e-9)
        self._slopes = np.diff(self._points, axis=0) / legs[:, None]

    def places(self, ways: NDArray[np.intp], shares: NDArray[np.float64]) -> Points:
        """Where those are that have come `shares` (0 to 1) of the length of the route of their way."""
        wanted = self._starts[ways] + shares * self._lengths[ways]
        legs = np.minimum(np.searchsorted(self._reached, wanted, side="right"), len(self._reached) - 1) - 1
        begun = self._reached[legs]
        return self._points[legs] + self._slopes[legs] * (wanted - begun)[:, None]
