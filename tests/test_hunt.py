"""The hunt for mutants counts what it finds, says what it does not, and leaves the engine as it was."""

from collections.abc import Callable

import pytest

from lab.cluster.fuzzing import fuzz
from tests import mutants
from tests.mutants import Mutant


def slow_to_rest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fuzz, "REST_WITHIN_S", 1)


def what_was_told() -> str:
    return "no rest: it waits" if fuzz.REST_WITHIN_S == 1 else ""


def a_mutant(claim: str, tell: Callable[[], str] = what_was_told) -> Mutant:
    return Mutant(slow_to_rest, claim, {"quiet": lambda: "", "loud": tell})


def test_the_story_counts_that_breaks_the_very_claim(monkeypatch: pytest.MonkeyPatch):
    assert a_mutant("no rest").hunt(monkeypatch).story == "loud"
    missed = a_mutant("a storm").hunt(monkeypatch)
    assert missed.story == ""
    assert "nobody said 'a storm'" in str(missed)
    assert "no rest: it waits" in str(missed)


@pytest.mark.parametrize(("lost", "code"), [(0, 0), (1, 0), (2, 1)])
def test_the_command_fails_where_too_few_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lost: int, code: int
):
    """Of twenty, one may escape."""
    before = fuzz.REST_WITHIN_S
    hunted = [a_mutant("no rest")] * (20 - lost) + [a_mutant("a storm")] * lost
    monkeypatch.setattr(mutants, "all_mutants", lambda: iter(hunted))
    assert mutants.main() == code
    assert before == fuzz.REST_WITHIN_S
    said = capsys.readouterr().out
    assert f"{20 - lost} of 20 mutants found" in said
    assert said.count("missed") == lost


def test_every_file_of_mutants_is_hunted():
    found = list(mutants.all_mutants())
    files = [path.stem for path in mutants.ROOT.rglob("test_*mutants*.py")]
    assert {one.lie.__module__.rpartition(".")[2] for one in found} == set(files)
    assert len({(one.lie.__module__, one.name) for one in found}) == len(found)
