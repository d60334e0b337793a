"""What README and `docs/` say: every name leads somewhere, every command parses, every example runs."""

import ast
import dataclasses
import inspect
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lab.cluster.actions import ACTIONS as DEEDS
from lab.cluster.session.recorder import METRICS, Recorder
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec
from lab.cluster.words import WORDS
from lab.command import command_line
from lab.kafka import facts
from lab.lessons import format as scenario_format
from lab.lessons import spec_format, terminal
from lab.lessons.catalogue import find_lesson
from lab.lessons.opening import start
from lab.lessons.runner import LessonRunner
from lab.ui.actions import ACTIONS as COMMANDS
from lab.ui.charts.catalog import CHARTS
from tests.runs import crashed_run
from tests.story import ORDERS, Story, orders, settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLE = "mine.md"
"""The name under which README has its scenario saved."""

FENCE = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
PICTURE = re.compile(r"""(?:src|srcset)="([^"]+)\"""")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
COMMAND = re.compile(r"^(?:python3 -m )?lab\b(.*)$")
SYMBOL = re.compile(r"`([A-Za-z_][\w.]*)`")
BUTTON = re.compile(r"\*\*([^*]+)\*\*(?: \(`([^`]+)`\))?")


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def prose_of(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text_of(page))


def blocks_of(page: Path, language: str) -> list[str]:
    return [body for _, found, body in FENCE.findall(text_of(page)) if found == language]


def slug(heading: str) -> str:
    """A heading as the web host names it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- names ----------------------------------------------------------------------------------------


@cache
def symbols_of(path: Path) -> frozenset[str]:
    """What a file defines: `Class`, `Class.method`, `Class.field`, `function`, `NAME`."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            match node:
                case ast.ClassDef(name=name, body=inner):
                    found.add(prefix + name)
                    visit(inner, f"{prefix}{name}.")
                case ast.FunctionDef(name=name):
                    found.add(prefix + name)
                case ast.Assign(targets=targets):
                    found.update(prefix + one.id for one in targets if isinstance(one, ast.Name))
                case ast.AnnAssign(target=ast.Name(id=name)):
                    found.add(prefix + name)
                case _:
                    pass

    visit(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path):
    for file, name in TEST.findall(text_of(page)):
        assert (ROOT / file).is_file(), f"{file} does not exist"
        assert name in symbols_of(ROOT / file), f"{file} has no {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    for _, target in LINK.findall(prose_of(page)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} does not exist"
        assert there.is_relative_to(ROOT), f"{target} leads out of the project"
        if heading:
            headings = [slug(line.lstrip("#")) for line in prose_of(there).splitlines() if line.startswith("#")]
            assert heading in headings, f"{target}: {there.name} has no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_linked_name_is_defined_where_the_link_leads(page: Path):
    """[`Class.method`](file.py) names something of that file."""
    for label, target in LINK.findall(prose_of(page)):
        symbol = SYMBOL.fullmatch(label)
        if symbol is not None and target.endswith(".py") and not symbol.group(1).endswith(".py"):
            assert symbol.group(1) in symbols_of((page.parent / target).resolve()), f"{target} has no {label}"


def test_every_picture_exists():
    pictures = [(page, name) for page in PAGES for name in PICTURE.findall(text_of(page))]
    assert pictures
    assert not [name for page, name in pictures if not (page.parent / name).is_file()]


def test_every_page_can_be_reached_from_the_index():
    reached = {target.partition("#")[0] for _, target in LINK.findall(text_of(ROOT / "docs" / "index.md"))}
    assert {page.name for page in PAGES if page != README} - {"index.md"} <= reached


@pytest.mark.parametrize(
    ("page", "look"),
    [
        ("`tests/test_docs.py::test_of_a_dream`", TEST),
        ("[the look](look.md#colours)", LINK),
        ('<img src="no.png">', PICTURE),
    ],
)
def test_what_is_looked_for_is_seen(page: str, look: re.Pattern[str]):
    assert look.findall(page)


def test_symbols_are_those_a_reader_would_look_for():
    found = symbols_of(ROOT / "lab" / "cluster" / "session" / "session.py")
    assert {"Session", "Session.post", "Session.world", "SLICE"} <= found
    assert "Session.dream" not in found


# --- commands -------------------------------------------------------------------------------------


