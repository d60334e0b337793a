"""Garbage: Python looks through all that is alive while time stands, and not in the middle of a frame."""

import gc
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow

USUAL = gc.get_threshold()
FULL_EVERY = 1_000
"""Collections of the middle generation between two full ones: half an hour without a pause. Without one at all,
circles that outlived two collections would stay for as long as somebody lets time run.
"""


def attend(window: "MainWindow") -> None:
    """Tidy up whenever `window` comes to rest, once it has shown that it did; no more when it is closed."""
    window.at_rest.connect(settle, Qt.ConnectionType.QueuedConnection)
    window.closed.connect(release, Qt.ConnectionType.QueuedConnection)


def settle() -> None:
    """Throw away what nobody needs; what is left then is looked through no more until the next rest.

    A session holds a hundred thousand objects, which take four frames to look through. What has survived until now
    will survive the next minutes too.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(USUAL[0], USUAL[1], FULL_EVERY)


def release() -> None:
    """As Python does it by itself."""
    gc.unfreeze()
    gc.set_threshold(*USUAL)
