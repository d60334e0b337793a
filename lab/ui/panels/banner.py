"""Banner: a sentence over the stage that goes away by itself: a refusal, a file that was saved."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from lab.ui.labels import pixmap, set_role, show_icon, text_label

SHOWN_MS = 6000
TOP_MARGIN = 14
WIDTH_SHARE = 0.7


class Banner(QFrame):
    """Floats at the top of its parent, under `below` where that is shown.

    `say(text, tone)`: tone `pending` for a refusal, `ok` for news.
    """

    def __init__(self, parent: QWidget, below: QWidget | None = None) -> None:
        super().__init__(parent)
        self.over = parent
        self.below = below
        self.setProperty("role", "banner")
        self.symbol = QLabel()
        self.text = text_label("", "banner-text")
        self.text.setWordWrap(True)
        close = QToolButton()
        close.setProperty("role", "icon")
        close.setAccessibleName("Close the message")
        show_icon(close, "x", "t2", 15)
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self.symbol)
        row.addWidget(self.text, 1)
        row.addWidget(close)
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(SHOWN_MS)
        self.timer.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, tone: str = "pending", *, lasting: bool = False) -> None:
        """Show `text` for a few seconds; `lasting`: until it is closed, or `hide_lasting`."""
        self.symbol.setPixmap(pixmap("info" if tone == "ok" else "triangle-alert", tone, 18))
        self.text.setText(text)
        set_role(self, "banner-ok" if tone == "ok" else "banner")
        self.setAccessibleName(text)
        self.place()
        self.show()
        self.raise_()
        if lasting:
            self.timer.stop()
        else:
            self.timer.start()

    def hide_lasting(self) -> None:
        """What was to be said until something changes is over."""
        if not self.timer.isActive():
            self.hide()

    def place(self) -> None:
        """Stand at the top middle of the parent."""
        self.text.setWordWrap(False)
        wish = self.sizeHint().width()
        width = min(wish, int(self.over.width() * WIDTH_SHARE))
        self.text.setWordWrap(width < wish)
        layout = self.layout()
        assert layout is not None
        high = layout.totalHeightForWidth(width) if width < wish else self.sizeHint().height()
        self.setFixedSize(width, high)
        self.move((self.over.width() - self.width()) // 2, self._top())

    def _top(self) -> int:
        if self.below is None or not self.below.isVisible():
            return TOP_MARGIN
        return TOP_MARGIN + self.below.geometry().bottom()
