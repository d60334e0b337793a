"""RecordFields: a record's fields by name, each in one line of the typewriter face, cut where the line ends."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

LETTERS_MIN = 20


class RecordFields(QLabel):
    """A long value must not take the table's room, so the label asks for no width and takes what it gets."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[tuple[str, str], ...] = ()
        self.setProperty("role", "fields")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_fields(self, lines: tuple[tuple[str, str], ...]) -> None:
        """Show (name, value) pairs."""
        self.lines = lines
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def _fit(self) -> None:
        widest = max((len(name) for name, _ in self.lines), default=0)
        letters = max(int(self.width() / self.fontMetrics().horizontalAdvance("0")), LETTERS_MIN)
        text = "\n".join(cut(f"{name:<{widest}}  {value}", letters) for name, value in self.lines)
        if text != self.text():
            self.setText(text)


def cut(text: str, letters: int) -> str:
    """At most so many letters, with dots for what is left out."""
    return text if len(text) <= letters else text[: letters - 1] + "…"
