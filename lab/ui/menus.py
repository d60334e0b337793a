"""Menus and dialogs of the window: what the session offers, branches, palette, the program's own menu."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QWidget

from lab.cluster.probes.views import ClusterView
from lab.ui.actions import ACTIONS, action
from lab.ui.dialogs.about import About
from lab.ui.dialogs.action_form import ActionForm
from lab.ui.dialogs.palette import CommandPalette, Entry
from lab.ui.dialogs.preferences import Preferences
from lab.ui.dialogs.shortcuts import ShortcutsDialog
from lab.ui.offers_menu import fill_offers
from lab.ui.panels.branches import fill_branches

if TYPE_CHECKING:
    from lab.cluster.session.session import Offer
    from lab.ui.main_window import MainWindow

MAIN_MENU = (
    "start-page", "open", "save", "save-scenario", "",
    "picture", "charts-png", "charts-svg", "charts-csv", "report-html", "report-pdf", "",
    "doors", "connect", "continue-here", "",
    "analysis", "rebalances", "why", "compare", "records", "log-files", "ledger", "breakpoints", "presenter", "",
    "palette", "preferences", "shortcuts", "about", "", "quit",
)  # fmt: skip


class Menus:
    """Fills and shows the window's menus."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window
        self.menu = QMenu(window)
        self.main_menu = self._main_menu()

    def _main_menu(self) -> QMenu:
        menu = QMenu(self.window)
        for name in MAIN_MENU:
            if name:
                menu.addAction(self.window.actions_by_id[name])
            else:
                menu.addSeparator()
        return menu

    def open_break(self) -> None:
        """What can be broken and mended: under its button."""
        self._offers("cluster", "", ("break", "mend"), self.window.page.topbar.break_something)

    def open_build(self) -> None:
        """What can be added, changed or replayed: under its button."""
        groups = ("build", "change", "replay")
        self._offers("cluster", "", groups, self.window.page.topbar.build)

    def _offers(self, kind: str, name: str, groups: tuple[str, ...], below: QWidget) -> None:
        session = self.window.session
        if session is None:
            return
        fill_offers(self.menu, session.offers(kind, name), self.choose, groups)
        self.menu.popup(below.mapToGlobal(QPoint(0, below.height() + 4)))

    def open_subject(self, kind: str, name: str, place: QPoint) -> None:
        """All offers for one thing, at `place` on the screen."""
        session = self.window.session
        if session is None:
            return
        fill_offers(self.menu, session.offers(kind, name), self.choose)
        self.menu.popup(place)

    def choose(self, offer: "Offer") -> None:
        """Do an offer at once, or ask for its fields first."""
        if not offer.form:
            self.window.post_offer(offer, {})
            return
        form = ActionForm(offer, lambda values: self.window.submit(offer, values), self.window)
        self.window.show_dialog(form)

    def change_setting(self, offer: "Offer", setting: str) -> None:
        """Ask for another value of one setting."""
        form = ActionForm(offer, lambda values: self.window.submit(offer, values), self.window)
        form.choose_setting(setting)
        self.window.show_dialog(form)

    def open_branches(self) -> None:
        """The kept futures, to switch between."""
        window = self.window
        if window.session is None:
            return
        fill_branches(self.menu, window.session.timeline_view(1).branches, window.travel.switch_branch)
        button = window.page.topbar.branches
        self.menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    def open_palette(self) -> None:
        """Every action that can be done now, and every subject."""
        window = self.window
        entries = [
            Entry(one.text, one.shortcut, one.icon, window.actions_by_id[one.id].trigger)
            for one in ACTIONS
            if one.enabled_when(window) and one is not action("palette")
        ]
        dialog = CommandPalette(entries + self.subjects(), "What would you like to do?", window)
        window.show_dialog(dialog)

    def open_find(self) -> None:
        """Only subjects."""
        prompt = "Find a broker, partition, group, producer …"
        self.window.show_dialog(CommandPalette(self.subjects(), prompt, self.window))

    def open_shortcuts(self) -> None:
        """Every key."""
        self.window.show_dialog(ShortcutsDialog(self.window))

    def open_about(self) -> None:
        """The small print."""
        self.window.show_dialog(About(self.window))

    def open_preferences(self) -> None:
        """Theme, size, motion."""
        window = self.window
        window.show_dialog(Preferences(window.settings, window.change_settings, window))

    def subjects(self) -> list[Entry]:
        """Everything that can be selected."""
        view = self.window.page.stage.cluster_view
        if view is None:
            return []
        select = self.window.selection.select
        return [
            Entry(name, kind, symbol, lambda kind=kind, name=name: select(kind, name))
            for kind, name, symbol in named_things(view)
        ]


def named_things(view: ClusterView) -> list[tuple[str, str, str]]:
    """(kind, name, icon) of everything in the cluster that has a name."""
    topics = dict.fromkeys(one.topic for one in view.partitions)
    brokers = dict.fromkeys(one.name for one in view.brokers)
    return [
        *(("controller", one.name, "hexagon") for one in view.controllers if one.name not in brokers),
        *(("topic", name, "layers") for name in topics),
        *(("broker", one.name, "server") for one in view.brokers),
        *(("partition", one.name, "layers") for one in view.partitions),
        *(("producer", one.name, "globe") for one in view.producers),
        *(("program", one.name, "plug") for one in view.programs),
        *(("group", one.name, "users") for one in view.groups),
        *(
            ("consumer", member.name, "user")
            for one in view.groups
            for member in one.members
            if member.note != "program"
        ),
    ]
