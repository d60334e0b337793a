"""Pen: the few strokes that all painters share: cards, text, icons, badges."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPen

from lab.ui.icons import pixmap
from lab.ui.theme import Theme, with_alpha

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTRE = Qt.AlignmentFlag.AlignCenter


def ratio_of(p: QPainter) -> float:
    """Device pixels to one of the painter's. Not the widget's own: a picture of it may be made at any scale."""
    return p.deviceTransform().m11()


def rounded(
    p: QPainter,
    box: QRectF,
    radius: float,
    fill: QColor | QBrush | None,
    edge: QColor | None = None,
    width: float = 1.0,
    dashes: list[float] | None = None,
) -> None:
    """A rounded rectangle; its edge solid or dashed."""
    p.setBrush(QBrush(fill) if fill is not None else Qt.BrushStyle.NoBrush)
    if edge is None:
        p.setPen(Qt.PenStyle.NoPen)
    else:
        pen = QPen(edge, width)
        if dashes:
            pen.setDashPattern(dashes)
        p.setPen(pen)
    p.drawRoundedRect(box, radius, radius)


def write(p: QPainter, box: QRectF, text: str, font: QFont, colour: QColor, flags: Qt.AlignmentFlag = LEFT) -> None:
    """A line of text in a box."""
    p.setFont(font)
    p.setPen(colour)
    p.drawText(box, int(flags), text)


def put_icon(p: QPainter, name: str, colour: QColor, centre: QPointF, size: float) -> None:
    """An icon around a point."""
    p.drawPixmap(QPointF(centre.x() - size / 2, centre.y() - size / 2), pixmap(name, colour, size))


def hatch(p: QPainter, box: QRectF, radius: float, colour: QColor, gap: float = 7.0) -> None:
    """Slanted lines inside a rounded box: crashed, aborted, processed but not committed."""
    path = QPainterPath()
    path.addRoundedRect(box, radius, radius)
    p.save()
    p.setClipPath(path)
    p.setPen(QPen(colour, 1.0))
    x = box.left() - box.height()
    while x < box.right():
        p.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))
        x += gap
    p.restore()


def crack(p: QPainter, box: QRectF, ground: QColor, edge: QColor) -> None:
    """A jagged break from top to bottom, through which the ground is seen: corrupt. In a wide box at its right end,
    since there is text in the middle.
    """
    swing, step = min(box.width() * 0.17, box.height() * 0.2), box.height() / 5
    x = box.right() - min(box.width() / 2, box.height() * 0.45)
    path = QPainterPath(QPointF(x + swing, box.top()))
    for corner in range(1, 6):
        path.lineTo(x + (-swing if corner % 2 else swing), box.top() + corner * step)
    p.setBrush(Qt.BrushStyle.NoBrush)
    for colour, share in ((ground, 0.2), (edge, 0.075)):
        p.setPen(QPen(colour, max(1.4, min(box.height(), 30.0) * share)))
        p.drawPath(path)


def badge(p: QPainter, theme: Theme, centre: QPointF, role: str, in_sync: bool) -> None:
    """Crown for the leader, F for a follower; dashed when it is out of sync."""
    size = theme.px(16)
    box = QRectF(centre.x() - size / 2, centre.y() - size / 2, size, size)
    if role == "leader":
        rounded(p, box, 4, theme.state.record)
        put_icon(p, "crown", QColor("#ffffff"), centre, size * 0.72)
        return
    edge = theme.line.strong if in_sync else theme.state.pending
    rounded(p, box, 4, None, edge, 1.2, None if in_sync else [2.2, 2.0])
    text = theme.text.t2 if in_sync else theme.tone_text("pending")
    write(p, box, "F", theme.font(9.5, 700), text, CENTRE)


def pill(p: QPainter, theme: Theme, box: QRectF, text: str, tone: str) -> None:
    """A small filled label."""
    rounded(p, box, box.height() / 2, with_alpha(theme.tone(tone), 0.20 if theme.dark else 0.16))
    write(p, box, text, theme.font(12, 600), theme.tone_text(tone), CENTRE)


def triangle(p: QPainter, tip: QPointF, size: float, colour: QColor, *, filled: bool) -> None:
    """A mark that points up at an offset: filled for committed, hollow for position."""
    path = QPainterPath(tip)
    path.lineTo(tip.x() + size * 0.62, tip.y() + size)
    path.lineTo(tip.x() - size * 0.62, tip.y() + size)
    path.closeSubpath()
    p.setPen(QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    p.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    p.drawPath(path)
