"""The command line: what is typed arrives as the call it means, and mistakes end in a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lab
from lab import preflight
from lab.command import command_line
from lab.command import fuzz as fuzz_command
from lab.command import scenarios as scenarios_command
from lab.lessons.failure import write_failure

Call = tuple[tuple[object, ...], dict[str, object]]


class Recorder(ModuleType):
    """Stands for a module whose functions only note how they were called."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[Call] = []

    def note(self, *given: object, **named: object) -> int:
        self.calls.append((given, named))
        return 5


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, *functions: str) -> Recorder:
    """Put a recorder where `module` is, whether it can be imported here or not."""
    recorder = Recorder(module)
    for function in functions:
        setattr(recorder, function, recorder.note)
    package, _, name = module.rpartition(".")
    parent = lab if package == "lab" else __import__(package, fromlist=["x"])
    monkeypatch.setitem(sys.modules, module, recorder)
    monkeypatch.setattr(parent, name, recorder, raising=False)
    return recorder


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.setattr(preflight, "window_problem", lambda: None)
    monkeypatch.setattr(preflight, "drawing_problem", lambda: None)
    return stand_in(monkeypatch, "lab.ui.app", "run")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return stand_in(monkeypatch, "lab.lessons.terminal", "play", "list_scenarios")


@pytest.fixture
def scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("000-sandbox", "010-first-record", "020-copies", "021-copies-again"):
        (tmp_path / f"{name}.md").touch()
    monkeypatch.setattr(scenarios_command, "scenarios_folder", lambda: tmp_path)
    return tmp_path


def test_nothing_typed_opens_the_window(app: Recorder):
    assert command_line.main([]) == 5
    nothing = {"screenshot": None, "at_seconds": None, "theme": None, "size": None, "scale": None}
    assert app.calls == [((None,), nothing)]


def test_a_screenshot_carries_all_its_wishes(app: Recorder, scenarios: Path):
    typed: list[str] = [
        "010-first-record",
        "--screenshot",
        "a.png",
        "--at",
        "12.5",
        "--theme",
        "light",
        "--size",
        "1280x800",
        "--scale",
        "2",
    ]
    assert command_line.main(typed) == 5
    wishes = {
        "screenshot": Path("a.png"), "at_seconds": 12.5, "theme": "light", "size": (1280, 800), "scale": 2.0,
    }  # fmt: skip
    assert app.calls == [(("010-first-record",), wishes)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("010", "010-first-record"),
        ("020-copies", "020-copies"),
        ("02", "02"),
        ("yesterday.json", "yesterday.json"),
    ],
)
def test_the_beginning_of_a_name_is_enough_where_it_is_the_only_one(
    typed: str, meant: str, app: Recorder, scenarios: Path
):
    command_line.main([typed])
    assert app.calls[0][0] == (meant,)


def test_play_passes_everything_on(terminal: Recorder, scenarios: Path):
    typed: list[str] = [
        "play",
        "010",
        "--learner",
        "wrong",
        "--seed",
        "7",
        "--until",
        "30",
        "--out",
        "report",
        "--break",
        "loss",
        "--break",
        "lag > 100",
        "--json",
    ]
    assert command_line.main(typed) == 5
    from lab.ui.charts.offscreen import draw_charts

    wishes = {
        "draw": draw_charts,
        "learner": "wrong",
        "seed": 7,
        "until_seconds": 30.0,
        "out": Path("report"),
        "as_json": True,
        "breakpoints": ["loss", "lag > 100"],
    }
    assert terminal.calls == [(("010-first-record",), wishes)]


def test_list_asks_for_json_only_when_told(terminal: Recorder):
    command_line.main(["list"])
    command_line.main(["list", "--json"])
    assert [given for given, _ in terminal.calls] == [(False,), (True,)]


