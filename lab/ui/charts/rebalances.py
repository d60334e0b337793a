"""RebalanceView: a group's rebalances in full: who owned what when, and each rebalance in a line."""

import csv
import io
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHeaderView, QScrollArea, QSizePolicy, QTableView, QWidget

from lab.cluster.probes.ownership import GroupOwnership, Rebalance
from lab.env import Micros
from lab.ui.charts.export import write_picture
from lab.ui.charts.gantt import GanttCanvas
from lab.ui.charts.rebalance_model import RebalanceModel
from lab.ui.panels.full_view import FullView
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

HEAD_PX, ROW_PX, ROWS_MAX = 32, 24, 5
WIDTHS = (84, 92, 310, 84, 230, 96, 0, 96)
HEADER = ("group", "what", "name", "member", "from", "to", "seconds", "how")


class RebalanceView(FullView):
    """`Gantt` above, a table below. A click or Return in either leads to that instant."""

    name = "rebalances"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: tuple[GroupOwnership, ...] = ()
        self.group_box = QComboBox()
        self.canvas = GanttCanvas()
        self.scroll_area = QScrollArea()
        self.model = RebalanceModel()
        self.table = self._make_table()
        self._arrange()

    # --- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        self.add_box("Group", self.group_box, 210)
        self.group_box.activated.connect(self.refresh)
        self.tools.addWidget(self.icon_button("closer", "plus", "Zoom in (+)", partial(self.canvas.zoom, 1.0)))
        self.tools.addWidget(self.icon_button("wider", "minus", "Zoom out (−)", partial(self.canvas.zoom, -1.0)))
        self.tools.addWidget(self.button("whole", "Whole run", self.canvas.show_whole_run))
        self.add_exports("png", "svg", "csv")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setWidget(self.canvas)
        self.canvas.seek_asked.connect(self.seek_asked)
        self.canvas.event_asked.connect(self.event_asked)
        self.canvas.why_asked.connect(self.why_asked)
        self.canvas.selected.connect(self.select_asked)
        self.table.activated.connect(self._go_to)
        self.table.clicked.connect(self._go_to)
        self.setFocusProxy(self.canvas)
        self.column.addWidget(self.scroll_area, 1)
        self.column.addWidget(self.table)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setAccessibleName("Rebalances")
        table.setToolTip("Click, or Return: go to where it began")
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate(WIDTHS):
            if width:
                table.setColumnWidth(column, width)
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return table

    def update_theme(self) -> None:
        """Take the current theme."""
        self.table.verticalHeader().setDefaultSectionSize(current_theme().px(ROW_PX))
        self._fit_table()

    def _fit_table(self) -> None:
        """As high as its rows, so that the chart has the rest; with more than a few it scrolls."""
        rows = min(max(self.model.rowCount(), 1), ROWS_MAX)
        bar = self.table.horizontalScrollBar()
        below = bar.height() if bar.maximum() else 0
        self.table.setFixedHeight(current_theme().px(HEAD_PX + rows * ROW_PX) + below)

    # --- showing ----------------------------------------------------------------------------------

    def show_group(self, session: "Session", group: str) -> None:
        """Show a group by its name; an empty name: the one shown last."""
        self._take_groups(session)
        at = self.group_box.findText(group)
        if at >= 0:
            self.group_box.setCurrentIndex(at)
        self.pull(session)

    def pull(self, session: "Session") -> None:
        """Show the session as it is."""
        self.take(session)
        self._take_groups(session)
        shown = self.shown_group()
        self.canvas.show_group(shown, session.now, max(session.latest, session.now))
        self.model.show(shown.rebalances if shown is not None else ())
        self._fit_table()

    def shown_group(self) -> GroupOwnership | None:
        """The group that is chosen, if there is any."""
        return next((one for one in self.groups if one.group == self.group_box.currentText()), None)

    def _take_groups(self, session: "Session") -> None:
        self.groups = session.ownership()
        names = [one.group for one in self.groups]
        self.group_box.setEnabled(bool(names))
        if [self.group_box.itemText(at) for at in range(self.group_box.count())] != names:
            chosen = self.group_box.currentText()
            self.group_box.clear()
            self.group_box.addItems(names)
            self.group_box.setCurrentIndex(max(0, self.group_box.findText(chosen)))

    def _go_to(self, index: QModelIndex) -> None:
        rebalances: tuple[Rebalance, ...] = self.model.rebalances
        if 0 <= index.row() < len(rebalances):
            self.event_asked.emit(rebalances[index.row()].event_number)

    # --- export -----------------------------------------------------------------------------------

    def export(self, path: Path, kind: str) -> None:
        """Write the picture as it is shown, or every stretch of the group as a line."""
        if kind == "csv":
            shown = self.shown_group()
            text = csv_text(shown, max(self.session.latest, self.session.now)) if shown and self.session else ""
            path.write_text(text, encoding="utf-8", newline="\n")
        else:
            write_picture(path, self.canvas, kind)


def csv_text(group: GroupOwnership, latest: Micros) -> str:
    """`group,what,name,member,from,to,seconds,how`: who owned, what nobody read, who was stopped. Seconds of virtual
    time; what still lasts has no end, and its seconds are reckoned up to `latest`.
    """
    lines: list[tuple[str, str, str, Micros, Micros | None, str]] = [
        *(("owned", one.partition, one.member, one.start, one.end, one.ended) for one in group.tenures),
        *(("unread", one.partition, one.member, one.start, one.end, one.reason) for one in group.unread),
        *(("stopped", one.member, one.member, one.start, one.end, "") for one in group.stopped),
        *(("rebalance", group.group, "", one.start, one.end, one.reason) for one in group.rebalances),
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for what, name, member, start, end, how in sorted(lines, key=lambda line: (line[3], line[0], line[1])):
        until = latest if end is None else end
        ended = "" if end is None else f"{end / 1e6:.6f}"
        writer.writerow(
            (group.group, what, name, member, f"{start / 1e6:.6f}", ended, f"{(until - start) / 1e6:.6f}", how)
        )
    return out.getvalue()
