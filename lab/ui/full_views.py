"""FullViews: what the window shows in the cluster's place when it is asked for more."""

from typing import TYPE_CHECKING, TypeVar

from lab.ui.charts.analysis import AnalysisView
from lab.ui.charts.rebalances import RebalanceView
from lab.ui.panels.full_view import FullView

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

    def _closed(self, kind: type[F]) -> bool:
        """Whether a view of that kind was shown, and has given way."""
        if not isinstance(self.window.page.shown_in_full(), kind):
            return False
        self.window.page.show_cluster()
        self.window.refresh()
        return True
