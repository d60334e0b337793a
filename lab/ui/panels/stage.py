"""Stage: the matrix above; below it the lens, or the record browser in its place."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lab.cluster.probes import Cluster, InFlight, PartitionLens
from lab.cluster.probes.views import BrokerView, ClusterView, PartitionView
from lab.env import Micros
from lab.lessons.wording import plain
from lab.ui.canvas.lens import LensCanvas
from lab.ui.canvas.matrix import ClusterCanvas
from lab.ui.canvas.pace import TRUE_PACE, Pace, pace_at
from lab.ui.labels import text_label
from lab.ui.panels.records import RecordBrowser

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

MATRIX_HEIGHT = 378
LENS_HEIGHT = 290


class Stage(QWidget):
    """Knows which partition the lens shows: the one selected last."""

    selected = Signal(str, str)
    context_requested = Signal(str, str, QPoint)
    offset_asked = Signal(str, str, object)
    """Partition, broker, offset: how that is found in the files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.partition = ""
        self.lens_end: int | None = None
        self.cluster_view: ClusterView | None = None
        self.pace = TRUE_PACE
        self.shown_at: Micros | None = None
        self.question = text_label("", "presenter-question", wrap=True)
        self.question.setContentsMargins(32, 18, 32, 4)
        self.question.hide()
        self.matrix = ClusterCanvas()
        self.lens = LensCanvas()
        self.records = RecordBrowser()
        self.below = QStackedWidget()
        self.below.addWidget(self.lens)
        self.below.addWidget(self.records)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.matrix)
        self.splitter.addWidget(self.below)
        self.splitter.setSizes([MATRIX_HEIGHT, LENS_HEIGHT])
        self.splitter.setStretchFactor(0, 4)
        self.splitter.setStretchFactor(1, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.question)
        layout.addWidget(self.splitter, 1)
        self._connect()

    def _connect(self) -> None:
        self.matrix.selected.connect(self.selected)
        self.matrix.context_requested.connect(self.context_requested)
        self.lens.selected.connect(self.selected)
        self.lens.context_requested.connect(self.context_requested)
        self.lens.offset_asked.connect(self._ask_offset)
        self.lens.window_changed.connect(self._scroll_lens)
        self.records.closed.connect(self.show_lens)

    def clear(self) -> None:
        """Forget the last session."""
        self.partition = ""
        self.lens_end = None
        self.cluster_view = None
        self.shown_at = None
        self.lens.set_view(None)
        self.show_lens()

    def select(self, kind: str, name: str) -> None:
        """Mark the subject; a partition also moves into the lens."""
        self.matrix.set_selected(kind, name)
        if kind == "partition" and name != self.partition:
            self.partition = name
            self.lens_end = None

    def pull(self, session: "Session") -> None:
        """Ask for what is visible here and show it: every frame while playing."""
        self.cluster_view = session.view(Cluster())
        pace = self._pace(session)
        self.matrix.set_view(self.cluster_view, session.view(InFlight(linger=pace.linger)), pace)
        if self.below.currentWidget() is self.lens and self.partition:
            self.lens.set_view(session.view(PartitionLens(self.partition, self.lens_end)))

    def _pace(self, session: "Session") -> Pace:
        """Slowed for the eye while time runs, and so kept at a pause; after a step or a seek true to scale."""
        if session.playing or self.shown_at is None:
            self.pace = pace_at(session.speed)
        elif session.now != self.shown_at:
            self.pace = TRUE_PACE
        self.shown_at = session.now
        return self.pace

    def pull_slowly(self, session: "Session") -> None:
        """What is enough a few times a second."""
        if self.below.currentWidget() is self.records:
            shown = self.shown_partition()
            if shown is not None:
                self.records.set_partition(shown)
                self.records.pull(session)

    def brokers(self) -> tuple[BrokerView, ...]:
        """The brokers, as the matrix knows them."""
        return self.cluster_view.brokers if self.cluster_view is not None else ()

    def shown_partition(self) -> PartitionView | None:
        """The partition in the lens, as the matrix knows it."""
        if self.cluster_view is None:
            return None
        found = (one for one in self.cluster_view.partitions if one.name == self.partition)
        return next(found, None)

    def neighbour(self, step: int) -> str:
        """The name of the partition `step` columns further, around the end."""
        if self.cluster_view is None or not self.cluster_view.partitions:
            return ""
        names = [one.name for one in self.cluster_view.partitions]
        at = names.index(self.partition) if self.partition in names else -step
        return names[(at + step) % len(names)]

    def toggle_records(self, session: "Session") -> None:
        """The record browser instead of the lens, or back."""
        if self.below.currentWidget() is self.records:
            self.show_lens()
            return
        self.below.setCurrentWidget(self.records)
        self.pull_slowly(session)

    def show_lens(self) -> None:
        """The lens in its place."""
        self.below.setCurrentWidget(self.lens)

    def show_question(self, text: str) -> None:
        """The question in large letters above the matrix; none hides it."""
        self.question.setText(plain(text))
        self.question.setVisible(bool(text))

    def _ask_offset(self, broker: str, offset: int) -> None:
        self.offset_asked.emit(self.partition, broker, offset)

    def _scroll_lens(self, end_offset: int | None) -> None:
        self.lens_end = end_offset
        self.lens_moved.emit()

    lens_moved = Signal()
    """The lens wants another stretch of offsets."""
