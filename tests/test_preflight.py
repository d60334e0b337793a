"""Looking before Qt starts: each missing thing is named with its package."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab import preflight

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux needs these looks")


@linux
def test_no_display_is_said_with_three_ways_out():
    problem = preflight.window_problem({})
    assert problem is not None
    assert "neither DISPLAY nor WAYLAND_DISPLAY" in problem
    assert "xvfb-run" in problem
    assert "--screenshot" in problem


@linux
def test_a_display_that_nobody_serves_is_found_out_without_dying():
    problem = preflight.window_problem({"DISPLAY": ":987"})
    assert problem is not None
    assert ":987" in problem or "Remedy: sudo" in problem


@linux
def test_a_wayland_name_that_outlived_its_compositor_is_not_believed(tmp_path: Path):
    stale = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    problem = preflight.window_problem(stale)
    assert problem is not None
    assert problem.startswith("no window")


@linux
def test_a_listening_compositor_is_a_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight, "_loads", lambda file: True)
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        alive = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert preflight.window_problem(alive) is None


@linux
def test_offscreen_chosen_on_purpose_needs_no_screen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight, "_loads", lambda file: True)
    assert preflight.window_problem({"QT_QPA_PLATFORM": "offscreen"}) is None


@linux
def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight, "_loads", lambda file: file not in ("libEGL.so.1", "libGL.so.1"))
    monkeypatch.setattr(preflight.Path, "exists", lambda path: False)
    assert preflight.drawing_problem() == ("Qt lacks libGL.so.1, libEGL.so.1. Remedy: sudo apt install libgl1 libegl1")


def test_elsewhere_there_is_nothing_to_look_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight.sys, "platform", "darwin")
    assert preflight.window_problem({}) is None
    assert preflight.drawing_problem() is None


@linux
@pytest.mark.skipif(preflight.drawing_problem() is not None, reason="Qt does not load here")
def test_where_the_look_finds_nothing_wrong_qt_does_start():
    program = "from PySide6.QtGui import QGuiApplication; QGuiApplication([]); print('started')"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.strip() == "started", run.stderr
