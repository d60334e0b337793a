"""Travel: the ways through time: events and key moments, back and forth, and the other futures."""

from typing import TYPE_CHECKING

from lab.cluster.probes.views import CauseView
from lab.env import Micros

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow


class Travel:
    """Each way pauses first, except where it says otherwise; what is refused becomes a banner."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window

    def step_event(self) -> None:
        """One event forward."""
        self.window.change(lambda session: session.step_event())

    def step_back(self) -> None:
        """One event back."""
        self.window.change(lambda session: session.step_back())

    def next_moment(self) -> None:
        """Run or seek to the next key moment."""
        self.window.change(lambda session: session.next_moment())

    def previous_moment(self) -> None:
        """Seek to the key moment before."""
        self.window.change(lambda session: session.previous_moment())

    def seek_to(self, time: Micros) -> None:
        """Go to an instant that has been run already."""
        self.window.change(lambda session: session.seek(time))

    def seek_event(self, number: int) -> None:
        """Go to just after an event that has happened already."""
        self.window.change(lambda session: session.seek_event(number))

    def seek_latest(self) -> None:
        """Go to the newest event."""
        self.window.change(lambda session: session.seek(session.latest))

    def jump_to_cause(self, cause: CauseView) -> None:
        """Go to the instant of a cause."""
        self.seek_to(cause.time)

    def restart(self) -> None:
        """Begin anew from the seed."""
        self.window.change(lambda session: session.restart())

    def set_speed(self, numerator: int, denominator: int) -> None:
        """Virtual seconds in one real second."""
        self.window.change(lambda session: session.set_speed(numerator, denominator), pausing=False)

    def switch_branch(self, name: str) -> None:
        """Show another of the kept futures."""
        self.window.change(lambda session: session.switch(name))
