"""A failure of the fuzzer is a scenario: it opens where it failed, in the very same world, and can be played."""

from pathlib import Path

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Thaw
from lab.cluster.actions.network import Isolate
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.fuzz import Failure, Run
from lab.cluster.fuzzing.swarm import Plan, plan
from lab.cluster.refused import Refused
from lab.cluster.session.session import Session
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import Env, seconds
from lab.kafka import facts
from lab.kafka.broker.partition import Partition
from lab.lessons import terminal
from lab.lessons.failure import write_failure
from lab.lessons.format import read_lesson
from lab.lessons.opening import open_lesson
from lab.lessons.writer import fields, lines_of, lines_of_script, write_file
from lab.world.digest import digest

SPEC = ClusterSpec(
    5, 3, (TopicSpec("orders", 2, 3, (("min.insync.replicas", "2"),)),), (ProducerSpec("shop", "orders", 20),),
    (ConsumerSpec("app-1", "app", ("orders",)),),
)  # fmt: skip


def commit_alone(self: Partition, env: Env) -> None:
    """A leader that does not wait for its followers."""
    end = self.log.log_end_offset
    if self.leading and end > self.log.high_watermark:
        self.log.set_high_watermark(end)
        env.tell(facts.HighWatermarkMoved(self.partition, end, end, self.leader_epoch))


def failed(drawn: Plan) -> tuple[Run, Failure]:
    run = Run(drawn)
    found = run.failure()
    assert found is not None
    return run, found


# --- a promise that is watched --------------------------------------------------------------------


@pytest.mark.parametrize("seed", [3, 7, 12])
def test_the_scenario_opens_in_the_world_of_the_violation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int):
    monkeypatch.setattr(Partition, "_advance_high_watermark", commit_alone)
    run, found = failed(plan(seed))
    session = open_lesson(read_lesson(write_failure(run, found, tmp_path)))
    assert found.claim in session.violation
    assert (session.now, session.event_number) == (found.time, found.event_number)
    assert digest(session.world) == digest(run.timeline.world)


def test_the_terminal_reports_the_violation_and_passes_once_the_engine_is_mended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(Partition, "_advance_high_watermark", commit_alone)
    path = write_failure(*failed(plan(4)), tmp_path)
    assert played(path) == 1
    assert "every in-sync replica has what its leader committed" in capsys.readouterr().out
    monkeypatch.undo()
    assert played(path) == 0


def played(path: Path) -> int:
    return terminal.play(
        str(path), learner="solution", seed=None, until_seconds=None, out=None, as_json=False, draw=None
    )


# --- what a healed cluster owes -------------------------------------------------------------------


def test_what_is_owed_at_rest_is_a_check_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A broker that nobody starts again."""
    monkeypatch.setattr(fuzz, "REST_WITHIN_S", 5)
    monkeypatch.setattr(fuzz, "starting", lambda world: [])
    run, found = failed(Plan(5, SPEC, ((seconds(20), Crash("broker-2")),)))
    assert found.at_rest
    path = write_failure(run, found, tmp_path)
    session = open_lesson(read_lesson(path))
    assert not session.violation
    assert digest(session.world) == digest(run.timeline.world)
    assert played(path) == 1
    assert "does not hold at the end: no rest 5 s after all was healed" in capsys.readouterr().out


# --- the format says all that is drawn ------------------------------------------------------------


@pytest.mark.parametrize("first", [1, 101, 9_001])
def test_every_drawn_plan_is_read_back_as_it_was(tmp_path: Path, first: int):
    path = tmp_path / "drawn.md"
    for seed in range(first, first + 60):
        drawn = plan(seed)
        script = tuple(dict(drawn.actions).items())
        head = [*fields({"code": "X", "track": "X", "summary": "X"}), *lines_of_script(script), *lines_of(drawn.spec)]
        write_file(path, head, "\n# X\n\n## X\n")
        found = read_lesson(path)
        assert found.spec == drawn.spec
        assert found.script == script


# --- a script in general --------------------------------------------------------------------------

SCRIPT = ((seconds(2), Freeze("broker-2")), (seconds(4), Crash("broker-1")), (seconds(6), Thaw("broker-2")))


def texts(session: Session) -> list[str]:
    return [one.text for one in session.timeline.branch.moments if one.kind in ("fault", "mended")]


def test_a_script_happens_by_itself_and_around_what_a_person_does():
    session = Session(SPEC, script=SCRIPT)
    session.run_to(seconds(3))
    session.post(Crash("broker-3"))
    session.run_to(seconds(8))
    assert [at for at, _ in session.timeline.branch.journal] == [seconds(2), seconds(3) + 1, seconds(4), seconds(6)]
    assert len(texts(session)) == 4


def test_a_script_happens_on_every_branch():
    session = Session(SPEC, script=SCRIPT)
    session.run_to(seconds(8))
    session.seek(seconds(3))
    session.post(Isolate("broker-3"))
    assert session.branch_name == "branch 2"
    session.run_to(seconds(8))
    assert [at for at, _ in session.timeline.branch.journal] == [seconds(2), seconds(3) + 1, seconds(4), seconds(6)]


def test_what_the_script_cannot_do_any_more_does_not_happen():
    session = Session(SPEC, script=SCRIPT)
    session.run_to(seconds(3))
    session.post(Crash("broker-1"))
    session.run_to(seconds(8))
    assert not session.violation
    assert len(texts(session)) == 3


def test_a_deed_in_the_instant_of_the_script_comes_after_it():
    session = Session(SPEC, script=SCRIPT)
    session.run_to(seconds(2) - 1)
    session.post(Crash("broker-3"))
    assert [at for at, _ in session.timeline.branch.journal][:2] == [seconds(2), seconds(2) + 1]


def test_a_saved_session_keeps_its_script_on_all_branches(tmp_path: Path):
    session = Session(SPEC, script=SCRIPT)
    session.run_to(seconds(3))
    session.post(Crash("broker-1"))
    session.run_to(seconds(5))
    session.save(tmp_path / "mine.json")
    again = Session.open(tmp_path / "mine.json")
    session.run_to(seconds(8))
    again.run_to(seconds(8))
    assert digest(again.world) == digest(session.world)
    again.seek(seconds(1))
    again.post(Crash("broker-3"))
    assert [at for at, _ in again.timeline.branch.journal] == [seconds(1) + 1, seconds(2), seconds(4), seconds(6)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{ at_us = -1, crash = { node = "broker-1" } }', "at_us: wanted 0 to"),
        ('{ at_us = 5, crush = { node = "broker-1" } }', "wanted one of the"),
        ("{ at_us = 5, crash = { node = 1 } }", "wanted text"),
        ("{ at_us = 5 }", "wanted one action"),
        ('{ at_us = 5, crash = { node = "a" } }, { at_us = 5, thaw = { node = "a" } }', "wanted a later instant"),
    ],
)
def test_a_wrong_line_of_a_script_is_refused_with_its_place(tmp_path: Path, line: str, said: str):
    path = tmp_path / "wrong.md"
    path.write_text(f'+++\ncode = "X"\ntrack = "X"\nsummary = "X"\nscript = [\n  {line},\n]\n+++\n# X\n\n## X\n')
    with pytest.raises(Refused) as refused:
        read_lesson(path)
    assert said in str(refused.value)
    assert "wrong.md, line " in str(refused.value)
