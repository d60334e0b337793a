"""Inspector: everything about the selected thing, ending in why it is so, and what can be done to it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.cluster.probes.views import InspectorView
from lab.ui.labels import pixmap, rule, show_icon, tab_focus_only, text_label
from lab.ui.panels.inspector_body import InspectorBody, structure
from lab.ui.theme import current_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Offer

BUTTONS = 2


class Inspector(QWidget):
    """Shows an `InspectorView` and the first offers for it.

    Emits `seek_asked(CauseView)`, `why_asked(CauseView)`, `offer_chosen(Offer)`, `setting_chosen(Offer, str)`,
    `records_asked()`, `files_asked()`, `link_chosen(kind, name)` and `pin_toggled(bool)`: a pinned inspector keeps
    its subject while other things are selected.
    """

    seek_asked = Signal(object)
    why_asked = Signal(object)
    offer_chosen = Signal(object)
    setting_chosen = Signal(object, str)
    records_asked = Signal()
    files_asked = Signal()
    link_chosen = Signal(str, str)
    pin_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Inspector")
        self.view: InspectorView | None = None
        self.body: InspectorBody | None = None
        self.offers: tuple[Offer, ...] = ()
        self.symbol = QLabel()
        self.symbol.setProperty("role", "tile")
        self.symbol.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = text_label("", "section")
        self.subtitle = text_label("", "quiet")
        self.pin = QToolButton()
        self.records = QToolButton()
        self.files = QToolButton()
        self.buttons = QHBoxLayout()
        self.scroll_area = QScrollArea()
        self._arrange()
        self.update_theme()

    def set_view(self, view: InspectorView, offers: "tuple[Offer, ...]") -> None:
        """Show `view` with its offers; the scroll position stays while the subject stays."""
        if offers != self.offers:
            self.offers = offers
            self._rebuild_buttons()
        if view == self.view:
            return
        before, self.view = self.view, view
        self.subtitle.setText(view.subtitle)
        if before is not None and self.body is not None and structure(before) == structure(view):
            self.body.show_values(view)
            return
        same = before is not None and (before.kind, before.name) == (view.kind, view.name)
        place = self.scroll_area.verticalScrollBar().value() if same else 0
        self.symbol.setPixmap(pixmap(view.icon, "t1", 18))
        self.title.setText(view.name)
        for button in (self.records, self.files):
            button.setVisible(view.kind == "partition")
        self.body = InspectorBody(view, self.seek_asked.emit, self.why_asked.emit, self._change, self.link_chosen.emit)
        self.scroll_area.setWidget(self.body)
        self.scroll_area.verticalScrollBar().setValue(place)

    def _change(self, setting: str) -> None:
        """A setting was clicked: offer to change it, where that is offered."""
        for offer in self.offers:
            if any(field.name == "setting" and field.notes for field in offer.form):
                self.setting_chosen.emit(offer, setting)
                return

    def update_theme(self) -> None:
        """Redraw with the current theme."""
        side = current_theme().px(34)
        self.symbol.setFixedSize(side, side)
        show_icon(self.pin, "pin", "t2", 17)
        show_icon(self.records, "table", "t2", 17)
        show_icon(self.files, "database", "t2", 17)
        view, self.view = self.view, None
        offers, self.offers = self.offers, ()
        if view is not None:
            self.set_view(view, offers)

    # --- building ---------------------------------------------------------------------------------

    def _arrange(self) -> None:
        for button, name, tip in (
            (self.files, "Files and indexes", "The files of this log, and how an offset is found in them (I)"),
            (self.records, "Browse records", "Browse this partition's records (Ctrl+R)"),
            (self.pin, "Pin", "Keep showing this one"),
        ):
            button.setProperty("role", "icon")
            button.setAccessibleName(name)
            button.setToolTip(tip)
        self.pin.setCheckable(True)
        self.pin.toggled.connect(self.pin_toggled)
        self.records.clicked.connect(self.records_asked)
        self.files.clicked.connect(self.files_asked)
        head = QGridLayout()
        head.setContentsMargins(18, 10, 12, 12)
        head.setHorizontalSpacing(10)
        head.setVerticalSpacing(0)
        head.setColumnStretch(1, 1)
        head.addWidget(self.symbol, 0, 0, 2, 1)
        head.addWidget(self.title, 0, 1)
        for at, button in enumerate((self.files, self.records, self.pin), 2):
            head.addWidget(button, 0, at)
        head.addWidget(self.subtitle, 1, 1, 1, 4)
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.buttons.setContentsMargins(14, 9, 14, 9)
        self.buttons.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(rule())
        layout.addWidget(self.scroll_area, 1)
        layout.addWidget(rule())
        layout.addLayout(self.buttons)

    def _rebuild_buttons(self) -> None:
        while self.buttons.count():
            taken = self.buttons.takeAt(0)
            widget = taken.widget() if taken is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for offer in main_offers(self.offers):
            danger = offer.group == "break"
            button = QPushButton(offer.title)
            button.setProperty("role", "danger" if danger else "raised")
            show_icon(button, offer.icon, "fail" if danger else "t1", 17)
            button.setEnabled(not offer.disabled)
            button.setToolTip(offer.disabled or offer.tooltip)
            button.setAccessibleName(offer.title)
            tab_focus_only(button)
            button.clicked.connect(lambda _=False, one=offer: self.offer_chosen.emit(one))
            self.buttons.addWidget(button, 1)


def main_offers(offers: "tuple[Offer, ...]") -> "tuple[Offer, ...]":
    """The two offers worth a button: the first that mends or changes, and the first that breaks; those that
    can be done now come before those that cannot.
    """
    able_first = sorted(offers, key=lambda offer: bool(offer.disabled))
    calm = [offer for offer in able_first if offer.group in ("mend", "change")]
    breaking = [offer for offer in able_first if offer.group == "break"]
    return tuple((calm[:1] + breaking)[:BUTTONS])
