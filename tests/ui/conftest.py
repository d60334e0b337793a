"""A window on a scripted session, with its settings in a temporary folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from lab.ui import app
from lab.ui.main_window import MainWindow
from lab.ui.opener import Opener
from lab.ui.settings import Settings
from tests.ui.scripted import SCENARIOS, ScriptedSession, as_session, open_scripted, open_scripted_file

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Offscreen there is nothing to raise or to grab; Qt says so, and that is no fault of ours."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


WindowMaker = Callable[[], MainWindow]
Look = Callable[..., None]


@pytest.fixture
def look(qapp) -> Iterator[Look]:
    """Dress the application: dark at first, as the window's tests leave it."""

    def dress(theme: str = "dark", *, ui_scale: float = 1.0, reduced_motion: bool = False) -> None:
        app.apply_look(Settings(theme=theme, ui_scale=ui_scale, reduced_motion=reduced_motion), False)

    dress()
    yield dress
    dress()


@pytest.fixture
def make_window(qtbot, tmp_path: Path) -> Iterator[WindowMaker]:
    """Windows that share one settings folder."""
    made: list[MainWindow] = []

    def make() -> MainWindow:
        settings = Settings(theme="dark")
        app.apply_look(settings, False)
        opener = Opener(SCENARIOS, open_scripted, open_scripted_file)
        store = QSettings(str(tmp_path / "places.ini"), QSettings.Format.IniFormat)
        window = MainWindow(opener, settings, tmp_path / "settings.toml", app.apply_look, store)
        window.update_theme()
        window.resize(1600, 1000)
        qtbot.addWidget(window)
        made.append(window)
        return window

    yield make
    for window in made:
        window.timer.stop()
        window.close()


@pytest.fixture
def window(make_window: WindowMaker, qtbot) -> MainWindow:
    """One window with a scripted session, shown and painted."""
    window = make_window()
    window.show_session(as_session(ScriptedSession()))
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(1)
    return window
