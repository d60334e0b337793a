"""A test of the window that leaves something running fails, and names the line that started it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtCore", exc_type=ImportError)

ROOT = Path(__file__).parent.parent
STORIES = '''"""One test that leaves a timer running, and two that do not."""
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
kept = []

def test_left(qtbot):
    kept.append(QTimer())
    kept[-1].start(50)  # left running

def test_owned(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    QTimer(window).start(50)

def test_stopped(qtbot):
    timer = QTimer()
    timer.start(50)
    timer.stop()
'''


def test_a_timer_left_running_fails_the_test_that_started_it(tmp_path: Path):
    folder = tmp_path / "tests" / "ui"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    (folder / "test_stories.py").write_text(STORIES)
    run = subprocess.run(
        [sys.executable, "-m", "pytest"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "3 passed, 1 error" in run.stdout, run.stdout
    assert "kept[-1].start(50)  # left running" in run.stdout
