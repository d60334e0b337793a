"""Lies put into the consumer protocol on purpose: each is found by the claim that it breaks.

The stories are told here, so that they stay the same whatever the swarm draws.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster import fuzz
from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.machines import Crash, Freeze, Restart, Thaw
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.cluster.swarm import Plan
from lab.env import seconds
from lab.kafka.broker import consumer_groups
from lab.kafka.coordinator import assignors, commits, draft, reconciliation
from lab.kafka.coordinator.consumer_group import ConsumerGroup, ConsumerMember
from lab.kafka.coordinator.consumer_records import GroupEpoch
from lab.kafka.protocol.errors import ErrorCode
from tests.story import settings

Patch = pytest.MonkeyPatch


def stale_member_epoch_may_commit(patch: Patch) -> None:
    def error(group: ConsumerGroup, member_id: str, member_epoch: int) -> ErrorCode:
        found = honest(group, member_id, member_epoch)
        return ErrorCode.NONE if found is ErrorCode.STALE_MEMBER_EPOCH else found

    honest = commits.member_error
    patch.setattr(commits, "member_error", error)


def who_is_out_may_commit(patch: Patch) -> None:
    def error(group: ConsumerGroup, member_id: str, member_epoch: int) -> ErrorCode:
        found = honest(group, member_id, member_epoch)
        return ErrorCode.NONE if found is ErrorCode.UNKNOWN_MEMBER_ID else found

    honest = commits.member_error
    patch.setattr(commits, "member_error", error)


def partition_is_given_before_it_is_revoked(patch: Patch) -> None:
    patch.setattr(ConsumerGroup, "held_by_others", lambda self, member_id: {})


def partition_is_given_while_its_owner_is_asked_for_it(patch: Patch) -> None:
    """What a member is to give up counts as given up."""

    def held(self: ConsumerGroup, member_id: str) -> Mapping[Any, None]:
        others = [one for one in self.members.values() if one.member_id != member_id]
        return {partition: None for one in others for partition in one.assigned}

    patch.setattr(ConsumerGroup, "held_by_others", held)


def member_need_not_say_that_it_has_revoked(patch: Patch) -> None:
    patch.setattr(reconciliation, "_owns_any", lambda owned, partitions: False)


def member_is_ahead_of_its_group(patch: Patch) -> None:
    def reconciled(member: ConsumerMember, *rest: Any) -> ConsumerMember:
        found = honest(member, *rest)
        return replace(found, epoch=found.epoch + 1) if found is not member else found

    honest = draft.reconciled
    patch.setattr(draft, "reconciled", reconciled)


def target_leaves_a_partition_out(patch: Patch) -> None:
    def assign(members: Any, before: Any, counts: Any) -> Any:
        found = dict(honest(members, before, counts))
        rich = max(found, key=lambda one: len(found[one]))
        return {**found, rich: found[rich][:-1]}

    honest = assignors.SERVER_ASSIGNORS["uniform"]
    patch.setitem(assignors.SERVER_ASSIGNORS, "uniform", assign)


def target_gives_a_partition_twice(patch: Patch) -> None:
    def assign(members: Any, before: Any, counts: Any) -> Any:
        found = honest(members, before, counts)
        first = next(iter(found.values()))
        return {one: tuple(dict.fromkeys((*mine, *first[:1]))) for one, mine in found.items()}

    honest = assignors.SERVER_ASSIGNORS["uniform"]
    patch.setitem(assignors.SERVER_ASSIGNORS, "uniform", assign)


def group_epoch_is_not_kept_in_the_log(patch: Patch) -> None:
    def replay(shard: Any, key: bytes, value: bytes | None) -> None:
        if key[:2] != GroupEpoch.key.to_bytes(2, "big"):
            honest(shard, key, value)

    honest = consumer_groups.replay
    patch.setattr(consumer_groups, "replay", replay)


def heartbeat_is_answered_before_it_is_replicated(patch: Patch) -> None:
    patch.setattr(consumer_groups, "_when_committed", lambda broker, env, name, pending: pending.response)


# --- where it shows -------------------------------------------------------------------------------

CONSUMER = settings(group_protocol="consumer", auto_offset_reset="earliest", max_poll_records=5)
ORDERS = TopicSpec("orders", 6, 3)


def member(name: str, *, started: bool = True) -> ConsumerSpec:
    return ConsumerSpec(name, "pay", ("orders",), 10_000, "sync", CONSUMER, started)


def run(*deeds: tuple[int, ClusterAction]) -> Plan:
    """One group whose members come and go; `broker-3` is its coordinator to begin with."""
    spec = ClusterSpec(
        seed=1, topics=(ORDERS,), producers=(ProducerSpec("web", "orders", 50),),
        consumers=(member("one"), member("two", started=False), member("three", started=False)),
    )  # fmt: skip
    return Plan(1, spec, tuple((seconds(at), deed) for at, deed in deeds))


def crowd() -> Plan:
    """Members join one after the other, and one is away for longer than its session."""
    return run((8, Restart("two")), (20, Restart("three")), (33, Freeze("one")), (85, Thaw("one")))


def lonely_coordinator() -> Plan:
    """The coordinator can be heard, but nobody fetches from it any more when a member joins; then it is gone."""
    alone = [(15, CutLink("broker-3", other)) for other in ("broker-1", "broker-2")]
    back = [(24, HealLink("broker-3", other)) for other in ("broker-1", "broker-2")]
    return run(*alone, (16, Restart("two")), (20, Crash("broker-3")), *back, (40, Restart("broker-3")))


def moved_coordinator() -> Plan:
    """The coordinator dies, and another one reads the log."""
    return run((10, Restart("two")), (20, Crash("broker-3")), (45, Restart("broker-3")))


ONE_OWNER = "a partition is given up before it is given on"
EPOCHS = "no member epoch is above its group's, and no group epoch falls"
COMMITS = "only a member's newest epoch commits"
TARGET = "a target gives every partition to one member"

MUTANTS: tuple[tuple[Callable[[Patch], None], Callable[[], Plan], str], ...] = (
    (stale_member_epoch_may_commit, crowd, COMMITS),
    (who_is_out_may_commit, crowd, COMMITS),
    (partition_is_given_before_it_is_revoked, crowd, ONE_OWNER),
    (partition_is_given_while_its_owner_is_asked_for_it, crowd, ONE_OWNER),
    (member_need_not_say_that_it_has_revoked, crowd, ONE_OWNER),
    (member_is_ahead_of_its_group, crowd, EPOCHS),
    (target_leaves_a_partition_out, crowd, TARGET),
    (target_gives_a_partition_twice, crowd, TARGET),
    (group_epoch_is_not_kept_in_the_log, moved_coordinator, EPOCHS),
    (heartbeat_is_answered_before_it_is_replicated, lonely_coordinator, EPOCHS),
)


@pytest.mark.parametrize("story", [crowd, lonely_coordinator, moved_coordinator])
def test_without_a_lie_nothing_is_found(story: Callable[[], Plan]):
    assert fuzz.Run(story()).failure() is None


@pytest.mark.parametrize(("mutant", "story", "claim"), MUTANTS, ids=[mutant.__name__ for mutant, _, _ in MUTANTS])
def test_a_lie_of_the_consumer_protocol_is_found(
    monkeypatch: Patch, mutant: Callable[[Patch], None], story: Callable[[], Plan], claim: str
):
    mutant(monkeypatch)
    found = fuzz.Run(story()).failure()
    assert found is not None
    assert found.claim.startswith(claim), found.claim
