"""Doors: the window's switch for real clients: what opens and closes, and keeps step with the clock on the wall."""

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QMessageBox

from lab.cluster.figures import counted
from lab.cluster.refused import Refused
from lab.lessons.wording import clock
from lab.live.attachment import Attachment
from lab.live.gateway import Gateway

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow

SWITCH_INTERVAL_S = 0.0005
"""How soon the gateway's thread gets its turn beside the window's: Python's 5 ms would be in every round trip."""
BUDGET_US = 2_000
"""Work for the engine between two frames, when something has come in or is due."""
ALERT_US = 50_000
"""So long after something has come in the world's next event is not left to the next frame."""
LEAD_US = 3_000
"""While an answer is due the world may be so much before the clock on the wall: a request takes about a millisecond
there, in three steps, and to sleep until each of them would cost more than that.
"""
WARN_MS = 20_000
FIRST_PORT = 9_092
HELD = (
    "Time has stood for {seconds} s with {clients} attached, whose own clocks run: a request without answer is given "
    "up after request.timeout.ms (30 s; librdkafka's socket.timeout.ms: 60 s), a membership after session.timeout.ms "
    "(45 s), a record after delivery.timeout.ms (2 min)."
)


class Doors(QObject):
    """Open while there is a doorman. Loopback only: who wants more uses `lab serve --listen`."""

    rang = Signal()
    """From the gateway's thread: something has come in."""
    changed = Signal()

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self.window = window
        self.doorman: Attachment | None = None
        self.usual_interval_s = sys.getswitchinterval()
        self.attached = 0
        self.first_port = FIRST_PORT
        """0: whichever are free, at once."""
        self.first_port = FIRST_PORT
        """0: whichever are free, at once."""
        self._ringing = False
        self._alert_until = 0
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setTimerType(Qt.TimerType.PreciseTimer)
        self._due.timeout.connect(self._go_on)
        self._warning = QTimer(self)
        self._warning.setSingleShot(True)
        self._warning.setInterval(WARN_MS)
        self._warning.timeout.connect(self._warn)
        self.rang.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    # --- opening and closing ----------------------------------------------------------------------

    @property
    def bootstrap(self) -> str:
        """Where clients connect to; empty while the doors are closed."""
        return ",".join(address for _, address in self.doorman.listeners()) if self.doorman is not None else ""

    def toggle(self) -> None:
        """Open the cluster to real clients, or close it."""
        if self.doorman is not None:
            self.close()
        else:
            self.open()

    def open(self) -> None:
        """Each broker listens: on the usual ports, or where those are taken on free ones."""
        window, session = self.window, self.window.session
        if session is None or self.doorman is not None:
            return
        gateway = Gateway(wake=self._ring)
        doorman = Attachment(session, gateway)
        brokers = [one.name for one in window.page.stage.brokers()]
        try:
            try:
                first = self.first_port
                doorman.open_doors({broker: first + place if first else 0 for place, broker in enumerate(brokers)})
            except OSError:
                doorman.open_doors(dict.fromkeys(brokers, 0))
        except (OSError, Refused) as wrong:
            doorman.leave()
            window.say(f"The cluster could not be opened: {wrong}")
            return
        self.doorman = doorman
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._show()
        window.play()
        window.full_views.show_connect()

    def close(self) -> None:
        """Nobody comes any more; who is there is hung up on."""
        if self.doorman is None:
            return
        doorman, self.doorman = self.doorman, None
        self._due.stop()
        self._warning.stop()
        sys.setswitchinterval(self.usual_interval_s)
        doorman.leave()
        self._show()
        self.window.refresh()

    def _show(self) -> None:
        clients = self.doorman.clients if self.doorman is not None else 0
        self.attached = clients
        self.window.page.topbar.show_doors(self.bootstrap, clients)
        self.window.enable_actions()
        self.changed.emit()

    # --- keeping step -----------------------------------------------------------------------------

    def _ring(self) -> None:
        """In the gateway's thread. One ring is enough until it has been answered."""
        if not self._ringing:
            self._ringing = True
            self.rang.emit()

    def _answer(self) -> None:
        """Bring in what has come, now and not in the next frame."""
        self._ringing = False
        session = self.window.session
        if self.doorman is None or session is None or not session.playing:
            return
        # Not here: Qt delivers what is posted meanwhile before it looks at its timers, and a client that does not pause
        # would never let it come to the next frame.
        self._due.start(0)

    def _go_on(self) -> None:
        """Up to the clock on the wall, and then set the alarm for what is next."""
        session = self.window.session
        if self.doorman is None or session is None or not session.playing:
            return
        self.window.move_on(BUDGET_US)
        self.let_in()
        if session.now < self._alert_until:
            session.run_ahead(LEAD_US, BUDGET_US)
            due = 0 if self.doorman.gateway.events else session.next_event_in()
            if due is not None:
                self._due.start(max(0, int(due / session.speed) // 1_000))

    def let_in(self) -> None:
        """Called in every frame, too."""
        session = self.window.session
        if self.doorman is None or session is None:
            return
        if session.playing and self.doorman.bring_in(BUDGET_US):
            self._alert_until = session.now + ALERT_US
        self.doorman.keep_ports()
        if self.doorman.clients != self.attached:
            session.set_speed(*session.speed.as_integer_ratio())
            self._show()

    # --- standing still ---------------------------------------------------------------------------

    def at_rest(self) -> None:
        """Time stands: what comes in waits, and after a while that is said."""
        if self.doorman is not None and self.doorman.clients:
            self._warning.start()

    def in_motion(self) -> None:
        """Time goes on."""
        if self._warning.isActive():
            self._warning.stop()
        self.window.page.banner.hide_lasting()

    def _warn(self) -> None:
        if self.doorman is not None and self.doorman.clients:
            text = HELD.format(seconds=WARN_MS // 1_000, clients=clients_text(self.doorman.clients))
            self.window.page.banner.say(text, lasting=True)

    # --- the past ---------------------------------------------------------------------------------

    def can_continue_here(self) -> bool:
        """Whether an instant is shown at which real clients do not live."""
        return self.doorman is not None and self.doorman.clients > 0 and self.doorman.looks_back

    def ask_continue_here(self) -> None:
        """Say whom it will cut, and ask."""
        session = self.window.session
        if session is None or self.doorman is None or not self.can_continue_here():
            return
        box = QMessageBox(QMessageBox.Icon.Question, "Streaming Lab", f"Continue from {clock(session.now)}?")
        box.setInformativeText(continue_text(self.doorman.clients))
        box.setStandardButtons(QMessageBox.StandardButton.Cancel)
        go = box.addButton("Cut off and continue", QMessageBox.ButtonRole.AcceptRole)
        go.clicked.connect(self.continue_here)
        box.setParent(self.window, Qt.WindowType.Dialog)
        self.window.show_dialog(box)

    def continue_here(self) -> None:
        """Cut everybody off and go on from the instant that is shown."""
        doorman = self.doorman
        if doorman is None:
            return
        try:
            count = doorman.continue_here()
        except Refused as refused:
            self.window.say(str(refused))
            return
        self._show()
        self.window.say(f"{clients_text(count)} cut off. Behind the fence they may come again.", "ok")
        self.window.refresh()


def clients_text(count: int) -> str:
    """`1 real client`, `2 real clients`."""
    return counted(count, "real client")


def continue_text(count: int) -> str:
    """What it means to go on from the past."""
    return (
        f"{clients_text(count)} will be cut off: what they did after this instant has not happened here. They may come "
        "again, and a fence sees to it that none is taken for what it was in the other future: producer ids, epochs, "
        "generations and member ids go on above all that was handed out there. That future stays, as a branch."
    )
