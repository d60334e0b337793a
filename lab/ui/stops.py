"""Stops: the window's side of breakpoints: setting them, remembering them, and saying why time has stopped."""

from dataclasses import replace
from typing import TYPE_CHECKING

from lab.cluster.figures import grouped
from lab.cluster.session.breakpoints import Breakpoint, breakpoints_from
from lab.lessons.wording import clock
from lab.ui.dialogs.breakpoints import BreakpointsDialog

if TYPE_CHECKING:
    from lab.cluster.session.session import Session
    from lab.ui.main_window import MainWindow


class Stops:
    """What is set belongs to the session and is saved with it. A new session begins with what was set last."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window

    def begin(self, session: "Session") -> None:
        """A session is shown."""
        kept = self.window.settings.breakpoints
        if kept and not session.breakpoints.chosen:
            session.set_breakpoints(breakpoints_from(kept, "settings"))
        self._show_set(session)

    def open(self) -> None:
        """Choose at what to stop."""
        window, session = self.window, self.window.session
        if session is None:
            return
        view = window.page.stage.cluster_view
        groups = tuple(one.name for one in view.groups) if view is not None else ()
        window.show_dialog(BreakpointsDialog(session.breakpoints.chosen, groups, self.set, window))

    def set(self, chosen: tuple[Breakpoint, ...]) -> None:
        """Stop at these from now on, in this session and in those that are begun later."""
        window = self.window
        if window.session is None:
            return
        window.session.set_breakpoints(chosen)
        window.change_settings(replace(window.settings, breakpoints=tuple(str(one) for one in chosen)))
        self._show_set(window.session)

    def show(self, session: "Session") -> None:
        """Time has stopped: if at a breakpoint, say why and show the place."""
        stop = session.stop
        if stop is None:
            return
        self.window.selection.select(stop.kind, stop.name)
        when = f"{clock(stop.time)}, event {grouped(stop.event_number)}"
        self.window.say(f"Stopped: {stop.text}. {when}. W: what led to it")

    def _show_set(self, session: "Session") -> None:
        self.window.page.topbar.show_breakpoints(tuple(str(one) for one in session.breakpoints.chosen))
