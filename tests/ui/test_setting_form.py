"""Settings in the window: a click on one in the inspector asks for another value, and the past can be gone back to."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from lab.cluster.words import WORDS
from lab.kafka.config.reference import KINDS
from lab.lessons.opening import start
from lab.ui.dialogs.action_form import ActionForm
from lab.ui.main_window import MainWindow
from lab.ui.panels.inspector_rows import ConfigRow


def opened(window: MainWindow, qtbot, kind: str, name: str, setting: str) -> ActionForm:
    """The form that a click on a setting of the inspector opens."""
    window.show_session(start("B5"))
    window.selection.select(kind, name)
    row = next(one for one in window.page.inspector.findChildren(ConfigRow) if one.name == setting)
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    (form,) = (one for one in window.dialogs if isinstance(one, ActionForm))
    return form


def value_of(form: ActionForm) -> QLineEdit:
    line = form.inputs["value"]
    assert isinstance(line, QLineEdit)
    return line


def test_a_click_on_a_setting_asks_for_its_value_and_a_bad_one_is_refused_with_the_range(window: MainWindow, qtbot):
    form = opened(window, qtbot, "producer", "java-shop", "linger.ms")
    value = value_of(form)
    assert value.text() == "5"
    assert form.note.text().startswith("Wait so long for a batch to fill.")
    value.setText("soon")
    form.try_submit()
    assert form.refusal.text().endswith("linger.ms: wanted a whole number of at least 0, found 'soon'")
    value.setText("70")
    form.try_submit()
    assert window.dialogs == []
    session = window.session
    assert session is not None
    assert WORDS["setting"](session.world, "java-shop", "linger.ms") == 70
    session.run_for(1_000_000)
    window.refresh()
    rows = window.page.inspector.findChildren(ConfigRow)
    assert [one.value.text() for one in rows if one.name == "linger.ms"] == ["70"]


def test_another_setting_can_be_chosen_and_its_value_comes_with_it(window: MainWindow, qtbot):
    form = opened(window, qtbot, "broker", "broker-1", "broker.session.timeout.ms")
    box = form.inputs["setting"]
    assert isinstance(box, QComboBox)
    assert box.count() > 30
    box.setCurrentText("num.partitions")
    assert value_of(form).text() == "1"
    assert "from the next start" in form.note.text()


def test_a_setting_is_reached_by_the_keyboard(window: MainWindow, qtbot):
    window.show_session(start("B5"))
    window.selection.select("topic", "notes-a")
    row = next(one for one in window.page.inspector.findChildren(ConfigRow) if one.name == "max.message.bytes")
    assert row.accessibleName() == "max.message.bytes is 150: change it"
    qtbot.keyClick(row, Qt.Key.Key_Return)
    (form,) = (one for one in window.dialogs if isinstance(one, ActionForm))
    assert value_of(form).text() == "150"


def test_no_name_of_a_setting_is_wider_than_the_inspector(window: MainWindow):
    """One that was pushed everything else of the inspector over its right edge."""
    window.resize(1600, 1000)
    window.show_session(start("B5"))
    room = window.page.inspector.scroll_area.viewport().width() - 36  # the margins of a group
    names = {name for _, kind, _ in KINDS for name in kind.settings}
    assert max(map(len, names)) > 35
    for name in names:
        row = ConfigRow(name, "0:1,0:2", lambda name: None)
        row.ensurePolished()
        assert row.minimumSizeHint().width() <= room, name
