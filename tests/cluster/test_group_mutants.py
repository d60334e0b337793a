"""Lies put into the consumer protocol on purpose: each is found by the claim that it breaks.

The stories are told here, so that they stay the same whatever the swarm draws.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Restart, Thaw
from lab.cluster.actions.network import CutLink, HealLink, SlowLink
from lab.env import seconds
from lab.kafka.broker import consumer_groups
from lab.kafka.coordinator import assignors, commits, draft, reconciliation
from lab.kafka.coordinator.consumer_group import ConsumerGroup, ConsumerMember
from lab.kafka.coordinator.consumer_records import GroupEpoch
from lab.kafka.protocol.errors import ErrorCode
from lab.world.world import WorldStopped
from tests.mutants import Mutant, name_of
from tests.story import Story, orders, settings

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
    def replay(shard: Any, key: bytes, value: bytes | None, names: Any) -> None:
        if key[:2] != GroupEpoch.key.to_bytes(2, "big"):
            honest(shard, key, value, names)

    honest = consumer_groups.replay
    patch.setattr(consumer_groups, "replay", replay)


def heartbeat_is_answered_before_it_is_replicated(patch: Patch) -> None:
    patch.setattr(consumer_groups, "_when_committed", lambda broker, env, name, reply_to, response: response)


# --- where it shows -------------------------------------------------------------------------------

CONSUMER = settings(group_protocol="consumer", auto_offset_reset="earliest", max_poll_records=5)


def told(*deeds: tuple[int, ClusterAction], at_last: tuple[int, ...] = (1, 2)) -> str:
    """A group whose members come and go, until ten seconds after the last deed: what was found wrong."""
    story = Story(topics=orders(partitions=6), brokers=3, seed=1)
    story.producer("web", rate=50)
    for name in ("one", "two", "three"):
        story.consumer(name, work_us=10_000, commit="async", config=CONSUMER, started=name == "one")
    try:
        for at, deed in deeds:
            story.world.run_until(seconds(at))
            story.act(deed)
        story.run(10)
    except WorldStopped as stopped:
        return str(stopped.__cause__)
    assert story.coordinator() in at_last, "broker-1 coordinates at first, broker-2 when it is gone"
    return ""


def crowd() -> str:
    """Members come; the first one, far away, does not poll for a while, and later is away longer than its session."""
    return told(
        (5, SlowLink("one", "broker-1", 100)), (6, PauseConsumer("one")), (7, Restart("two")),
        (16, ResumeConsumer("one")), (25, Restart("three")), (36, Freeze("one")), (86, Thaw("one")),
    )  # fmt: skip


def lonely_coordinator() -> str:
    """The coordinator can be heard, but nobody fetches from it any more when a member joins; then it is gone."""
    return told(
        (10, CutLink("broker-1", "broker-2")), (10, CutLink("broker-1", "broker-3")), (11, Restart("two")),
        (14, Crash("broker-1")), (30, HealLink("broker-1", "broker-2")),
    )  # fmt: skip


def moved_coordinator() -> str:
    """The coordinator dies, and another one reads the log."""
    return told((8, Restart("two")), (18, Crash("broker-1")), (30, Restart("three")))


def forgetful_coordinator() -> str:
    """All lose their power before the group is on a disk: who comes then is given what the forgotten member had."""
    brokers = ("broker-1", "broker-2", "broker-3")
    return told(
        (1, PowerOff(brokers)), (1, Crash("one")), *((2, Restart(name)) for name in brokers), (30, Restart("one")),
        at_last=(3,),
    )  # fmt: skip


ONE_OWNER = "a partition is given up before it is given on"
EPOCHS = "no member epoch is above its group's, and no group epoch falls"
COMMITS = "only a member's newest epoch commits"
TARGET = "a target gives every partition to one member"

MUTANTS: tuple[tuple[Callable[[Patch], None], Callable[[], str], str], ...] = (
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

HUNTED = tuple(Mutant(lie, claim, {story.__name__: story}) for lie, story, claim in MUTANTS)


@pytest.mark.parametrize("story", [crowd, lonely_coordinator, moved_coordinator, forgetful_coordinator])
def test_without_a_lie_nothing_is_found(story: Callable[[], str]):
    assert story() == ""


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_of_the_consumer_protocol_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
