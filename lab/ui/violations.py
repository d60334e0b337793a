"""Violations: what the window does when an invariant does not hold."""

from typing import TYPE_CHECKING

from lab.cluster.figures import grouped
from lab.cluster.probes import Health
from lab.cluster.refused import Refused
from lab.ui.dialogs.violation import ViolationPanel

if TYPE_CHECKING:
    from lab.cluster.session.session import Session
    from lab.ui.main_window import MainWindow


class Violations:
    """`shown`: the violation that has been told."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window
        self.shown = ""

    def forget(self) -> None:
        """Another session is shown."""
        self.shown = ""

    def show(self, session: "Session") -> None:
        """Pause, save the journal and say so; once for each violation."""
        if not session.violation or session.violation == self.shown:
            return
        self.shown = session.violation
        window = self.window
        window.pause()
        path = window.settings_file.parent / "violation.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            session.save(path)
            journal = f"The journal was saved; it repeats this run exactly: {path}"
        except (OSError, Refused) as wrong:
            journal = f"The journal could not be saved: {wrong}"
        health = session.view(Health())
        cause = f"{health.invariant}, after event {grouped(health.event_number)}"
        window.show_dialog(ViolationPanel(session.violation, cause, journal, window))
