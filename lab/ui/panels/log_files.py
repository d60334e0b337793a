"""LogFilesView: the files of a replica in full, and how an offset is found in them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QScrollArea, QWidget

from lab.cluster.probes import Cluster, OffsetLookup, Segments
from lab.cluster.probes.offset_lookup import LookupView
from lab.cluster.probes.segments import SegmentsView, SegmentView
from lab.ui.canvas.log_files import LogFilesCanvas
from lab.ui.canvas.log_files_layout import ByteWindow, moved, window_around, zoomed
from lab.ui.charts.export import write_picture
from lab.ui.labels import text_label
from lab.ui.panels.full_view import FullView
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

DIGITS_MAX = 18


class LogFilesView(FullView):
    """Looks one offset up, on one broker's disk. `zoom`: the bytes somebody chose to see; None: those of the way."""

    name = "log-files"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = LogFilesCanvas()
        self.scroll_area = QScrollArea()
        self.partition_box = QComboBox()
        self.broker_box = QComboBox()
        self.field = QLineEdit()
        self.offset = 0
        self.zoom: ByteWindow | None = None
        self._arrange()

    def _arrange(self) -> None:
        self.add_box("log of", self.partition_box, 170)
        self.add_box("on", self.broker_box, 130)
        self.partition_box.activated.connect(self._partition_chosen)
        self.broker_box.activated.connect(self._other_file)
        self.tools.addWidget(text_label("find offset", "small"))
        self.tools.addWidget(self.field)
        self.field.setMaximumWidth(current_theme().px(90))
        self.field.setAccessibleName("Offset to find")
        self.field.setToolTip("An offset, and Return")
        self.field.returnPressed.connect(self._field_entered)
        self.tools.addWidget(self.icon_button("closer", "plus", "Zoom in (+)", partial(self._zoom, 1.0, None)))
        self.tools.addWidget(self.icon_button("wider", "minus", "Zoom out (−)", partial(self._zoom, -1.0, None)))
        self.tools.addWidget(self.button("way", "Whole way", self._show_way))
        self.buttons["way"].setToolTip("From the index entry to the batch (0)")
        self.add_exports("png", "svg")
        self.canvas.offset_asked.connect(self.look_up)
        self.canvas.zoom_asked.connect(self._zoom)
        self.canvas.move_asked.connect(self._move)
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setWidget(self.canvas)
        self.setFocusProxy(self.canvas)
        self.column.addWidget(self.scroll_area, 1)

    def update_theme(self) -> None:
        """Take the current theme."""
        self.field.setMaximumWidth(current_theme().px(90))

    # --- what is looked at ------------------------------------------------------------------------

    def open(self, session: "Session", partition: str, broker: str = "", offset: int | None = None) -> None:
        """Look `offset` up on a broker's disk; without one, the newest that is committed, and on the leader's."""
        self.take(session)
        self._fill(session, partition)
        if broker:
            self._choose_broker(broker)
        self.zoom = None
        if offset is None:
            overview = session.view(Segments(self.partition_box.currentText(), self.broker_box.currentText()))
            offset = max(overview.high_watermark - 1, overview.log_start_offset)
        self.offset = offset
        self.pull(session)

    def look_up(self, offset: int) -> None:
        """Look another offset up."""
        self.offset = offset
        self.zoom = None
        self.refresh()

    def pull(self, session: "Session") -> None:
        """Show the session as it is."""
        self.take(session)
        self._fill(session, self.partition_box.currentText())
        partition, broker = self.partition_box.currentText(), self.broker_box.currentText()
        if not self.field.hasFocus():
            self.field.setText(f"{self.offset}")
        if not partition:
            self.canvas.show_files(None, None, -1, (0, 0))
            return
        lookup = session.view(OffsetLookup(partition, broker, self.offset))
        overview = session.view(Segments(partition, broker))
        segment = segment_for(overview, lookup)
        if segment is None:
            self.canvas.show_files(overview, lookup, -1, (0, 0))
            return
        window = self._window(segment, lookup)
        detail = session.view(Segments(partition, broker, segment.base_offset, window))
        self.canvas.show_files(detail, lookup, segment.base_offset, window)

    def _window(self, segment: SegmentView, lookup: LookupView) -> ByteWindow:
        if self.zoom is not None and self.zoom[1] <= segment.size_bytes:
            return self.zoom
        return window_around(segment.size_bytes, lookup)

    def _fill(self, session: "Session", partition: str) -> None:
        """The choices there are; the choice stays while it is among them, and a new partition begins at its leader."""
        names = list(session.partition_names())
        before = self.partition_box.currentText()
        _offer(self.partition_box, names, partition)
        chosen = self.partition_box.currentText()
        found = next((one for one in session.view(Cluster()).partitions if one.name == chosen), None)
        brokers = [one.broker for one in found.replicas] if found is not None else []
        fresh = chosen != before or not self.broker_box.count()
        _offer(self.broker_box, brokers, self.broker_box.currentText())
        if fresh and found is not None and found.leader in brokers:
            self._choose_broker(found.leader)

    def _choose_broker(self, broker: str) -> None:
        at = self.broker_box.findText(broker)
        if at >= 0:
            self.broker_box.setCurrentIndex(at)

    def _partition_chosen(self) -> None:
        if self.session is not None:
            name = self.partition_box.currentText()
            self.partition_box.setCurrentIndex(-1)
            self.open(self.session, name)

    def _other_file(self) -> None:
        self.zoom = None
        self.refresh()

    def _field_entered(self) -> None:
        text = self.field.text().strip().replace(" ", "")
        if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
            self.said.setText(f"Find offset: wanted a whole number, found {text[:40]!r}")
            return
        self.said.setText("")
        self.canvas.setFocus()
        self.look_up(int(text))

    # --- which bytes ------------------------------------------------------------------------------

    def _zoom(self, notches: float, at: int | None) -> None:
        segment, window = self.canvas.segment_shown(), self.canvas.window_shown
        if segment is None or not segment.batches:
            return
        if at is None:
            batch = self.canvas.lookup.batch if self.canvas.lookup is not None else None
            at = batch.position if batch is not None else (window[0] + window[1]) // 2
        self.zoom = zoomed(window, segment.size_bytes, notches, at, segment.batches[0].size_bytes)
        self.refresh()

    def _move(self, share: float) -> None:
        segment = self.canvas.segment_shown()
        if segment is not None:
            self.zoom = moved(self.canvas.window_shown, segment.size_bytes, share)
            self.refresh()

    def _show_way(self) -> None:
        self.zoom = None
        self.refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, bar = event.key(), self.scroll_area.verticalScrollBar()
        pages = {Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep()}
        if key == Qt.Key.Key_0:
            self._show_way()
        elif key in pages:
            bar.setValue(bar.value() + pages[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def export(self, path: Path, kind: str) -> None:
        """Write the files as they are shown."""
        write_picture(path, self.canvas, kind)


def segment_for(view: SegmentsView, lookup: LookupView) -> SegmentView | None:
    """The one in which the offset was found; else the first for what is below it, the newest for what is above."""
    if not view.segments:
        return None
    found = next((one for one in view.segments if one.base_offset == lookup.segment), None)
    if found is not None:
        return found
    return view.segments[0] if lookup.offset < view.log_start_offset else view.segments[-1]


def _offer(box: QComboBox, names: list[str], wanted: str) -> None:
    """These to choose from, with `wanted` chosen while it is among them."""
    box.setEnabled(bool(names))
    if [box.itemText(at) for at in range(box.count())] != names:
        box.clear()
        box.addItems(names)
    box.setCurrentIndex(max(0, box.findText(wanted)) if names else -1)
