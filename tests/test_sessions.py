"""A session is saved and opened again: where it was, with the lesson where the person left it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.cluster.probes import Cluster
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.lessons.learner import Learner
from lab.lessons.opening import reopen, start
from lab.lessons.writer import write_scenario
from lab.world.digest import digest


def half_done(name: str = "D3") -> Session:
    """A lesson on its third page, with what the first two asked for done."""
    session = start(name)
    learner = Learner(session.lesson, "solution")
    for _ in range(2):
        assert learner._step() == ""
        session.lesson.next_step()
    return session


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Session, Path]:
    session = half_done()
    path = tmp_path / "session.json"
    session.save(path)
    return session, path


def test_a_lesson_goes_on_where_it_was_left(saved: tuple[Session, Path]):
    before, path = saved
    after = reopen(path)
    assert after.now == before.now
    assert after.event_number == before.event_number
    assert digest(after.world) == digest(before.world)
    assert after.lesson.view() == before.lesson.view()
    assert [one.names for one in after.lesson.states] == [one.names for one in before.lesson.states]
    assert after.lesson.problems() == before.lesson.problems()


def test_what_was_left_can_be_finished(saved: tuple[Session, Path]):
    _, path = saved
    session = reopen(path)
    Learner(session.lesson, "solution").play()
    assert session.lesson.problems() == []


def test_a_saved_session_saves_to_the_same_file(saved: tuple[Session, Path], tmp_path: Path):
    _, path = saved
    again = tmp_path / "again.json"
    reopen(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_a_scenario_that_is_gone_leaves_the_session_without_its_lesson(saved: tuple[Session, Path]):
    before, path = saved
    data = json.loads(path.read_text())
    data["scenario"] = "77-never-written"
    path.write_text(json.dumps(data))
    session = reopen(path)
    assert session.lesson is None
    assert session.now == before.now


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at": 99}, "lesson.at: wanted 0 to"),
        ({"steps": []}, "lesson.steps: wanted"),
        ({"at": "two"}, "lesson.at: wanted a whole number"),
        ({"prize": 1}, "lesson: wanted only at, steps, whole"),
    ],
)
def test_progress_that_makes_no_sense_is_refused(saved: tuple[Session, Path], change: dict[str, Any], said: str):
    _, path = saved
    data = json.loads(path.read_text())
    data["lesson"].update(change)
    path.write_text(json.dumps(data))
    with pytest.raises(Refused, match=said):
        reopen(path)


def test_a_session_without_a_lesson_has_none_afterwards(tmp_path: Path):
    session = start("00-sandbox")
    session.run_for(1_000_000)
    path = tmp_path / "sandbox.json"
    session.save(path)
    assert reopen(path).lesson is None


def test_what_stands_can_be_saved_as_a_scenario_and_opened(tmp_path: Path):
    session = start("D3")
    path = tmp_path / "mine.md"
    write_scenario(session, path)
    mine = start(str(path))
    assert mine.spec.topics == session.spec.topics
    assert mine.spec.brokers == session.spec.brokers


def test_a_data_file_may_lie_beside_the_scenario_and_beside_its_saved_session(tmp_path: Path):
    (tmp_path / "own.csv").write_text("at,what\n2020-01-01T00:00:00Z,first\n2020-01-01T00:00:01Z,second\n")
    scenario = own_scenario(tmp_path)
    session = start(str(scenario))
    session.run_for(3_000_000)
    ends = [one.replicas[0].log_end_offset for one in session.view(Cluster()).partitions]
    assert ends == [2]
    path = tmp_path / "saved.json"
    session.save(path)
    assert digest(reopen(path).world) == digest(session.world)
    path.rename(tmp_path.parent / "elsewhere.json")
    with pytest.raises(Refused, match="beside the scenario"):
        reopen(tmp_path.parent / "elsewhere.json")


def test_rows_that_are_skipped_are_told_with_their_line(tmp_path: Path):
    (tmp_path / "own.csv").write_text("at,what\n2020-01-01T00:00:00Z,first\nyesterday,second\n")
    session = start(str(own_scenario(tmp_path, 'bad_rows = "skip"')))
    told = [one.text for one in session.timeline_view(1).moments]
    assert told == ["own.csv, line 3: wanted a timestamp of the years 1 to 9999, found 'yesterday'; skipped"]
    with pytest.raises(Refused, match=r"own.csv, line 3: wanted a timestamp"):
        start(str(own_scenario(tmp_path)))


def own_scenario(folder: Path, more: str = "") -> Path:
    """A scenario whose producer sends `own.csv`."""
    scenario = folder / "own.md"
    scenario.write_text(
        f"""+++
code = "X1"
track = "Own"
order = 900
minutes = 1
summary = "Rows of my own."
sandbox = true

[cluster]
brokers = 1

[[topic]]
name = "days"

[[producer]]
name = "me"
topic = "days"
[producer.data]
path = "own.csv"
value = "what"
timestamp = "at"
{more}
+++
# Own rows

## Look
They come in.
""",
        encoding="utf-8",
    )
    return scenario
