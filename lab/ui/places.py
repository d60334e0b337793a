"""Places: where the window and its splitters stood, checked against the screens that are there now."""

from PySide6.QtCore import QByteArray, QPoint, QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter

VERSION = 1
TITLE_HEIGHT = 40


class Places:
    """Kept in QSettings, as Qt's own bytes; another version's are passed over."""

    def __init__(self, window: QMainWindow, splitters: dict[str, QSplitter], store: QSettings | None) -> None:
        self.window = window
        self.splitters = splitters
        self.store = store

    def remember(self) -> None:
        """Keep the present places."""
        if self.store is None:
            return
        self.store.setValue("version", VERSION)
        self.store.setValue("window", self.window.saveGeometry())
        for name, splitter in self.splitters.items():
            self.store.setValue(name, splitter.saveState())

    def restore(self) -> None:
        """Put the window where it stood last time, if a screen is still there."""
        if self.store is None or str(self.store.value("version")) != str(VERSION):
            return
        placed = self.store.value("window")
        if isinstance(placed, QByteArray):
            self.window.restoreGeometry(placed)
        self.come_back_on_screen()

    def restore_splitters(self) -> None:
        """Give the splitters their places. Only once they are laid out: before, Qt would scale them."""
        if self.store is None or str(self.store.value("version")) != str(VERSION):
            return
        for name, splitter in self.splitters.items():
            state = self.store.value(name)
            if isinstance(state, QByteArray):
                splitter.restoreState(state)

    def come_back_on_screen(self) -> None:
        """Move to the first screen when no screen shows enough of the title to grab it."""
        title = self.window.geometry().adjusted(TITLE_HEIGHT, 0, -TITLE_HEIGHT, 0)
        title.setHeight(TITLE_HEIGHT)
        if any(one.availableGeometry().intersects(title) for one in QGuiApplication.screens()):
            return
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self.window.resize(self.window.size().boundedTo(screen.size()))
        self.window.move(screen.topLeft() + QPoint(20, 20))
