"""FramesView: a request of a real client and its answer, field by field, beside their bytes."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPlainTextEdit,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTextEdit,
    QWidget,
)

from lab.cluster.refused import Refused
from lab.cluster.session.exchange import ExchangeView, FieldView, FrameView
from lab.ui.hex_dump import BYTES_A_LINE, byte_columns, hex_dump
from lab.ui.labels import text_label
from lab.ui.panels.full_view import FullView
from lab.ui.theme import current_theme, with_alpha

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

DUMP_BYTES = 1 << 16
"""More of a frame is not dumped: a text box of a megabyte takes a second to lay out."""
COLUMNS = ("field", "type", "bytes", "value")
WIDTHS = (280, 140, 96)
PANES = (640, 560)
INDENT = 3
MARGIN = 10


class FramesView(FullView):
    """Shows one exchange until another is asked for. A field lights its bytes, a byte its field."""

    name = "frame"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exchange: ExchangeView | None = None
        self.frame: FrameView | None = None
        self.title = text_label("", "section")
        self.when = text_label("", "quiet")
        self.table = QTableWidget(0, len(COLUMNS))
        self.dump = QPlainTextEdit()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._arrange()

    def _arrange(self) -> None:
        for name, text in (("request", "Request"), ("answer", "Answer")):
            button = self.button(name, text, partial(self.show_frame, name))
            button.setCheckable(True)
            button.setProperty("role", "segment")
            self.tools.addWidget(button)
        self.tools.addSpacing(8)
        self.tools.addWidget(self.title)
        self.tools.addWidget(self.when)
        self.add_exports("csv")
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("Fields")
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.itemSelectionChanged.connect(self._light_bytes)
        self.dump.setReadOnly(True)
        self.dump.document().setDocumentMargin(MARGIN)
        self.dump.setProperty("role", "hex")
        self.dump.setAccessibleName("Bytes")
        self.dump.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.dump.cursorPositionChanged.connect(self._find_field)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(self.dump)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes(list(PANES))
        self.splitter.setStretchFactor(0, 1)
        self.column.addWidget(self.splitter, 1)
        self.setFocusProxy(self.table)

    def update_theme(self) -> None:
        """Take the current theme."""
        theme = current_theme()
        self.table.verticalHeader().setDefaultSectionSize(theme.px(24))
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, theme.px(width))
        if self.frame is not None:
            self._fill(self.frame)

    # --- showing ----------------------------------------------------------------------------------

    def open(self, session: "Session", name: str) -> None:
        """The exchange that a link of the inspector names."""
        self.take(session)
        self.exchange = session.exchange(name)
        if self.exchange is None:
            self.title.setText("This request is too long ago")
            self.frame = None
            self.table.setRowCount(0)
            self.dump.clear()
            self.when.clear()
        self.buttons["answer"].setEnabled(self.exchange is not None and self.exchange.answer is not None)
        self.show_frame("request")

    def pull(self, session: "Session") -> None:
        """What was said does not change."""
        self.take(session)

    def show_frame(self, which: str) -> None:
        """The request, or the answer."""
        exchange = self.exchange
        for name in ("request", "answer"):
            self.buttons[name].setChecked(name == which)
        if exchange is None:
            return
        frame = exchange.request if which == "request" or exchange.answer is None else exchange.answer
        self.title.setText(frame.title)
        at = exchange.asked_at if frame is exchange.request else exchange.answered_at
        parts = [f"{exchange.program}, connection {exchange.connection}", f"at {at / 1e6:.6f} s"]
        parts.append(f"{len(frame.data)} bytes")
        if exchange.answer is None:
            parts.append("no answer yet")
        if frame.wrong:
            parts.append(frame.wrong)
        if len(frame.data) > DUMP_BYTES:
            parts.append(f"the first {DUMP_BYTES} are shown")
        self.when.setText(" · ".join(parts))
        self._fill(frame)

    def _fill(self, frame: FrameView) -> None:
        self.frame = frame
        theme = current_theme()
        quiet = theme.text.t3
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(frame.fields))
            for row, one in enumerate(frame.fields):
                size = f"{one.start}–{one.end - 1}" if one.end - one.start > 1 else str(one.start)
                texts = (" " * (INDENT * one.depth) + one.name, one.kind, size, one.value)
                for column, text in enumerate(texts):
                    item = QTableWidgetItem(text)
                    item.setToolTip(one.path if column == 0 else text)
                    if column in (1, 2):
                        item.setForeground(quiet)
                    self.table.setItem(row, column, item)
        with QSignalBlocker(self.dump):
            self.dump.setPlainText(hex_dump(frame.data[:DUMP_BYTES]))
        self.table.setCurrentCell(0, 0)
        self._light_bytes()

    def chosen(self) -> FieldView | None:
        """The field in the current row."""
        row = self.table.currentRow()
        return self.frame.fields[row] if self.frame is not None and 0 <= row < len(self.frame.fields) else None

    def _light_bytes(self) -> None:
        one = self.chosen()
        if one is None:
            return
        look = QTextCharFormat()
        look.setBackground(with_alpha(current_theme().state.record, 0.45))
        found: list[QTextEdit.ExtraSelection] = []
        for line in range(one.start // BYTES_A_LINE, -(-min(one.end, DUMP_BYTES) // BYTES_A_LINE)):
            block = self.dump.document().findBlockByNumber(line)
            first = max(one.start - line * BYTES_A_LINE, 0)
            last = min(one.end - line * BYTES_A_LINE, BYTES_A_LINE) - 1
            for begin, end in byte_columns(first, last):
                selection = QTextEdit.ExtraSelection()
                selection.cursor = QTextCursor(block)
                selection.cursor.setPosition(block.position() + begin)
                selection.cursor.setPosition(block.position() + end, QTextCursor.MoveMode.KeepAnchor)
                selection.format = look
                found.append(selection)
        self.dump.setExtraSelections(found)
        block = self.dump.document().findBlockByNumber(one.start // BYTES_A_LINE)
        with QSignalBlocker(self.dump):
            self.dump.setTextCursor(QTextCursor(block))
        self.dump.ensureCursorVisible()

    def _find_field(self) -> None:
        """The smallest field that has the byte under the cursor."""
        cursor = self.dump.textCursor()
        place = next(
            (at for at in range(BYTES_A_LINE) for begin, end in byte_columns(at, at)[:1]
             if begin <= cursor.positionInBlock() <= end), -1,
        )  # fmt: skip
        if self.frame is None or place < 0:
            return
        byte = cursor.blockNumber() * BYTES_A_LINE + place
        rows = [row for row, one in enumerate(self.frame.fields) if one.start <= byte < one.end]
        if rows:
            self.table.setCurrentCell(rows[-1], 0)

    # --- export -----------------------------------------------------------------------------------

    def export(self, path: Path, kind: str) -> None:
        """The fields as a table."""
        if self.frame is None:
            raise Refused("there is no frame to write")
        rows = [("path", "type", "start", "end", "value")]
        rows += [(one.path, one.kind, str(one.start), str(one.end), one.value) for one in self.frame.fields]
        lines = (",".join('"' + text.replace('"', '""') + '"' for text in row) for row in rows)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
