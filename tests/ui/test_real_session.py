"""The window on the real engine: a scenario opens, plays, breaks and rewinds."""

import pytest

from lab.lessons.library import catalogue
from lab.lessons.runner import start
from lab.ui.main_window import MainWindow


@pytest.fixture
def real_window(window: MainWindow) -> MainWindow:
    window.show_session(start(catalogue()[0].name))
    return window


def test_every_scenario_opens_in_the_window(window: MainWindow):
    for card in catalogue():
        window.show_session(start(card.name))
        assert window.session is not None
        assert window.session.violation == ""
        assert window.page.lesson.isVisible() == (not card.sandbox)


def test_time_runs_and_can_be_wound_back(real_window: MainWindow):
    session = real_window.session
    assert session is not None
    session.run_for(3_000_000)
    real_window.refresh()
    assert real_window.page.topbar.clock.text() >= "00:03.000"
    real_window.seek_to(1_000_000)
    assert session.now <= 1_000_000
    assert session.latest >= 3_000_000


def test_everything_that_can_be_found_can_be_inspected(real_window: MainWindow):
    assert real_window.session is not None
    real_window.session.run_for(3_000_000)
    real_window.refresh()
    for entry in real_window.menus.subjects():
        entry.run()
        assert real_window.page.subject == (entry.hint, entry.text)
        assert real_window.page.inspector.view is not None


def test_the_button_that_breaks_something_has_something_to_break(real_window: MainWindow):
    real_window.menus.open_break()
    entries = [entry.text() for entry in real_window.menus.menu.actions()]
    real_window.menus.menu.close()
    assert {"Crash …", "Freeze …", "Cut the power …"} <= set(entries)
