"""Looks before Qt starts: Qt aborts the whole process where a screen or a library is missing.

Only Linux needs it. Each look answers None or one sentence with the exact remedy. Everything is tried with the
C library's own means (load a library, connect to the screen), which fail without taking the process along.
"""

import ctypes
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Library:
    """A shared library Qt needs, and the packages that bring it."""

    file: str
    debian: str
    fedora: str


DRAWING = (
    Library("libGL.so.1", "libgl1", "mesa-libGL"),
    Library("libEGL.so.1", "libegl1", "mesa-libEGL"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
)
X11 = (
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
)
WAYLAND = (Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor"),)


def drawing_problem() -> str | None:
    """Why Qt cannot draw even without a screen; None when it can."""
    return _lacking(DRAWING) if sys.platform == "linux" else None


def window_problem(environment: Mapping[str, str] = os.environ) -> str | None:
    """Why no window can be shown here; None when one can."""
    if sys.platform != "linux":
        return None
    platform = environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform and platform not in ("xcb", "wayland"):
        return drawing_problem()  # chosen on purpose: offscreen, vnc
    if platform != "xcb" and _wayland_answers(environment):
        return _lacking(DRAWING + WAYLAND)
    if not environment.get("DISPLAY"):
        return _no_screen("neither DISPLAY nor WAYLAND_DISPLAY leads to a screen")
    return _lacking(DRAWING + X11) or _x11_problem(environment["DISPLAY"])


def _lacking(libraries: tuple[Library, ...]) -> str | None:
    lacking = [library for library in libraries if not _loads(library.file)]
    if not lacking:
        return None
    names = ", ".join(library.file for library in lacking)
    if Path("/etc/fedora-release").exists() or Path("/etc/redhat-release").exists():
        command = "sudo dnf install " + " ".join(library.fedora for library in lacking)
    else:
        command = "sudo apt install " + " ".join(library.debian for library in lacking)
    return f"Qt lacks {names}. Remedy: {command}"


def _loads(file: str) -> bool:
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    """Whether a Wayland compositor listens; the variable often outlives it."""
    name = environment.get("WAYLAND_DISPLAY")
    folder = environment.get("XDG_RUNTIME_DIR", "")
    if not name:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(Path(folder) / name))
        except OSError:
            return False
    return True


def _x11_problem(display: str) -> str | None:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(display.encode(), None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return _no_screen(f"nothing answers at DISPLAY={display}") if refused else None


def _no_screen(found: str) -> str:
    return (
        f"no window: {found}. Remedy: start it on a desktop, or with a screen in memory: "
        "sudo apt install xvfb && xvfb-run -a python3 -m lab; a picture needs no screen: "
        "python3 -m lab --screenshot out.png"
    )
