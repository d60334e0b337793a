"""What charts show is what was: read at fixed instants, told apart by what a label names, forgotten at a fork."""

import numpy as np
import pytest

from lab.cluster.actions import action_from
from lab.cluster.lookup.parts import ledger_of
from lab.cluster.session.recorder import METRICS, PERIOD, group_of, joined, per_second
from lab.cluster.session.session import Session
from tests.runs import SECOND, busy_spec, crashed_run


@pytest.fixture(scope="module")
def run() -> Session:
    return crashed_run()


def test_there_is_a_sample_every_quarter_of_a_second_from_time_zero(run: Session):
    for metric in METRICS:
        for seconds, values in run.series(metric).values():
            assert list(seconds) == [at * PERIOD / 1e6 for at in range(101)]
            assert len(values) == len(seconds)


@pytest.mark.parametrize("metric", [one.name for one in METRICS.values() if one.together == "sum"])
def test_whichever_way_it_is_told_apart_it_adds_up_to_the_total(run: Session, metric: str):
    (total,) = run.series(metric, "total").values()
    for by in (None, *METRICS[metric].ways):
        parts = [np.nan_to_num(values) for _, values in run.series(metric, by).values()]
        assert np.allclose(sum(parts), np.nan_to_num(total[1])), by


def test_the_samples_are_the_ledgers_numbers(run: Session):
    ledger = ledger_of(run.world)
    appended = sum(sum(truth.appended_by.values()) for truth in ledger.partitions.values())
    (rates,) = (values for _, values in run.series("records-in", "total").values())
    assert rates[::4].sum() == pytest.approx(appended)  # each second's growth, from the first to the last
    done = {group: sum(sum(one.done_by.values()) for one in ledger.groups[group].partitions.values())
            for group in ("payments", "analytics")}  # fmt: skip
    assert done == {group: ledger.groups[group].done for group in done}


def test_lag_is_the_high_watermark_without_what_is_committed(run: Session):
    truth = {str(name): one for name, one in ledger_of(run.world).partitions.items()}
    progress = {str(name): one for name, one in ledger_of(run.world).groups["payments"].partitions.items()}
    lags = run.series("records-lag")
    for name, one in progress.items():
        assert lags[f"payments {name}"][1][-1] == truth[name].high_watermark - max(one.committed, 0)


def test_a_crashed_broker_leaves_every_isr_and_comes_back(run: Session):
    (seconds, values), = run.series("under-replicated-partitions", "total").values()  # fmt: skip
    smallest = run.series("in-sync-replicas", "topic")["orders"][1]
    assert values[seconds < 10].max() == 0
    assert values[seconds == 19.5] == [6]
    assert smallest[seconds == 19.5] == [2]
    assert values[-1] == 0
    assert smallest[-1] == 3


def test_nobody_reads_yet_is_a_gap_and_not_a_lag_of_zero(run: Session):
    for seconds, values in run.series("records-lag").values():
        assert np.isnan(values[seconds == 0.0]).all()
        assert not np.isnan(values[-1])


def test_a_new_branch_forgets_what_came_after_its_fork():
    session = crashed_run()
    before = {label: values.copy() for label, (_, values) in session.series("records-in").items()}
    session.seek(9 * SECOND)
    session.post(action_from({"crash": {"node": "broker-3"}}))
    seconds = next(iter(session.series("records-in").values()))[0]
    assert seconds[-1] == 9.0
    session.run_to(25 * SECOND)
    after = session.series("records-in", "broker")
    assert after["broker-3"][1][-1] == 0
    session.switch("main")
    session.run_to(25 * SECOND)
    again = session.series("records-in")
    assert {label: values.tolist() for label, (_, values) in again.items()} == {
        label: values.tolist() for label, values in before.items()
    }


def test_rewinding_changes_no_sample():
    session = Session(busy_spec())
    session.run_to(6 * SECOND)
    before = session.series("records-lag")["analytics orders-0"][1].tolist()
    session.seek(2 * SECOND)
    session.seek(6 * SECOND)
    np.testing.assert_array_equal(session.series("records-lag")["analytics orders-0"][1], before)


def test_a_group_may_have_a_space_in_its_name():
    assert group_of("my app orders-0", ("group", "partition"), "group") == "my app"
    assert group_of("my app orders-0", ("group", "partition"), "partition") == "orders-0"
    assert group_of("my app a-b-0", ("group", "partition"), "topic") == "a-b"


def test_a_sum_is_missing_only_where_both_are():
    one, other = np.array([1.0, np.nan, np.nan]), np.array([2.0, 3.0, np.nan])
    np.testing.assert_array_equal(joined(one, other, "sum"), [3.0, 3.0, np.nan])
    np.testing.assert_array_equal(joined(one, other, "max"), [2.0, 3.0, np.nan])
    np.testing.assert_array_equal(joined(one, other, "min"), [1.0, 3.0, np.nan])


def test_a_rate_is_the_growth_of_the_last_second():
    np.testing.assert_array_equal(
        per_second(np.array([0.0, 1, 2, 3, 4, 14, 14, 14, 14])), [0, 1, 2, 3, 4, 13, 12, 11, 10]
    )
