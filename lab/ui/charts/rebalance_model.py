"""RebalanceModel: the rebalances of a group as a table: when, why, how long, and whom they stopped."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from lab.cluster.probes.ownership import Rebalance, duration_text, partitions_text
from lab.env import Micros
from lab.lessons.wording import clock

HEADINGS = ("generation", "began", "why", "took", "stopped", "for at most", "unread", "for at most")
LEFT = ("why", "stopped", "unread")
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class RebalanceModel(QAbstractTableModel):
    """Read only; the newest comes last."""

    def __init__(self) -> None:
        super().__init__()
        self.rebalances: tuple[Rebalance, ...] = ()
        self.rows: tuple[tuple[str, ...], ...] = ()

    def show(self, rebalances: tuple[Rebalance, ...]) -> None:
        """Show these; equal rows leave the table, and what is selected in it, alone."""
        self.rebalances = rebalances
        rows = tuple(row_of(one) for one in rebalances)
        if rows == self.rows:
            return
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        self.rows = rows
        self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(HEADINGS) - 1))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_alignment(section))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_alignment(index.column()))
        return None


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if HEADINGS[column] in LEFT else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


def row_of(one: Rebalance) -> tuple[str, ...]:
    """The cells of one rebalance."""
    return (
        str(one.generation_id) if one.end is not None else "…", clock(one.start), one.reason,
        duration_text(one.end - one.start) if one.end is not None else "it lasts",
        ", ".join(name for name, _ in one.stopped) or "nobody", _most(one.stopped),
        partitions_text([name for name, _ in one.unread]) or "nothing", _most(one.unread),
    )  # fmt: skip


def _most(lengths: tuple[tuple[str, Micros], ...]) -> str:
    return duration_text(max(length for _, length in lengths)) if lengths else "–"
