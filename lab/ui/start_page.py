"""StartPage: what there is to learn, the sandbox, and what was open lately."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
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

COLUMNS = 3
CARD_HEIGHT = 128


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
    """One scenario: title, summary, minutes."""

    def __init__(self, scenario: Listed) -> None:
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
        if scenario.minutes:
            layout.addWidget(text_label(f"about {scenario.minutes} min", "caption"))
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
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(64, 48, 64, 48)
        self.column.setSpacing(14)
        self._add_head()
        sandboxes = [one for one in scenarios if one.sandbox]
        lessons = [one for one in scenarios if not one.sandbox]
        self._add_learn(lessons)
        self._add_row("Sandbox", sandboxes)
        self.column.addSpacing(10)
        self.column.addWidget(text_label("Recent sessions", "section"))
        self.column.addLayout(self.recent)
        self.column.addStretch()
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
            button = QPushButton(f"{Path(path).stem}   ·   {Path(path).parent}")
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

    # --- building ---------------------------------------------------------------------------------

    def _add_head(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(6)
        names.addWidget(text_label("Streaming Lab", "hero"))
        lead = "Watch a Kafka cluster work, break it, rewind it, and predict what it does next."
        names.addWidget(text_label(lead, "lead"))
        opening = QPushButton("Open a session …")
        show_icon(opening, "folder-open", "t1", 17)
        opening.setAccessibleName("Open a session")
        opening.clicked.connect(self.open_asked)
        head = QHBoxLayout()
        head.addLayout(names)
        head.addStretch()
        head.addWidget(opening, 0, Qt.AlignmentFlag.AlignBottom)
        self.column.addLayout(head)
        self.column.addSpacing(12)

    def _add_learn(self, lessons: Sequence[Listed]) -> None:
        if not lessons:
            self.column.addWidget(text_label("Learn", "section"))
            self.column.addWidget(text_label("No scenario was found beside the program.", "quiet"))
        for track in dict.fromkeys(one.track for one in lessons):
            self._add_row(track, [one for one in lessons if one.track == track])

    def _add_row(self, title: str, scenarios: Sequence[Listed]) -> None:
        if not scenarios:
            return
        self.column.addSpacing(10)
        self.column.addWidget(text_label(title, "section"))
        grid = QGridLayout()
        grid.setSpacing(12)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        for at, scenario in enumerate(scenarios):
            card = ScenarioCard(scenario)
            name = scenario.name
            card.clicked.connect(lambda _=False, one=name: self.scenario_chosen.emit(one))
            self.cards[name] = card
            grid.addWidget(card, at // COLUMNS, at % COLUMNS)
        self.column.addLayout(grid)

    def _wrap(self, body: QWidget) -> None:
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
