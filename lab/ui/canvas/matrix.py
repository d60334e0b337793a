"""ClusterCanvas: the cluster as a matrix, brokers × partitions, with the messages that are on their way."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from lab.cluster.probes.views import ClusterView, FlightView
from lab.ui.canvas.bands import Bands
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.matrix_cards import MatrixCards
from lab.ui.canvas.matrix_layout import MatrixLayout, Subject, layout_of
from lab.ui.canvas.matrix_links import down_brokers
from lab.ui.canvas.matrix_tiles import MatrixTiles
from lab.ui.canvas.matrix_words import controller_note, empty_text, subject_text
from lab.ui.canvas.pace import MANY, TRUE_PACE, Pace
from lab.ui.canvas.particles import Particles
from lab.ui.canvas.pen import ratio_of
from lab.ui.canvas.routes import Routes
from lab.ui.canvas.stamps import Stamps
from lab.ui.canvas.tooltips import show_tooltip
from lab.ui.theme import current_theme

NOTCH = 120
WHEEL_PIXELS = 60
NOTHING: Subject = ("cluster", "")
ARROWS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


class ClusterCanvas(QWidget):
    """Paints a `ClusterView` and its `FlightView`s. What stands still is a picture, made anew when it changes."""

    selected = Signal(str, str)
    context_requested = Signal(str, str, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Cluster")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.view: ClusterView | None = None
        self.flights: tuple[FlightView, ...] = ()
        self.pace = TRUE_PACE
        self.chosen: Subject = NOTHING
        self.scroll_x = 0.0
        self.scroll_y = 0.0
        self._still: QPixmap | None = None
        self._still_key: tuple[object, ...] = ()
        self._placed: MatrixLayout | None = None
        self._placed_key: tuple[object, ...] = ()
        self._routes: Routes | None = None
        self.ring = FocusRing(self)
        self._use_theme(self.devicePixelRatioF())

    def _use_theme(self, ratio: float) -> None:
        self.theme = current_theme()
        self.stamps = Stamps(self.theme)
        self.cards = MatrixCards(self.theme, self.stamps)
        self._ratio = ratio
        self.tiles = MatrixTiles(self.theme, self.stamps, self._ratio)
        self.bands = Bands(self.theme, self.stamps)
        self.particles = Particles(self.theme, self._ratio)
        self._still_key = self._placed_key = ()

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(972), self.theme.px(378))

    def set_view(self, view: ClusterView, flights: tuple[FlightView, ...], pace: Pace = TRUE_PACE) -> None:
        """Show the cluster as it is. An equal view paints nothing."""
        if view == self.view and flights == self.flights and pace == self.pace:
            return
        self.view = view
        self.flights = flights
        self.pace = pace
        self.update()

    def set_selected(self, kind: str, name: str) -> None:
        """Mark a thing; `cluster` marks none."""
        if (kind, name) != self.chosen:
            self.chosen = (kind, name)
            self._show_chosen()
            self.update()

    # --- where things are -------------------------------------------------------------------------

    def layout_now(self) -> MatrixLayout:
        """Where everything is, for the present view, size and scroll."""
        view = self.view
        assert view is not None
        key = (
            tuple(one.name for one in view.brokers),
            tuple((one.name, tuple(replica.broker for replica in one.replicas)) for one in view.partitions),
            tuple(one.name for one in view.producers),
            tuple((one.name, not one.groups) for one in view.programs),
            tuple((one.name, tuple(member.name for member in one.members)) for one in view.groups),
            self.width(), self.height(), self.scroll_x, self.scroll_y, self.theme,
        )  # fmt: skip
        if self._placed is None or key != self._placed_key:
            self._placed_key = key
            size = self.width(), self.height()
            self._placed = layout_of(view, *size, self.theme.ui_scale, self.scroll_x, self.scroll_y)
            self._routes = Routes(self._placed)
        return self._placed

    def subject_at(self, point: QPointF) -> Subject:
        """What is under a point."""
        if self.view is None:
            return NOTHING
        found = self.layout_now().subject_at(point)
        if found[0] not in ("consumer", "program"):
            return found
        chip = next((name for box, name in self.cards.chips if box.contains(point)), "")
        return ("partition", chip) if chip else found

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as p:
            if self.theme is not current_theme() or self._ratio != ratio_of(p):
                self._use_theme(ratio_of(p))
            self._paint(p)
            self.ring.paint(p)

    def _paint(self, p: QPainter) -> None:
        view, empty = self.view, empty_text(self.view)
        if view is None or not view.brokers:
            p.fillRect(self.rect(), self.theme.surface.canvas)
            self._paint_empty(p, QRectF(self.rect()), empty)
            return
        layout = self.layout_now()
        p.drawPixmap(0, 0, self._still_picture(view, layout))
        if empty is not None:
            self._paint_empty(p, layout.area, empty)
        self._paint_moving(p, view, layout)

    def _paint_moving(self, p: QPainter, view: ClusterView, layout: MatrixLayout) -> None:
        assert self._routes is not None
        p.setClipRect(layout.area.adjusted(-4, -6, 4, 6))
        down = down_brokers(view)
        for partition in view.partitions:
            self.tiles.paint(p, partition, layout, down)
        p.setClipping(False)
        self.cards.paint_figures(p, view, layout)
        if self.theme.reduced_motion or self.pace.bands or len(self.flights) >= MANY:
            self.bands.paint(p, self.flights, self._routes, view.now, self.pace.linger)
            return
        cuts = frozenset((link.source, link.target) for link in view.links if link.state == "cut")
        self.particles.place(self.flights, self._routes, cuts, view.now, self.pace.linger)
        self.particles.paint(p)

    def _paint_empty(self, p: QPainter, box: QRectF, words: tuple[str, str] | None) -> None:
        if words is not None and words[0]:
            paint_empty_place(p, self.theme, self.stamps, box, "server", words)

    def _still_picture(self, view: ClusterView, layout: MatrixLayout) -> QPixmap:
        key = (still_of(view), self.chosen, self._placed_key, self.pace)
        if self._still is None or key != self._still_key:
            self._still_key = key
            ratio = self._ratio
            self._still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(self.theme.surface.canvas)
            assert self._routes is not None
            with QPainter(self._still) as p:
                self.cards.paint(p, view, layout, self._routes, self.chosen, self.pace)
        return self._still

    # --- scrolling --------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Through the rows; sideways, or where all rows are visible, through the columns."""
        if self.view is None:
            return
        layout = self.layout_now()
        angle = event.angleDelta()
        sideways = bool(angle.x()) or not layout.high or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        pixels = -(angle.x() or angle.y()) / NOTCH * WHEEL_PIXELS * self.theme.ui_scale
        self._scroll(pixels if sideways else 0.0, 0.0 if sideways else pixels)
        event.accept()

    def _scroll(self, right: float, down: float) -> None:
        layout = self.layout_now()
        self.scroll_x = min(max(self.scroll_x + right, 0.0), layout.wide)
        self.scroll_y = min(max(self.scroll_y + down, 0.0), layout.high)
        self.update()

    def _show_chosen(self) -> None:
        """Scroll the marked column or row into sight."""
        if self.view is None:
            return
        layout = self.layout_now()
        kind, name = self.chosen
        if kind == "partition" and name in layout.columns and layout.wide:
            box = layout.columns[name]
            self._scroll(min(0.0, box.left() - layout.area.left()) + max(0.0, box.right() - layout.area.right()), 0.0)
        if kind == "broker" and name in layout.brokers and layout.high:
            box = layout.brokers[name]
            self._scroll(0.0, min(0.0, box.top() - layout.area.top()) + max(0.0, box.bottom() - layout.area.bottom()))

    # --- mouse and keys ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.selected.emit(*self.subject_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self.subject_at(event.position()) != NOTHING
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._ask_by_key()
            return
        kind, name = self.subject_at(QPointF(event.pos()))
        self.selected.emit(kind, name)
        self.context_requested.emit(kind, name, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from thing to thing, Return asks what can be done to it."""
        key = Qt.Key(event.key())
        if key in ARROWS and self.view is not None:
            order = self.layout_now().order()
            at = order.index(self.chosen) if self.chosen in order else -1 if ARROWS[key] > 0 else 0
            if order:
                self.selected.emit(*order[(at + ARROWS[key]) % len(order)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ask_by_key()
        else:
            super().keyPressEvent(event)

    def _ask_by_key(self) -> None:
        kind, name = self.chosen
        self.context_requested.emit(kind, name, self.mapToGlobal(self.place_of(self.chosen).toPoint()))

    def place_of(self, subject: Subject) -> QPointF:
        """The middle of a thing; of the canvas, for what is not drawn."""
        middle = QPointF(self.rect().center())
        if self.view is None:
            return middle
        layout = self.layout_now()
        kind, name = subject
        boxes = {
            "controller": layout.controllers, "broker": layout.brokers, "partition": layout.columns,
            "producer": layout.producers, "group": layout.groups, "consumer": layout.members,
            "program": layout.programs | layout.members,
        }.get(kind, {})  # fmt: skip
        return boxes[name].center() if name in boxes else middle

    def event(self, event: QEvent) -> bool:
        return show_tooltip(self, event, self.text_at) or super().event(event)

    def text_at(self, at: QPointF) -> str:
        """What is there, in words; nothing for nothing."""
        return subject_text(self.view, self.subject_at(at)) if self.view is not None else ""


def still_of(view: ClusterView) -> tuple[object, ...]:
    """What the still layer depends on: everything but figures and messages."""
    return (
        tuple((one.name, one.state, controller_note(one)) for one in view.controllers),
        tuple((one.name, one.state) for one in view.brokers),
        tuple(
            (one.name, one.leader, tuple((each.broker, each.role, each.in_sync) for each in one.replicas))
            for one in view.partitions
        ),
        tuple((one.name, one.topic, one.acks, one.rate_per_second, one.state) for one in view.producers),
        tuple(
            (one.name, one.state, tuple((each.name, each.state, each.partitions) for each in one.members))
            for one in view.groups
        ),
        view.links,
        view.programs,
    )
