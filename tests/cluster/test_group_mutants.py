"""Lies put into the consumer protocol on purpose: each is found by the claim that it breaks.

The stories are told here, so that they stay the same whatever the swarm draws.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lab.cluster.actions.base import ClusterAction
from lab.cluster.actions.clients import PauseConsumer, RemoveClient, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, PowerOff, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink, SlowLink
from lab.cluster.actions.settings import SetClientConfig
from lab.cluster.fuzzing.swarm import Plan
from lab.cluster.spec import ClusterSpec, ConsumerSpec, ProducerSpec, TopicSpec
from lab.env import seconds
from lab.kafka.broker import consumer_groups
from lab.kafka.coordinator import assignors, classic_members, commits, draft, migration, reconciliation
from lab.kafka.coordinator.consumer_group import ConsumerGroup, ConsumerMember
from lab.kafka.coordinator.consumer_records import GroupEpoch
from lab.kafka.coordinator.draft import Draft
from lab.kafka.coordinator.shard import GroupShard
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.groups import HeartbeatResponse
from lab.world.world import WorldStopped
from tests.mutants import Mutant, in_plan, name_of, of_plan
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


# --- migration ------------------------------------------------------------------------------------


def classic_member_is_not_told_of_another_target(patch: Patch) -> None:
    def heartbeat(draft: Any, request: Any) -> HeartbeatResponse:
        found = honest(draft, request)
        return HeartbeatResponse(ErrorCode.NONE) if found.error_code is ErrorCode.REBALANCE_IN_PROGRESS else found

    honest = classic_members.heartbeat
    patch.setattr(classic_members, "heartbeat", heartbeat)


def members_go_over_with_nothing(patch: Patch) -> None:
    patch.setattr(migration, "read_assignment", lambda data: ((), None))


def members_come_back_with_nothing(patch: Patch) -> None:
    def downgrade(draft: Draft, members: list[ConsumerMember], reason: str) -> None:
        draft.group.target = {}
        honest(draft, members, reason)

    honest = migration.downgrade
    patch.setattr(migration, "downgrade", downgrade)


def generation_begins_anew_when_a_group_comes_back(patch: Patch) -> None:
    def downgrade(draft: Draft, members: list[ConsumerMember], reason: str) -> None:
        honest(draft, members, reason)
        assert draft.classic is not None
        draft.classic.generation = 0

    honest = migration.downgrade
    patch.setattr(migration, "downgrade", downgrade)


def group_that_comes_back_does_not_rebalance(patch: Patch) -> None:
    patch.setattr(GroupShard, "begin", lambda self, turn, reason="": None)


STICKY = (("partition.assignment.strategy", "cooperative-sticky"), ("auto.offset.reset", "earliest"))
ROLLED = Plan(
    1,
    ClusterSpec(
        seed=1, brokers=3, topics=(TopicSpec("orders", 6, 3),), producers=(ProducerSpec("web", "orders", 50),),
        consumers=tuple(ConsumerSpec(name, "pay", ("orders",), config=STICKY) for name in ("one", "two", "three")),
    ),
    (
        (seconds(12), Stop("three")),
        (seconds(13), SetClientConfig("three", "partition.assignment.strategy", "")),
        (seconds(13), SetClientConfig("three", "group.protocol", "consumer")),
        (seconds(20), Restart("three")),
    ),
)  # fmt: skip
"""One member goes over to the consumer protocol, and the group is mixed from then on."""
BACK = replace(ROLLED, actions=(*ROLLED.actions, (seconds(40), Stop("three")), (seconds(41), RemoveClient("three"))))
"""And leaves for good."""
KEEP = "members keep what they have when their group changes its protocol"

MIGRATING: tuple[tuple[Callable[[Patch], None], Plan, str], ...] = (
    (classic_member_is_not_told_of_another_target, ROLLED, "no rest"),
    (members_go_over_with_nothing, ROLLED, KEEP),
    (members_come_back_with_nothing, BACK, KEEP),
    (generation_begins_anew_when_a_group_comes_back, BACK, "an acknowledged commit holds"),
    (group_that_comes_back_does_not_rebalance, BACK, "no rest"),
)

HUNTED = (
    *(Mutant(lie, claim, {story.__name__: story}) for lie, story, claim in MUTANTS),
    *(Mutant(lie, claim, in_plan(drawn)) for lie, drawn, claim in MIGRATING),
)


@pytest.mark.parametrize("drawn", [ROLLED, BACK], ids=["rolled", "back"])
def test_without_a_lie_a_group_that_changes_its_protocol_holds(drawn: Plan):
    assert of_plan(drawn) == ""


@pytest.mark.parametrize("story", [crowd, lonely_coordinator, moved_coordinator, forgetful_coordinator])
def test_without_a_lie_nothing_is_found(story: Callable[[], str]):
    assert story() == ""


@pytest.mark.parametrize("mutant", HUNTED, ids=name_of)
def test_a_lie_of_the_consumer_protocol_is_found(monkeypatch: Patch, mutant: Mutant):
    hunt = mutant.hunt(monkeypatch)
    assert hunt.story, hunt
