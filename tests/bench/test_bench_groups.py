"""Each group yields its figures, with units and targets; here so small that they say nothing of the speed."""

from collections.abc import Callable
from types import ModuleType

import pytest

from lab.bench.groups import checkpoint, compaction, determinism, fleet, promises, rewind, throughput, world
from lab.bench.measurement import Figure
from lab.bench.troubled import elsewhere, run
from lab.env import millis, seconds


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[Figure], list[str]]]:
    """Run a group with other parameters: its figures, and what it said meanwhile."""

    def measure(group: ModuleType, **parameters: object) -> tuple[list[Figure], list[str]]:
        for name, value in parameters.items():
            assert hasattr(group, name), name
            monkeypatch.setattr(group, name, value)
        said: list[str] = []
        return list(group.measure(said.append)), said

    return measure


def shape(figures: list[Figure]) -> list[tuple[str, str, str]]:
    return [(one.name, one.unit, one.target) for one in figures]


def test_world_tells_events_and_real_time(measured):
    figures, said = measured(world, WARM_UP=seconds(1), STRETCH=millis(500), STRETCHES=1)
    assert shape(figures) == [
        ("events, with trace and invariants", "1/CPU s", "≥ 30,000"),
        ("the same beside the first engine's aim", "1/CPU s", "≥ 50,000"),
        ("a session without a window", "× real time", "≥ 20"),
        ("the same beside the first engine's aim", "× real time", "≥ 40"),
    ]
    assert all(one.value > 0 for one in figures)
    assert said == ["the bare world", "a session, with checkpoints and samples for the charts"]


def test_checkpoint_tells_cost_size_and_share(measured):
    figures, _ = measured(checkpoint, EARLY=seconds(2), LATE=seconds(4), SHARE_OVER=seconds(2), TIMES=3)
    assert shape(figures) == [
        ("taking one, at 1 virtual minute", "ms CPU", "≤ 5"),
        ("its size", "kB", "≤ 100"),
        ("restoring one", "ms CPU", "≤ 5"),
        ("taking one, at 60 virtual minutes", "ms CPU", ""),
        ("its size, at 60 virtual minutes", "kB", ""),
        ("at 60 minutes, relative to at 1", "×", "≤ 1.3"),
        ("share of processor time", "%", "≤ 5"),
        ("one every", "virtual s", ""),
    ]
    assert all(one.value > 0 for one in figures)


def test_rewind_tells_seeks_and_steps_back(measured):
    figures, said = measured(rewind, LENGTH=seconds(4), SEEKS=5, STEPS=3)
    assert shape(figures) == [
        ("seek anywhere in 20 minutes, median", "ms CPU", ""),
        ("seek anywhere in 20 minutes, worst", "ms CPU", "≤ 100"),
        ("step back one event, median", "ms CPU", "≤ 20"),
        ("step back one event, worst", "ms CPU", ""),
        ("and another one, median", "ms CPU", ""),
        ("checkpoints kept", "MB", ""),
    ]
    median, worst = figures[0].value, figures[1].value
    assert 0 < median <= worst
    assert said == ["running 20 virtual minutes", "seeking", "stepping back"]


def test_promises_tells_what_watching_costs(measured):
    figures, _ = measured(promises, STRETCH=millis(500), PAIRS=3)
    assert shape(figures) == [("cost of all invariants", "%", "≤ 30")]


def test_throughput_tells_records_made_one_by_one_and_as_a_load(measured):
    figures, said = measured(throughput, WARM_UP=seconds(1), STRETCH=millis(200))
    assert shape(figures) == [
        ("records made one by one, 100 a batch", "1/CPU s", ""),
        ("records made one by one, 1000 a batch", "1/CPU s", ""),
        ("records of a load", "1/CPU s", "≥ 1.5e+06"),
    ]
    assert all(one.value > 0 for one in figures)
    assert said[-1] == "a load of equal records, 1000 a batch"


def test_determinism_compares_runs_of_several_processes(measured):
    figures, said = measured(determinism, EVENTS=6_000)
    assert shape(figures) == [
        ("events of all runs", "", ""),
        ("faults and mendings in each", "", ""),
        ("all runs", "CPU s", ""),
        ("different worlds at the end of 4 runs", "", "≤ 1"),
    ]
    assert figures[0].value == 24_000
    assert figures[-1].value == 1
    assert figures[-1].holds
    assert sum(line.endswith("restored every 5,000: 5,000") for line in said) == 1


def test_determinism_tells_when_a_run_ends_elsewhere(measured, monkeypatch: pytest.MonkeyPatch):
    ended = elsewhere(500, "0")
    other = elsewhere(501, "0")
    monkeypatch.setattr(
        determinism, "elsewhere", lambda events, hash_seed, **_: other if hash_seed == "4242" else ended
    )
    figures, _ = measured(determinism)
    assert figures[-1].value == 2
    assert not figures[-1].holds


def test_a_run_says_how_far_it_is():
    heard: list[int] = []
    run(10_500, restored=False, heard=heard.append)
    assert heard == [5_000, 10_000, 10_500]


def test_a_run_that_breaks_in_its_process_is_no_figure():
    with pytest.raises(AssertionError, match="7, not a number broke"):
        elsewhere(-1, "7, not a number")


def test_compaction_tells_how_fast_the_cleaner_is(measured):
    figures, _ = measured(compaction, RECORDS=400, BATCH=10, KEYS=40, TIMES=1)
    assert shape(figures) == [("records cleaned", "1/CPU s", "≥ 300,000"), ("of which stay", "%", "")]
    assert figures[1].value <= 10


def test_fleet_tells_of_large_clusters(measured):
    figures, said = measured(
        fleet, MIDDLE=(4, 6), LARGE=(5, 8), WARM_UP=millis(500), STRETCH=millis(300), LENGTH=seconds(2), SEEKS=2
    )
    assert [one.name for one in figures] == [
        "events, 4 brokers, 6 partitions",
        "building 5 brokers, 8 partitions",
        "events, 5 brokers, 8 partitions",
        "the longest turn of them",
        "worst seek, 4 brokers, 6 partitions",
    ]
    assert all(one.value > 0 for one in figures)
    assert said[-1].startswith("seeking")
