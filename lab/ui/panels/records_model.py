"""RecordsModel: a page of a partition's log as a Qt table."""

from typing import ClassVar

from PySide6.QtCore import Qt

from lab.cluster.probes.views import RecordRow, RecordsView
from lab.ui.hex_dump import date_text
from lab.ui.table_model import Index, TableModel

COLUMNS = ("offset", "timestamp", "key", "value", "bytes", "batch", "epoch", "producer", "sequence")


class RecordsModel(TableModel):
    """`set_view` replaces the page; the selection follows by offset, in the panel."""

    headings: ClassVar[tuple[str, ...]] = COLUMNS
    left: ClassVar[tuple[str, ...]] = ("timestamp", "key", "value", "batch")

    def __init__(self) -> None:
        super().__init__()
        self.view: RecordsView | None = None

    def set_view(self, view: RecordsView) -> None:
        """Show `view`; a page with the same rows leaves the table (and its selection) alone."""
        if self.view is not None and self.view.rows == view.rows:
            self.view = view
            return
        self.beginResetModel()
        self.view = view
        self.cells = tuple(tuple(cell_text(row, column) for column in COLUMNS) for row in view.rows)
        self.endResetModel()

    @property
    def rows(self) -> tuple[RecordRow, ...]:
        """The records of the page, oldest first."""
        return self.view.rows if self.view is not None else ()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.ToolTipRole and COLUMNS[index.column()] in ("key", "value"):
            return self.cells[index.row()][index.column()]
        return super().data(index, role)

    def row_of(self, offset: int) -> int:
        """The row that shows `offset`, or -1."""
        return next((at for at, row in enumerate(self.rows) if row.offset == offset), -1)


def cell_text(row: RecordRow, column: str) -> str:
    """One cell."""
    match column:
        case "offset":
            return str(row.offset)
        case "timestamp":
            return date_text(row.timestamp_ms)
        case "key":
            return row.key
        case "value":
            return row.value
        case "bytes":
            return str(row.size_bytes)
        case "batch":
            return f"{row.batch[0]}–{row.batch[1]}{' ✗ CRC' if row.corrupt else ''}"
        case "epoch":
            return str(row.leader_epoch)
        case "producer":
            return str(row.producer_id) if row.producer_id >= 0 else "–"
        case _:
            return str(row.sequence) if row.sequence >= 0 else "–"