def commands_of(page: Path) -> list[list[str]]:
    """The arguments of every `lab …` that a page shows, in blocks and within a line."""
    lines = [line for block in blocks_of(page, "") for line in block.splitlines()]
    lines += re.findall(r"`((?:python3 -m )?lab [^`]+)`", " ".join(prose_of(page).split()))
    found = [COMMAND.match(line.partition("#")[0].strip()) for line in lines]
    return [shlex.split(one.group(1)) for one in found if one is not None]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_parses(page: Path, monkeypatch: pytest.MonkeyPatch):
    """With the real parser; only what it would start is left out. A scenario that is named exists."""
    asked: list[str] = []

    def run(given: object) -> int:
        asked.append(getattr(given, "scenario", None) or "")
        return 0

    for command in [*command_line.COMMANDS.values(), command_line.window]:
        monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command_line.tests, "run", lambda arguments: 0)
    for arguments in commands_of(page):
        if "--help" in arguments:
            with pytest.raises(SystemExit, match="0"):
                command_line.main(arguments)
        else:
            command_line.main(arguments)
    for scenario in asked:
        if scenario and scenario != EXAMPLE:
            find_lesson(scenario)


def test_commands_are_found_in_blocks_and_in_lines():
    assert ["play", "D3", "--out", "out"] in commands_of(README)
    assert ["play", "--help"] in commands_of(README)
    assert [] in commands_of(README), "python3 -m lab alone opens the window"


# --- the scenario of README -----------------------------------------------------------------------


@pytest.fixture
def _saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (example,) = blocks_of(README, "markdown")
    (tmp_path / EXAMPLE).write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_saved")
@pytest.mark.parametrize(("learner", "code"), [("solution", 0), ("wrong", 1), ("idle", 1)])
def test_the_scenario_of_the_readme_plays_and_passes(learner: str, code: int, capsys: pytest.CaptureFixture[str]):
    found = terminal.play(EXAMPLE, learner=learner, seed=None, until_seconds=None, out=None, as_json=False)
    said = capsys.readouterr().out
    assert found == code, said
    assert "{" not in said, "what is not done is told as it was read, with the engine's numbers"


# --- the five minutes of README -------------------------------------------------------------------


def do(session: Session, kind: str, name: str, title: str) -> None:
    """Choose an entry of a thing's menu."""
    offer = next(one for one in session.offers(kind, name) if one.title == title)
    assert offer.action is not None, f"{title} asks for more"
    session.post(offer.action)


def test_the_five_minutes_go_as_they_are_told():
    session = start("D3")
    lesson = session.lesson
    assert isinstance(lesson, LessonRunner)
    assert "Make your prediction" in lesson.blocked()
    question = lesson.step.question
    assert question is not None
    lesson.answer(next(one.key for one in question.options if one.text == "The next in the replica list"))
    lesson.lock()
    session.run_for(5_000_000)
    do(session, "broker", "broker-1", "Crash")
    session.run_for(100_000)
    session.next_moment()
    assert session.timeline_view(1).moments[-3].text.startswith("broker-2 leads orders-0")
    session.run_for(1_000_000)
    shown = lesson.view().question
    assert shown is not None
    assert shown.verdict.startswith("Right")
    session.seek(4_000_000)
    do(session, "broker", "broker-2", "Crash")
    assert [one.name for one in session.timeline_view(1).branches] == ["main", "branch 2"]
    session.switch("main")
    session.seek(session.latest)
    lesson.next_step()
    assert lesson.step.title == "What did it cost?"


def test_what_the_readme_has_clicked_is_in_the_window():
    said = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lab").rglob("*.py")).replace("&&", "&")
    said += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "scenarios").glob("*.md"))
    keys = {one.text: one.shortcut for one in COMMANDS}
    tour = text_of(README).partition("## Five minutes")[2].partition("\n## ")[0]
    buttons = [(name, key) for name, key in BUTTON.findall(" ".join(tour.split())) if not name.endswith(".")]
    assert len(buttons) > 5
    for name, key in buttons:
        assert name in said, f"nothing in the window is called {name}"
        assert not key or keys[name] == key, f"{name} is {keys[name]}"


# --- the reference of scenarios -------------------------------------------------------------------

SCENARIOS = ROOT / "docs" / "add-a-scenario.md"


def rows_of_words() -> Iterator[str]:
    for name, word in sorted(WORDS.items()):
        given = list(inspect.signature(word.call).parameters.values())[1:]
        shown = ", ".join(one.name if one.default is inspect.Parameter.empty else f"[{one.name}]" for one in given)
        yield f"| `{name}({shown})` | {' '.join(word.help.split())} |"


