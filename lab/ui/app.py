"""The start of the window: the application object, its look, what happens when something breaks."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from lab.cluster.refused import Refused
from lab.ui import garbage
from lab.ui import settings as settings_file
from lab.ui.main_window import MainWindow
from lab.ui.opener import Opener
from lab.ui.screenshot import save_picture
from lab.ui.settings import Settings
from lab.ui.style import shell_style
from lab.ui.theme import apply_theme

if TYPE_CHECKING:
    from lab.cluster.session.session import Session

PRESENTER_SCALE = 1.6
DEFAULT_SIZE = (1600, 1000)


def run(
    scenario: str | None,
    *,
    screenshot: Path | str | None = None,
    at_seconds: float | None = None,
    theme: str | None = None,
    size: tuple[int, int] | None = None,
    scale: float | None = None,
) -> int:
    """Open the window on `scenario` (a name, a session file or nothing) and run until it is closed.

    With `screenshot` nothing is shown: the window is drawn offscreen at `at_seconds` of virtual time, `scale`
    picture pixels to one of its own, and the exit code is 0 once the picture is written.
    """
    if screenshot is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = start_application()
    try:
        window = make_window(theme, quiet=screenshot is not None)
        window.resize(*(size or DEFAULT_SIZE))
        if size is None and screenshot is None:
            window.places.restore()
        return _show(application, window, scenario, screenshot, at_seconds, scale or 1.0)
    except (Refused, OSError) as wrong:
        print(f"lab: {wrong}", file=sys.stderr)
        return 2


def _show(
    application: QApplication,
    window: MainWindow,
    scenario: str | None,
    screenshot: Path | str | None,
    at_seconds: float | None,
    scale: float,
) -> int:
    if screenshot is None:
        garbage.attend(window)
    if scenario:
        window.show_session(open_anything(window.opener, scenario))
    if at_seconds is not None and window.session is not None:
        window.session.run_for(int(at_seconds * 1_000_000))
    window.show()
    window.refresh()
    if screenshot is None:
        install_crash_dialog(window)
        return application.exec()
    application.processEvents()
    window.refresh()
    save_picture(window, Path(screenshot), scale)
    window.close()
    return 0


def start_application() -> QApplication:
    """The application object; the one there is, when there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(["lab"])
    application.setApplicationName("streaming-lab")
    application.setApplicationDisplayName("Streaming Lab")
    return application


def make_window(theme: str | None = None, *, quiet: bool = False) -> MainWindow:
    """The window with the person's settings. `quiet`: for pictures, with default settings kept nowhere."""
    if quiet:
        path = Path(tempfile.gettempdir()) / "streaming-lab-picture" / "settings.toml"
        chosen, problem, store = Settings(theme="dark"), "", None
    else:
        path = settings_file.settings_path()
        chosen, problem = read_settings(path)
        store = QSettings(str(path.with_name("places.ini")), QSettings.Format.IniFormat)
    if theme is not None:
        chosen = settings_file.parse({"theme": theme, "ui_scale": chosen.ui_scale}, "--theme")
    apply_look(chosen, False)
    window = MainWindow(real_opener(), chosen, path, apply_look, store)
    window.update_theme()
    if problem:
        window.say(problem)
    return window


def read_settings(path: Path) -> tuple[Settings, str]:
    """The settings, and the sentence about what was wrong with them; the file is kept beside as `.odd`."""
    try:
        return settings_file.load(path), ""
    except Refused as refused:
        kept = path.with_suffix(".odd.toml")
        try:
            path.replace(kept)
        except OSError:
            return Settings(), f"{refused}. The defaults are used."
        return Settings(), f"{refused}. The defaults are used; the file is now {kept.name}."


def apply_look(chosen: Settings, presenting: bool) -> None:
    """Give the application the theme, scale and style sheet of `chosen`."""
    scale = chosen.ui_scale * (PRESENTER_SCALE if presenting else 1.0)
    theme = apply_theme(chosen.theme, ui_scale=scale, reduced_motion=chosen.reduced_motion)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setStyleSheet(shell_style(theme))


def real_opener() -> Opener:
    """Scenarios from the lessons' folder, sessions from files."""
    # Here and not above: the window is tested on a scripted session, without the engine.
    from lab.lessons.catalogue import catalogue  # noqa: PLC0415
    from lab.lessons.opening import reopen, start  # noqa: PLC0415

    return Opener(catalogue(), start, reopen)


def open_anything(opener: Opener, what: str) -> "Session":
    """A session from a scenario's name or a session file's path. Raises Refused."""
    path = Path(what)
    if path.suffix == ".json":
        if not path.is_file():
            raise Refused(f"there is no session file {what}")
        return opener.open_file(path)
    return opener.open_scenario(what)


# --- when something breaks ------------------------------------------------------------------------


def install_crash_dialog(window: MainWindow) -> None:
    """A mistake of ours stops time, saves the journal and says so; the window stays."""
    sys.excepthook = crash_hook(window, lambda text: show_crash(window, text))


def crash_hook(
    window: MainWindow, tell: Callable[[str], None]
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """The hook. It tells once: a fault in a paint event would otherwise come with every frame."""
    told: list[str] = []

    def hook(kind: type[BaseException], wrong: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, wrong, trace)
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        window.timer.stop()
        if told:
            return
        told.append(str(wrong))
        tell(f"{kind.__name__}: {wrong}\n\n{save_journal(window)}")

    return hook


def save_journal(window: MainWindow) -> str:
    """Save what can be saved, and say where."""
    if window.session is None:
        return "No session was open."
    path = window.settings_file.parent / "after-crash.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        window.session.save(path)
    except Exception as also:
        return f"The session could not be saved: {also}"
    return f"The session was saved: {path}"


def show_crash(window: MainWindow, text: str) -> None:
    """Say it in a dialog."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Streaming Lab", "Something went wrong in the program.")
    box.setInformativeText(text)
    box.setParent(window, Qt.WindowType.Dialog)
    window.show_dialog(box)
