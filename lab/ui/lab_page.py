"""LabPage: top bar, lesson, stage, inspector, charts and timeline, and how they share the window."""

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lab.cluster.probes import Health, Inspect
from lab.cluster.refused import Refused
from lab.lessons.views import LessonView
from lab.ui.charts.catalog import strip_for
from lab.ui.labels import tab_focus_only
from lab.ui.panels.banner import Banner
from lab.ui.panels.bottom import Bottom
from lab.ui.panels.full_view import FullView
from lab.ui.panels.inspector import Inspector
from lab.ui.panels.lesson import LessonPanel
from lab.ui.panels.presenter import PresenterBar, PresenterTime
from lab.ui.panels.scrub_line import ScrubLine
from lab.ui.panels.stage import Stage
from lab.ui.panels.topbar import TopBar
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

F = TypeVar("F", bound=FullView)
LESSON_WIDTH = 328
LESSON_NARROW = 250
INSPECTOR_WIDTH = 300
BOTTOM_HEIGHT = 246
DRAWER_BELOW = 1280
COMPACT_BELOW = 1100
SLOW_EVERY = 12
"""Frames of 16 ms between two looks at the slow panels: five times a second."""
TIMELINE_EVERY = 6
CLOCK_EVERY = 2
"""The clock runs in the odd frames, thirty times a second, since the charts have the even ones."""
TIMELINE_TURN, LESSON_TURN, INSPECTOR_TURN = 1, 3, 9
"""Which frame of these is whose. The charts have the even ones: what is dear never meets in one frame."""
BUCKETS = 240


