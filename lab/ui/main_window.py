"""MainWindow: one session on one page, one tick that moves it, and the handlers of the action table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QCursor, QKeySequence, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QSplitter, QStackedWidget

from lab.cluster.probes import Health, Truth
from lab.cluster.probes.views import EXCHANGE, OFFSET, CauseView
from lab.cluster.refused import Refused
from lab.env import Micros
from lab.ui.actions import ACTIONS
from lab.ui.dialogs.violation import ViolationPanel
from lab.ui.doors import Doors
from lab.ui.files import Files
from lab.ui.full_views import FullViews
from lab.ui.icons import icon
from lab.ui.lab_page import SLOW_EVERY, LabPage
from lab.ui.learner import Learner
from lab.ui.menus import Menus
from lab.ui.panels.ledger import LedgerPanel
from lab.ui.places import Places
from lab.ui.settings import Settings, save
from lab.ui.start_page import Listed, StartPage
from lab.ui.stops import Stops
from lab.ui.wording import grouped

if TYPE_CHECKING:
    from lab.cluster.session import Offer, Session

TICK_MS = 16
ENGINE_BUDGET_US = 5_000
LONGEST_FRAME_US = 100_000
"""After a stall (a dialog, a sleeping laptop) time goes on from here instead of catching up."""


@dataclass(frozen=True, slots=True)
class Opener:
    """How the window gets sessions; `app` fills in the real thing, tests their own."""

    scenarios: Sequence[Listed]
    open_scenario: "Callable[[str], Session]"
    open_file: "Callable[[Path], Session]"


class MainWindow(QMainWindow):
    """The session lives here; every change of it goes through a method of this class."""

    at_rest = Signal()
    """Time has stopped, or another session has been opened."""
    closed = Signal()

    def __init__(
        self,
        opener: Opener,
        settings: Settings,
        settings_file: Path,
        apply_look: Callable[[Settings, bool], None],
        place_store: QSettings | None = None,
    ) -> None:
        super().__init__()
        self.opener = opener
        self.settings = settings
        self.settings_file = settings_file
        self.apply_look = apply_look
        self.session: Session | None = None
        self.pinned = False
        self.frame = 0
        self.shown_revision = -1
        self.changed_frame = 0
        self.placed = False
        self.shown_violation = ""
        self.dialogs: list[QDialog] = []
        self.ledger: LedgerPanel | None = None
        self.setWindowTitle("Streaming Lab")
        self.setMinimumSize(860, 560)
        self.actions_by_id = self._make_actions()
        self.page = LabPage(self.actions_by_id)
        self.start_page = StartPage(opener.scenarios)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start_page)
        self.stack.addWidget(self.page)
        self.setCentralWidget(self.stack)
        self.menus = Menus(self)
        self.files = Files(self)
        self.full_views = FullViews(self)
        self.stops = Stops(self)
        self.doors = Doors(self)
        self.learner = Learner(self)
        self.places = Places(self, splitters(self.page), place_store)
        self.page.topbar.menu_button.setMenu(self.menus.main_menu)
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(TICK_MS)
        self.timer.timeout.connect(self.tick)
        self.clock = QElapsedTimer()
        self._connect()
        self.start_page.set_recent(settings.recent)
        self.enable_actions()

    # --- building ---------------------------------------------------------------------------------

    def _make_actions(self) -> dict[str, QAction]:
        made: dict[str, QAction] = {}
        for one in ACTIONS:
            made[one.id] = QAction(one.text, self)
            if one.shortcut:
                made[one.id].setShortcut(QKeySequence(one.shortcut))
                made[one.id].setToolTip(f"{one.text} ({one.shortcut})")
            made[one.id].triggered.connect(lambda _=False, action=one: action.handler(self))
            self.addAction(made[one.id])
        return made

    def _connect(self) -> None:
        page = self.page
        page.scrub.seek_asked.connect(self.seek_to)
        page.presenter_time.seek_asked.connect(self.seek_to)
        page.bottom.timeline.seek_requested.connect(self.seek_to)
        page.bottom.timeline.branch_requested.connect(self.switch_branch)
        page.bottom.analysis_asked.connect(self.full_views.show_chart)
        page.seek_asked.connect(self.seek_to)
        page.event_asked.connect(self.seek_event)
        page.why_asked.connect(self.full_views.why)
        page.select_asked.connect(self.go_to)
        page.topbar.speed.chosen.connect(self.set_speed)
        page.stage.selected.connect(self.select)
        page.stage.context_requested.connect(self.menus.open_subject)
        page.stage.offset_asked.connect(self.full_views.find_offset)
        page.stage.lens_moved.connect(self.refresh)
        page.stage.records.changed.connect(self.refresh)
        page.stage.records.refused.connect(self.say)
        page.width_changed.connect(self.refresh)
        page.inspector.seek_asked.connect(self.jump_to_cause)
        page.inspector.why_asked.connect(self.full_views.why_cause)
        page.bottom.timeline.why_asked.connect(self.full_views.why)
        page.inspector.offer_chosen.connect(self.menus.choose)
        page.inspector.setting_chosen.connect(self.menus.change_setting)
        page.inspector.records_asked.connect(self.toggle_records)
        page.inspector.files_asked.connect(self.full_views.toggle_log_files)
        page.inspector.link_chosen.connect(self.follow)
        page.inspector.pin_toggled.connect(self._pin)
        self.start_page.scenario_chosen.connect(self.open_scenario)
        self.start_page.session_chosen.connect(self.open_session)
        self.start_page.open_asked.connect(self.files.ask_open)
        self.at_rest.connect(self.doors.at_rest)

    def enable_actions(self) -> None:
        """Each action can be done, or is quiet."""
        for one in ACTIONS:
            self.actions_by_id[one.id].setEnabled(one.enabled_when(self))

    # --- sessions ---------------------------------------------------------------------------------

    def open_scenario(self, name: str) -> None:
        """Start a scenario; what is wrong with it is said in a banner."""
        try:
            self.show_session(self.opener.open_scenario(name))
        except Refused as refused:
            self.say(str(refused))

    def open_session(self, name: str) -> None:
        """Open a saved session, or a scenario's file."""
        path = Path(name)
        if path.suffix == ".md":
            self.open_scenario(name)
            return
        try:
            self.show_session(self.opener.open_file(path))
        except Refused as refused:
            self.say(str(refused))
        except OSError as wrong:
            self.say(f"{path.name} could not be opened: {wrong.strerror or wrong}")
        else:
            self.remember(path)

    def remember(self, path: Path) -> None:
        """`path` is the newest of the recent sessions."""
        self.change_settings(self.settings.with_recent(path.resolve()))
        self.start_page.set_recent(self.settings.recent)

    def show_session(self, session: "Session") -> None:
        """Put `session` in the window, paused."""
        self.pause()
        self.doors.close()
        self.session = session
        self.shown_violation = ""
        self.page.stage.clear()
        self.page.subject = ("cluster", "")
        self.setWindowTitle(f"{session.title} — Streaming Lab")
        self.stack.setCurrentWidget(self.page)
        self.page.lesson.setVisible(session.lesson is not None)
        self.stops.begin(session)
        self.enable_actions()
        self.refresh()
        if not self.select_what_the_page_is_about():
            self.select_neighbour(1)
        self.at_rest.emit()

    def show_start_page(self) -> None:
        """Back to what there is to learn; the session stays open behind it."""
        self.pause()
        if self.session is not None and self.stack.currentWidget() is self.start_page:
            self.stack.setCurrentWidget(self.page)
            return
        self.stack.setCurrentWidget(self.start_page)

    # --- the tick ---------------------------------------------------------------------------------

    def tick(self) -> None:
        """Let the engine run for a frame, then show what changed."""
        session = self.session
        if session is None:
            self.timer.stop()
            return
        full = self.page.shown_in_full()
        self.move_on(full.share(session, ENGINE_BUDGET_US) if full is not None else ENGINE_BUDGET_US)
        self.doors.let_in()
        self.frame += 1
        self.pull(whole=False)
        if not session.playing:
            self.timer.stop()
            self.stops.show(session)
            self.refresh()
            self.at_rest.emit()

    def move_on(self, budget_us: int) -> None:
        """Let the engine run up to now."""
        real_us = min(self.clock.nsecsElapsed() // 1000, LONGEST_FRAME_US)
        self.clock.restart()
        if self.session is not None:
            self.session.advance(real_us, budget_us)

    def pull(self, *, whole: bool) -> None:
        """Show the session, if there is anything new."""
        session = self.session
        if session is None:
            return
        if session.revision != self.shown_revision:
            self.shown_revision = session.revision
            self.changed_frame = self.frame
        elif not whole and self.frame - self.changed_frame > SLOW_EVERY:
            return  # every panel has had its turn since the last change
        self.page.pull(session, self.frame, whole=whole)
        if self.ledger is not None and self.ledger.isVisible():
            self.ledger.set_views(session.view(Truth()), session.view(Health()))
        if session.violation and session.violation != self.shown_violation:
            self._show_violation(session)

    def refresh(self) -> None:
        """Show everything anew."""
        self.pull(whole=True)

    def _show_violation(self, session: "Session") -> None:
        self.shown_violation = session.violation
        self.pause()
        path = self.settings_file.parent / "violation.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            session.save(path)
            journal = f"The journal was saved; it repeats this run exactly: {path}"
        except (OSError, Refused) as wrong:
            journal = f"The journal could not be saved: {wrong}"
        health = session.view(Health())
        cause = f"{health.invariant}, after event {grouped(health.event_number)}"
        self.show_dialog(ViolationPanel(session.violation, cause, journal, self))

    # --- time -------------------------------------------------------------------------------------

    def play(self) -> None:
        """Let time run."""
        if self.session is None or self.session.violation:
            return
        try:
            self.session.play()
        except Refused as refused:
            self.say(str(refused))
            return
        self.clock.start()
        self.timer.start()
        self.doors.in_motion()
        self.refresh()

    def pause(self) -> None:
        """Let time stand."""
        self.timer.stop()
        if self.session is not None and self.session.playing:
            self.session.pause()
            self.refresh()
            self.at_rest.emit()

    def toggle_play(self) -> None:
        """Play or pause."""
        if self.session is not None and self.session.playing:
            self.pause()
        else:
            self.play()

    def change(self, change: "Callable[[Session], object]", *, pausing: bool = True) -> None:
        """Do something to the session and show it; a refusal becomes a banner."""
        if self.session is None:
            return
        if pausing:
            self.pause()
        try:
            change(self.session)
        except Refused as refused:
            self.say(str(refused))
        self.enable_actions()
        self.refresh()

    def step_event(self) -> None:
        """One event forward."""
        self.change(lambda session: session.step_event())

    def step_back(self) -> None:
        """One event back."""
        self.change(lambda session: session.step_back())

    def next_moment(self) -> None:
        """Run or seek to the next key moment."""
        self.change(lambda session: session.next_moment())

    def previous_moment(self) -> None:
        """Seek to the key moment before."""
        self.change(lambda session: session.previous_moment())

    def seek_to(self, time: Micros) -> None:
        """Go to an instant that has been run already."""
        self.change(lambda session: session.seek(time))

    def seek_event(self, number: int) -> None:
        """Go to just after an event that has happened already."""
        self.change(lambda session: session.seek_event(number))

    def seek_latest(self) -> None:
        """Go to the newest event."""
        self.change(lambda session: session.seek(session.latest))

    def jump_to_cause(self, cause: CauseView) -> None:
        """Go to the instant of a cause."""
        self.seek_to(cause.time)

    def restart(self) -> None:
        """Begin anew from the seed."""
        self.change(lambda session: session.restart())

    def set_speed(self, numerator: int, denominator: int) -> None:
        """Virtual seconds in one real second."""
        self.change(lambda session: session.set_speed(numerator, denominator), pausing=False)

    # --- acting -----------------------------------------------------------------------------------

    def submit(self, offer: "Offer", values: dict[str, str]) -> None:
        """Do an offer with its fields filled in. Raises Refused."""
        assert self.session is not None
        action = offer.action if offer.action is not None and not values else offer.make(values)
        self.session.post(action)
        self.refresh()

    def post_offer(self, offer: "Offer", values: dict[str, str]) -> None:
        """The same; a refusal becomes a banner."""
        try:
            self.submit(offer, values)
        except Refused as refused:
            self.say(str(refused))

    def switch_branch(self, name: str) -> None:
        """Show another of the kept futures."""
        self.change(lambda session: session.switch(name))

    # --- what is shown ----------------------------------------------------------------------------

    def select(self, kind: str, name: str) -> None:
        """Select a thing: mark it, and inspect it unless the inspector is pinned."""
        self.page.stage.select(kind, name)
        if not self.pinned:
            self.page.subject = (kind, name)
        self.refresh()

    def follow(self, kind: str, name: str) -> None:
        """Go where a line of the inspector leads: to another thing, or to an offset of the partition it shows."""
        if kind == OFFSET and self.page.inspector.view is not None:
            self.full_views.find_offset(self.page.inspector.view.name, "", int(name))
            return
        if kind == EXCHANGE:
            self.full_views.show_exchange(name)
            return
        self.go_to(kind, name)

    def go_to(self, kind: str, name: str) -> None:
        """Show a thing in the cluster and in the inspector, even in one that is pinned."""
        self.page.show_cluster()
        self.page.subject = (kind, name)
        self.select(kind, name)

    def select_what_the_page_is_about(self) -> bool:
        """Select what the lesson's open page names; whether it names something that is there."""
        lesson = self.session.lesson if self.session is not None else None
        name = lesson.view().select if lesson is not None else ""
        found = next((one for one in self.menus.subjects() if one.text == name), None)
        if found is not None:
            found.run()
        return found is not None

    def select_neighbour(self, step: int) -> None:
        """Select the next partition to the right or left."""
        name = self.page.stage.neighbour(step)
        if name:
            self.select("partition", name)

    def _pin(self, pinned: bool) -> None:
        self.pinned = pinned

    def open_subject_menu(self) -> None:
        """The context menu of the selected thing, by keyboard."""
        self.menus.open_subject(*self.page.subject, QCursor.pos())

    def toggle_inspector(self) -> None:
        """Show or hide the inspector."""
        self.page.toggle_inspector()
        self.refresh()

    def toggle_records(self) -> None:
        """The record browser in the lens's place, or back; what stands in the cluster's place gives way to it."""
        if self.session is not None:
            if self.page.shown_in_full() is not None:
                self.page.show_cluster()
                self.page.stage.show_lens()
            self.page.stage.toggle_records(self.session)
            self.refresh()

    def toggle_ledger(self) -> None:
        """The truth ledger beside the window."""
        if self.ledger is None:
            self.ledger = LedgerPanel(self)
        self.ledger.setVisible(not self.ledger.isVisible())
        self.refresh()

    def toggle_presenter(self) -> None:
        """For a projector: large, and only what matters."""
        presenting = not self.page.presenting
        self.apply_look(self.settings, presenting)
        self.page.set_presenting(presenting)
        self.update_theme()
        self.refresh()

    def say(self, text: str, tone: str = "pending") -> None:
        """A sentence in a banner over the page."""
        on_start = self.stack.currentWidget() is self.start_page
        (self.start_page if on_start else self.page).say(text, tone)

    def show_dialog(self, dialog: QDialog) -> None:
        """Show a dialog without stopping anything behind it."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialogs.append(dialog)
        dialog.finished.connect(lambda: self.dialogs.remove(dialog))
        dialog.open()

    # --- settings ---------------------------------------------------------------------------------

    def toggle_theme(self) -> None:
        """Dark if it is light, light if it is dark."""
        theme = "light" if self.page.is_dark() else "dark"
        self.change_settings(replace(self.settings, theme=theme))

    def change_settings(self, settings: Settings) -> None:
        """Take `settings`, keep them, and show their look."""
        look_changed = look_of(settings) != look_of(self.settings)
        self.settings = settings
        try:
            save(settings, self.settings_file)
        except OSError as wrong:
            self.say(f"The settings could not be kept: {wrong.strerror or wrong}")
        if look_changed:
            self.apply_look(settings, self.page.presenting)
            self.update_theme()
            self.refresh()

    def update_theme(self) -> None:
        """Take the current theme everywhere."""
        self.page.update_theme()
        for one in ACTIONS:
            self.actions_by_id[one.id].setIcon(icon(one.icon, "t2", 17))

    # --- coming and going -------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.placed:
            self.placed = True
            self.places.restore_splitters()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.pause()
        self.doors.close()
        if not self.page.presenting:
            self.places.remember()
        super().closeEvent(event)
        self.closed.emit()

    def quit(self) -> None:
        """Close the window."""
        self.close()


def look_of(settings: Settings) -> Settings:
    """Only what can be seen."""
    return replace(settings, recent=(), breakpoints=())


def splitters(page: LabPage) -> dict[str, QSplitter]:
    """The splitters whose places are remembered."""
    return {
        "across": page.across,
        "upper": page.upper,
        "right": page.right,
        "stage": page.stage.splitter,
    }
