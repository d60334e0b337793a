"""MainWindow: one session on one page, one tick that moves it, and the handlers of the action table."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QDialog, QMainWindow, QStackedWidget

from lab.cluster.probes import Health, Truth
from lab.cluster.refused import Refused
from lab.ui.actions import ACTIONS
from lab.ui.doors import Doors
from lab.ui.files import Files
from lab.ui.full_views import FullViews
from lab.ui.icons import icon
from lab.ui.lab_page import SLOW_EVERY, LabPage
from lab.ui.learner import Learner
from lab.ui.menus import Menus
from lab.ui.opener import Opener
from lab.ui.panels.ledger import LedgerPanel
from lab.ui.places import Places
from lab.ui.selection import Selection
from lab.ui.settings import Settings, look_of, save
from lab.ui.start_page import StartPage
from lab.ui.stops import Stops
from lab.ui.travel import Travel
from lab.ui.violations import Violations

if TYPE_CHECKING:
    from lab.cluster.session.session import Offer, Session

TICK_MS = 16
ENGINE_BUDGET_US = 5_000
LONGEST_FRAME_US = 100_000
"""After a stall (a dialog, a sleeping laptop) time goes on from here instead of catching up."""


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
        self.frame = 0
        self.shown_revision = -1
        self.changed_frame = 0
        self.placed = False
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
        self.travel = Travel(self)
        self.selection = Selection(self)
        self.violations = Violations(self)
        self.places = Places(self, self.page.splitters(), place_store)
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
        page.scrub.seek_asked.connect(self.travel.seek_to)
        page.presenter_time.seek_asked.connect(self.travel.seek_to)
        page.bottom.timeline.seek_requested.connect(self.travel.seek_to)
        page.bottom.timeline.branch_requested.connect(self.travel.switch_branch)
        page.bottom.analysis_asked.connect(self.full_views.show_chart)
        page.seek_asked.connect(self.travel.seek_to)
        page.event_asked.connect(self.travel.seek_event)
        page.why_asked.connect(self.full_views.why)
        page.select_asked.connect(self.selection.go_to)
        page.topbar.speed.chosen.connect(self.travel.set_speed)
        page.stage.selected.connect(self.selection.select)
        page.stage.context_requested.connect(self.menus.open_subject)
        page.stage.offset_asked.connect(self.full_views.find_offset)
        page.stage.lens_moved.connect(self.refresh)
        page.stage.records.changed.connect(self.refresh)
        page.stage.records.refused.connect(self.say)
        page.width_changed.connect(self.refresh)
        page.inspector.seek_asked.connect(self.travel.jump_to_cause)
        page.inspector.why_asked.connect(self.full_views.why_cause)
        page.bottom.timeline.why_asked.connect(self.full_views.why)
        page.inspector.offer_chosen.connect(self.menus.choose)
        page.inspector.setting_chosen.connect(self.menus.change_setting)
        page.inspector.records_asked.connect(self.toggle_records)
        page.inspector.files_asked.connect(self.full_views.toggle_log_files)
        page.inspector.link_chosen.connect(self.selection.follow)
        page.inspector.pin_toggled.connect(self.selection.pin)
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
        self.violations.forget()
        self.page.stage.clear()
        self.page.subject = ("cluster", "")
        self.setWindowTitle(f"{session.title} — Streaming Lab")
        self.stack.setCurrentWidget(self.page)
        self.page.lesson.setVisible(session.lesson is not None)
        self.stops.begin(session)
        self.enable_actions()
        self.refresh()
        if not self.selection.select_what_the_page_is_about():
            self.selection.select_neighbour(1)
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
        self.violations.show(session)

    def refresh(self) -> None:
        """Show everything anew."""
        self.pull(whole=True)

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

    # --- what is shown ----------------------------------------------------------------------------

    def toggle_inspector(self) -> None:
        """Show or hide the inspector."""
        self.page.toggle_inspector()
        self.refresh()

    def toggle_records(self) -> None:
        """The record browser in the lens's place, or back."""
        if self.session is not None:
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
