"""CompareCanvas: two futures side by side at one instant."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lab.cluster.probes.comparison import ComparisonView
from lab.ui.canvas.compare_painter import ComparePainter
from lab.ui.canvas.empty_place import paint_empty_place
from lab.ui.canvas.focus_ring import FocusRing
from lab.ui.canvas.pen import ratio_of, rounded
from lab.ui.canvas.stamps import Stamps
from lab.ui.theme import current_theme

EMPTY = ("There is one future only", "Go back and do something else: both futures are kept, and can be compared here.")


class CompareCanvas(QWidget):
    """Paints a `ComparisonView`; without one it says how there can be one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Two futures compared")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.ring = FocusRing(self)
        self.view: ComparisonView | None = None
        self._use_theme(self.devicePixelRatioF())

    def _use_theme(self, ratio: float) -> None:
        self.theme = current_theme()
        self.ratio = ratio
        self.stamps = Stamps(self.theme)
        self.painter = ComparePainter(self.theme, self.stamps, ratio)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(1000), self.theme.px(500))

    def show_comparison(self, view: ComparisonView | None) -> None:
        """Show a comparison. An equal one paints nothing."""
        if view == self.view:
            return
        self.view = view
        self.setMinimumHeight(self.painter.height_of(view) if view is not None else 0)
        self.setAccessibleDescription(" ".join(view.words) if view is not None else ". ".join(EMPTY))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as p:
            if self.theme is not current_theme() or self.ratio != ratio_of(p):
                self._use_theme(ratio_of(p))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            rounded(p, box, self.theme.px(10), self.theme.surface.panel, self.theme.line.subtle)
            if self.view is None:
                paint_empty_place(p, self.theme, self.stamps, box, "git-branch", EMPTY)
            else:
                self.painter.paint(p, self.view, self.width())
            self.ring.paint(p)
