"""What every test stands on: no screen, no settings of the person's own, and Qt only where it loads."""

import os
import sys
import threading
import traceback
from pathlib import Path

import pytest

from lab import preflight

if os.environ.get("LAB_SHOW") != "1":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_SCALE_FACTOR"] = "1"

WINDOW_TESTS = Path(__file__).parent / "ui"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Where Qt cannot load, `lab test` leaves pytest-qt out; its settings are then nobody's."""
    if not pluginmanager.hasplugin("pytest-qt"):
        for name in ("qt_api", "qt_log_level_fail"):
            parser.addini(name, "read by pytest-qt, which is not loaded")


class SkippedFolder(pytest.File):
    """The tests of the window where Qt does not load; not a Directory, whose conftest would be imported."""

    def collect(self):
        pytest.skip(preflight.drawing_problem() or "pytest-qt is not loaded", allow_module_level=True)


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if path == WINDOW_TESTS and not parent.config.pluginmanager.hasplugin("pytest-qt"):
        return SkippedFolder.from_parent(parent, path=path)
    return None


@pytest.fixture(autouse=True, scope="session")
def _own_settings_stay_untouched(tmp_path_factory: pytest.TempPathFactory):
    """Settings, caches and window places of the tests go to a temporary home."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        patch.setenv(name, str(home / name.lower()))
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QSettings, QStandardPaths

        QStandardPaths.setTestModeEnabled(True)
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(home))
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _nothing_left_running(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """A test of the window fails when it leaves a timer or a thread, with the line that started it."""
    if WINDOW_TESTS not in request.path.parents:
        yield
        return
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from shiboken6 import isValid

    started: list[tuple[QTimer, str]] = []
    start = QTimer.start

    def noted_start(timer: QTimer, *interval: object) -> None:
        started.append((timer, "".join(traceback.format_stack(limit=2)[:1]).strip()))
        start(timer, *interval)  # pyright: ignore[reportCallIssue, reportArgumentType]

    monkeypatch.setattr(QTimer, "start", noted_start)
    threads = set(threading.enumerate())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    running = {line for timer, line in started if isValid(timer) and timer.isActive()}
    for timer, _ in started:
        if isValid(timer):
            timer.stop()  # the next test shall not pay for this one
    assert not running, "timers still running, started at:\n" + "\n".join(sorted(running))
    assert not set(threading.enumerate()) - threads