def test_bench_and_fuzz_pass_their_numbers_on(monkeypatch: pytest.MonkeyPatch):
    bench = stand_in(monkeypatch, "lab.bench", "main")
    fuzz = stand_in(monkeypatch, "lab.cluster.fuzzing.fuzz", "main")
    assert command_line.main(["bench", "engine", "--json"]) == 5
    assert command_line.main(["fuzz", "--seeds", "20", "--first", "100", "--seconds", "60"]) == 5
    assert bench.calls == [(("engine", True), {})]
    assert fuzz.calls == [((20, 100, 60.0, write_failure), {})]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("--size 1600", "wanted WxH"),
        ("--size 9x9", "each 320 to 16000"),
        ("--scale 99", "a number from 0.5 to 4"),
        ("--at nan", "seconds, 0 or more"),
        ("--at -1", "seconds, 0 or more"),
        ("--theme pink", "choose from"),
        ("play 010 --seed 1.5", "a whole number"),
        ("play 010 --learner bored", "choose from"),
        ("fuzz --seeds many", "a whole number"),
        ("play", "SCENARIO"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_wanted(
    typed: str, wanted: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as end:
        command_line.main(typed.split())
    assert end.value.code == 2
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "list", "play", "bench", "fuzz"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        command_line.main([*command.split(), "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: lab {command}".strip() in shown


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"  {command} " in shown for command in [*command_line.COMMANDS, "test"])


# --- no screen ------------------------------------------------------------------------------------


def test_without_a_screen_it_says_so_and_plays_the_first_scenario_here(
    terminal: Recorder,
    scenarios: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(preflight, "window_problem", lambda: "no window: Remedy: buy a screen")
    assert command_line.main([]) == 5
    assert "buy a screen" in capsys.readouterr().err
    ((given, named),) = terminal.calls
    assert given == ("010-first-record",)
    assert named["out"] == Path("out")


def test_a_picture_needs_libraries_and_no_screen(
    app: Recorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(preflight, "window_problem", lambda: "no screen")
    assert command_line.main(["--screenshot", "a.png"]) == 5
    monkeypatch.setattr(preflight, "drawing_problem", lambda: "Qt lacks libEGL.so.1. Remedy: sudo apt")
    assert command_line.main(["--screenshot", "a.png"]) == 2
    assert "libEGL" in capsys.readouterr().err


# --- lab test -------------------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What `lab test` starts, without starting it."""
    noted: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, cwd: Path, env: dict[str, str] | None = None, check: bool):
        noted.append((command, env or {}))
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", run)
    return noted


def test_serve_hands_over_what_was_typed(monkeypatch: pytest.MonkeyPatch):
    serving = stand_in(monkeypatch, "lab.live.serving", "serve")
    assert command_line.main(["serve"]) == 5
    typed = [
        "--brokers",
        "3",
        "--listen",
        "127.0.0.1:0",
        "--config",
        "num.partitions=6",
        "--data",
        "files",
        "--no-record",
    ]
    assert command_line.main(["serve", *typed]) == 5
    assert serving.calls == [
        ((None, "127.0.0.1", 9092, ()), {"record": True, "folder": None, "users": None}),
        ((3, "127.0.0.1", 0, (("num.partitions", "6"),)), {"record": False, "folder": Path("files"), "users": None}),
    ]


def test_logs_reads_a_path_or_what_was_exported_first(monkeypatch: pytest.MonkeyPatch):
    printing = stand_in(monkeypatch, "lab.disks.printing", "print_logs")
    exporting = stand_in(monkeypatch, "lab.disks.exporting", "export_cluster")
    assert command_line.main(["logs", "files", "--json", "--batches"]) == 5
    assert command_line.main(["logs", "A1", "--export", "disks", "--at", "2"]) == 5
    assert printing.calls == [
        ((Path("files"),), {"as_json": True, "records": False}),
        ((Path("disks"),), {"as_json": False, "records": True}),
    ]
    ((world, spec, folder), _) = exporting.calls[0]
    assert folder == Path("disks")
    assert getattr(world, "now", None) == 2_000_000
    assert getattr(spec, "brokers", 0) > 0


def test_tests_run_without_a_screen_and_pytest_gets_every_word(
    started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("LAB_SHOW", raising=False)
    assert command_line.main(["test", "-k", "isr", "--help"]) == 3
    command, environment = started[0]
    assert command[1:] == ["-m", "pytest", "-k", "isr", "--help"]
    assert environment["QT_QPA_PLATFORM"] == "offscreen"


def test_mutants_are_hunted_in_a_process_of_their_own(started: list[tuple[list[str], dict[str, str]]]):
    assert command_line.main(["fuzz", "--mutants"]) == 3
    assert started[0][0][1:] == ["-m", "tests.mutants"]


@pytest.mark.parametrize("checkout", [False, True], ids=["wheel", "checkout without tests"])
def test_without_tests_there_are_no_mutants_and_it_is_said(
    checkout: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(fuzz_command, "checkout_folder", lambda: tmp_path if checkout else None)
    assert command_line.main(["fuzz", "--mutants"]) == 2
    assert "the mutants come with the source" in capsys.readouterr().err


def test_lab_show_lets_one_watch(started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAB_SHOW", "1")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    command_line.main(["test"])
    assert "QT_QPA_PLATFORM" not in started[0][1]


def test_where_qt_cannot_load_the_rest_is_tested_and_it_is_said(
    started: list[tuple[list[str], dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(preflight, "drawing_problem", lambda: "Qt lacks libGL.so.1")
    command_line.main(["test"])
    assert started[0][0][-2:] == ["-p", "no:pytest-qt"]
    assert "libGL.so.1. The tests of the window are skipped" in capsys.readouterr().err


def test_without_pytest_qt_the_window_tests_are_skipped_with_the_reason(tmp_path: Path):
    root = Path(__file__).parent.parent
    window_tests = tmp_path / "tests" / "ui"
    window_tests.mkdir(parents=True)
    shutil.copy(root / "pyproject.toml", tmp_path)
    shutil.copy(root / "tests" / "conftest.py", tmp_path / "tests")
    (window_tests / "conftest.py").write_text("import qt_that_does_not_load\n")
    (window_tests / "test_window.py").write_text("import qt_that_does_not_load\n")
    (tmp_path / "tests" / "test_engine.py").write_text("def test_engine(): pass\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:pytest-qt"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "pytest-qt is not loaded" in run.stdout, run.stdout + run.stderr
    assert "1 passed, 1 skipped" in run.stdout
    assert run.returncode == 0
