"""ViolationPanel: an invariant of the engine was broken; the world stands still and this says where."""

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.ui.labels import pixmap, text_label


class ViolationPanel(QDialog):
    """Names what was broken and where the journal was saved, so that the run can be repeated exactly."""

    def __init__(self, violation: str, cause: str, journal: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("An invariant was broken")
        self.setMinimumWidth(520)
        mark = QLabel()
        mark.setPixmap(pixmap("triangle-alert", "fail", 28))
        self.violation = text_label(violation, "body", wrap=True)
        self.cause = text_label(cause, "quiet", wrap=True)
        self.journal = text_label(journal, "quiet", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(mark)
        head.addWidget(text_label("The world was stopped: an invariant was broken", "section"), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self.violation)
        if cause:
            layout.addWidget(self.cause)
        layout.addWidget(self.journal)
        layout.addWidget(buttons)
