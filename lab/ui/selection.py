"""Selection: which thing is marked in the cluster, and which the inspector shows."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QCursor

from lab.cluster.probes.views import EXCHANGE, OFFSET

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow


class Selection:
    """`pinned`: the inspector keeps its subject, whatever is selected."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window
        self.pinned = False

    def select(self, kind: str, name: str) -> None:
        """Select a thing: mark it, and inspect it unless the inspector is pinned."""
        self.window.page.stage.select(kind, name)
        if not self.pinned:
            self.window.page.subject = (kind, name)
        self.window.refresh()

    def follow(self, kind: str, name: str) -> None:
        """Go where a line of the inspector leads: to another thing, or to an offset of the partition it shows."""
        if kind == OFFSET and self.window.page.inspector.view is not None:
            self.window.full_views.find_offset(self.window.page.inspector.view.name, "", int(name))
            return
        if kind == EXCHANGE:
            self.window.full_views.show_exchange(name)
            return
        self.go_to(kind, name)

    def go_to(self, kind: str, name: str) -> None:
        """Show a thing in the cluster and in the inspector, even in one that is pinned."""
        self.window.page.show_cluster()
        self.window.page.subject = (kind, name)
        self.select(kind, name)

    def select_what_the_page_is_about(self) -> bool:
        """Select what the lesson's open page names; whether it names something that is there."""
        lesson = self.window.session.lesson if self.window.session is not None else None
        name = lesson.view().select if lesson is not None else ""
        found = next((one for one in self.window.menus.subjects() if one.text == name), None)
        if found is not None:
            found.run()
        return found is not None

    def select_neighbour(self, step: int) -> None:
        """Select the next partition to the right or left."""
        name = self.window.page.stage.neighbour(step)
        if name:
            self.select("partition", name)

    def pin(self, pinned: bool) -> None:
        """Keep what the inspector shows, or let it follow again."""
        self.pinned = pinned

    def open_subject_menu(self) -> None:
        """The context menu of the selected thing, by keyboard."""
        self.window.menus.open_subject(*self.window.page.subject, QCursor.pos())
