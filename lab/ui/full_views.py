"""FullViews: what the window shows in the cluster's place when it is asked for more."""

from typing import TYPE_CHECKING, TypeVar

from lab.cluster.probes.views import CauseView
from lab.ui.charts.analysis import AnalysisView
from lab.ui.charts.rebalances import RebalanceView
from lab.ui.panels.compare_view import CompareView
from lab.ui.panels.connect import ConnectView
from lab.ui.panels.frames import FramesView
from lab.ui.panels.full_view import FullView
from lab.ui.panels.log_files import LogFilesView
from lab.ui.panels.why import WhyView

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow

F = TypeVar("F", bound=FullView)


class FullViews:
    """One view of each kind, made when it is asked for first. Asked for again, it gives way to the cluster."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window

    def toggle_analysis(self) -> None:
        """The charts in full, or the cluster."""
        if not self._closed(AnalysisView):
            self.show_chart("")

    def show_chart(self, chart: str) -> None:
        """One chart in full, to zoom, pan and compare; an empty name: the one shown last."""
        window = self.window
        if window.session is not None:
            view = window.page.full_view(AnalysisView)
            window.page.show_in_full(view)
            view.show_chart(window.session, chart)

    def toggle_rebalances(self) -> None:
        """Who owned what in a group, or the cluster. The group that is selected comes first."""
        window = self.window
        if window.session is None or self._closed(RebalanceView):
            return
        view = window.page.full_view(RebalanceView)
        window.page.show_in_full(view)
        kind, name = window.page.subject
        view.show_group(window.session, name if kind == "group" else "")

    def toggle_why(self) -> None:
        """What led to the event at which time stands, or the cluster."""
        if self.window.session is not None and not self._closed(WhyView):
            self.why(self.window.session.event_number)

    def why(self, event_number: int) -> None:
        """What led to an event."""
        window = self.window
        if window.session is not None:
            window.pause()
            view = window.page.full_view(WhyView)
            window.page.show_in_full(view)
            view.ask(window.session, event_number)

    def why_cause(self, cause: CauseView) -> None:
        """What led to a cause."""
        self.why(cause.event_number)

    def toggle_compare(self) -> None:
        """This future against another of the kept ones, or the cluster."""
        window = self.window
        if window.session is None or self._closed(CompareView):
            return
        fresh = CompareView not in window.page.full_views
        view = window.page.full_view(CompareView)
        if fresh:
            view.switch_asked.connect(window.travel.switch_branch)
        window.page.show_in_full(view)
        view.open(window.session, window.page.stage.partition)

    def toggle_log_files(self) -> None:
        """The files of the log in the lens and their indexes, or the cluster."""
        if not self._closed(LogFilesView):
            self.find_offset(self.window.page.stage.partition)

    def find_offset(self, partition: str, broker: str = "", offset: int | None = None) -> None:
        """How an offset is found in the files of a log; without a broker on the leader's disk, without an offset the
        newest that is committed.
        """
        window = self.window
        if window.session is not None:
            view = window.page.full_view(LogFilesView)
            window.page.show_in_full(view)
            view.open(window.session, partition, broker, offset)

    def toggle_connect(self) -> None:
        """How to connect a client of one's own, or the cluster."""
        if not self._closed(ConnectView):
            self.show_connect()

    def show_connect(self) -> None:
        """How to connect a client of one's own."""
        window = self.window
        if window.session is None:
            return
        fresh = ConnectView not in window.page.full_views
        view = window.page.full_view(ConnectView)
        if fresh:
            view.switch_asked.connect(window.doors.toggle)
            window.doors.changed.connect(view.refresh)
        window.page.show_in_full(view)
        view.open(window.session, window.doors)

    def show_exchange(self, name: str) -> None:
        """A request of a real client and its answer, field by field."""
        window = self.window
        if window.session is not None:
            view = window.page.full_view(FramesView)
            window.page.show_in_full(view)
            view.open(window.session, name)

    def _closed(self, kind: type[F]) -> bool:
        """Whether a view of that kind was shown, and has given way."""
        if not isinstance(self.window.page.shown_in_full(), kind):
            return False
        self.window.page.show_cluster()
        self.window.refresh()
        return True
