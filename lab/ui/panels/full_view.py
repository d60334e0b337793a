"""FullView: what can stand in the cluster's place: a row of tools, a way back, and an export."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.refused import Refused
from lab.ui.labels import show_icon, text_label
from lab.ui.theme import Theme, current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session


class FullView(QWidget):
    """`closed`: the person wants the cluster back. `seek_asked(Micros)`, `event_asked(number)`: and another instant.
    `why_asked(event number)`: what led to an event. `select_asked(kind, name)`: a thing, in the cluster. `name`: of the
    files that are exported.
    """

    closed = Signal()
    seek_asked = Signal(object)
    event_asked = Signal(int)
    why_asked = Signal(int)
    select_asked = Signal(str, str)
    name = "view"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("full-view")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.session: Session | None = None
        self.theme: Theme | None = None
        self.buttons: dict[str, QPushButton | QToolButton] = {}
        self.said = text_label("", "quiet")
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.tools = QHBoxLayout()
        self.tools.setSpacing(8)
        self.tools.addWidget(self.icon_button("back", "arrow-left", "Back to the cluster (Esc)", self.closed.emit))
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 10, 14, 12)
        self.column.setSpacing(8)
        self.column.addLayout(self.tools)

    # --- what a view adds -------------------------------------------------------------------------

    def pull(self, session: "Session") -> None:
        """Show the session as it is."""
        raise AssertionError(f"{type(self).__name__} shows nothing")

    def share(self, session: "Session", budget_us: int) -> int:
        """Called in each frame while time runs: do work of one's own, and return how much is left for the session."""
        return budget_us

    def export(self, path: Path, kind: str) -> None:
        """Write what is shown as `png`, `svg` or `csv`. Raises Refused or OSError."""
        raise AssertionError(f"{type(self).__name__} writes nothing")

    def update_theme(self) -> None:
        """Take the current theme; called once for each."""

    # --- building ---------------------------------------------------------------------------------

    def button(self, name: str, text: str, handler: Callable[[], object]) -> QPushButton:
        """A button with a word."""
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: handler())
        self.buttons[name] = button
        return button

    def icon_button(self, name: str, picture: str, tip: str, handler: Callable[[], object]) -> QToolButton:
        """A button with a picture."""
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setProperty("picture", picture)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: handler())
        self.buttons[name] = button
        return button

    def add_box(self, name: str, box: QComboBox, width: int) -> None:
        """A choice with its name before it, in the row of tools."""
        box.setAccessibleName(name)
        # Not by its contents: Qt would widen it past its place in the row, over its neighbour.
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(6)
        box.setMaximumWidth(current_theme().px(width))
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tools.addWidget(text_label(name, "small"))
        self.tools.addWidget(box, width)

    def add_exports(self, *kinds: str) -> None:
        """What was said last, and a button for each kind of file, at the end of the tools."""
        self.tools.addWidget(self.said, 100)
        for kind in kinds:
            self.tools.addWidget(self.button(kind, kind.upper(), partial(self.ask_export, kind)))
            self.buttons[kind].setToolTip(f"Export as {kind.upper()}")

    # --- the way back -----------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # --- showing ----------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the same session once more, after a choice."""
        if self.session is not None:
            self.pull(self.session)

    def take(self, session: "Session") -> None:
        """Remember the session, and dress in the theme of now."""
        self.session = session
        theme = current_theme()
        if theme is self.theme:
            return
        self.theme = theme
        for button in self.buttons.values():
            picture = button.property("picture")
            if picture:
                show_icon(button, picture, "t2", 17)
        self.update_theme()

    # --- export -----------------------------------------------------------------------------------

    def ask_export(self, kind: str) -> None:
        """Choose where, then write as `png`, `svg` or `csv`; how it went is said beside the buttons."""
        name, _ = QFileDialog.getSaveFileName(self, "Export", f"{self.name}.{kind}", f"{kind.upper()} (*.{kind})")
        if not name:
            return
        path = Path(name)
        path = path if path.suffix else path.with_suffix(f".{kind}")
        try:
            self.export(path, kind)
        except Refused as refused:
            self.said.setText(str(refused))
        except OSError as wrong:
            self.said.setText(f"{path.name} could not be written: {wrong.strerror or wrong}")
        else:
            self.said.setText(f"Written: {path.name}")
