"""Particles: messages in flight, painted in one call from one atlas of sprites.

One `drawPixmapFragments` costs 0.3 µs a message, where an item or a painter call each costs ten times that.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap
from shiboken6 import Shiboken

from lab.cluster.probes.views import FlightView
from lab.env import Micros
from lab.ui.canvas.crowd import ARRIVES, HELD, SENT, WAY, Crowd, Tracks
from lab.ui.canvas.routes import Points, Routes
from lab.ui.theme import Theme

KINDS = ("record", "ack", "replica", "request", "response")
SPRITE = 14
HELD_AT = 0.86
"""A held message waits this far along: before the machine that does not answer, or at the cut."""
CUT_AT = 0.5
COLUMNS = 10
"""x, y, source x, source y, width, height, scale x, scale y, rotation, opacity: Qt's PixmapFragment."""


class Particles:
    """The sprites of one theme at one pixel ratio, and the array they are painted from."""

    def __init__(self, theme: Theme, ratio: float) -> None:
        self.ratio = ratio
        self.side = round(SPRITE * theme.ui_scale * ratio)
        self.atlas = self._drawn(theme)
        self.count = 0
        self.crowd = Crowd()
        self._tracks = Tracks(())
        self._laid_for: Routes | None = None
        self._sprites = np.zeros(0)
        self._memory = np.zeros((64, COLUMNS))

    def _drawn(self, theme: Theme) -> QPixmap:
        atlas = QPixmap(self.side * len(KINDS), self.side)
        atlas.fill(Qt.GlobalColor.transparent)
        unit = self.side / SPRITE
        with QPainter(atlas) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            for place, kind in enumerate(KINDS):
                centre = QPointF(self.side * (place + 0.5), self.side / 2)
                _draw(p, theme, kind, centre, unit)
        return atlas

    def place(
        self,
        flights: Sequence[FlightView],
        routes: Routes,
        cuts: frozenset[tuple[str, str]],
        now: Micros,
        linger: Micros = 0,
    ) -> None:
        """Work out where every message is at `now`; none is faster than `linger`."""
        facts = self.crowd.facts_of(flights)
        ways = facts[:, WAY].astype(np.intp)
        tracks = self._tracks_of(routes)
        shown = tracks.drawn[ways]
        if not shown.all():
            facts, ways = facts[shown], ways[shown]
        shares = shares_of(facts[:, SENT], facts[:, ARRIVES], now, linger)
        held = facts[:, HELD] > 0
        if held.any():
            stops = np.array([CUT_AT if way[:2] in cuts else HELD_AT for way in self.crowd.ways])
            shares[held] = stops[ways[held]]
        self.count = len(ways)
        if self.count > len(self._memory):
            self._memory = np.zeros((self.count * 2, COLUMNS))
        rows = self._memory[: self.count]
        rows[:, 0:2] = tracks.places(ways, shares)
        rows[:, 2] = self._sprites[ways]
        rows[:, 3:] = (0.0, self.side, self.side, 1.0 / self.ratio, 1.0 / self.ratio, 0.0, 1.0)

    def _tracks_of(self, routes: Routes) -> Tracks:
        """Laid anew for another layout, or when a message takes a way that none has taken before."""
        ways = list(self.crowd.ways)
        if routes is not self._laid_for or len(ways) != len(self._sprites):
            self._laid_for = routes
            self._tracks = Tracks(
                [routes.of(source, target, name) if kind in KINDS else None for source, target, name, kind in ways]
            )
            self._sprites = np.array([KINDS.index(way[3]) * self.side if way[3] in KINDS else 0.0 for way in ways])
        return self._tracks

    def places(self) -> Points:
        """Where the messages are; shape (count, 2)."""
        return self._memory[: self.count, 0:2]

    def paint(self, p: QPainter) -> None:
        """All of them at once."""
        if self.count:
            wrapped = Shiboken.wrapInstance(self._memory.ctypes.data, QPainter.PixmapFragment)
            fragments = cast("QPainter.PixmapFragment", wrapped)
            p.drawPixmapFragments(fragments, self.count, self.atlas)


def shares_of(
    sent: NDArray[np.float64], arrives: NDArray[np.float64], now: Micros, linger: Micros = 0
) -> NDArray[np.float64]:
    """How far each message has come, from 0 to 1; one that takes less than `linger` is shown as slow as that."""
    span = np.maximum(arrives - sent, linger)
    return np.where(span > 0, np.clip((now - sent) / np.maximum(span, 1.0), 0.0, 1.0), 1.0)


def _draw(p: QPainter, theme: Theme, kind: str, centre: QPointF, unit: float) -> None:
    """Record: square. Ack: ring. Replica fetch: diamond. Of real clients, other requests: hollow square, and answers:
    a small ring. Told apart without colour.
    """
    p.setPen(Qt.PenStyle.NoPen)
    if kind == "record":
        p.setBrush(theme.state.record)
        side = 7.4 * unit
        p.drawRoundedRect(QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side), 1.6 * unit, 1.6 * unit)
    elif kind in ("request", "response"):
        p.setBrush(theme.surface.canvas)
        p.setPen(QPen(theme.text.t2, 1.4 * unit))
        side = 5.6 * unit
        box = QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
        radius = unit if kind == "request" else side / 2
        p.drawRoundedRect(box, radius, radius)
    elif kind == "ack":
        p.setBrush(theme.surface.canvas)
        p.setPen(QPen(theme.state.ok, 1.8 * unit))
        p.drawEllipse(centre, 3.2 * unit, 3.2 * unit)
    else:
        p.setBrush(theme.state.record)
        reach = 4.6 * unit
        path = QPainterPath(centre + QPointF(0, -reach))
        for corner in (QPointF(reach, 0), QPointF(0, reach), QPointF(-reach, 0)):
            path.lineTo(centre + corner)
        path.closeSubpath()
        p.drawPath(path)


def legend_sprite(p: QPainter, theme: Theme, kind: str, centre: QPointF) -> None:
    """A message as the legend shows it."""
    _draw(p, theme, kind, centre, theme.ui_scale)
