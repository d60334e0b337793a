"""The table of everything the window can be told: buttons, shortcuts and the command palette read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow

SPEEDS: tuple[tuple[int, int], ...] = (
    (1, 1000), (1, 100), (1, 10), (1, 4), (1, 1), (4, 1), (16, 1), (32, 1), (64, 1),
)  # fmt: skip
"""Virtual seconds in one real second, as numerator and denominator; keys 1 to 9 in this order."""


@dataclass(frozen=True, slots=True)
class WindowAction:
    """One thing to do. `enabled_when` is asked whenever what can be seen has changed."""

    id: str
    text: str
    icon: str
    shortcut: str
    handler: Callable[["MainWindow"], None]
    enabled_when: Callable[["MainWindow"], bool]
    group: str


def always(window: "MainWindow") -> bool:
    """Enabled on every page."""
    return True


def in_lab(window: "MainWindow") -> bool:
    """Enabled while a session is shown."""
    return window.session is not None


def in_lesson(window: "MainWindow") -> bool:
    """Enabled while the session has a lesson."""
    return window.session is not None and window.session.lesson is not None


def in_company(window: "MainWindow") -> bool:
    """Enabled while real clients are attached and another instant is shown than theirs."""
    return window.doors.can_continue_here()


Row: TypeAlias = tuple[str, str, str, str, Callable[["MainWindow"], None], Callable[["MainWindow"], bool]]
"""A line of the table: the fields of `WindowAction` in their order, without the group."""


def speed_row(number: int, speed: tuple[int, int]) -> Row:
    """The line of key `number`."""
    numerator, denominator = speed
    name = f"{numerator}/{denominator}" if denominator > 1 else str(numerator)
    return (
        f"speed-{number}", f"Speed {name}×", "gauge", str(number),
        lambda window: window.travel.set_speed(numerator, denominator), in_lab,
    )  # fmt: skip


TIME: tuple[Row, ...] = (
    ("play", "Play or pause", "play", "Space", lambda w: w.toggle_play(), in_lab),
    ("step", "One event forward", "step-forward", ".", lambda w: w.travel.step_event(), in_lab),
    ("step-back", "One event back", "step-back", ",", lambda w: w.travel.step_back(), in_lab),
    ("next-moment", "Next key moment", "sparkles", "N", lambda w: w.travel.next_moment(), in_lab),
    ("previous-moment", "Previous key moment", "rewind", "Shift+N", lambda w: w.travel.previous_moment(), in_lab),
    ("to-start", "Back to the beginning", "skip-back", "Home", lambda w: w.travel.seek_to(0), in_lab),
    ("to-latest", "Forward to the newest event", "flag", "End", lambda w: w.travel.seek_latest(), in_lab),
    ("restart", "Restart from the seed", "refresh-cw", "Ctrl+Shift+R", lambda w: w.travel.restart(), in_lab),
    ("continue-here", "Continue from here, cutting off real clients …", "git-branch", "Ctrl+Shift+B",
        lambda w: w.doors.ask_continue_here(), in_company),
)  # fmt: skip

CLUSTER: tuple[Row, ...] = (
    ("break", "Break something", "zap", "B", lambda w: w.menus.open_break(), in_lab),
    ("build", "Build", "plus", "A", lambda w: w.menus.open_build(), in_lab),
    ("breakpoints", "Stop when …", "octagon-pause", "F9", lambda w: w.stops.open(), in_lab),
    ("doors", "Open to real clients", "plug", "Ctrl+Shift+O", lambda w: w.doors.toggle(), in_lab),
    ("connect", "Connect your own client", "circle-help", "C", lambda w: w.full_views.toggle_connect(), in_lab),
    ("subject-menu", "Menu of the selected thing", "list", "M", lambda w: w.selection.open_subject_menu(), in_lab),
    ("next-partition", "Select the next partition", "chevron-right", "]",
        lambda w: w.selection.select_neighbour(1), in_lab),
    ("previous-partition", "Select the previous partition", "arrow-left", "[",
        lambda w: w.selection.select_neighbour(-1), in_lab),
)  # fmt: skip

VIEW: tuple[Row, ...] = (
    ("records", "Browse records", "table", "Ctrl+R", lambda w: w.toggle_records(), in_lab),
    ("log-files", "Files and indexes of a log", "database", "I", lambda w: w.full_views.toggle_log_files(), in_lab),
    ("analysis", "Analyse charts", "chart-line", "Ctrl+E", lambda w: w.full_views.toggle_analysis(), in_lab),
    ("why", "Why? What led to this event", "waypoints", "W", lambda w: w.full_views.toggle_why(), in_lab),
    ("rebalances", "Rebalances of the groups", "chart-gantt", "Ctrl+G",
        lambda w: w.full_views.toggle_rebalances(), in_lab),
    ("ledger", "Truth ledger and health", "heart-pulse", "Ctrl+L", lambda w: w.toggle_ledger(), in_lab),
    ("branches", "Branches of history", "git-branch", "Ctrl+B", lambda w: w.menus.open_branches(), in_lab),
    ("compare", "Compare two futures", "columns-2", "Ctrl+D", lambda w: w.full_views.toggle_compare(), in_lab),
    ("inspector", "Show or hide the inspector", "eye", "Ctrl+I", lambda w: w.toggle_inspector(), in_lab),
    ("presenter", "Presenter mode", "presentation", "F11", lambda w: w.toggle_presenter(), in_lab),
    ("theme", "Dark or light", "sun", "Ctrl+T", lambda w: w.toggle_theme(), always),
)  # fmt: skip

LESSON: tuple[Row, ...] = (
    ("lock", "Commit the prediction & run on", "play", "Ctrl+Return", lambda w: w.learner.lock(), in_lesson),
    ("hint", "Hint", "lightbulb", "H", lambda w: w.learner.hint(), in_lesson),
    ("lesson-next", "Next step of the lesson", "arrow-right", "Alt+Right",
        lambda w: w.learner.next_step(), in_lesson),
    ("lesson-back", "Previous step of the lesson", "arrow-left", "Alt+Left",
        lambda w: w.learner.previous_step(), in_lesson),
)  # fmt: skip

WINDOW: tuple[Row, ...] = (
    ("palette", "Command palette", "keyboard", "Ctrl+K", lambda w: w.menus.open_palette(), always),
    ("find", "Find a broker, partition, group …", "search", "Ctrl+F", lambda w: w.menus.open_find(), in_lab),
    ("preferences", "Preferences", "settings", "Ctrl+,", lambda w: w.menus.open_preferences(), always),
    ("shortcuts", "Keyboard shortcuts", "circle-help", "F1", lambda w: w.menus.open_shortcuts(), always),
    ("about", "About Streaming Lab", "info", "", lambda w: w.menus.open_about(), always),
    ("quit", "Quit", "power", "Ctrl+Q", lambda w: w.quit(), always),
)  # fmt: skip

FILE: tuple[Row, ...] = (
    ("start-page", "Start page", "house", "Ctrl+H", lambda w: w.show_start_page(), always),
    ("open", "Open a session …", "folder-open", "Ctrl+O", lambda w: w.files.ask_open(), always),
    ("save", "Save the session …", "save", "Ctrl+S", lambda w: w.files.ask_save(), in_lab),
    ("save-scenario", "Save what stands as a scenario …", "book-open", "",
        lambda w: w.files.ask_scenario(), in_lab),
    ("export-disks", "Export the disks …", "hard-drive", "", lambda w: w.files.ask_disks(), in_lab),
    ("picture", "Picture of the window …", "camera", "Ctrl+Shift+S", lambda w: w.files.ask_picture(), always),
    ("charts-png", "Charts as PNG …", "image", "", lambda w: w.files.ask_charts("png"), in_lab),
    ("charts-svg", "Charts as SVG …", "image", "", lambda w: w.files.ask_charts("svg"), in_lab),
    ("charts-csv", "Charts as CSV …", "table", "", lambda w: w.files.ask_charts("csv"), in_lab),
    ("report-html", "Run report as HTML …", "file-text", "Ctrl+Shift+H",
        lambda w: w.files.ask_report("html"), in_lab),
    ("report-pdf", "Run report as PDF …", "file-text", "Ctrl+Shift+P",
        lambda w: w.files.ask_report("pdf"), in_lab),
)  # fmt: skip

ACTIONS: tuple[WindowAction, ...] = tuple(
    WindowAction(*row, group)
    for group, rows in (
        ("Time", (*TIME, *(speed_row(at, speed) for at, speed in enumerate(SPEEDS, 1)))),
        ("Cluster", CLUSTER),
        ("View", VIEW),
        ("Lesson", LESSON),
        ("Window", WINDOW),
        ("File", FILE),
    )
    for row in rows
)


def action(name: str) -> WindowAction:
    """The action with the id `name`."""
    return next(one for one in ACTIONS if one.id == name)
