"""A window that is measured: drawn offscreen at the size of a stage, and gone afterwards."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.cluster.session.session import Session

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from lab.ui.main_window import MainWindow

SIZE = (1600, 1000)


@contextmanager
def drawn_window(session: Session) -> Generator[tuple["QApplication", "MainWindow"]]:
    """The application and its window, which shows the session."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from lab.ui import app, garbage  # noqa: PLC0415

    application = app.start_application()
    window = app.make_window("dark", quiet=True)
    garbage.attend(window)
    try:
        window.resize(*SIZE)
        window.show_session(session)
        window.show()
        yield application, window
    finally:
        window.timer.stop()
        window.close()
        window.deleteLater()
        application.processEvents()


def open_to_clients(window: "MainWindow") -> None:
    """Real clients may come, at whichever ports are free; the cluster is shown, and not the page that says how."""
    window.doors.first_port = 0
    window.doors.open()
    window.page.show_cluster()


def leaders_port(window: "MainWindow") -> int:
    """Of the broker that leads the first partition of `orders`."""
    assert window.doors.doorman is not None
    partitions = window.page.stage.cluster_view
    assert partitions is not None
    leader = next(one.leader for one in partitions.partitions if one.name == "orders-0")
    return window.doors.doorman.ports[leader]
