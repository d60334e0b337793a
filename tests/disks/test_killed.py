"""`kill -9` at any moment under load: what was acknowledged stands in the log, once, in its order."""

from pathlib import Path

from lab.bench.killed import Load, survive, verdict


def test_killed_five_times_under_load_it_loses_nothing_and_believes_no_index_blindly(tmp_path: Path):
    load, starts, wrong = survive(tmp_path, kills=5, seed=1)
    assert not wrong
    assert len(starts) == 5
    assert len(load.acked) == load.sent > 1_000


def test_the_verdict_names_what_is_lost_doubled_and_out_of_order():
    load = Load.__new__(Load)
    load.refused, load.acked = [], {0, 1, 2, 3}
    assert verdict(load, [[0, 3], [1], [2]]) == []
    assert verdict(load, [[0], [1], [2]]) == ["1 acknowledged and lost, 3 the first"]
    assert verdict(load, [[0, 3, 3], [1], [2]]) == ["1 stand there twice"]
    assert verdict(load, [[3, 0], [1], [2]]) == ["partition 0 is out of order"]
