"""Routes: the paths along which links are drawn and messages travel, as points worked out once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from lab.ui.canvas.matrix_layout import MatrixLayout

STEPS = 24
Points = NDArray[np.float64]
"""Shape (n, 2): x and y."""


def curve(start: QPointF, end: QPointF) -> Points:
    """A link that leaves and arrives horizontally."""
    reach = (end.x() - start.x()) * 0.5
    t = np.linspace(0.0, 1.0, STEPS)[:, None]
    corners = np.array(
        [[start.x(), start.y()], [start.x() + reach, start.y()], [end.x() - reach, end.y()], [end.x(), end.y()]]
    )
    s = 1.0 - t
    return s**3 * corners[0] + 3 * s**2 * t * corners[1] + 3 * s * t**2 * corners[2] + t**3 * corners[3]


class Routes:
    """Paths between hosts for one layout; None where an end is not drawn."""

    def __init__(self, layout: MatrixLayout) -> None:
        self.layout = layout
        self._made: dict[tuple[str, str, str], Points | None] = {}

    def of(self, source: str, target: str, partition: str = "") -> Points | None:
        """The path from a host to another; between brokers it runs down the partition's column."""
        brokers = self.layout.brokers
        key = (source, target, partition if source in brokers and target in brokers else "")
        if key not in self._made:
            self._made[key] = self._route(*key)
        return self._made[key]

    def _route(self, source: str, target: str, partition: str) -> Points | None:
        layout = self.layout
        if source in layout.brokers and target in layout.brokers:
            return self.feed(source, target, partition)
        if target in layout.brokers:
            backwards = self._route(target, source, "")
            return None if backwards is None else backwards[::-1]
        port = layout.client_port(target)
        if source not in layout.brokers or port is None:
            return None
        if target in layout.producers or target in layout.programs:
            return curve(port, layout.left_port(source))[::-1]
        return curve(layout.right_port(source), port)

    def feed(self, source: str, target: str, partition: str) -> Points | None:
        """From one replica's tile to another's, in the gap at their right."""
        start = self.layout.replicas.get((partition, source))
        end = self.layout.replicas.get((partition, target))
        if start is None or end is None:
            return None
        trunk = start.right() + 5 * self.layout.scale
        return points_of(
            [QPointF(start.right(), start.center().y()), QPointF(trunk, start.center().y()),
             QPointF(trunk, end.center().y()), QPointF(end.right(), end.center().y())]
        )  # fmt: skip


def points_of(corners: Sequence[QPointF]) -> Points:
    """Corners as an array."""
    return np.array([[one.x(), one.y()] for one in corners])


def path_of(points: Points) -> QPainterPath:
    """Points as a path to stroke."""
    path = QPainterPath(QPointF(*points[0]))
    for x, y in points[1:]:
        path.lineTo(x, y)
    return path
