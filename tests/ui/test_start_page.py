"""The start page: scenarios by track, and what was open lately."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from lab.ui.start_page import StartPage
from tests.ui.scripted import SCENARIOS


def texts(page: StartPage) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel)]


def test_every_scenario_has_a_card_under_its_track(qtbot):
    page = StartPage(SCENARIOS)
    qtbot.addWidget(page)
    assert list(page.cards) == ["replication", "first-record", "sandbox"]
    heads = ("Replication", "Log", "Build your own")
    assert [text for text in texts(page) if text in heads] == list(heads)


def test_a_card_opens_its_scenario_by_mouse_and_by_key(qtbot):
    page = StartPage(SCENARIOS)
    qtbot.addWidget(page)
    chosen: list[str] = []
    page.scenario_chosen.connect(chosen.append)
    qtbot.mouseClick(page.cards["first-record"], Qt.MouseButton.LeftButton)
    qtbot.keyClick(page.cards["sandbox"], Qt.Key.Key_Space)
    page.show()
    page.cards["replication"].setFocus()
    qtbot.keyClick(page.cards["replication"], Qt.Key.Key_Return)
    assert chosen == ["first-record", "sandbox", "replication"]


def test_without_scenarios_the_page_says_so(qtbot):
    page = StartPage(())
    qtbot.addWidget(page)
    assert "No scenario was found beside the program." in texts(page)


def test_only_recent_sessions_that_still_exist_are_listed(qtbot, tmp_path: Path):
    page = StartPage(SCENARIOS)
    qtbot.addWidget(page)
    there = tmp_path / "there.json"
    there.write_text("{}", encoding="utf-8")
    page.set_recent([str(there), str(tmp_path / "gone.json")])
    assert page.recent.count() == 1
    chosen: list[str] = []
    page.session_chosen.connect(chosen.append)
    item = page.recent.itemAt(0)
    assert item is not None
    button = item.widget()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert chosen == [str(there)]
