"""LedgerPanel: what is true of all records ever born, and whether every invariant holds."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.cluster.figures import grouped
from lab.cluster.probes.views import HealthView, LedgerView
from lab.ui.labels import pixmap, rule, set_role, text_label
from lab.ui.panels.inspector_rows import RIGHT, show_text

COUNTS = (
    ("born", "handed to a producer", ""),
    ("acked", "the producer was told: safe", "ok"),
    ("failed", "the producer was told: not written", ""),
    ("unknown", "no answer, may or may not be written", "pending"),
    ("stored", "on some replica's log", ""),
    ("visible", "below the high watermark", "ok"),
    ("lost", "acked, and now on no log that counts", "fail"),
    ("ghost", "failed by the answer, yet visible", "fail"),
    ("duplicates", "visible more than once", "pending"),
)
GROUP_COUNTS = ("fetched", "done", "duplicates", "skipped", "reordered", "phantom")
BAD = ("duplicates", "skipped", "reordered", "phantom")


class LedgerPanel(QDialog):
    """A window of its own, beside the lab: it stays open while the lab plays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Truth ledger and health")
        self.setModal(False)
        self.symbol = QLabel()
        self.health = text_label("", "body", wrap=True)
        self.counts: dict[str, QLabel] = {}
        self.group_labels: list[QLabel] = []
        self.groups = QGridLayout()
        self.shown_groups: tuple[str, ...] | None = None
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.symbol, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.health, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(14)
        layout.addLayout(head)
        layout.addWidget(rule())
        layout.addWidget(text_label("Records", "section"))
        layout.addLayout(self._counts_grid())
        layout.addWidget(rule())
        layout.addWidget(text_label("Groups", "section"))
        layout.addLayout(self.groups)
        layout.addStretch()
        self.setMinimumWidth(560)

    def set_views(self, ledger: LedgerView, health: HealthView) -> None:
        """Show both."""
        self._show_health(health)
        for name, _, tone in COUNTS:
            count = getattr(ledger, name)
            show_text(self.counts[name], grouped(count))
            set_role(self.counts[name], f"value-{tone}" if tone and count else "value")
        names = tuple(group.group for group in ledger.groups)
        if names != self.shown_groups:
            self._rebuild_groups(names)
        cells = iter(self.group_labels)
        for group in ledger.groups:
            for name in GROUP_COUNTS:
                label = next(cells)
                count = getattr(group, name)
                show_text(label, grouped(count))
                set_role(label, "value-pending" if name in BAD and count else "value")

    def _show_health(self, health: HealthView) -> None:
        broken = bool(health.violation)
        name, colour = ("triangle-alert", "fail") if broken else ("shield-check", "ok")
        self.symbol.setPixmap(pixmap(name, colour, 20))
        if broken:
            text = f"{health.violation} ({health.invariant}, event {grouped(health.event_number)})"
        else:
            text = f"Every invariant holds. Checked {grouped(health.checked)} times in this run."
        show_text(self.health, text)

    def _counts_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for at, (name, meaning, _) in enumerate(COUNTS):
            self.counts[name] = text_label("0", "value")
            grid.addWidget(text_label(name, "value-name"), at, 0)
            grid.addWidget(self.counts[name], at, 1, RIGHT)
            grid.addWidget(text_label(meaning, "quiet"), at, 2)
        return grid

    def _rebuild_groups(self, names: tuple[str, ...]) -> None:
        self.shown_groups = names
        self.group_labels = []
        while self.groups.count():
            taken = self.groups.takeAt(0)
            widget = taken.widget() if taken is not None else None
            if widget is not None:
                widget.deleteLater()
        if not names:
            self.groups.addWidget(text_label("No group has read anything yet.", "quiet"), 0, 0)
            return
        for column, name in enumerate(("group", *GROUP_COUNTS)):
            align = RIGHT if column else Qt.AlignmentFlag.AlignLeft
            self.groups.addWidget(text_label(name, "caption"), 0, column, align)
        for at, group in enumerate(names, 1):
            self.groups.addWidget(text_label(group, "value-name"), at, 0)
            for column in range(1, len(GROUP_COUNTS) + 1):
                label = text_label("0", "value")
                self.group_labels.append(label)
                self.groups.addWidget(label, at, column, RIGHT)
