# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false
"""Plot: lines over virtual time, with faults shaded behind them and the instant shown as a line.

pyqtgraph (which brings no types) draws the curves, zooms and pans; axes, faults, play head and the names at the
lines' ends are a few strokes of our own, since its axes cost more than all curves together. Pens are one pixel
wide: Qt strokes wider ones ten times slower. What shall be thick is drawn twice.
"""

from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsView, QStyleOptionGraphicsItem, QWidget

from lab.cluster.probes.views import SpanView
from lab.cluster.session.recorder import Series
from lab.ui.canvas.pen import CENTRE, LEFT, RIGHT, write
from lab.ui.charts.axes import peaks_above, round_top, thinned, tick_text, ticks, usual_most
from lab.ui.charts.lines import CATEGORIES, Line, in_words
from lab.ui.theme import Theme, current_theme, with_alpha

APART = 0.8
"""Pixels between the two strokes of a thick line."""
FUTURE_ALPHA = 0.3
SHADE = 0.10
FILL = 0.10
TICK_PX = 58
NAME_PX = 14
HEADROOM = 1.03
MARK_ROOM = 1.4
"""Above the lines where a peak is marked: its figure is not written on them."""
DASHES = (4.0, 3.0)


def tone_of(theme: Theme, tone: str) -> QColor:
    """The colour of a line: a category's by its letter, a state's or a text's by its name."""
    return theme.category[CATEGORIES.index(tone)] if tone in CATEGORIES else theme.tone(tone)


@dataclass(frozen=True, slots=True)
class Margins:
    """Room for the axes around the lines, in design pixels."""

    left: int
    top: int
    right: int
    bottom: int


class Curve(pg.PlotCurveItem):
    """A line one pixel wide, or `strong`: drawn twice."""

    def __init__(self) -> None:
        super().__init__(antialias=True, connect="finite")
        self.strong = False

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget | None) -> None:
        super().paint(p, opt, widget)
        if self.strong:
            kept = p.transform()
            p.setTransform(kept * QTransform.fromTranslate(0, APART))
            super().paint(p, opt, widget)
            p.setTransform(kept)


class Trace:
    """One line on the plot: what has been in full, the known future faintly."""

    def __init__(self, box: Any) -> None:
        self.past, self.future = Curve(), Curve()
        for curve in (self.past, self.future):
            box.addItem(curve, ignoreBounds=True)
        self.shown: tuple[object, ...] = ()

    def show(self, line: Line, now: float, limits: tuple[float, float, float, float], width: int) -> None:
        """Draw what of `line` lies within `limits`, thinned to `width` pixels; nothing if it is drawn already."""
        theme = current_theme()
        here = int(np.searchsorted(line.seconds, now, side="right"))
        new = (line.values, line.tone, line.strong, line.dashed, line.filled, here, limits, width, theme)
        if len(new) == len(self.shown) and all(a is b or _same(a, b) for a, b in zip(new, self.shown, strict=True)):
            return
        self.shown = new
        start, end = limits[:2]
        first = max(0, int(np.searchsorted(line.seconds, start)) - 1)
        last = min(len(line.seconds), int(np.searchsorted(line.seconds, end, side="right")) + 1)
        colour = tone_of(theme, line.tone)
        self.past.strong = line.strong
        past = thinned(line.seconds[first:here], line.values[first:here], 2 * width)
        self.past.setData(*past, pen=pen(colour, line))
        self.past.setFillLevel(0.0 if line.filled else None)
        self.past.setBrush(with_alpha(colour, FILL) if line.filled else None)
        later = max(first, here - 1)
        faint = pen(with_alpha(colour, FUTURE_ALPHA), line)
        future = thinned(line.seconds[later:last], line.values[later:last], width)
        self.future.setData(*future, pen=faint)
        self.past.setVisible(len(past[0]) > 1)  # as a picture, nothing would become a path without points
        self.future.setVisible(len(future[0]) > 1)

    def hide(self) -> None:
        """Draw nothing."""
        if self.shown:
            self.shown = ()
            self.past.hide()
            self.future.hide()


def _same(one: object, other: object) -> bool:
    return not isinstance(one, np.ndarray) and not isinstance(other, np.ndarray) and one == other


def pen(colour: QColor, line: Line) -> QPen:
    """One pixel wide, whatever the scale of the axes."""
    found = QPen(colour, 1)
    found.setCosmetic(True)
    if line.dashed:
        found.setDashPattern(DASHES)
    return found


