"""RecordBrowser: a partition's log on one broker, record by record, decoded and as bytes."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.probes import Records
from lab.cluster.probes.views import PartitionView, RecordRow, RecordsView
from lab.ui.hex_dump import decoded, hex_dump
from lab.ui.labels import show_icon, text_label
from lab.ui.panels.record_fields import RecordFields
from lab.ui.panels.records_model import COLUMNS, RecordsModel

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

PAGE_ROWS = 200
WIDTHS = (66, 188, 60, 140, 58, 88, 58, 76, 78)
"""Pixels of the columns; the value takes what is left, and this at least."""
PANES = (620, 310)


class RecordBrowser(QWidget):
    """Follows the tail, or stands at an offset. `closed` when the person goes back to the lens."""

    closed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("records")
        self.setAccessibleName("Record browser")
        self.partition: PartitionView | None = None
        self.from_offset = 0
        self.model = RecordsModel()
        self.table = QTableView()
        self.title = text_label("", "section")
        self.range = text_label("", "quiet")
        self.broker = QComboBox()
        self.jump = QLineEdit()
        self.tail = QCheckBox("Follow tail")
        self.fields = RecordFields()
        self.bytes = QPlainTextEdit()
        self.empty = text_label("No record here yet. Produce some, or look further back.", "quiet")
        self._arrange()

    def set_partition(self, partition: PartitionView) -> None:
        """Show `partition`; its leader's copy unless another broker was chosen for the same one."""
        same = self.partition is not None and self.partition.name == partition.name
        self.partition = partition
        brokers = [replica.broker for replica in partition.replicas]
        if not same:
            self.title.setText(partition.name)
            self.tail.setChecked(True)
        if [self.broker.itemText(at) for at in range(self.broker.count())] != brokers:
            self.broker.clear()
            self.broker.addItems(brokers)
        if not same and partition.leader in brokers:
            self.broker.setCurrentText(partition.leader)

    def pull(self, session: "Session") -> None:
        """Ask for the page and show it."""
        if self.partition is None or not self.broker.currentText():
            return
        view = self._page(session, None if self.tail.isChecked() else self.from_offset)
        self.set_view(view)

    def set_view(self, view: RecordsView) -> None:
        """Show a page; the selected record stays selected while it is on the page."""
        if view == self.model.view:
            return
        selected = self.selected_record()
        self.model.set_view(view)
        self.range.setText(
            f"log_start_offset {view.log_start_offset} · high_watermark {view.high_watermark} · "
            f"log_end_offset {view.log_end_offset}"
        )
        self.empty.setVisible(not view.rows)
        at = self.model.row_of(selected.offset) if selected is not None else -1
        if self.tail.isChecked():
            at = len(view.rows) - 1 if selected is None or at < 0 else at
            self.table.scrollToBottom()
        if at >= 0:
            self.table.setCurrentIndex(self.model.index(at, 0))
        self._show_record()

    def selected_record(self) -> RecordRow | None:
        """The record in the current row."""
        at = self.table.currentIndex().row()
        return self.model.rows[at] if 0 <= at < len(self.model.rows) else None

    def jump_to_offset(self) -> None:
        """Stand at the offset in the field, no longer following the tail."""
        text = self.jump.text().strip()
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            self.refused.emit(f"Jump to offset: wanted a whole number, found {text[:40]!r}")
            return
        self.tail.setChecked(False)
        self.from_offset = int(text)
        self.table.scrollToTop()
        self.changed.emit()

    changed = Signal()
    """Another page is wanted."""

    # --- building ---------------------------------------------------------------------------------

    def _page(self, session: "Session", start: int | None) -> RecordsView:
        assert self.partition is not None
        return session.view(Records(self.partition.name, self.broker.currentText(), start, PAGE_ROWS))

    def _arrange(self) -> None:
        self._set_up_table()
        self.jump.setPlaceholderText("offset")
        self.jump.setFixedWidth(110)
        self.jump.setAccessibleName("Jump to offset")
        self.jump.returnPressed.connect(self.jump_to_offset)
        self.tail.setChecked(True)
        self.tail.toggled.connect(self._tail_toggled)
        self.broker.setAccessibleName("Broker whose copy is shown")
        self.broker.currentTextChanged.connect(self._broker_chosen)
        close = QToolButton()
        close.setProperty("role", "icon")
        show_icon(close, "x", "t2", 17)
        close.setToolTip("Back to the lens (Ctrl+R)")
        close.setAccessibleName("Close the record browser")
        close.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setSpacing(10)
        self.range.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head.addWidget(self.title)
        head.addWidget(self.range, 1)
        for widget in (text_label("copy on", "quiet"), self.broker, self.jump, self.tail, close):
            head.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 10, 14, 10)
        layout.addLayout(head)
        layout.addWidget(self._panes(), 1)

    def _set_up_table(self) -> None:
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setAccessibleName("Records")
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setHighlightSections(False)
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().currentRowChanged.connect(self._row_changed)

    def _panes(self) -> QWidget:
        self.bytes.setReadOnly(True)
        self.bytes.setProperty("role", "hex")
        self.bytes.setAccessibleName("The record's bytes")
        self.bytes.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 0, 0, 0)
        column.addWidget(self.fields)
        column.addWidget(self.bytes, 1)
        left = QWidget()
        grid = QGridLayout(left)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.table, 0, 0)
        grid.addWidget(self.empty, 0, 0, Qt.AlignmentFlag.AlignCenter)
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.addWidget(left)
        panes.addWidget(side)
        panes.setChildrenCollapsible(False)
        panes.setStretchFactor(0, 1)
        panes.setSizes(PANES)
        panes.splitterMoved.connect(self._share_width)
        return panes

    def _share_width(self) -> None:
        """What the other columns leave is the value's. (A stretched column would vanish where nothing is left.)"""
        value = COLUMNS.index("value")
        left = self.table.viewport().width() - sum(WIDTHS) + WIDTHS[value]
        self.table.setColumnWidth(value, max(left, WIDTHS[value]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    # --- reacting ---------------------------------------------------------------------------------

    def _broker_chosen(self, name: str) -> None:
        self.changed.emit()

    def _tail_toggled(self, on: bool) -> None:
        if not on:
            self.from_offset = self.model.rows[0].offset if self.model.rows else 0
        self.changed.emit()

    def _row_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        self._show_record()

    def _show_record(self) -> None:
        record = self.selected_record()
        if record is None:
            self.fields.show_fields(())
            self.bytes.clear()
            return
        self.fields.show_fields(decoded(record))
        dump = hex_dump(record.raw)
        if self.bytes.toPlainText() != dump:
            self.bytes.setPlainText(dump)
