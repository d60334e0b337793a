"""What leaves the window: pictures, reports; and what is said when the program breaks."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMessageBox

from lab.cluster.figures import grouped
from lab.cluster.refused import Refused
from lab.lessons.report import html_report
from lab.lessons.wording import clock, plain, rich
from lab.ui import app
from lab.ui.app import crash_hook, open_anything, show_crash
from lab.ui.main_window import MainWindow
from lab.ui.opener import Opener
from lab.ui.report import write_pdf
from lab.ui.wording import speed_text
from tests.ui.scripted import SCENARIOS, open_scripted, open_scripted_file


def test_a_picture_has_two_pixels_to_one(window: MainWindow, tmp_path: Path):
    window.files.write_picture(tmp_path / "window.png")
    picture = QImage(str(tmp_path / "window.png"))
    assert (picture.width(), picture.height()) == (3200, 2000)


def test_a_report_names_what_happened(window: MainWindow, tmp_path: Path):
    window.files.write_report(tmp_path / "report.html", "html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    for words in ("Broker 3 left the ISR", "slow disk", "in_sync_replicas", "Every invariant held"):
        assert words in text
    assert text.count("data:image/png;base64,") == 2


def test_a_report_of_a_broken_run_says_so_first(window: MainWindow):
    assert window.session is not None
    window.session.violation = "<b>lost</b> & gone"
    text = html_report(window.files.run_picture())
    assert "An invariant was broken: &lt;b&gt;lost&lt;/b&gt; &amp; gone" in text


def test_a_pdf_report_is_a_pdf_with_the_pictures(window: MainWindow, tmp_path: Path):
    window.files.write_report(tmp_path / "report.pdf", "pdf")
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert len(data) > 20_000


def test_a_pdf_that_cannot_be_written_is_an_os_error(window: MainWindow, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        write_pdf(window.files.run_picture(), tmp_path / "no" / "report.pdf")


def test_a_mistake_of_ours_stops_time_saves_the_session_and_is_told_once(window: MainWindow, tmp_path: Path, capsys):
    told: list[str] = []
    hook = crash_hook(window, told.append)
    window.play()
    for _ in range(2):
        hook(ValueError, ValueError("a wrong number"), None)
    assert not window.timer.isActive()
    assert told == [f"ValueError: a wrong number\n\nThe session was saved: {tmp_path / 'after-crash.json'}"]
    assert "a wrong number" in capsys.readouterr().err


def test_the_crash_dialog_says_what_and_where(window: MainWindow):
    show_crash(window, "ValueError: a wrong number")
    (box,) = window.dialogs
    assert isinstance(box, QMessageBox)
    assert box.informativeText() == "ValueError: a wrong number"
    box.close()


def test_a_missing_session_file_is_refused_by_name(window: MainWindow):
    with pytest.raises(Refused, match=r"there is no session file none\.json"):
        open_anything(window.opener, "none.json")


@pytest.fixture
def scripted_opener(monkeypatch) -> None:
    opener = Opener(SCENARIOS, open_scripted, open_scripted_file)
    monkeypatch.setattr(app, "real_opener", lambda: opener)


@pytest.mark.usefixtures("scripted_opener", "qapp")
def test_a_screenshot_is_drawn_without_a_screen(tmp_path: Path):
    path = tmp_path / "shot.png"
    code = app.run("replication", screenshot=path, at_seconds=2, theme="light", size=(1280, 800), scale=2)
    picture = QImage(str(path))
    assert code == 0
    assert (picture.width(), picture.height()) == (2560, 1600)


@pytest.mark.usefixtures("scripted_opener", "qapp")
def test_a_screenshot_of_a_broken_scenario_is_one_sentence(tmp_path: Path, capsys):
    path = tmp_path / "shot.png"
    assert app.run("broken", screenshot=path) == 2
    assert capsys.readouterr().err == "lab: broken.md, line 3: wanted a number, found 'many'\n"
    assert not path.exists()


def test_numbers_and_times_read_well():
    assert clock(42_180_000) == "00:42.180"
    assert clock(3_661_000_000) == "1:01:01.000"
    assert grouped(8214) == "8\u202f214"
    assert speed_text(1, 4) == "¼×"
    assert speed_text(16, 1) == "16×"
    assert speed_text(1, 1000) == "1/1000×"


def test_short_markdown_is_bold_emphasis_and_code_and_nothing_else():
    assert rich("**HW** `acks` <script>") == "<b>HW</b> <code>acks</code> &lt;script&gt;"
    assert rich("it *must* be **so**, *for ever*.") == "it <i>must</i> be <b>so</b>, <i>for ever</i>."
    assert rich("2 * 3 * 4, `*`, x*y*z") == "2 * 3 * 4, <code>*</code>, x*y*z"
    assert plain("**HW** *must* `acks`") == "HW must acks"
