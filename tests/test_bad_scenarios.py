"""Scenarios as a stranger may write or ask for them: one sentence with the place and what was wanted."""

from pathlib import Path

import pytest

from lab.cluster.refused import Refused
from lab.lessons import terminal
from lab.lessons.catalogue import find_lesson
from lab.resources import scenarios_folder

GOOD = (scenarios_folder() / "01-hello-log.md").read_text(encoding="utf-8")


def changed(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def line_of(text: str) -> int:
    return next(at for at, line in enumerate(GOOD.splitlines(), 1) if line.startswith(text))


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "wanted a head"),
        (b"\xff\xfe\x00bad", 1, "wanted UTF-8 text, found byte 0xff"),
        (bytes(300_000), 1, "wanted a scenario of at most 200,000 bytes, found more"),
        (b"+++\na=" + b"[" * 5_000 + b"\n+++", 2, "wanted lines of at most 2,000 characters"),
        (changed("seed =", "sead ="), line_of("seed ="), "the head has no 'sead'; did you mean 'seed'?"),
        (changed("minutes = 12", "minutes = -4"), line_of("minutes"), "minutes: wanted 1 to 600, found -4"),
        (changed("brokers = 3", "brokers = 1000000"), line_of("brokers"), "wanted 0 to 200 brokers, found 1000000"),
        (changed("partitions = 1", "partitions = 1000000000"), line_of("partitions"), "at most 20,000 partitions"),
        (changed("replicas = 3", "replicas = 9"), line_of("replicas"), "wanted 1 to 3 replicas"),
        (changed("rate = 0", "rate = -5"), line_of("rate"), "wanted a rate of 0 to 1,000,000 records a s"),
        (changed('name = "orders"', 'name = "../../etc"'), line_of('name = "orders"'), "found '/'"),
    ],
    ids=["empty", "binary", "huge", "deep", "misspelt", "minutes", "brokers", "partitions", "replicas", "rate", "path"],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, data: bytes, line: int, said: str):
    path = tmp_path / "mine.md"
    path.write_bytes(data)
    with pytest.raises(Refused) as refused:
        find_lesson(str(path))
    assert str(refused.value).startswith(f"mine.md, line {line}: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("check", ['__import__("os").system("id")', "9**9**9**9 > 1", "().__class__", "open('x')"])
def test_a_check_is_an_expression_and_no_program(tmp_path: Path, check: str):
    path = tmp_path / "mine.md"
    first = next(line for line in GOOD.splitlines() if line.startswith("check = "))
    path.write_bytes(changed(first, f"check = '''{check}'''"))
    with pytest.raises(Refused, match=r"mine.md, line \d+: check: "):
        find_lesson(str(path))


def test_a_solution_that_cannot_be_played_is_refused_with_its_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "mine.md"
    line = next(one for one in GOOD.splitlines() if one.strip().startswith("{ send"))
    path.write_bytes(changed(line, '  { send = { node = "nobody", records = ["a=1"] } },'))
    code = terminal.play(str(path), learner="solution", seed=None, until_seconds=None, out=None, as_json=False)
    assert code == 2
    step = next(at for at, one in enumerate(GOOD.splitlines(), 1) if one.startswith("## "))
    wrong = "Have nobody send 1 record: there is no nobody"
    assert capsys.readouterr().err == f"lab: mine.md, line {step}: solve, number 2 of this step: {wrong}\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kill", "there is no scenario 'kill'; did you mean '07-kill-the-leader'?"),
        ("07-kil-the-leader", "did you mean '07-kill-the-leader'?"),
        ("ZZ9", "; 'lab list' tells the "),
    ],
)
def test_a_scenario_that_is_not_there_is_answered_in_one_line(name: str, said: str):
    with pytest.raises(Refused) as refused:
        find_lesson(name)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 120


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    taken = tmp_path / "a file"
    taken.write_text("mine", encoding="utf-8")
    code = terminal.play("A1", learner="idle", seed=None, until_seconds=1, out=taken, as_json=False)
    assert code == 2
    assert capsys.readouterr().err == f"lab: --out {taken}: {taken} could not be written: File exists\n"
    assert taken.read_text(encoding="utf-8") == "mine"
