"""TopBar: where one is, the transport, the clock, and what acts on the whole lab."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.figures import grouped
from lab.lessons.wording import clock
from lab.ui.labels import show_icon, text_label
from lab.ui.panels.health_lamp import HealthLamp
from lab.ui.panels.speed_control import SpeedControl
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

HEIGHT = 52
ICON = 20


class TopBar(QWidget):
    """Buttons carry the window's own actions, so shortcut, tooltip and enabled state are said once."""

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.actions_by_id = actions
        self.icons: dict[QToolButton, tuple[str, str]] = {}
        self.menu_button = self._tool("start-page", "waves")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.brand = text_label("Streaming Lab", "brand")
        self.where = text_label("", "breadcrumb")
        self.play = self._tool("play", "play")
        self.play.setProperty("role", "play")
        self.next_moment = QPushButton("Next key moment")
        self.speed = SpeedControl()
        self.clock = text_label(clock(0), "clock")
        self.event_count = text_label("", "caption")
        self.build = self._labelled("build", "Build", "raised")
        self.break_something = self._labelled("break", "Break something", "danger")
        self.labelled = {
            self.next_moment: ("Next key moment", "sparkles", "pending"),
            self.build: ("Build", "plus", "t1"),
            self.break_something: ("Break something", "zap", "fail"),
        }
        self.health = HealthLamp()
        self.health.clicked.connect(actions["ledger"].trigger)
        self.breakpoints = self._tool("breakpoints", "octagon-pause")
        self.doors = self._tool("doors", "plug")
        self.branches = self._tool("branches", "git-branch")
        self._arrange()
        self.update_theme()

    # --- building ---------------------------------------------------------------------------------

    def _tool(self, name: str, symbol: str, role: str = "icon") -> QToolButton:
        action = self.actions_by_id[name]
        button = QToolButton()
        button.setProperty("role", role)
        button.setAccessibleName(action.text())
        button.setToolTip(action.toolTip())
        button.clicked.connect(action.trigger)
        self.icons[button] = (symbol, "t2")
        return button

    def _labelled(self, name: str, text: str, role: str) -> QPushButton:
        action = self.actions_by_id[name]
        button = QPushButton(text)
        button.setProperty("role", role)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(text)
        button.setToolTip(action.toolTip())
        button.clicked.connect(action.trigger)
        return button

    def _arrange(self) -> None:
        self.next_moment.setProperty("role", "raised")
        self.next_moment.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.next_moment.setAccessibleName("Next key moment")
        self.next_moment.clicked.connect(self.actions_by_id["next-moment"].trigger)
        divider = QFrame()
        divider.setProperty("role", "divider")
        divider.setFixedSize(1, 16)
        times = QVBoxLayout()
        times.setSpacing(0)
        times.addStretch()
        times.addWidget(self.clock)
        times.addWidget(self.event_count)
        times.addStretch()
        transport = (
            self._tool("to-start", "skip-back"),
            self._tool("step-back", "step-back"),
            self.play,
            self._tool("step", "step-forward"),
        )
        self.ends = (
            self._tool("find", "search"),
            self._tool("picture", "camera"),
            self._tool("theme", "sun"),
        )
        self.row = row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 12, 0)
        row.setSpacing(8)
        for widget in (self.menu_button, self.brand, divider, self.where):
            row.addWidget(widget)
        row.addStretch(3)
        for widget in transport:
            row.addWidget(widget)
        for widget in (self.next_moment, self.speed):
            row.addWidget(widget)
        row.addSpacing(6)
        row.addLayout(times)
        row.addStretch(2)
        for widget in (
            self.build,
            self.break_something,
            self.health,
            self.doors,
            self.breakpoints,
            self.branches,
            *self.ends,
        ):
            row.addWidget(widget)

    # --- showing ----------------------------------------------------------------------------------

    def show_session(self, session: "Session", where: str) -> None:
        """Show the session's time, speed and state. Called every frame while playing: cheap."""
        if self.where.text() != where:
            self.where.setText(where)
            self.fit(self.width())
        self.clock.setText(clock(session.now))
        self.event_count.setText(f"event {grouped(session.event_number)} of {grouped(session.latest_event)}")
        self.speed.set_speed(*session.speed.as_integer_ratio(), behind=session.playing and session.behind)
        self.show_playing(session.playing)

    def show_breakpoints(self, chosen: tuple[str, ...]) -> None:
        """Lit while the run may be stopped."""
        self.icons[self.breakpoints] = ("octagon-pause", "pending" if chosen else "t2")
        show_icon(self.breakpoints, *self.icons[self.breakpoints], ICON)
        usual = self.actions_by_id["breakpoints"].toolTip()
        self.breakpoints.setToolTip(f"{usual}\nset: {', '.join(chosen)}" if chosen else usual)
        self.breakpoints.setAccessibleName(f"Stop when …, {len(chosen)} set" if chosen else "Stop when …")

    def show_doors(self, bootstrap: str, clients: int) -> None:
        """Lit while real clients may come; how many have, in the tooltip."""
        self.icons[self.doors] = ("plug", "ok" if bootstrap else "t2")
        show_icon(self.doors, *self.icons[self.doors], ICON)
        usual = self.actions_by_id["doors"].toolTip()
        attached = f"{clients} attached" if clients else "nobody yet"
        self.doors.setToolTip(f"{usual}\nopen on {bootstrap}: {attached}" if bootstrap else usual)
        self.doors.setAccessibleName(f"Open to real clients, {attached}" if bootstrap else "Open to real clients")

    def show_playing(self, playing: bool) -> None:
        """Play or pause on the button."""
        symbol = "pause" if playing else "play"
        if self.icons[self.play][0] != symbol:
            self.icons[self.play] = (symbol, "on_accent")
            show_icon(self.play, symbol, "on_accent", ICON)
            self.play.setAccessibleName("Pause" if playing else "Play")

    def fit(self, width: int) -> None:
        """Leave out words, the least needed first, until everything fits in `width`."""
        self.brand.show()
        self.where.show()
        self.row.setSpacing(8)
        self.speed.set_compact(False)
        for button, (text, _, _) in self.labelled.items():
            self._set_words(button, text)
        leave_out = (
            self.brand.hide,
            *(partial(self._set_words, button, "") for button in self.labelled),
            self.where.hide,
            partial(self.speed.set_compact, True),
            partial(self.row.setSpacing, 4),
        )
        for shorten in leave_out:
            self.row.invalidate()
            if self.row.sizeHint().width() <= width:
                return
            shorten()

    def _set_words(self, button: QPushButton, words: str) -> None:
        _, symbol, tone = self.labelled[button]
        button.setText(words)
        show_icon(button, symbol, tone)

    def update_theme(self) -> None:
        """Redraw every icon in the current theme."""
        theme = current_theme()
        self.setFixedHeight(int(HEIGHT * theme.ui_scale))
        self.icons[self.play] = (self.icons[self.play][0], "on_accent")
        self.icons[self.ends[2]] = ("sun" if theme.dark else "moon", "t2")
        for button, (symbol, colour) in self.icons.items():
            show_icon(button, symbol, colour, ICON)
        for button in self.labelled:
            self._set_words(button, button.text())
        self.health.update_theme()