def rows_of_actions() -> Iterator[str]:
    for name, kind in sorted(DEEDS.items()):
        fields = ", ".join(f"`{one.name}`" for one in dataclasses.fields(kind))
        yield f"| `{name}` | {fields} | {' '.join((kind.__doc__ or '').split())} |"


@pytest.mark.parametrize(("heading", "rows"), [("Words", rows_of_words), ("Actions", rows_of_actions)])
def test_the_reference_is_what_the_code_says(heading: str, rows: Any):
    """A failure shows the rows as they must be."""
    section = text_of(SCENARIOS).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    shown = [line for line in section.splitlines() if line.startswith("| `")]
    assert shown == list(rows())


def test_every_key_of_a_scenario_is_explained():
    page = text_of(SCENARIOS)
    tables = [*vars(scenario_format).items(), *vars(spec_format).items()]
    keys = [key for name, keys in tables if name.endswith("_KEYS") for key in keys]
    assert len(keys) > 80
    assert not [key for key in keys if f"`{key}`" not in page and f"[{key}]`" not in page and f"[[{key}]]`" not in page]


# --- the tour -------------------------------------------------------------------------------------


def test_a_record_goes_the_way_of_the_tour():
    story = Story(topics=orders(min_insync_replicas=2))
    story.consumer("app-1", "app", config=settings(auto_offset_reset="earliest"), commit="sync")
    story.until(lambda: story.app("app-1").membership.owned)
    story.producer("shop", count=1, keys="A")
    story.until(lambda: story.told(facts.OffsetsCommitted))

    def when(kind: type, **fields: object) -> list[int]:
        return [one.time for one in story.heard(kind, **fields) if getattr(one.fact, "partition", ORDERS) == ORDERS]

    (born,) = when(facts.RecordBorn)
    (appended,) = when(facts.Appended)
    copied = when(facts.Copied)
    (committed,) = when(facts.HighWatermarkMoved)
    (acked,) = when(facts.RecordsAcked)
    (polled,) = when(facts.RecordsPolled)
    (done,) = when(facts.RecordDone)
    (offset,) = when(facts.OffsetsCommitted)
    assert len(copied) == 2
    assert born < appended < min(copied) <= max(copied) < committed < acked
    assert committed < polled <= done < offset


# --- the walks ------------------------------------------------------------------------------------


def example_of(page: str) -> dict[str, Any]:
    """The Python of a walk, run."""
    names: dict[str, Any] = {}
    for block in blocks_of(ROOT / "docs" / page, "python"):
        exec(compile(block, page, "exec"), names)
    return names


def test_the_fault_of_the_walk_is_offered_done_and_journaled(tmp_path: Path):
    try:
        example_of("add-a-fault.md")
        session = Session(ClusterSpec(brokers=1))
        (offer,) = (one for one in session.offers("broker", "broker-1") if one.name == "drift_clock")
        assert offer.group == "break"
        session.post(offer.make({field.name: field.default for field in offer.form}))
        session.run_for(10_000_000)
        session.save(tmp_path / "drift.json")
        for one in (session, Session.open(tmp_path / "drift.json")):
            right = one.world.epoch_ms + one.now // 1_000
            assert one.world.hosts["broker-1"].clock.read(one.world.epoch_ms, one.now) - right == 2_000, (
                "a fifth of 10 s"
            )
            assert [span.text for span in one.timeline_view(1).spans] == ["clock drift · broker-1"]
    finally:
        DEEDS.pop("drift_clock", None)


def test_the_chart_of_the_walk_has_curves_that_rise():
    names = example_of("add-a-chart.md")
    metric, chart = names["METRIC"], names["CHART"]
    assert metric.name not in METRICS, "the walk adds what is not there"
    assert chart.name not in [one.name for one in CHARTS]
    assert [source.metric for source in chart.sources] == [metric.name]
    session = crashed_run()
    try:
        METRICS[metric.name] = metric
        assert chart.by in chart.ways
        recorder = Recorder()
        for instant in range(4):
            session.seek(instant * 5_000_000)
            recorder.read(session.world, session.now)
        series = recorder.series(metric.name, chart.by)
    finally:
        del METRICS[metric.name]
    assert set(series) == {"broker-1", "broker-2", "broker-3"}
    assert all(max(values) > 0 for _, values in series.values())
