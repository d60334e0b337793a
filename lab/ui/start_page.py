"""StartPage: what there is to learn, the sandbox, and what was open lately."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lab.ui.labels import show_icon, text_label
from lab.ui.panels.banner import Banner
from lab.ui.theme import current_theme

COLUMNS = 3
CARD_HEIGHT = 112
SIDE_WIDTH = 340


class Listed(Protocol):
    """What the start page shows of a scenario."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def track(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def summary(self) -> str: ...
    @property
    def sandbox(self) -> bool: ...


class ScenarioCard(QPushButton):
    """One scenario: title, summary, its number and minutes."""

    def __init__(self, scenario: Listed, number: int = 0) -> None:
        super().__init__()
        self.setProperty("role", "scenario")
        self.setAccessibleName(f"{scenario.title}: {scenario.summary}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumHeight(CARD_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(6)
        layout.addWidget(text_label(scenario.title, "tile-title", wrap=True))
        layout.addWidget(text_label(scenario.summary, "body", wrap=True))
        layout.addStretch()
        if number:
            layout.addWidget(text_label(f"lesson {number} · about {scenario.minutes} min", "caption"))
        for label in self.findChildren(QWidget):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


class StartPage(QWidget):
    """Emits `scenario_chosen(name)`, `session_chosen(path)` and `open_asked()`."""

    scenario_chosen = Signal(str)
    session_chosen = Signal(str)
    open_asked = Signal()

    def __init__(self, scenarios: Sequence[Listed], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start-page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.cards: dict[str, ScenarioCard] = {}
        self.recent = QVBoxLayout()
        self.recent.setSpacing(4)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(64, 44, 64, 44)
        column.setSpacing(14)
        column.addLayout(_head())
        sides = QHBoxLayout()
        sides.setSpacing(44)
        sides.addLayout(self._learn([one for one in scenarios if not one.sandbox]), 1)
        sides.addWidget(self._side([one for one in scenarios if one.sandbox]))
        column.addLayout(sides)
        column.addStretch(1)
        self._wrap(body)
        self.set_recent(())
        self.banner = Banner(self)

    def set_recent(self, paths: Sequence[str]) -> None:
        """List the sessions that were open lately and still exist."""
        while self.recent.count():
            taken = self.recent.takeAt(0)
            widget = taken.widget() if taken is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        existing = [path for path in paths if Path(path).is_file()]
        for path in existing:
            button = QPushButton(Path(path).stem)
            button.setToolTip(path)
            button.setProperty("role", "flat")
            show_icon(button, "history", "t2", 17)
            button.setAccessibleName(f"Open {Path(path).name}")
            button.clicked.connect(lambda _=False, one=path: self.session_chosen.emit(one))
            self.recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        if not existing:
            empty = "None yet. Save a session with Ctrl+S and it is listed here."
            self.recent.addWidget(text_label(empty, "quiet"))

    def say(self, text: str, tone: str) -> None:
        """A banner over the page."""
        self.banner.say(text, tone)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return opens what was reached by Tab, as Space does."""
        button = self.focusWidget()
        if isinstance(button, QAbstractButton) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button.click()
            return
        super().keyPressEvent(event)

    # --- building ---------------------------------------------------------------------------------

    def _learn(self, lessons: Sequence[Listed]) -> QVBoxLayout:
        """The lessons, a row of cards for each track."""
        column = QVBoxLayout()
        column.setSpacing(10)
        if not lessons:
            column.addWidget(text_label("Learn", "section"))
            column.addWidget(text_label("No scenario was found beside the program.", "quiet"))
        for track in dict.fromkeys(one.track for one in lessons):
            column.addSpacing(8)
            column.addWidget(text_label(track, "section"))
            column.addLayout(self._cards([one for one in lessons if one.track == track], lessons.index))
        column.addStretch(1)
        return column

    def _side(self, sandboxes: Sequence[Listed]) -> QWidget:
        """Beside the lessons: the sandbox, and sessions."""
        side = QWidget()
        side.setFixedWidth(current_theme().px(SIDE_WIDTH))
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        if sandboxes:
            column.addSpacing(8)
            column.addWidget(text_label("Build your own", "section"))
        for one in sandboxes:
            column.addWidget(self._card(one))
        column.addSpacing(8)
        column.addWidget(text_label("Sessions", "section"))
        opening = QPushButton("Open a session …")
        show_icon(opening, "folder-open", "t1", 17)
        opening.setAccessibleName("Open a session")
        opening.clicked.connect(self.open_asked)
        column.addWidget(opening)
        column.addLayout(self.recent)
        column.addStretch(1)
        return side

    def _cards(self, scenarios: Sequence[Listed], place: Callable[[Listed], int]) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(12)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        for at, scenario in enumerate(scenarios):
            grid.addWidget(self._card(scenario, place(scenario) + 1), at // COLUMNS, at % COLUMNS)
        for column in range(len(scenarios), COLUMNS):
            grid.addWidget(QWidget(), 0, column)  # an empty column would be narrower than the others
        return grid

    def _card(self, scenario: Listed, number: int = 0) -> ScenarioCard:
        card = self.cards[scenario.name] = ScenarioCard(scenario, number)
        card.clicked.connect(lambda: self.scenario_chosen.emit(scenario.name))
        return card

    def _wrap(self, body: QWidget) -> None:
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)


def _head() -> QVBoxLayout:
    names = QVBoxLayout()
    names.setSpacing(6)
    names.addWidget(text_label("Streaming Lab", "hero"))
    lead = "Watch a Kafka cluster work, break it, rewind it, and predict what it does next."
    names.addWidget(text_label(lead, "lead"))
    return names
