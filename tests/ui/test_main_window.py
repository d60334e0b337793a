"""The window: time, selection, menus, and what it does with what is refused."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QLineEdit, QWidget

from lab.cluster.probes import Inspect, PartitionLens
from lab.cluster.refused import Refused
from lab.cluster.session.session import Offer
from lab.ui.dialogs.action_form import ActionForm
from lab.ui.dialogs.palette import CommandPalette
from lab.ui.dialogs.violation import ViolationPanel
from lab.ui.main_window import LONGEST_FRAME_US, MainWindow
from lab.ui.offers_menu import fill_offers
from tests.ui.paints import Paints
from tests.ui.scripted import SECOND, ScriptedSession, as_session

D = TypeVar("D", bound=QDialog)


def dialog_of(window: MainWindow, kind: type[D]) -> D:
    found = window.dialogs[0]
    assert isinstance(found, kind)
    return found


def offer_of(window: MainWindow, kind: str, name: str, place: int) -> Offer:
    return cast("Offer", scripted_session(window).offers(kind, name)[place])


def scripted_session(window: MainWindow) -> ScriptedSession:
    assert isinstance(window.session, ScriptedSession)
    return window.session


# --- time -----------------------------------------------------------------------------------------


def test_space_plays_and_pauses(window: MainWindow, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert scripted_session(window).playing
    assert window.timer.isActive()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not scripted_session(window).playing
    assert not window.timer.isActive()


def test_a_refusal_to_play_is_said_in_a_banner(window: MainWindow):
    scripted_session(window).refusal = "Commit your prediction first"
    window.toggle_play()
    assert window.page.banner.text.text() == "Commit your prediction first"
    assert not window.timer.isActive()


def test_the_timer_runs_only_while_playing(window: MainWindow, qtbot):
    window.play()
    before = scripted_session(window).now
    qtbot.waitUntil(lambda: scripted_session(window).now > before, timeout=2000)
    scripted_session(window).playing = False
    qtbot.waitUntil(lambda: not window.timer.isActive(), timeout=2000)


def test_paused_and_unchanged_paints_nothing(window: MainWindow, qtbot):
    qtbot.wait(50)
    paints = Paints()
    for widget in window.findChildren(QWidget):
        widget.installEventFilter(paints)
    window.frame += 100
    for _ in range(5):
        window.pull(whole=False)
        qtbot.wait(10)
    assert paints.count == 0


def test_after_the_last_change_every_panel_still_gets_its_turn(window: MainWindow):
    session = scripted_session(window)
    window.frame = 1
    session.step_event()
    asked = len(session.asked)
    for _ in range(13):
        window.pull(whole=False)
        window.frame += 1
    assert Inspect(*window.page.subject) in session.asked[asked:]
    asked = len(session.asked)
    window.frame += 1
    window.pull(whole=False)
    assert session.asked[asked:] == []


def test_what_is_dear_never_meets_in_one_frame(window: MainWindow, monkeypatch: pytest.MonkeyPatch):
    page, asked = window.page, list[tuple[int, str]]()
    parts: list[tuple[object, str]] = [(page, "_pull_time"), (page, "_pull_slowly"), (page, "show_subject")]
    for thing, name in (*parts, *((chart, "pull") for chart in page.bottom.charts)):
        monkeypatch.setattr(thing, name, lambda *_, name=name: asked.append((frame, name)))
    for frame in range(12):
        page.pull(as_session(scripted_session(window)), frame, whole=False)
    assert len({frame for frame, _ in asked}) == len(asked), "each has a frame of its own"
    assert Counter(name for _, name in asked) == {"pull": 6, "_pull_time": 2, "_pull_slowly": 1, "show_subject": 1}


def test_the_clock_runs_in_the_frames_that_paint_no_chart(window: MainWindow, monkeypatch: pytest.MonkeyPatch):
    page, asked = window.page, list[tuple[int, str]]()
    for thing, name in ((page.topbar, "show_session"), *((chart, "pull") for chart in page.bottom.charts)):
        monkeypatch.setattr(thing, name, lambda *_, name=name: asked.append((frame, name)))
    for frame in range(12):
        page.pull(as_session(scripted_session(window)), frame, whole=False)
    assert len({frame for frame, _ in asked}) == len(asked) == 12


def test_after_a_stall_time_goes_on_and_does_not_catch_up(window: MainWindow, qtbot):
    session = scripted_session(window)
    session.set_speed(1, 1)
    window.play()
    window.timer.stop()
    qtbot.wait(150)
    before = session.now
    window.tick()
    assert session.now - before <= LONGEST_FRAME_US


@pytest.mark.parametrize(("key", "moved"), [(Qt.Key.Key_Period, 5_000), (Qt.Key.Key_Comma, -5_000)])
def test_point_and_comma_step_one_event(window: MainWindow, qtbot, key: Qt.Key, moved: int):
    before = scripted_session(window).now
    qtbot.keyClick(window, key)
    assert scripted_session(window).now == before + moved


def test_n_goes_to_the_next_key_moment_and_shift_n_back(window: MainWindow, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_N)
    assert scripted_session(window).now == 52 * SECOND
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert scripted_session(window).now == 38 * SECOND


def test_a_refused_key_moment_is_said_in_a_banner(window: MainWindow):
    scripted_session(window).now = 59 * SECOND
    window.travel.next_moment()
    assert window.page.banner.isVisible()
    assert window.page.banner.text.text() == "no key moment in the next 60 s"


@pytest.mark.parametrize(("key", "speed"), [("1", (1, 1000)), ("5", (1, 1)), ("9", (64, 1))])
def test_digits_set_the_speed(window: MainWindow, qtbot, key: str, speed: tuple[int, int]):
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{key}"))
    assert scripted_session(window).speed.as_integer_ratio() == speed


def test_a_speed_without_a_button_is_shown_in_a_button_of_its_own(window: MainWindow):
    window.travel.set_speed(1, 1000)
    assert window.page.topbar.speed.other.text() == "1/1000×"
    assert window.page.topbar.speed.other.isVisible()


def test_the_clock_says_time_and_event(window: MainWindow):
    assert window.page.topbar.clock.text() == "00:42.180"
    assert window.page.topbar.event_count.text() == "event 8\u202f436 of 12\u202f000"


def test_a_click_on_the_scrub_line_seeks(window: MainWindow, qtbot):
    line = window.page.scrub
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(line.width() // 2, 4))
    assert abs(scripted_session(window).now - 30 * SECOND) < SECOND // 10


# --- selecting and acting -------------------------------------------------------------------------


def test_selecting_a_partition_moves_lens_and_inspector(window: MainWindow):
    window.page.stage.selected.emit("partition", "orders-3")
    asked = scripted_session(window).asked
    assert PartitionLens("orders-3", None) in asked
    assert Inspect("partition", "orders-3") in asked
    assert window.page.inspector.title.text() == "orders-3"


def test_a_pinned_inspector_keeps_its_subject(window: MainWindow):
    window.selection.select("partition", "orders-1")
    window.page.inspector.pin.click()
    window.selection.select("broker", "Broker 2")
    assert window.page.inspector.title.text() == "orders-1"


def test_brackets_select_the_neighbouring_partitions_around_the_end(window: MainWindow, qtbot):
    window.selection.select("partition", "orders-5")
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert window.page.subject == ("partition", "orders-0")
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert window.page.subject == ("partition", "orders-5")


def test_a_subject_that_is_gone_gives_way_to_the_cluster(window: MainWindow, monkeypatch):
    session = scripted_session(window)
    ask = session.view

    def view(probe):
        if isinstance(probe, Inspect) and probe.name == "gone-0":
            msg = "there is no partition gone-0"
            raise Refused(msg)
        return ask(probe)

    monkeypatch.setattr(session, "view", view)
    window.selection.select("partition", "gone-0")
    assert window.page.subject == ("cluster", "")


def test_a_click_on_a_cause_goes_to_its_instant(window: MainWindow, qtbot):
    body = window.page.inspector.body
    assert body is not None
    qtbot.mouseClick(body.causes[1], Qt.MouseButton.LeftButton)
    assert scripted_session(window).now == 38_402_000


def test_new_numbers_fill_the_inspector_without_new_widgets(window: MainWindow):
    body = window.page.inspector.body
    assert body is not None
    assert body.table is not None
    window.travel.seek_to(45 * SECOND)
    assert window.page.inspector.body is body
    assert body.table.numbers[0][0].text() == "1\u202f050"


def test_the_break_menu_is_what_the_session_offers(window: MainWindow):
    window.menus.open_break()
    texts = [one.text() for one in window.menus.menu.actions() if not one.isSeparator()]
    assert texts == ["Crash leader", "Slow disk …", "Start  —  broker-1 is running"]
    enabled = [one.isEnabled() for one in window.menus.menu.actions() if not one.isSeparator()]
    assert enabled == [True, True, False]
    window.menus.menu.close()


def test_the_build_menu_has_no_fault_in_it(window: MainWindow):
    window.menus.open_build()
    texts = [one.text() for one in window.menus.menu.actions() if not one.isSeparator()]
    assert texts == ["Add a broker", "Move leader"]
    window.menus.menu.close()


def test_a_menu_without_offers_says_so(window: MainWindow):
    fill_offers(window.menus.menu, (), lambda offer: None)
    assert [one.text() for one in window.menus.menu.actions()] == ["Nothing to do here"]


def test_an_offer_without_a_form_is_done_at_once(window: MainWindow):
    window.menus.choose(offer_of(window, "partition", "orders-1", 1))
    assert scripted_session(window).posted == [("crash", "orders-1")]


def test_a_refused_action_is_said_in_a_banner_and_changes_nothing(window: MainWindow):
    scripted_session(window).refusal = "broker-2 is already crashed"
    window.menus.choose(offer_of(window, "partition", "orders-1", 1))
    assert window.page.banner.text.text() == "broker-2 is already crashed"
    assert scripted_session(window).posted == []


def test_a_form_stays_open_with_the_sentence_until_its_field_is_right(window: MainWindow):
    window.menus.choose(offer_of(window, "broker", "Broker 3", 2))
    form = dialog_of(window, ActionForm)
    field = form.findChildren(QLineEdit)[0]
    field.setText("much")
    form.try_submit()
    assert form.refusal.text() == "Wait: wanted a whole number, found 'much'"
    assert form.isVisible()
    field.setText("80")
    form.try_submit()
    assert scripted_session(window).posted == [("Slow disk", (("wait_ms", "80"),))]
    assert window.dialogs == []


def test_switching_to_another_branch_keeps_both(window: MainWindow):
    window.menus.open_branches()
    entries = window.menus.menu.actions()
    assert [one.isChecked() for one in entries] == [True, False]
    entries[1].trigger()
    assert scripted_session(window).branch == "crash later"
    window.menus.menu.close()


def test_the_palette_does_what_was_typed(window: MainWindow, qtbot):
    window.menus.open_palette()
    palette = dialog_of(window, CommandPalette)
    qtbot.keyClicks(palette.line, "one event for")
    before = scripted_session(window).now
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert scripted_session(window).now == before + 5_000
    assert window.dialogs == []


def test_find_selects_a_thing_by_its_name(window: MainWindow, qtbot):
    window.menus.open_find()
    qtbot.keyClicks(dialog_of(window, CommandPalette).line, "orders-4")
    qtbot.keyClick(dialog_of(window, CommandPalette).line, Qt.Key.Key_Return)
    assert window.page.subject == ("partition", "orders-4")


# --- violations and files -------------------------------------------------------------------------


def test_a_violation_stops_time_saves_the_journal_and_is_told_once(window: MainWindow, tmp_path: Path):
    session = scripted_session(window)
    window.play()
    session.violation = "orders-1: an acknowledged record is on no replica"
    window.refresh()
    window.refresh()
    assert not session.playing
    assert session.saved == [tmp_path / "violation.json"]
    assert len(window.dialogs) == 1
    assert "orders-1" in dialog_of(window, ViolationPanel).violation.text()
    window.play()
    assert not session.playing
    window.dialogs[0].close()


def test_saving_says_where_and_remembers_the_file(window: MainWindow, tmp_path: Path):
    path = tmp_path / "mine.json"
    window.files.try_to(window.files.save_session, path)
    assert window.page.banner.text.text() == f"Written: {path}"
    assert window.settings.recent == (str(path),)


def test_a_file_that_cannot_be_written_is_a_sentence(window: MainWindow, tmp_path: Path):
    window.files.try_to(window.files.save_session, tmp_path / "no" / "folder.json")
    assert window.page.banner.text.text().startswith("folder.json could not be written")


def test_opening_a_missing_session_is_a_sentence(window: MainWindow, tmp_path: Path):
    window.open_session(str(tmp_path / "none.json"))
    assert window.page.banner.text.text().startswith("none.json could not be opened")


def test_a_broken_scenario_is_a_sentence_on_the_start_page(make_window):
    window = make_window()
    window.show()
    window.open_scenario("broken")
    assert window.session is None
    assert "line 3" in window.start_page.banner.text.text()
    assert window.start_page.banner.isVisible()


# --- layout ---------------------------------------------------------------------------------------


def test_below_1280_the_inspector_is_a_drawer(window: MainWindow, qtbot):
    window.resize(1200, 900)
    qtbot.wait(1)
    inspector = window.page.inspector
    assert not inspector.isVisible()
    window.toggle_inspector()
    assert inspector.isVisible()
    assert inspector.parentWidget() is window.page
    assert inspector.geometry().right() == window.page.width() - 1
    window.resize(1600, 1000)
    qtbot.wait(1)
    assert inspector.isVisible()
    assert inspector.parentWidget() is window.page.upper


def test_below_1100_the_lesson_is_only_its_question(window: MainWindow, qtbot):
    window.resize(1000, 800)
    qtbot.wait(1)
    assert window.page.lesson.card.isVisible()
    assert not window.page.lesson.prose.isVisible()
    assert not window.page.lesson.tasks.isVisible()
    window.resize(1600, 1000)
    qtbot.wait(1)
    assert window.page.lesson.prose.isVisible()
    assert window.page.lesson.tasks.isVisible()


@pytest.mark.parametrize("width", [1600, 1450, 1300, 1100, 900])
def test_the_top_bar_leaves_out_words_until_it_fits(window: MainWindow, qtbot, width: int):
    window.resize(width, 800)
    qtbot.wait(1)
    bar = window.page.topbar
    assert window.width() == width
    assert bar.row.sizeHint().width() <= width
    assert bool(bar.break_something.text()) == (width >= 1450)
    assert bar.break_something.isVisible()


def test_a_narrow_window_stays_at_the_question_when_the_lesson_goes_on(window: MainWindow, qtbot):
    window.resize(1000, 800)
    qtbot.wait(1)
    window.learner.hint()
    window.learner.previous_step()
    panel = window.page.lesson
    shown = [part.isVisible() for part in (panel.tasks, panel.hints, panel.prose)]
    assert shown == [False, False, False]


def test_f11_leaves_the_question_the_matrix_the_lens_and_the_time(window: MainWindow, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F11)
    page = window.page
    hidden = (page.topbar, page.scrub, page.lesson, page.inspector, page.bottom)
    assert not any(widget.isVisible() for widget in hidden)
    shown = (page.presenter_bar, page.presenter_time, page.stage.matrix, page.stage.lens)
    assert all(widget.isVisible() for widget in shown)
    assert page.stage.question.text().startswith("Broker 2 crashes now.")
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert all(widget.isVisible() for widget in hidden)
    assert not page.stage.question.isVisible()


def test_the_theme_can_be_changed_and_is_kept(window: MainWindow, tmp_path: Path):
    window.toggle_theme()
    assert not window.page.is_dark()
    assert 'theme = "light"' in (tmp_path / "settings.toml").read_text(encoding="utf-8")


def test_a_window_placed_on_a_screen_that_is_gone_comes_back(make_window, qtbot):
    first = make_window()
    first.show()
    first.move(30_000, 20_000)
    first.close()
    second = make_window()
    second.places.restore()
    second.places.come_back_on_screen()
    screen = second.screen().availableGeometry()
    assert screen.contains(second.geometry().topLeft())


def test_splitters_stand_where_they_stood(make_window, qtbot):
    first = make_window()
    first.show_session(as_session(ScriptedSession()))
    first.show()
    qtbot.wait(1)
    first.page.across.setSizes([420, 1180])
    first.close()
    second = make_window()
    second.show_session(as_session(ScriptedSession()))
    second.show()
    qtbot.wait(1)
    assert abs(second.page.across.sizes()[0] - 420) <= 2


def test_every_button_has_an_accessible_name(window: MainWindow):
    window.toggle_records()
    nameless = [
        button
        for button in window.page.findChildren(QAbstractButton)
        if button.isVisible() and not (button.accessibleName() or button.text())
    ]
    assert nameless == []


def test_another_theme_leaves_the_splitters_alone(window: MainWindow):
    window.page.across.setSizes([420, 1180])
    window.toggle_theme()
    assert window.page.across.sizes()[0] == 420


def test_space_presses_a_button_reached_by_tab_and_does_not_play(window: MainWindow, qtbot):
    hint = window.page.lesson.hint
    hint.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(hint, Qt.Key.Key_Space)
    assert "high watermark" in window.page.lesson.hints.text()
    assert not scripted_session(window).playing


def test_a_clicked_button_does_not_keep_space_for_itself(window: MainWindow, qtbot):
    qtbot.mouseClick(window.page.lesson.hint, Qt.MouseButton.LeftButton)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert scripted_session(window).playing


def test_a_session_without_a_lesson_has_no_lesson_panel(make_window):
    window = make_window()
    window.show_session(as_session(replace(ScriptedSession(), lesson=None)))
    window.show()
    assert not window.page.lesson.isVisible()
    assert not window.actions_by_id["hint"].isEnabled()
