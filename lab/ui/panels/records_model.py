"""RecordsModel: a page of a partition's log as a Qt table."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lab.cluster.probes.views import RecordRow, RecordsView
from lab.ui.hex_dump import date_text

COLUMNS = ("offset", "timestamp", "key", "value", "bytes", "batch", "epoch", "producer", "sequence")
RIGHT = ("offset", "bytes", "epoch", "producer", "sequence")
AnyIndex = QModelIndex | QPersistentModelIndex


class RecordsModel(QAbstractTableModel):
    """Read only. `set_view` replaces the page; the selection follows by offset, in the panel."""

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
        self.endResetModel()

    @property
    def rows(self) -> tuple[RecordRow, ...]:
        """The records of the page, oldest first."""
        return self.view.rows if self.view is not None else ()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_alignment(COLUMNS[section]))
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = COLUMNS[index.column()]
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_alignment(column))
        if role == Qt.ItemDataRole.ToolTipRole and column in ("key", "value"):
            return cell_text(row, column)
        return None

    def row_of(self, offset: int) -> int:
        """The row that shows `offset`, or -1."""
        return next((at for at, row in enumerate(self.rows) if row.offset == offset), -1)


def _alignment(column: str) -> Qt.AlignmentFlag:
    """A heading stands where its numbers do."""
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


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
