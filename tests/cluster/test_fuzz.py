"""Random clusters under random faults keep every promise; and when one did not, the fuzzer would say so."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from lab.cluster.actions.machines import Crash
from lab.cluster.fuzzing import fuzz
from lab.cluster.fuzzing.shrink import ddmin, rounder_times
from lab.cluster.fuzzing.swarm import SAFETY_S, Plan, plan
from lab.cluster.invariants import MODULES, Invariant, quorum, transactions
from lab.cluster.invariants.quorum import QuorumInvariant
from lab.cluster.invariants.replication import OneLeader
from lab.cluster.refused import Refused
from lab.cluster.spec import ClusterSpec
from lab.cluster.watch import Watch
from lab.env import Env, seconds
from lab.kafka.broker.partition import Partition
from lab.lessons.failure import write_failure
from lab.lessons.format import read_lesson
from lab.lessons.opening import open_lesson
from lab.world.world import World


@cache
def checked(seed: int) -> dict[str, int]:
    """How often each claim was checked in the run of a seed, which held. Remembered: two tests want it."""
    run = fuzz.Run(plan(seed))
    found = run.failure()
    assert found is None, f"seed {seed}: {found}"
    assert run.timeline.world.now >= seconds(SAFETY_S)
    witness = run.timeline.world.witness
    assert isinstance(witness, Watch)
    return {one.claim: one.checked for one in witness.observers if isinstance(one, (Invariant, QuorumInvariant))}


@pytest.mark.xdist_group("seeds")
@pytest.mark.parametrize("first", range(1, 61, 10))
def test_ten_seeds_hold_every_promise_and_come_to_rest(first: int):
    for seed in range(first, first + 10):
        assert checked(seed)


def test_a_seed_is_always_the_same_plan():
    assert plan(7) == plan(7)
    assert plan(7) != plan(8)


def test_plans_are_different_in_size_and_in_kinds_of_faults():
    plans = [plan(seed) for seed in range(40)]
    assert {one.spec.brokers for one in plans} == {1, 2, 3, 4, 5}
    kinds = {type(action).__name__ for one in plans for _, action in one.actions}
    assert {"Crash", "PowerOff", "Freeze", "CutLink", "FillDisk", "Isolate", "SkewClock"} <= kinds


DIFFERENT = (13, 22, 25, 14)
"""Seeds that between them have everything a claim is about; others help out when they have become other stories."""
CLAIMS = {one.claim for module in (*MODULES, quorum, transactions) for one in module.ALL}
"""Without the service levels: where nothing is broken some of them hear nothing that they could check."""


def _no_waiting(self: Partition, env: Env) -> None:
    """A leader that commits without its followers."""
    end = self.log.log_end_offset
    if self.leading and end > self.log.high_watermark:
        self.log.set_high_watermark(end)
        fact = fuzz_fact(self, end)
        env.tell(fact)


def fuzz_fact(partition: Partition, end: int) -> object:
    from lab.kafka import facts

    return facts.HighWatermarkMoved(partition.partition, end, end, partition.leader_epoch)


def _failing(monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, fuzz.Failure]:
    monkeypatch.setattr(Partition, "_advance_high_watermark", _no_waiting)
    for seed in range(1, 20):
        drawn = plan(seed)
        found = fuzz.Run(drawn).failure()
        if found is not None:
            return drawn, found
    pytest.fail("a leader that does not wait for its followers was not noticed")


def test_a_leader_that_commits_alone_is_found(monkeypatch: pytest.MonkeyPatch):
    _, found = _failing(monkeypatch)
    assert found.kind == "every in-sync replica has what its leader committed"


def test_a_failure_is_shrunk_to_what_it_needs_and_fails_again(monkeypatch: pytest.MonkeyPatch):
    """Commits need no fault to be wrong, only somebody who writes."""
    drawn, found = _failing(monkeypatch)
    least, again = fuzz.shrunk(drawn, found, 20)
    assert least.plan.actions == ()
    assert len(least.plan.spec.producers) + len(least.plan.spec.consumers) == 1
    assert fuzz.Run(least.plan).failure() == again
    monkeypatch.undo()
    assert fuzz.Run(least.plan).failure() is None


def test_a_failure_is_told_with_seed_claim_time_and_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(fuzz, "SHRINK_S", 5.0)
    drawn, found = _failing(monkeypatch)
    assert fuzz.main(1, drawn.seed, None, lambda run, found: tmp_path / "kept.md") == 1
    said = capsys.readouterr().out
    again = f"lab fuzz --first {drawn.seed} --seeds 1"
    for part in (f"seed {drawn.seed}", found.claim, again, f"look at it: lab {tmp_path / 'kept.md'}"):
        assert part in said


def test_a_promise_broken_while_the_cluster_is_set_up_ends_like_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def at_once(self: OneLeader, world: World, node: str, fact: object) -> None:
        self.require(False, "found at once")

    monkeypatch.setattr(OneLeader, "_leader", at_once)
    assert fuzz.main(1, 7, None, lambda run, found: write_failure(run, found, tmp_path)) == 1
    said = capsys.readouterr().out
    assert "seed 7 fails at -" in said
    assert f"{OneLeader.claim}: found at once" in said
    assert "shrunk to 0" in said
    path = tmp_path / "seed-7.md"
    with pytest.raises(Refused, match=rf"cannot be set up: event .* at -.*{OneLeader.claim}"):
        open_lesson(read_lesson(path))
    monkeypatch.undo()
    assert not open_lesson(read_lesson(path)).violation


def _keeps_nothing(run: fuzz.Run, found: fuzz.Failure) -> Path:
    pytest.fail(f"{found} was kept")


def test_seeds_that_hold_end_with_success(capsys: pytest.CaptureFixture[str]):
    assert fuzz.main(2, 5, None, _keeps_nothing) == 0
    assert "2 seeds held" in capsys.readouterr().out


def test_a_cluster_that_never_comes_to_rest_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fuzz, "unrest", lambda world: "it never does")
    monkeypatch.setattr(fuzz, "REST_WITHIN_S", 3)
    found = fuzz.Run(replace(plan(5), actions=())).failure()
    assert found is not None
    assert "it never does" in found.claim


@pytest.mark.xdist_group("seeds")
def test_every_invariant_is_checked_in_some_run():
    times = dict.fromkeys(CLAIMS, 0)
    for seed in dict.fromkeys((*DIFFERENT, *range(1, 41))):
        for claim, count in checked(seed).items():
            times[claim] = times.get(claim, 0) + count
        if all(times[claim] for claim in CLAIMS):
            return
    pytest.fail(f"never checked: {sorted(claim for claim, count in times.items() if not count)}")


# --- shrinking ------------------------------------------------------------------------------------


def test_times_are_shrunk_to_the_roundest_that_fail():
    actions = tuple((at, Crash(f"broker-{at}")) for at in (3_456_789, 7_654_321, 7_700_000))
    failed: list[Plan] = []

    def fails(smaller: Plan) -> bool:
        """The second must come in the second half of its second."""
        if smaller.actions[1][0] % 1_000_000 < 500_000:
            return False
        failed.append(smaller)
        return True

    rounder_times(Plan(1, ClusterSpec(), actions), fails)
    assert [at for at, _ in failed[-1].actions] == [3_000_000, 7_600_000, 7_700_000]


@pytest.mark.parametrize("guilty", [(), (3,), (0, 19), (4, 5, 6), (1, 7, 12, 18)])
def test_shrinking_keeps_exactly_what_fails(guilty: tuple[int, ...]):
    assert ddmin(range(20), lambda items: all(one in items for one in guilty)) == list(guilty)


def test_shrinking_ends_where_time_does():
    assert ddmin(range(5), lambda items: False) == [0, 1, 2, 3, 4]
