"""What `lab bench` prints and answers; the figures themselves are for a quiet machine, not for a test."""

import json

import pytest

from lab import bench, registry
from lab.bench import groups
from lab.bench.measurement import GROUPS, at_least, at_most, told
from lab.bench.processor import cpu_seconds, percentile, typical_ms, undisturbed
from lab.bench.terminal import readable
from lab.command import command_line

GROUP_NAMES = {
    "disk",
    "wire",
    "wire-idle",
    "checkpoint",
    "compaction",
    "determinism",
    "fleet",
    "promises",
    "rewind",
    "throughput",
    "window",
    "window-served",
    "world",
}


@pytest.fixture
def only_made_up_groups(monkeypatch: pytest.MonkeyPatch):
    """Two groups that measure nothing: `fast` holds its targets, `slow` misses one."""

    def fast(say):
        say("running")
        yield at_least("events", "1/s", 51_234.4, 50_000)
        yield told("size", "kB", 12.3456)

    def slow(say):
        yield at_most("wait", "ms", 101.0, 100)

    registry.load_all(groups)
    for name in list(GROUPS):
        monkeypatch.delitem(GROUPS, name)
    monkeypatch.setitem(GROUPS, "fast", fast)
    monkeypatch.setitem(GROUPS, "slow", slow)


def test_json_is_a_list_of_figures_beside_their_targets(only_made_up_groups: None, capsys: pytest.CaptureFixture[str]):
    assert bench.main(None, True) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == [
        {"group": "fast", "name": "events", "unit": "1/s", "value": 51230.0, "target": "≥ 50,000", "holds": True},
        {"group": "fast", "name": "size", "unit": "kB", "value": 12.35, "target": None, "holds": None},
        {"group": "slow", "name": "wait", "unit": "ms", "value": 101.0, "target": "≤ 100", "holds": False},
    ]
    assert "running" in printed.err


def test_a_table_says_what_holds_and_what_is_missed(only_made_up_groups: None, capsys: pytest.CaptureFixture[str]):
    assert bench.main(None, False) == 1
    events, size, wait, summary = capsys.readouterr().out.splitlines()
    assert "51,234" in events
    assert "≥ 50,000" in events
    assert events.endswith("holds")
    assert size.split()[-2:] == ["12.3", "kB"]
    assert wait.endswith("MISSED")
    assert summary == "1 of 2 targets missed"


def test_one_group_whose_targets_hold_ends_with_zero(only_made_up_groups: None, capsys: pytest.CaptureFixture[str]):
    assert bench.main("fast", False) == 0
    assert "slow" not in capsys.readouterr().out


def test_an_unknown_group_is_refused_with_those_there_are(
    only_made_up_groups: None, capsys: pytest.CaptureFixture[str]
):
    assert bench.main("fats", False) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "lab bench: there is no group 'fats'; there are fast, slow\n"


def test_every_file_of_the_folder_is_a_group_that_the_help_names(capsys: pytest.CaptureFixture[str]):
    files = registry.load_all(groups)
    assert set(GROUPS) == GROUP_NAMES
    assert len(files) == len(GROUPS)
    with pytest.raises(SystemExit):
        command_line.main(["bench", "--help"])
    told_there = "".join(capsys.readouterr().out.split())  # a name may be wrapped at its dash
    assert all(name in told_there for name in GROUPS)


def test_large_values_are_whole_and_small_ones_have_three_digits():
    assert [readable(value) for value in (98_123.4, 1_000, 199.54, 41.72, 0.02134)] == [
        "98,123", "1,000", "199.5", "41.7", "0.0213",
    ]  # fmt: skip


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 95) == 95
    assert percentile(values, 99) == 99
    assert percentile([3.0], 99) == 3


def test_only_work_is_measured_and_not_waiting():
    import time

    assert cpu_seconds(lambda: time.sleep(0.05)) < 0.04
    assert typical_ms(lambda: sum(range(200_000)), 3) > 0


def test_a_measurement_leaves_the_collector_as_it_was():
    import gc

    with undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
