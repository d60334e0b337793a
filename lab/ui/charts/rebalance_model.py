"""RebalanceModel: the rebalances of a group as a table: when, why, how long, and whom they stopped."""

from typing import ClassVar

from PySide6.QtCore import Qt

from lab.cluster.probes.ownership import Rebalance, duration_text, partitions_text
from lab.env import Micros
from lab.lessons.wording import clock
from lab.ui.table_model import Index, TableModel


class RebalanceModel(TableModel):
    """The newest comes last."""

    headings: ClassVar[tuple[str, ...]] = (
        "generation", "began", "why", "took", "stopped", "for at most", "unread", "for at most",
    )  # fmt: skip
    left: ClassVar[tuple[str, ...]] = ("why", "stopped", "unread")

    def __init__(self) -> None:
        super().__init__()
        self.rebalances: tuple[Rebalance, ...] = ()

    def show(self, rebalances: tuple[Rebalance, ...]) -> None:
        """Show these; equal rows leave the table, and what is selected in it, alone."""
        self.rebalances = rebalances
        rows = tuple(row_of(one) for one in rebalances)
        if rows == self.cells:
            return
        if len(rows) != len(self.cells):
            self.beginResetModel()
            self.cells = rows
            self.endResetModel()
            return
        self.cells = rows
        self._all_changed()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return super().data(index, Qt.ItemDataRole.DisplayRole if role == Qt.ItemDataRole.ToolTipRole else role)


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