class Plot(pg.GraphicsView):
    """Shows `Line`s between two instants. `movable`: the wheel zooms, dragging pans. `whole`: there are no halves
    of what the lines count.
    """

    zoomed = Signal()
    """The person has zoomed or panned."""

    def __init__(self, margins: Margins, *, movable: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.margins = margins
        self.lines: tuple[Line, ...] = ()
        self.spans: tuple[SpanView, ...] = ()
        self.now = 0.0
        self.y_ticks = 2
        self.whole = True
        self.traces: list[Trace] = []
        self.box: Any = pg.ViewBox(enableMenu=False, enableMouse=movable, defaultPadding=0)
        self.box.disableAutoRange()
        self.frame: Any = pg.GraphicsLayout()
        self.frame.addItem(self.box)
        self.setCentralItem(self.frame)
        self.update_theme()
        self.look_at(0.0, 60.0, 2.0)
        self.box.setMouseEnabled(x=movable, y=False)  # the height follows what is seen
        self.box.sigRangeChanged.connect(self._range_changed)
        self.box.sigRangeChangedManually.connect(self.zoomed)

    def update_theme(self) -> None:
        """Take the current theme; its scale makes room for the axes."""
        theme, room = current_theme(), self.margins
        margins = (theme.px(room.left), theme.px(room.top), theme.px(room.right), theme.px(room.bottom))
        self.frame.setContentsMargins(*margins)
        self._feed()

    # --- what is shown ----------------------------------------------------------------------------

    def show_lines(self, lines: tuple[Line, ...], spans: tuple[SpanView, ...], now: float) -> None:
        """Draw `lines` up to `now` (seconds), and faintly what is known beyond it."""
        self.lines, self.spans, self.now = lines, spans, now
        self._feed()
        self.viewport().update()

    def look_at(self, start: float, end: float, top: float, bottom: float = 0.0) -> None:
        """What the axes span: seconds, and the unit of the lines."""
        if self.limits() != (start, end, bottom, top):
            self.box.setRange(xRange=(start, end), yRange=(bottom, top), padding=0)

    def limits(self) -> tuple[float, float, float, float]:
        """Start and end in seconds, bottom and top in the unit of the lines."""
        (start, end), (bottom, top) = self.box.viewRange()
        return start, end, bottom, top

    def top_for(self, start: float, end: float) -> float:
        """A round number above what every line usually is between two instants; a peak beyond it gets a mark."""
        shown = [within(line, start, end) for line in self.lines]
        most = max((usual_most(*one) for one in shown), default=0.0)
        beyond = any((values > most).any() for _, values in shown)
        return round_top(most * (MARK_ROOM if beyond else HEADROOM), whole=self.whole)

    def has_data(self) -> bool:
        """Whether any line has a value."""
        return any(len(line.values) and not np.isnan(line.values).all() for line in self.lines)

    def _range_changed(self) -> None:
        self._feed()
        self.viewport().update()

    def _feed(self) -> None:
        while len(self.traces) < len(self.lines):
            self.traces.append(Trace(self.box))
        limits, width = self.limits(), max(self.width(), 100)
        for line, trace in zip(self.lines, self.traces, strict=False):
            trace.show(line, self.now, limits, width)
        for trace in self.traces[len(self.lines) :]:
            trace.hide()

    # --- painting ---------------------------------------------------------------------------------

    def area(self) -> QRectF:
        """Where the lines are, in pixels of this widget."""
        return QRectF(self.box.sceneBoundingRect())

    def x_of(self, seconds: float) -> float:
        """Where an instant is, in pixels."""
        start, end, _, _ = self.limits()
        area = self.area()
        return area.left() + (seconds - start) / max(end - start, 1e-9) * area.width()

    def y_of(self, value: float) -> float:
        """Where a value is, in pixels."""
        _, _, bottom, top = self.limits()
        area = self.area()
        return area.bottom() - (value - bottom) / max(top - bottom, 1e-9) * area.height()

    def drawBackground(self, p: QPainter, rect: QRectF | Any) -> None:
        theme, area = current_theme(), self.area()
        p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        p.fillRect(rect, self.surface(theme))
        self._draw_spans(p, theme, area)
        self._draw_y_axis(p, theme, area)
        self._draw_x_axis(p, theme, area)

    def surface(self, theme: Theme) -> QColor:
        """What the plot stands on."""
        return theme.surface.panel

    def _draw_spans(self, p: QPainter, theme: Theme, area: QRectF) -> None:
        for span in self.spans:
            left = max(self.x_of(span.start / 1e6), area.left())
            right = min(self.x_of(span.end / 1e6 if span.end is not None else self.now), area.right())
            if right > left:
                p.fillRect(
                    QRectF(left, area.top(), right - left, area.height()), with_alpha(theme.tone(span.tone), SHADE)
                )

    def _draw_y_axis(self, p: QPainter, theme: Theme, area: QRectF) -> None:
        _, _, bottom, top = self.limits()
        marks = ticks(bottom, top, self.y_ticks, least=1.0 if self.whole else 0.0)
        if self.y_ticks == 2:
            marks = [bottom, (bottom + top) / 2, top]
        step = marks[1] - marks[0] if len(marks) > 1 else 1.0
        half = theme.px(8)
        if not self.has_data():
            marks = marks[:1]
        for mark in marks:
            y = self.y_of(mark)
            p.setPen(theme.line.subtle)
            p.drawLine(QPointF(area.left(), round(y)), QPointF(area.right(), round(y)))
            box = QRectF(0, y - half, area.left() - theme.px(6), 2 * half)
            write(p, box, tick_text(mark, step), theme.font(11), theme.text.t3, RIGHT)

    def _draw_x_axis(self, p: QPainter, theme: Theme, area: QRectF) -> None:
        start, end, _, _ = self.limits()
        marks = ticks(start, end, max(int(area.width() / theme.px(TICK_PX)), 2))
        step = marks[1] - marks[0] if len(marks) > 1 else 1.0
        half = theme.px(30)
        for mark in marks:
            x = self.x_of(mark)
            box = QRectF(x - half, area.bottom() + theme.px(2), 2 * half, theme.px(15))
            write(p, box, f"{tick_text(mark, step)}s", theme.font(11), theme.text.t3, CENTRE)

    def drawForeground(self, p: QPainter, rect: QRectF | Any) -> None:
        theme, area = current_theme(), self.area()
        if not self.has_data():
            write(p, area, "no data yet", theme.font(12), theme.text.t3, CENTRE)
            return
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_peaks(p, theme, area)
        x = self.x_of(self.now)
        if area.left() <= x <= area.right() + 1:
            p.setPen(QPen(theme.interactive.accent, 1.4))
            p.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            self._draw_ends(p, theme, area, self.now)
        elif x > area.right():
            self._draw_ends(p, theme, area, self.limits()[1])

    def _draw_peaks(self, p: QPainter, theme: Theme, area: QRectF) -> None:
        """An arrow at the upper edge where a line is higher than the picture, and how high it is."""
        start, end, _, top = self.limits()
        half, right = theme.px(4), area.left()
        for line in self.lines:
            for seconds, value in peaks_above(*within(line, start, end), top):
                x = self.x_of(seconds)
                tone = tone_text(theme, line.tone) if seconds <= self.now else theme.text.t3
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(tone)
                tip, foot = area.top(), area.top() + 1.5 * half
                p.drawPolygon([QPointF(x, tip), QPointF(x + half, foot), QPointF(x - half, foot)])
                if x < right:
                    continue  # there is a figure already
                box = QRectF(x + 1.8 * half, tip - theme.px(3), area.right() - x, theme.px(14))
                text, font = in_words(value), theme.font(11, 600)
                box.setWidth(QFontMetricsF(font).horizontalAdvance(text) + 1)
                p.fillRect(box, self.surface(theme))  # the line comes down from there
                write(p, box, text, font, tone, LEFT)
                right = box.right() + half

    def _draw_ends(self, p: QPainter, theme: Theme, area: QRectF, at: float) -> None:
        """A dot where each line is at the instant `at`, and the line's name beside it, no two on each other."""
        x = self.x_of(at)
        names: list[tuple[float, Line]] = []
        p.setPen(Qt.PenStyle.NoPen)
        for line in self.lines:
            value = line.value_at(at)
            y = self.y_of(value)
            if isnan(value) or not area.top() - 1 <= y <= area.bottom() + 1:
                continue
            if line.label or line.strong:
                p.setBrush(tone_of(theme, line.tone))
                p.drawEllipse(QPointF(x, y), theme.px(3) - 0.4, theme.px(3) - 0.4)
                names.append((y, line))
        names.sort(key=lambda one: one[0])
        gap, half = theme.px(NAME_PX), theme.px(8)
        for y, line in spread(names, gap, area.top() + half * 0.5, area.bottom() - half * 0.5):
            box = QRectF(x + theme.px(8), y - half, self.width() - x - theme.px(8), 2 * half)
            write(p, box, line.label, theme.font(12, 600), tone_text(theme, line.tone), LEFT)


def within(line: Line, start: float, end: float) -> Series:
    """The samples of a line from one instant to another."""
    here = slice(np.searchsorted(line.seconds, start), np.searchsorted(line.seconds, end, "right"))
    return line.seconds[here], line.values[here]


def tone_text(theme: Theme, tone: str) -> QColor:
    """The same colour for words, darker where contrast needs it."""
    return tone_of(theme, tone) if tone in CATEGORIES else theme.tone_text(tone)


def spread(names: list[tuple[float, Line]], gap: float, top: float, bottom: float) -> list[tuple[float, Line]]:
    """The names at `gap` from each other at least, near to where they belong, between `top` and `bottom`."""
    places: list[float] = []
    for y, _ in names:
        places.append(max(y, places[-1] + gap) if places else max(y, top))
    limit = bottom
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], limit)
        limit = places[at] - gap
    return [(place, line) for place, (_, line) in zip(places, names, strict=True) if place >= top - gap]
