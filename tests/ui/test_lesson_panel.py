"""The lesson panel shows a lesson and says what the learner does."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from lab.lessons.views import OptionView, TaskView
from lab.ui.main_window import MainWindow
from lab.ui.panels.lesson import LessonPanel
from lab.ui.panels.question_card import verdict_html
from lab.ui.theme import current_theme
from tests.ui.scripted import ScriptedLesson, ScriptedSession


def panel_of(qtbot, **changes) -> LessonPanel:
    panel = LessonPanel()
    panel.resize(328, 900)
    qtbot.addWidget(panel)
    panel.set_view(replace(ScriptedLesson().view(), **changes))
    panel.show()
    return panel


def lesson_of(window: MainWindow) -> ScriptedLesson:
    assert isinstance(window.session, ScriptedSession)
    assert window.session.lesson is not None
    return window.session.lesson


def test_the_panel_says_where_one_is(qtbot):
    panel = panel_of(qtbot)
    assert panel.where.text() == "Replication · step 3 of 6"
    assert panel.heading.text() == "When is a record safe?"
    assert panel.place.text() == "3 / 6"
    assert (panel.bars.step, panel.bars.steps) == (3, 6)


def test_bold_words_of_the_prose_are_bold_and_raw_html_is_not_followed(qtbot):
    panel = panel_of(qtbot, text="The **ISR** and <img src=x> and ![a](file.png)")
    html = panel.prose.text()
    assert "font-weight:700" in html
    assert "<img" not in html


def test_an_answer_must_be_chosen_before_it_can_be_committed(window: MainWindow, qtbot):
    card = window.page.lesson.card
    assert not card.commit.isEnabled()
    card.options[0].click()
    assert lesson_of(window).chosen == "none"
    assert card.commit.isEnabled()


def test_commit_locks_the_prediction_and_time_runs_on(window: MainWindow):
    card = window.page.lesson.card
    card.options[1].click()
    card.confidence_buttons["certain"].click()
    card.commit.click()
    assert lesson_of(window).state == "locked"
    assert lesson_of(window).confidence == "certain"
    assert window.session is not None
    assert window.session.playing
    assert not any(option.isEnabled() for option in card.options)
    assert "certain" in card.verdict.text()


def test_return_on_an_option_commits(window: MainWindow, qtbot):
    card = window.page.lesson.card
    card.options[0].click()
    card.options[0].setFocus()
    qtbot.keyClick(card.options[0], Qt.Key.Key_Return)
    assert lesson_of(window).state == "locked"


def test_committing_without_an_answer_is_said_in_a_banner(window: MainWindow):
    window.learner.lock()
    assert window.page.banner.text.text() == "Choose an answer first"
    assert window.session is not None
    assert not window.session.playing


def test_a_scored_question_marks_right_and_wrong(qtbot):
    question = ScriptedLesson().view().question
    assert question is not None
    options = (OptionView("a", "None", False, True), OptionView("b", "Two", True, False))
    scored = replace(question, options=options, answer="b", state="scored", verdict="It lost none.")
    panel = panel_of(qtbot, question=scored)
    assert panel.card.verdict.property("role") == "verdict-wrong"
    assert "It lost none." in panel.card.verdict.text()
    assert not panel.card.commit_row.isVisible()


def test_an_answer_of_many_words_has_room_for_all_its_lines(window: MainWindow, qtbot):
    window.resize(1000, 800)
    window.page.lesson.card.options[0].click()
    qtbot.wait(20)
    for option in window.page.lesson.card.options:
        assert option.height() >= option.heightForWidth(option.width())


def test_a_number_question_has_a_field_and_no_options(qtbot):
    question = ScriptedLesson().view().question
    assert question is not None
    number = replace(question, kind="number", options=(), answer="")
    panel = panel_of(qtbot, question=number)
    said: list[str] = []
    panel.card.answered.connect(said.append)
    assert panel.card.number.isVisible()
    panel.card.number.setFocus()
    qtbot.keyClicks(panel.card.number, "42")
    panel.card.commit.click()
    assert said[-1] == "42"


def test_typing_is_not_overwritten_by_the_next_view(qtbot):
    question = ScriptedLesson().view().question
    assert question is not None
    number = replace(question, kind="number", options=(), answer="")
    panel = panel_of(qtbot, question=number)
    panel.activateWindow()
    panel.card.number.setFocus()
    QApplication.processEvents()
    qtbot.keyClicks(panel.card.number, "4")
    panel.card.set_view(replace(number, confidence="guess"))
    assert panel.card.number.text() == "4"


def test_tasks_show_their_states_and_why_one_failed(qtbot):
    tasks = (TaskView("Crash it", "failed", "it was already down"), TaskView("Mend it", "done", ""))
    panel = panel_of(qtbot, tasks=tasks)
    assert panel.tasks.count.text() == "1 of 2"
    assert "already down" in panel.tasks.rows[0][1].text()
    assert panel.tasks.rows[1][1].property("role") == "task-done"


def test_hints_come_one_by_one(window: MainWindow):
    panel = window.page.lesson
    panel.hint.click()
    assert "high watermark" in panel.hints.text()
    assert panel.hint.text() == "Hint · 1"
    panel.hint.click()
    assert not panel.hint.isEnabled()


def test_back_turns_the_page_back(window: MainWindow):
    window.page.lesson.back.click()
    assert window.page.lesson.place.text() == "2 / 6"


def test_a_verdict_is_coloured_and_its_reason_is_prose(look):
    html = verdict_html("Right: **broker-2**. It is the next in the list: alive and in sync.", current_theme())
    said, _, why = html.partition("<span")
    assert said == "Right: <b>broker-2</b>. "
    assert "It is the next in the list" in why
    assert verdict_html("It lost none.", current_theme()) == "It lost none."
