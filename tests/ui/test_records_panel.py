"""The record browser: a page of the log, decoded and as bytes."""

from lab.cluster.probes import Records
from lab.ui.hex_dump import date_text, hex_dump
from lab.ui.main_window import MainWindow
from lab.ui.panels.records import PAGE_ROWS, RecordBrowser
from tests.ui.scripted import ScriptedSession


def browser_of(window: MainWindow) -> RecordBrowser:
    window.selection.select("partition", "orders-1")
    window.toggle_records()
    return window.page.stage.records


def session_of(window: MainWindow) -> ScriptedSession:
    assert isinstance(window.session, ScriptedSession)
    return window.session


def test_it_opens_on_the_leaders_copy_at_the_tail(window: MainWindow):
    browser = browser_of(window)
    assert browser.broker.currentText() == "Broker 2"
    assert browser.model.rows[-1].offset == 1046
    selected = browser.selected_record()
    assert selected is not None
    assert selected.offset == 1046


def test_jumping_to_an_offset_leaves_the_tail(window: MainWindow):
    browser = browser_of(window)
    browser.jump.setText("1000")
    browser.jump_to_offset()
    assert not browser.tail.isChecked()
    assert browser.model.rows[0].offset == 1000
    assert session_of(window).asked[-1] != Records("orders-1", "Broker 2", 0, PAGE_ROWS)


def test_an_odd_offset_is_refused_with_a_sentence(window: MainWindow):
    browser = browser_of(window)
    for odd in ("-1", "x", "", "9" * 30, "²"):
        browser.jump.setText(odd)
        browser.jump_to_offset()
        assert window.page.banner.text.text().startswith("Jump to offset: wanted a whole number")
        assert browser.tail.isChecked()


def test_another_brokers_copy_can_be_read(window: MainWindow):
    browser = browser_of(window)
    browser.broker.setCurrentText("Broker 3")
    asked = [one for one in session_of(window).asked if isinstance(one, Records)]
    assert asked[-1].broker == "Broker 3"


def test_the_selected_record_is_shown_decoded_and_as_bytes(window: MainWindow):
    browser = browser_of(window)
    browser.table.setCurrentIndex(browser.model.index(0, 0))
    offset = browser.model.rows[0].offset
    assert f"value {offset}" in browser.fields.text()
    assert browser.bytes.toPlainText().startswith("000000  ")


def test_closing_brings_the_lens_back(window: MainWindow):
    browser = browser_of(window)
    browser.closed.emit()
    assert window.page.stage.lens.isVisible()


def test_a_hex_dump_has_sixteen_bytes_a_line_and_their_letters():
    lines = hex_dump(b"Kafka\x00" + bytes(14)).split("\n")
    assert lines[0] == ("000000  4b 61 66 6b 61 00 00 00  00 00 00 00 00 00 00 00  Kafka···········")
    assert lines[1].startswith("000010  00 00 00 00")
    assert hex_dump(b"") == ""


def test_a_date_that_no_calendar_has_is_shown_as_its_number():
    assert date_text(1_700_000_000_123) == "2023-11-14 22:13:20.123"
    assert date_text(1 << 62) == f"{1 << 62} ms"
