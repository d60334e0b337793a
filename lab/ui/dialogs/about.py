"""About: what this is, on what it runs, and whose names it uses."""

import platform

from PySide6 import __version__ as pyside_version
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from lab.ui.labels import text_label

TEXT = (
    "A laboratory for streaming systems: a cluster of real state machines under a virtual clock, to watch, "
    "break, rewind and predict."
)
FONTS = "Inter and JetBrains Mono (SIL Open Font License), icons by Lucide (ISC)."
TRADEMARK = (
    "Apache Kafka and Kafka are trademarks of the Apache Software Foundation, which has no part in this program."
)


class About(QDialog):
    """A page of small print."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Streaming Lab")
        self.setMinimumWidth(440)
        versions = f"Python {platform.python_version()} · PySide {pyside_version}"
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(text_label("Streaming Lab", "h1"))
        layout.addWidget(text_label(TEXT, "body", wrap=True))
        for line in (versions, FONTS, TRADEMARK):
            layout.addWidget(text_label(line, "quiet", wrap=True))
        layout.addWidget(buttons)
