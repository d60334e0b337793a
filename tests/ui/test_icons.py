"""Icons on buttons: apart from their words, at their full size, and to be seen while the button is disabled."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QPushButton

from lab.cluster.actions import ACTIONS as CLUSTER_ACTIONS
from lab.cluster.probes.moment_views import ICONS as MOMENT_ICONS
from lab.resources import assets_folder
from lab.ui.actions import ACTIONS as WINDOW_ACTIONS
from lab.ui.canvas.timeline_painter import MARK_ICONS
from lab.ui.labels import show_icon
from lab.ui.main_window import MainWindow
from lab.ui.screenshot import picture_of
from tests.ui.golden import pixels_of
from tests.ui.paints import unlike

EDGE = 4
"""Columns of a button that are its border and its rounding."""


def gap_after_icon(button: QPushButton, size: int) -> int:
    """Empty columns between the icon and the first letter."""
    window = button.window()
    place = QRect(button.mapTo(window, QPoint(0, 0)), button.size())
    inside = pixels_of(picture_of(window).copy(place))[EDGE:-EDGE, EDGE:-EDGE]
    ground = inside[0, 0]
    ink = np.flatnonzero((np.abs(inside - ground).max(axis=2) > 40).any(axis=0))
    last = ink[ink < ink[0] + size].max()
    return int(ink[ink > last].min() - last - 1)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_button_of_the_window_keeps_its_icon_apart_from_its_words(window: MainWindow, qtbot, theme: str):
    if window.page.is_dark() != (theme == "dark"):
        window.toggle_theme()
    qtbot.wait(1)
    found = [
        one
        for one in window.page.findChildren(QPushButton)
        if one.isVisible() and one.isEnabled() and one.text() and not one.icon().isNull()
    ]
    assert {"Next key moment", "Build", "Break something", "Back", "Hint"} <= {one.text() for one in found}
    assert {one.text(): gap for one in found if (gap := gap_after_icon(one, 18)) < 5} == {}


def test_a_button_without_words_has_its_icon_in_the_middle(look, qtbot):
    button = QPushButton("Build")
    qtbot.addWidget(button)
    show_icon(button, "plus")
    assert button.iconSize() == QSize(23, 18)
    button.setText("")
    show_icon(button, "plus")
    assert button.iconSize() == QSize(18, 18)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_icon_of_a_disabled_button_can_still_be_seen(look, qtbot, theme: str):
    look(theme)
    button = QPushButton("Commit")
    button.setProperty("role", "primary")
    qtbot.addWidget(button)
    show_icon(button, "play", "on_accent", 16)
    button.setEnabled(False)
    button.resize(140, 34)
    shown = picture_of(button)
    blank = QPixmap(button.iconSize())
    blank.fill(Qt.GlobalColor.transparent)
    button.setIcon(blank)
    assert unlike(shown, picture_of(button)) > 20


def test_whatever_can_be_done_or_happens_has_an_icon_that_is_there():
    """A menu with one that is not cannot be opened at all."""
    named = {
        *(kind.icon for kind in CLUSTER_ACTIONS.values()),
        *(one.icon for one in WINDOW_ACTIONS),
        *(name for name, _tone in MARK_ICONS.values()),
        *MOMENT_ICONS.values(),
    }
    there = {path.stem for path in (assets_folder() / "icons").glob("*.svg")}
    assert named - there == set()
