"""When Python looks for garbage: at rest, so that no frame waits for it; and as usual once the window is closed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from lab.ui import garbage
from lab.ui.main_window import MainWindow


class Circle:
    """Keeps itself: only the collector finds out that nobody needs it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def attended(window: MainWindow) -> Iterator[MainWindow]:
    garbage.attend(window)
    yield window
    garbage.release()


def test_at_a_pause_the_garbage_goes_and_what_is_left_is_not_looked_through_again(attended: MainWindow, qtbot):
    attended.play()
    circle = weakref.ref(Circle())
    attended.pause()
    assert circle() is not None, "first the pause is shown"
    qtbot.waitUntil(lambda: circle() is None, timeout=5000)
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[2] == garbage.FULL_EVERY


def test_what_was_put_aside_is_looked_at_again_at_the_next_rest(attended: MainWindow, qtbot):
    kept = Circle()
    garbage.settle()
    circle = weakref.ref(kept)
    del kept
    gc.collect()
    assert circle() is not None, "put aside"
    assert attended.session is not None
    attended.show_session(attended.session)
    qtbot.waitUntil(lambda: circle() is None, timeout=5000)


def test_a_closed_window_leaves_the_collector_as_it_was(attended: MainWindow, qtbot):
    garbage.settle()
    attended.play()
    attended.close()
    qtbot.waitUntil(lambda: gc.get_freeze_count() == 0, timeout=5000)
    assert gc.get_threshold() == garbage.USUAL