class LabPage(QWidget):
    """Shows one session. `pull` asks the probes of what is visible, and of nothing else."""

    width_changed = Signal()
    seek_asked = Signal(object)
    event_asked = Signal(int)
    why_asked = Signal(int)
    select_asked = Signal(str, str)

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lab-page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.subject: tuple[str, str] = ("cluster", "")
        self.lesson_view: LessonView | None = None
        self.presenting = False
        self.drawer_open = False
        self.laid_out_for = 0.0
        self.inspector_wanted = True
        self.topbar = TopBar(actions)
        self.scrub = ScrubLine()
        self.presenter_bar = PresenterBar(actions)
        self.presenter_time = PresenterTime()
        self.lesson = LessonPanel()
        self.stage = Stage()
        self.inspector = Inspector()
        self.bottom = Bottom()
        self.centre = QStackedWidget()
        self.full_views: dict[type[FullView], FullView] = {}
        self.upper = QSplitter(Qt.Orientation.Horizontal)
        self.right = QSplitter(Qt.Orientation.Vertical)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self._arrange()
        self.banner = Banner(self, self.scrub)
        for button in self.findChildren(QAbstractButton):
            tab_focus_only(button)

    # --- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        for splitter in (self.upper, self.right, self.across):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        self.upper.addWidget(self.stage)
        self.upper.addWidget(self.inspector)
        self.upper.setStretchFactor(0, 1)
        self.centre.addWidget(self.upper)
        self.right.addWidget(self.centre)
        self.right.addWidget(self.bottom)
        self.right.setStretchFactor(0, 1)
        self.across.addWidget(self.lesson)
        self.across.addWidget(self.right)
        self.across.setStretchFactor(1, 1)
        for widget in (self.presenter_bar, self.presenter_time):
            widget.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.presenter_bar, self.topbar, self.scrub):
            layout.addWidget(widget)
        layout.addWidget(self.across, 1)
        layout.addWidget(self.presenter_time)
        self.reset_sizes()

    def reset_sizes(self) -> None:
        """The design's proportions, in the theme's scale."""
        scale = self.laid_out_for = current_theme().ui_scale
        self.lesson.setMinimumWidth(int(LESSON_NARROW * scale))
        self.inspector.setMinimumWidth(int(INSPECTOR_WIDTH * 0.85 * scale))
        width = max(self.width(), 1000)
        lesson, inspector = int(LESSON_WIDTH * scale), int(INSPECTOR_WIDTH * scale)
        bottom = int(BOTTOM_HEIGHT * scale)
        self.across.setSizes([lesson, width - lesson])
        self.upper.setSizes([width - lesson - inspector, inspector])
        self.right.setSizes([max(self.height() - bottom, 300), bottom])

    def splitters(self) -> dict[str, QSplitter]:
        """The splitters whose places are remembered."""
        return {
            "across": self.across,
            "upper": self.upper,
            "right": self.right,
            "stage": self.stage.splitter,
        }

    # --- showing ----------------------------------------------------------------------------------

    def pull(self, session: "Session", frame: int, *, whole: bool) -> None:
        """Show the session as it is. `whole`: every panel now, not only the ones whose turn it is."""
        slow_turn = frame % SLOW_EVERY
        lesson_due = whole or slow_turn == LESSON_TURN
        if lesson_due:
            self.lesson_view = session.lesson.view() if session.lesson is not None else None
            self._choose_charts(self.lesson_view.charts if self.lesson_view is not None else ())
        if whole or frame % CLOCK_EVERY:
            self._pull_bar(session)
        if whole or lesson_due or self.shown_in_full() is None:
            self.stage.pull(session)  # behind another view it is asked for now and then: menus know things by it
        if whole or frame % TIMELINE_EVERY == TIMELINE_TURN:
            self._pull_time(session)
        if not self.presenting:
            self.bottom.pull_charts(session, frame, whole=whole)
        if lesson_due:
            self._pull_slowly(session, self.lesson_view)
        if (whole or slow_turn == INSPECTOR_TURN) and self.inspector.isVisibleTo(self):
            self.show_subject(session)

    def _choose_charts(self, metrics: tuple[str, ...]) -> None:
        chosen = strip_for(metrics)
        if chosen != tuple(one.chart for one in self.bottom.charts):
            self.bottom.choose(chosen)

    def _pull_bar(self, session: "Session") -> None:
        if self.presenting:
            self.presenter_bar.show_session(session, lesson_place(self.lesson_view))
        else:
            self.topbar.show_session(session, session.title)

    def _pull_time(self, session: "Session") -> None:
        view = session.timeline_view(BUCKETS)
        if self.presenting:
            self.presenter_time.set_view(view)
            return
        self.scrub.set_view(view)
        self.bottom.timeline.set_view(view)

    def _pull_slowly(self, session: "Session", lesson: LessonView | None) -> None:
        self.topbar.health.set_view(session.view(Health()))
        self.stage.pull_slowly(session)
        full = self.shown_in_full()
        if full is not None:
            full.pull(session)
        if lesson is not None:
            self.lesson.set_view(lesson)
        if self.presenting:
            self.stage.show_question(headline(lesson))
        self.lesson.setVisible(lesson is not None and not self.presenting)

    def show_subject(self, session: "Session") -> None:
        """Fill the inspector; what is gone since it was selected gives way to the cluster."""
        try:
            view = session.view(Inspect(*self.subject))
        except Refused:
            self.subject = ("cluster", "")
            view = session.view(Inspect(*self.subject))
        self.inspector.set_view(view, session.offers(*self.subject))

    def say(self, text: str, tone: str) -> None:
        """A banner over the page."""
        self.banner.say(text, tone)

    def is_dark(self) -> bool:
        """Whether the present theme is the dark one."""
        return current_theme().dark

    def shown_in_full(self) -> FullView | None:
        """What stands where the cluster was, if anything does."""
        shown = self.centre.currentWidget()
        return shown if isinstance(shown, FullView) else None

    def full_view(self, kind: type[F]) -> F:
        """The one view of that kind; made when it is asked for first."""
        found = self.full_views.get(kind)
        if found is None:
            found = self.full_views[kind] = kind()
            found.closed.connect(self.show_cluster)
            found.seek_asked.connect(self.seek_asked)
            found.event_asked.connect(self.event_asked)
            found.why_asked.connect(self.why_asked)
            found.select_asked.connect(self.select_asked)
            self.centre.addWidget(found)
        assert isinstance(found, kind)
        return found

    def show_in_full(self, view: FullView) -> None:
        """A view in the cluster's place."""
        self.centre.setCurrentWidget(view)
        view.setFocus()

    def show_cluster(self) -> None:
        """The cluster in its place."""
        self.centre.setCurrentWidget(self.upper)

    # --- sharing the window -----------------------------------------------------------------------

    def set_presenting(self, presenting: bool) -> None:
        """Only the question, the matrix, the lens and the time; or everything."""
        self.presenting = presenting
        for widget in (self.presenter_bar, self.presenter_time):
            widget.setVisible(presenting)
        for widget in (self.topbar, self.scrub, self.bottom):
            widget.setVisible(not presenting)
        self.lesson.setVisible(not presenting)
        self.stage.question.setVisible(presenting)
        self.fit()

    def toggle_inspector(self) -> None:
        """Show or hide the inspector, as a column or as a drawer."""
        if self.is_drawer():
            self.drawer_open = not self.drawer_open
        else:
            self.inspector_wanted = not self.inspector_wanted
        self.fit()

    def is_drawer(self) -> bool:
        """Too narrow for the inspector to have a column of its own."""
        return self.width() < DRAWER_BELOW * current_theme().ui_scale

    def fit(self) -> None:
        """Give every panel its place for the present width."""
        scale = current_theme().ui_scale
        self.topbar.fit(self.width())
        self.lesson.set_compact(self.width() < COMPACT_BELOW * scale)
        if self.is_drawer() or self.presenting:
            self._as_drawer()
        else:
            self._as_column()
        self.banner.place()

    def _as_drawer(self) -> None:
        if self.inspector.parentWidget() is not self:
            self.inspector.setParent(self)
            self._mark_drawer(True)
        width = int(INSPECTOR_WIDTH * current_theme().ui_scale)
        bar = self.presenter_bar if self.presenting else self.topbar
        self.inspector.setGeometry(self.width() - width, bar.height(), width, self.height() - bar.height())
        self.inspector.setVisible(self.drawer_open and not self.presenting)
        self.inspector.raise_()

    def _as_column(self) -> None:
        if self.inspector.parentWidget() is self:
            self._mark_drawer(False)
            self.upper.addWidget(self.inspector)
            width = int(INSPECTOR_WIDTH * current_theme().ui_scale)
            self.upper.setSizes([max(self.upper.width() - width, 400), width])
        self.inspector.setVisible(self.inspector_wanted)

    def _mark_drawer(self, drawer: bool) -> None:
        self.inspector.setProperty("drawer", drawer)
        self.inspector.style().unpolish(self.inspector)
        self.inspector.style().polish(self.inspector)

    # --- keys on buttons --------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Space presses the button that was reached by Tab; anywhere else it plays and pauses."""
        if event.type() == QEvent.Type.ShortcutOverride and self._is_button_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses it as well."""
        button = self._focused_button()
        if button is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button.click()
            return
        super().keyPressEvent(event)

    def _is_button_key(self, event: QEvent) -> bool:
        is_space = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        return is_space and self._focused_button() is not None

    def _focused_button(self) -> QAbstractButton | None:
        focused = self.focusWidget()
        return focused if isinstance(focused, QAbstractButton) and focused.hasFocus() else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit()  # only now is everything in its style, and measures what it will measure

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()
        if event.oldSize().width() != event.size().width():
            self.width_changed.emit()

    def update_theme(self) -> None:
        """Take the current theme everywhere."""
        self.topbar.update_theme()
        self.presenter_bar.update_theme()
        self.lesson.update_theme()
        self.inspector.update_theme()
        if self.laid_out_for != current_theme().ui_scale:
            self.reset_sizes()
        self.fit()


def headline(lesson: LessonView | None) -> str:
    """What the presenter's audience reads: the question, or the step's heading."""
    if lesson is None:
        return ""
    return lesson.question.text if lesson.question is not None else lesson.step_title


def lesson_place(lesson: LessonView | None) -> str:
    """`When is a record safe? · step 3 of 6`."""
    return f"{lesson.title} · step {lesson.step} of {lesson.steps}" if lesson is not None else ""
