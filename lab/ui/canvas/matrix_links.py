"""MatrixLinks: the lines of the matrix: from clients to brokers, from leaders to followers, and where they are cut."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.cluster.probes.views import ClusterView
from lab.ui.canvas.matrix_layout import MatrixLayout
from lab.ui.canvas.pen import put_icon
from lab.ui.canvas.routes import Routes, path_of
from lab.ui.theme import Theme, with_alpha

DOWN = ("crashed", "off", "stopped")


class MatrixLinks:
    """Paints the links of a `ClusterView` along their routes, in the pens of one theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def paint_links(self, p: QPainter, view: ClusterView, routes: Routes) -> None:
        """Producers to the leaders they write to, leaders to the members that own what they lead."""
        trouble = {(link.source, link.target): link.state for link in view.links}
        down = down_brokers(view)
        for producer in view.producers:
            leaders = {one.leader: None for one in view.partitions if one.topic == producer.topic and one.leader}
            for leader in leaders:
                self._link(p, routes, producer.name, leader, self._mood(trouble, producer.name, leader, down), "t3")
        for program in view.programs:
            for broker in program.brokers if not program.groups else ():
                self._link(p, routes, program.name, broker, self._mood(trouble, program.name, broker, down), "t3")
        leads = {one.name: one.leader for one in view.partitions}
        for group in view.groups:
            for member in group.members:
                for leader in {leads.get(name, ""): None for name in member.partitions}:
                    mood = self._mood(trouble, member.name, leader, down)
                    self._link(p, routes, leader, member.name, mood, "", group.category)

    def _mood(self, trouble: dict[tuple[str, str], str], one: str, other: str, down: frozenset[str]) -> str:
        if other in down:
            return "cut"
        states = (trouble.get((one, other), ""), trouble.get((other, one), ""))
        return "cut" if "cut" in states else "slow" if "slow" in states else ""

    def _link(
        self, p: QPainter, routes: Routes, source: str, target: str, mood: str, tone: str, category: int = -1
    ) -> None:
        points = routes.of(source, target)
        if points is None:
            return
        theme = self.theme
        own = theme.category[category % len(theme.category)] if category >= 0 else theme.tone(tone)
        colour = with_alpha(own, 0.5)
        pen = QPen(colour, 1.2)
        if mood:
            pen = QPen(theme.state.fail if mood == "cut" else theme.state.pending, 1.3)
            pen.setDashPattern([2.5, 2.5] if mood == "cut" else [6.0, 3.0])
        p.setPen(pen)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(path_of(points))
        for end in (points[0], points[-1]):
            p.setPen(QPen(theme.line.strong, 1.2))
            p.setBrush(theme.surface.canvas)
            p.drawEllipse(QPointF(*end), 3 * theme.ui_scale, 3 * theme.ui_scale)

    def paint_feeds(self, p: QPainter, view: ClusterView, layout: MatrixLayout, routes: Routes) -> None:
        """From each leader's tile to its followers': solid in sync, dashed out of sync."""
        if not layout.tiles:
            return
        theme, scale, area = self.theme, self.theme.ui_scale, layout.area
        down = down_brokers(view)
        p.save()
        p.setClipRect(area.adjusted(-2, -2, 2, 4 * scale))
        for partition in view.partitions:
            for replica in partition.replicas:
                if replica.broker == partition.leader:
                    continue
                points = routes.feed(partition.leader, replica.broker, partition.name)
                if points is None:
                    continue
                stopped = replica.broker in down or partition.leader in down
                colour = (
                    theme.line.strong if stopped else theme.state.record if replica.in_sync else theme.state.pending
                )
                pen = QPen(with_alpha(colour, 0.75), 1.2)
                if stopped or not replica.in_sync:
                    pen.setDashPattern([3.0, 2.6])
                p.setPen(pen)
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.drawPath(path_of(points))
                self._head(p, QPointF(*points[-1]), colour)
        p.restore()

    def _head(self, p: QPainter, tip: QPointF, colour: QColor) -> None:
        reach = 3.0 * self.theme.ui_scale
        p.setPen(QPen(colour, 1.3))
        p.drawLine(tip, tip + QPointF(reach, -reach))
        p.drawLine(tip, tip + QPointF(reach, reach))

    def paint_crosses(self, p: QPainter, view: ClusterView, layout: MatrixLayout) -> None:
        """A cross where a broker does not answer its producers: on its port."""
        scale, fail = self.theme.ui_scale, self.theme.state.fail
        for broker in view.brokers:
            if broker.state not in ("crashed", "off", "partitioned") or not view.producers:
                continue
            port = layout.left_port(broker.name) - QPointF(14 * scale, 0)
            if not layout.area.top() - 4 <= port.y() <= layout.area.bottom():
                continue
            p.setPen(QPen(fail, 1.5))
            p.setBrush(self.theme.surface.canvas)
            p.drawEllipse(port, 7.5 * scale, 7.5 * scale)
            put_icon(p, "x", fail, port, 10 * scale)


def down_brokers(view: ClusterView) -> frozenset[str]:
    """The brokers whose process does not run."""
    return frozenset(one.name for one in view.brokers if one.state in DOWN)
