"""ConnectView: how to connect a client of one's own: five examples that run, with the ports of this cluster."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QWidget

from lab.live.examples import EXAMPLES, Example
from lab.ui.labels import set_role, show_icon, text_label
from lab.ui.panels.full_view import FullView

if TYPE_CHECKING:
    from lab.cluster.session.session import Session
    from lab.ui.doors import Doors

WHEN_CLOSED = "127.0.0.1:9092"
NO_TOPIC = "orders"
WORDS = (
    "Each broker listens on a port of this machine, and on no other network. What your program sends becomes messages "
    "of this world: they fly, they are delayed and cut off with the links, and all of it is in the journal. At 1× the "
    "clocks of your program and of the cluster agree; while it is attached, 0.2× to 5× can be chosen."
)

MARGIN = 10


class ConnectView(FullView):
    """Emits `switch_asked` when the doors are to be opened or closed."""

    switch_asked = Signal()
    name = "connect"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.doors: Doors | None = None
        self.example = EXAMPLES[1]
        self.topic = NO_TOPIC
        self.state = text_label("", "section")
        self.attached = text_label("", "quiet")
        self.words = text_label(WORDS, "body", wrap=True)
        self.install = text_label("", "mono-quiet")
        self.text = QPlainTextEdit()
        self.copied = text_label("", "quiet")
        self._arrange()

    def _arrange(self) -> None:
        self.tools.addWidget(text_label("Connect your own client", "section"))
        self.tools.addStretch(1)
        self.tools.addWidget(self.button("switch", "", self.switch_asked.emit))
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.state)
        top.addWidget(self.attached)
        top.addStretch(1)
        self.column.addLayout(top)
        self.column.addWidget(self.words)
        row = QHBoxLayout()
        row.setSpacing(6)
        for one in EXAMPLES:
            button = self.button(one.name, one.name, partial(self.choose, one))
            button.setCheckable(True)
            button.setProperty("role", "segment")
            button.setToolTip(one.language)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.install)
        row.addSpacing(8)
        row.addWidget(self.copied)
        row.addWidget(self.button("copy", "Copy", self.copy))
        self.column.addSpacing(6)
        self.column.addLayout(row)
        self.text.setReadOnly(True)
        self.text.document().setDocumentMargin(MARGIN)
        self.text.setProperty("role", "hex")
        self.text.setAccessibleName("Example")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.column.addWidget(self.text, 1)
        self.setFocusProxy(self.text)

    def update_theme(self) -> None:
        """Take the current theme."""
        copy = self.buttons["copy"]
        show_icon(copy, "copy", "t1", 16)

    # --- showing ----------------------------------------------------------------------------------

    def open(self, session: "Session", doors: "Doors") -> None:
        """For this session, with the ports that `doors` has opened."""
        self.doors = doors
        self.copied.clear()
        self.pull(session)

    def pull(self, session: "Session") -> None:
        """Show where clients connect to, and who has."""
        self.take(session)
        names = [one.rpartition("-")[0] for one in session.partition_names()]
        self.topic = next(iter(names), NO_TOPIC)
        doors = self.doors
        bootstrap = doors.bootstrap if doors is not None else ""
        switch = self.buttons["switch"]
        assert isinstance(switch, QPushButton)
        switch.setText("Close" if bootstrap else "Open to real clients")
        set_role(switch, "raised" if bootstrap else "primary")
        self.state.setText(f"Open on {bootstrap}" if bootstrap else "Closed: nobody can connect")
        count = doors.attached if doors is not None else 0
        self.attached.setText("" if not bootstrap else f"{count} attached" if count else "nobody is attached yet")
        self._show_example(bootstrap or WHEN_CLOSED)

    def choose(self, example: Example) -> None:
        """Show another client."""
        self.example = example
        self.copied.clear()
        self.refresh()

    def _show_example(self, bootstrap: str) -> None:
        for one in EXAMPLES:
            self.buttons[one.name].setChecked(one is self.example)
        self.install.setText(self.example.install)
        text = self.example.filled(bootstrap, self.topic)
        if text != self.text.toPlainText():
            self.text.setPlainText(text)

    def copy(self) -> None:
        """The example into the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copied.setText("copied")
