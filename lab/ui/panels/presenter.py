"""PresenterBar and PresenterTime: the two strips that remain on a projector."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from lab.cluster.probes.views import MomentView, TimelineView
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.canvas.clusters import badge_text, clustered
from lab.ui.icons import icon
from lab.ui.labels import text_label
from lab.ui.theme import Theme, current_theme
from lab.ui.wording import speed_text

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

BAR_HEIGHT = 70
TIME_HEIGHT = 100
MARGIN = 39
LINE_Y = 52
FAULTS = "Faults"
"""The lane of `TimelineView` that stays on a projector."""

ICON = 26


class PresenterBar(QWidget):
    """Play, step, next moment, a large clock; at the right where in the lesson one is."""

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(BAR_HEIGHT)
        self.buttons: dict[str, QToolButton] = {}
        self.symbols = {
            "play": ("play", "on_accent"), "step-back": ("step-back", "t1"),
            "step": ("step-forward", "t1"), "next-moment": ("sparkles", "pending"),
        }  # fmt: skip
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 0, 32, 0)
        row.setSpacing(10)
        for name in self.symbols:
            button = QToolButton()
            button.setProperty("role", "play" if name == "play" else "icon")
            button.setAccessibleName(actions[name].text())
            button.setToolTip(actions[name].toolTip())
            button.clicked.connect(actions[name].trigger)
            self.buttons[name] = button
            row.addWidget(button)
        self.clock = text_label(clock(0), "presenter-clock")
        self.speed = text_label("", "presenter-quiet")
        self.where = text_label("", "presenter-quiet")
        row.addSpacing(12)
        row.addWidget(self.clock)
        row.addWidget(self.speed)
        row.addStretch()
        row.addWidget(self.where)
        self.update_theme()

    def show_session(self, session: "Session", where: str) -> None:
        """Show time, speed and place."""
        self.clock.setText(clock(session.now))
        self.speed.setText(speed_text(*session.speed.as_integer_ratio()))
        self.where.setText(f"{where} · presenter" if where else "presenter")
        symbol = ("pause" if session.playing else "play", "on_accent")
        if self.symbols["play"] != symbol:
            self.symbols["play"] = symbol
            self.buttons["play"].setIcon(icon(*symbol, ICON))

    def update_theme(self) -> None:
        """Redraw the icons."""
        for name, button in self.buttons.items():
            button.setIcon(icon(*self.symbols[name], ICON))
            button.setIconSize(QSize(ICON, ICON))


class PresenterTime(QWidget):
    """One thick line of time with numbered key moments above it and faults below."""

    seek_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(TIME_HEIGHT)
        self.setAccessibleName("Time")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.view: TimelineView | None = None

    def set_view(self, view: TimelineView) -> None:
        """Show `view`."""
        if view != self.view:
            self.view = view
            self.update()

    def x_of(self, time: Micros) -> float:
        """Where `time` is on the line."""
        latest = max(self.view.latest if self.view is not None else 0, 1_000_000)
        return MARGIN + time / latest * (self.width() - 2 * MARGIN)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event.position().x())

    def _seek(self, x: float) -> None:
        if self.view is None:
            return
        share = (x - MARGIN) / max(self.width() - 2 * MARGIN, 1)
        self.seek_asked.emit(int(min(max(share, 0.0), 1.0) * self.view.latest))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        with QPainter(self) as p:
            p.fillRect(self.rect(), theme.surface.panel)
            p.fillRect(QRectF(0, 0, self.width(), 1), theme.line.subtle)
            if self.view is None:
                return
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_line(p, theme, self.view)
            self._paint_spans(p, theme, self.view)
            self._paint_moments(p, theme, self.view)

    def _paint_line(self, p: QPainter, theme: Theme, view: TimelineView) -> None:
        here = self.x_of(view.now)
        p.setPen(QPen(theme.line.subtle, 6, c=Qt.PenCapStyle.RoundCap))
        p.drawLine(QPointF(MARGIN, LINE_Y), QPointF(self.width() - MARGIN, LINE_Y))
        p.setPen(QPen(theme.interactive.accent, 6, c=Qt.PenCapStyle.RoundCap))
        p.drawLine(QPointF(MARGIN, LINE_Y), QPointF(here, LINE_Y))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(theme.interactive.accent)
        p.drawEllipse(QPointF(here, LINE_Y), 11, 11)

    def _paint_moments(self, p: QPainter, theme: Theme, view: TimelineView) -> None:
        font = theme.font(theme.sizes["lesson"], 700)
        letters = QFontMetricsF(font)
        p.setFont(font)
        past = [one for one in view.moments if one.time <= view.now]
        for moments, coming in ((past, False), (view.moments[len(past) :], True)):
            texts = partial(_badge_width, letters, moments)
            for cluster in clustered([self.x_of(one.time) for one in moments], texts, 3, 4):
                text = badge_text(moments[cluster.members[0]].number, len(cluster.members))
                self._paint_badge(p, theme, QRectF(cluster.left, 12, cluster.right - cluster.left, 27), text, coming)

    def _paint_badge(self, p: QPainter, theme: Theme, box: QRectF, text: str, coming: bool) -> None:
        p.setPen(QPen(theme.state.pending, 2, Qt.PenStyle.DashLine) if coming else Qt.PenStyle.NoPen)
        p.setBrush(Qt.BrushStyle.NoBrush if coming else theme.state.pending)
        p.drawRoundedRect(box, 6, 6)
        p.setPen(theme.tone_text("pending") if coming else theme.interactive.on_accent)
        p.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_spans(self, p: QPainter, theme: Theme, view: TimelineView) -> None:
        """Bars of faults; their words move right where they would stand on each other."""
        font = theme.font(theme.sizes["small"], 500)
        letters = QFontMetricsF(font)
        p.setFont(font)
        free = 0.0
        for span in view.spans:
            if span.lane != FAULTS:
                continue
            left = self.x_of(span.start)
            right = self.x_of(view.now if span.end is None else span.end)
            p.setPen(QPen(theme.tone(span.tone), 1.5))
            p.setBrush(theme.line.strong)
            p.drawRoundedRect(QRectF(left, LINE_Y + 10, max(right - left, 6), 9), 4, 4)
            p.setPen(theme.tone_text(span.tone))
            at = max(left, free)
            p.drawText(QPointF(at, LINE_Y + 36), span.text)
            free = at + letters.horizontalAdvance(span.text) + 18


def _badge_width(letters: QFontMetricsF, moments: Sequence[MomentView], members: tuple[int, ...]) -> float:
    text = badge_text(moments[members[0]].number, len(members))
    return max(28.0, letters.horizontalAdvance(text) + 14)
