"""BranchesMenu: the kept futures of this session, to switch between."""

from collections.abc import Callable

from PySide6.QtWidgets import QMenu

from lab.cluster.probes.views import BranchView
from lab.lessons.wording import clock


def fill_branches(menu: QMenu, branches: tuple[BranchView, ...], switch: Callable[[str], None]) -> None:
    """One checkable entry a branch, with where it forked and how far it was run."""
    menu.clear()
    menu.setToolTipsVisible(True)
    for branch in branches:
        entry = menu.addAction(branch_text(branch))
        entry.setCheckable(True)
        entry.setChecked(branch.current)
        entry.setEnabled(not branch.current)
        entry.triggered.connect(lambda _=False, name=branch.name: switch(name))
    if len(branches) < 2:
        menu.addSeparator()
        hint = menu.addAction("Acting in the past forks; both futures are kept here")
        hint.setEnabled(False)


def branch_text(branch: BranchView) -> str:
    """`retry · from main at 00:38.400 · up to 01:02.000`."""
    origin = f" · from {branch.parent} at {clock(branch.fork_time)}" if branch.parent else ""
    return f"{branch.name}{origin} · up to {clock(branch.latest)}"
