"""HealthLamp: whether every invariant holds, as a shape, a colour and a sentence."""

from PySide6.QtWidgets import QToolButton, QWidget

from lab.cluster.figures import grouped
from lab.cluster.probes.views import HealthView
from lab.ui.labels import show_icon


class HealthLamp(QToolButton):
    """A shield with a tick while all is well, a red triangle after a violation. Click: the ledger."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "icon")
        self.view: HealthView | None = None
        self.update_theme()

    def set_view(self, view: HealthView) -> None:
        """Show `view`."""
        before, self.view = self.view, view
        if view.violation:
            text = f"An invariant was broken: {view.violation}"
        else:
            text = f"Every invariant holds · {grouped(view.checked)} checks"
        self.setToolTip(text)
        self.setAccessibleName(text)
        if before is None or bool(before.violation) != bool(view.violation):
            self.update_theme()

    def update_theme(self) -> None:
        """Redraw the lamp."""
        broken = self.view is not None and bool(self.view.violation)
        name, colour = ("triangle-alert", "fail") if broken else ("shield-check", "ok")
        show_icon(self, name, colour, 19)
