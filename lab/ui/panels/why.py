"""WhyView: what led to an event, as a diagram and as a list."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from lab.cluster.probes.causes import STEPS, STEPS_MAX, CausesView, Step, step_text
from lab.cluster.probes.ownership import duration_text
from lab.cluster.probes.views import CauseView
from lab.ui.canvas.spacetime import SpaceTimeCanvas
from lab.ui.charts.export import write_picture
from lab.ui.labels import text_label
from lab.ui.panels.full_view import FullView
from lab.ui.panels.inspector_rows import CauseRow
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

LIST_PX = 320
ICONS = {"action": "zap", "message": "arrow-right", "timer": "timer", "silence": "hourglass"}


class WhyView(FullView):
    """Shows one question until another is asked, wherever time stands meanwhile."""

    name = "why"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.event_number = 0
        self.steps = STEPS
        self.view: CausesView | None = None
        self.branch = ""
        self.rows: list[CauseRow] = []
        self.canvas = SpaceTimeCanvas()
        self.scroll_area = QScrollArea()
        self.list_area = QScrollArea()
        self._arrange()

    # --- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        self.tools.addWidget(self.button("further", "Further back", self.look_further))
        self.buttons["further"].setToolTip("Show twice as many steps (+)")
        scale = self.button("scale", "To scale", self.toggle_scale)
        scale.setCheckable(True)
        scale.setToolTip("True lengths of time instead of each step apart (S)")
        self.tools.addWidget(scale)
        self.tools.addWidget(self.button("here", "Why this event?", self.ask_here))
        self.buttons["here"].setToolTip("Ask what led to the event at which time stands (W)")
        self.add_exports("png", "svg")
        for area, widget in ((self.scroll_area, self.canvas), (self.list_area, QWidget())):
            area.setWidgetResizable(True)
            area.setFrameShape(QFrame.Shape.NoFrame)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setWidget(widget)
        self.list_area.setObjectName("why-list")
        self.list_area.viewport().setAutoFillBackground(False)
        self.list_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.canvas.event_asked.connect(self.event_asked)
        self.setFocusProxy(self.canvas)
        across = QHBoxLayout()
        across.setSpacing(8)
        across.addWidget(self.scroll_area, 1)
        across.addWidget(self.list_area)
        self.column.addLayout(across, 1)

    def update_theme(self) -> None:
        """Take the current theme."""
        self.list_area.setFixedWidth(current_theme().px(LIST_PX))
        self.view = None

    # --- asking -----------------------------------------------------------------------------------

    def ask(self, session: "Session", event_number: int) -> None:
        """What led to that event?"""
        self.event_number, self.steps = event_number, STEPS
        self.view = None
        self.pull(session)

    def ask_here(self) -> None:
        """What led to the event at which time stands?"""
        if self.session is not None:
            self.ask(self.session, self.session.event_number)

    def look_further(self) -> None:
        """Twice as many steps."""
        self.steps = min(2 * self.steps, STEPS_MAX)
        self.view = None
        self.refresh()

    def toggle_scale(self) -> None:
        """To scale, or each step apart."""
        to_scale = not self.canvas.to_scale
        self.buttons["scale"].setChecked(to_scale)
        self.canvas.set_to_scale(to_scale)

    def pull(self, session: "Session") -> None:
        """Show the session as it is. What led to an event does not change, unless history does."""
        self.take(session)
        if self.view is None or session.branch_name != self.branch:
            self.branch = session.branch_name
            self.view = session.causes(self.event_number, self.steps)
            self._fill_list(self.view)
            more = bool(self.view.steps) and not self.view.complete and self.steps < STEPS_MAX
            self.buttons["further"].setEnabled(more)
        self.canvas.show_causes(self.view, session.now)

    def _fill_list(self, view: CausesView) -> None:
        """From the event back to its cause."""
        shown = QWidget()
        shown.setObjectName("why-body")
        column = QVBoxLayout(shown)
        column.setContentsMargins(14, 14, 10, 10)
        column.setSpacing(8)
        column.addWidget(text_label("What led to it", "group-title"))
        self.rows = [CauseRow(cause_of(view, at), self._go_to) for at in range(len(view.steps) - 1, -1, -1)]
        for row in self.rows:
            column.addWidget(row)
        if view.steps and not view.complete:
            column.addWidget(text_label("… and further back", "quiet"))
        column.addStretch()
        self.list_area.setWidget(shown)

    def _go_to(self, cause: CauseView) -> None:
        assert self.view is not None
        at = next((at for at, one in enumerate(self.view.steps) if one.event_number == cause.event_number), -1)
        self.canvas.choose(at)
        self.event_asked.emit(cause.event_number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and self.buttons["further"].isEnabled():
            self.look_further()
        elif key == Qt.Key.Key_S:
            self.toggle_scale()
        else:
            super().keyPressEvent(event)

    # --- export -----------------------------------------------------------------------------------

    def export(self, path: Path, kind: str) -> None:
        """Write the diagram as it is shown."""
        write_picture(path, self.canvas, kind)


def cause_of(view: CausesView, at: int) -> CauseView:
    """A step as a line of the list, with its number in the diagram."""
    one: Step = view.steps[at]
    meant = "".join(f"\n**{text}**" for text in one.moments[:2])
    more = f" (and {len(one.moments) - 2} more)" if len(one.moments) > 2 else ""
    before = view.steps[-1].time - one.time
    label = f"{duration_text(before)} before" if before else ""
    return CauseView(
        ICONS[one.kind], one.tone, f"{at + 1} · {step_text(one)}{meant}{more}", one.time, one.event_number, label
    )
