"""Menus made of what the session offers, and of nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from lab.lessons.wording import plain
from lab.ui.icons import icon

if TYPE_CHECKING:
    from lab.cluster.session.session import Offer

GROUPS = {
    "break": "Break",
    "mend": "Mend",
    "change": "Change",
    "build": "Build",
    "replay": "Replay",
}
ICON = 17


def fill_offers(
    menu: QMenu,
    offers: "tuple[Offer, ...]",
    choose: "Callable[[Offer], None]",
    groups: tuple[str, ...] = tuple(GROUPS),
) -> None:
    """Fill `menu` with the offers of `groups`, in that order. One that cannot be done says why."""
    menu.clear()
    menu.setToolTipsVisible(True)
    for group in groups:
        fitting = [offer for offer in offers if offer.group == group]
        if fitting:
            menu.addSection(GROUPS[group])
        for offer in fitting:
            _add(menu, offer, choose)
    if menu.isEmpty():
        nothing = menu.addAction("Nothing to do here")
        nothing.setEnabled(False)


def _add(menu: QMenu, offer: "Offer", choose: "Callable[[Offer], None]") -> None:
    colour = "fail" if offer.group == "break" else "t1"
    ellipsis = " …" if offer.form else ""
    reason = f"  —  {offer.disabled}" if offer.disabled else ""
    entry = menu.addAction(
        icon(offer.icon, "t3" if offer.disabled else colour, ICON),
        f"{offer.title}{ellipsis}{reason}".replace("&", "&&"),
    )
    entry.setEnabled(not offer.disabled)
    entry.setToolTip(offer.disabled or plain(offer.tooltip))
    entry.triggered.connect(lambda _=False: choose(offer))
