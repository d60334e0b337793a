"""CompareView: the future that is shown against another of the kept ones, on one clock."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QScrollArea, QWidget

from lab.ui.canvas.compare import CompareCanvas
from lab.ui.charts.export import write_picture
from lab.ui.panels.full_view import FullView

if TYPE_CHECKING:
    from lab.cluster.session.session import Session


class CompareView(FullView):
    """`switch_asked(name)`: the person wants to go on in the other future."""

    switch_asked = Signal(str)
    name = "comparison"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = CompareCanvas()
        self.scroll_area = QScrollArea()
        self.branch_box = QComboBox()
        self.partition_box = QComboBox()
        self.shown: tuple[object, ...] = ()
        self._arrange()

    def _arrange(self) -> None:
        self.add_box("compared with", self.branch_box, 190)
        self.add_box("log of", self.partition_box, 170)
        for box in (self.branch_box, self.partition_box):
            box.activated.connect(self.refresh)
        self.tools.addWidget(self.button("switch", "Switch to it", self._ask_switch))
        self.buttons["switch"].setToolTip("Go on in the other future, at this instant (X)")
        self.add_exports("png", "svg")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll_area.setWidget(self.canvas)
        self.setFocusProxy(self.canvas)
        self.column.addWidget(self.scroll_area, 1)

    def open(self, session: "Session", partition: str) -> None:
        """Begin with the logs of a partition, if it is one."""
        self.shown = ()
        self._fill(session)
        at = self.partition_box.findText(partition)
        if at >= 0:
            self.partition_box.setCurrentIndex(at)
        self.pull(session)

    def pull(self, session: "Session") -> None:
        """Show the session as it is, with the other future at the same instant."""
        self.take(session)
        self._fill(session)
        other = self.branch_box.currentText()
        if not other:
            self.canvas.show_comparison(None)
            return
        chosen = (other, session.branch_name, self.partition_box.currentText())
        if self.shown != (*chosen, session.revision):
            self.shown = (*chosen, session.revision)
            self.canvas.show_comparison(session.compare(other, chosen[2]))

    def share(self, session: "Session", budget_us: int) -> int:
        """Half of the work is the other future's. Until it has caught up this one waits: time runs as fast as both can,
        and the window says that it runs behind.
        """
        other = self.branch_box.currentText()
        if not other or not session.playing:
            return budget_us
        half = budget_us // 2
        return half if session.beside.keep_step(other, half) else 0

    def _fill(self, session: "Session") -> None:
        others = [one.name for one in session.timeline_view(1).branches if not one.current]
        _offer(self.branch_box, others)
        _offer(self.partition_box, list(session.partition_names()))
        self.buttons["switch"].setEnabled(bool(others))

    def _ask_switch(self) -> None:
        if self.branch_box.currentText():
            self.switch_asked.emit(self.branch_box.currentText())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, bar = event.key(), self.scroll_area.verticalScrollBar()
        pages = {Qt.Key.Key_Down: bar.singleStep(), Qt.Key.Key_Up: -bar.singleStep(),
                 Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep()}  # fmt: skip
        if key == Qt.Key.Key_X:
            self._ask_switch()
        elif key in pages:
            bar.setValue(bar.value() + pages[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def export(self, path: Path, kind: str) -> None:
        """Write the comparison as it is shown."""
        write_picture(path, self.canvas, kind)


def _offer(box: QComboBox, names: list[str]) -> None:
    """These to choose from; the choice stays while it is among them."""
    box.setEnabled(bool(names))
    if [box.itemText(at) for at in range(box.count())] == names:
        return
    chosen = box.currentText()
    box.clear()
    box.addItems(names)
    box.setCurrentIndex(max(0, box.findText(chosen)) if names else -1)
