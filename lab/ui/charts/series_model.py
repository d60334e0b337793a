"""SeriesModel: the lines of a chart as a table: shown or not, the present value, before and after."""

from math import isnan
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPixmap

from lab.ui.charts.compare import Comparison
from lab.ui.charts.lines import Line, in_words
from lab.ui.charts.plot import tone_of
from lab.ui.table_model import Index, TableModel
from lab.ui.theme import current_theme

MISSING = "—"


class SeriesModel(TableModel):
    """`hidden` names the lines that are not drawn; `toggled` says that it changed."""

    toggled = Signal()
    headings: ClassVar[tuple[str, ...]] = (
        "series", "now", "mean before", "mean after", "change", "p95 before", "p95 after", "change",
    )  # fmt: skip
    left: ClassVar[tuple[str, ...]] = ("series",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()
        self.hidden: set[str] = set()

    def show(self, lines: tuple[Line, ...], comparisons: tuple[Comparison, ...], now: float) -> None:
        """Show these lines at the instant `now`, in seconds; `comparisons` is empty or as long as `lines`."""
        rows = tuple(
            (line.label or "all", figure(line.value_at(now)), *_compared(comparisons[at] if comparisons else None))
            for at, line in enumerate(lines)
        )
        same = [one.label for one in lines] == [one.label for one in self.lines]
        if same and rows == self.cells:
            self.lines = lines
            return
        if not same:
            self.beginResetModel()
        self.lines, self.cells = lines, rows
        if not same:
            self.endResetModel()
        else:
            self._all_changed()

    def visible(self) -> tuple[Line, ...]:
        """The lines that are drawn."""
        return tuple(line for line in self.lines if line.label not in self.hidden)

    # --- what Qt asks -----------------------------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if index.column() != 0:
            return super().data(index, role)
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Unchecked if line.label in self.hidden else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.DecorationRole:
            return swatch(tone_of(current_theme(), line.tone))
        return super().data(index, role)

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        label = self.lines[index.row()].label
        (self.hidden.discard if Qt.CheckState(value) == Qt.CheckState.Checked else self.hidden.add)(label)
        self.dataChanged.emit(index, index)
        self.toggled.emit()
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = Qt.ItemFlag.ItemIsEnabled
        return usual | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable if index.column() == 0 else usual


def _compared(one: Comparison | None) -> tuple[str, ...]:
    if one is None:
        return ("",) * 6
    before, after = one.before, one.after
    return (
        figure(before.mean), figure(after.mean), change(one.mean_difference),
        figure(before.p95), figure(after.p95), change(one.p95_difference),
    )  # fmt: skip


def figure(value: float) -> str:
    """A value, or a dash when there is none."""
    return in_words(value) or MISSING


def change(value: float) -> str:
    """A difference with its sign."""
    return MISSING if isnan(value) else f"{'+' if value > 0 else '−' if value < 0 else '±'}{in_words(abs(value))}"


def swatch(colour: QColor) -> QPixmap:
    """A small square in a line's colour."""
    found = QPixmap(10, 10)
    found.fill(colour)
    return found
