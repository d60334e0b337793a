"""Groups that go over to the other protocol with members in them, and are mixed meanwhile (KIP-848, spec 4.6)."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from lab.cluster.actions.clients import PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, Stop
from lab.cluster.actions.topics import AddPartitions
from lab.kafka import facts
from lab.kafka.coordinator.group import Group
from tests.story import Story, orders, settings

Texts = tuple[tuple[str, str], ...]
BEATS = settings(auto_offset_reset="earliest", heartbeat_interval_ms=1_000)
EAGER = (*BEATS, *settings(partition_assignment_strategy="range"))
COOPERATIVE = (*BEATS, *settings(partition_assignment_strategy="cooperative-sticky"))
CONSUMER = settings(auto_offset_reset="earliest", group_protocol="consumer")
EACH = pytest.mark.parametrize("classic", [EAGER, COOPERATIVE], ids=["eager", "cooperative"])


def begun(*names: str, config: Texts, partitions: int = 6, policy: str = "bidirectional") -> Story:
    """A stable group that reads."""
    story = Story(topics=orders(partitions=partitions), broker_config=settings(group_consumer_migration_policy=policy))
    story.producer("web", rate=50, keys="cycle:12")
    for name in names:
        story.consumer(name, config=config)
    story.run(15)
    return story


def replaced(story: Story, name: str, config: Texts) -> str:
    """A process ends, and its next version starts with other settings."""
    story.act(Stop(name))
    story.run(2)
    story.consumer(f"{name}+", config=config)
    story.run(18)
    return f"{name}+"


def conversions(story: Story) -> list[tuple[str, int]]:
    return [(one.group_type, one.generation_id) for one in story.told(facts.GroupConverted)]


def counts(story: Story) -> Iterator[int]:
    """Generations and epochs of the group, as its coordinators told them."""
    for one in story.scribe.heard:
        match one.fact:
            case facts.GroupStateChanged():
                yield one.fact.generation_id
            case facts.ConsumerGroupChanged():
                yield one.fact.group_epoch
            case _:
                pass


def shares(story: Story, *names: str) -> list[int]:
    """How many partitions each has; each partition has one owner."""
    owned = story.owned(*names)
    everything = sorted(one for mine in owned.values() for one in mine)
    assert everything == list(range(len(everything)))
    return [len(mine) for mine in owned.values()]


# --- there and back -------------------------------------------------------------------------------


@EACH
def test_a_rolling_restart_takes_a_group_to_the_consumer_protocol_and_back(classic: Texts):
    story = begun("a", "b", "c", config=classic)
    running = ["a", "b", "c"]
    for config in (CONSUMER, classic):
        for place, name in enumerate(running):
            running[place] = replaced(story, name, config)
            assert story._group("pay").state == "Stable"
            assert shares(story, *running) == [2, 2, 2]
    assert running == ["a++", "b++", "c++"]
    assert story.group().state == "Stable"
    assert [kind for kind, _ in conversions(story)] == ["consumer", "classic"]
    told = list(counts(story))
    assert told == sorted(told)
    history = story.ledger.group("pay")
    assert (history.duplicates, history.skipped()) == (0, 0)
    assert len(story.done()) > 5_000


@EACH
def test_while_one_process_is_exchanged_the_others_read_on(classic: Texts):
    """Not one of them stops for longer than its own part in a rebalance takes."""
    story = begun("a", "b", "c", config=classic)
    replaced(story, "a", CONSUMER)
    times = [one.time // 1_000 for one in story.heard(facts.RecordDone) if one.time >= 15_000_000]
    assert max(later - sooner for sooner, later in pairwise(times)) < 500


def test_members_keep_what_they_have_until_they_are_told_otherwise():
    story = begun("a", "b", config=COOPERATIVE)
    before = story.owned("a", "b")
    generation = story.group().generation
    story.consumer("new", config=CONSUMER)
    story.until(lambda: conversions(story))
    group = story.consumer_group()
    old = [one for one in group.members.values() if one.classic is not None]
    assert {one.client_id: sorted(part.partition for part in one.assigned) for one in old} == before
    assert [(one.epoch, one.classic.session_timeout_ms) for one in old if one.classic] == [(generation, 45_000)] * 2
    assert (group.epoch, group.assignment_epoch) == (generation + 1, generation + 1)
    story.run(10)
    assert shares(story, "a", "b", "new") == [2, 2, 2]
    assert {one.epoch for one in story.consumer_group().members.values()} == {generation + 1}


def test_who_waits_in_a_rebalance_joins_the_group_of_the_other_protocol():
    """A member's JoinGroup is parked for another's that does not poll when the newcomer comes."""
    story = begun("a", "slow", config=EAGER)
    story.act(PauseConsumer("slow"))
    story.consumer("third", config=EAGER)
    story.run(5)
    assert [one.joining is not None for one in story.group().members.values()].count(True) == 2
    story.consumer("new", config=CONSUMER)
    story.until(lambda: conversions(story))
    story.act(ResumeConsumer("slow"))
    story.run(15)
    assert sorted(shares(story, "a", "slow", "third", "new")) == [1, 1, 2, 2]
    assert story.consumer_group().state == "Stable"


def test_new_partitions_reach_members_of_both_protocols():
    story = begun("a", config=EAGER, partitions=2)
    story.consumer("new", config=CONSUMER)
    story.run(12)
    story.act(AddPartitions("orders", 6))
    story.run(25)
    assert shares(story, "a", "new") == [3, 3]


# --- how the consumer protocol ends ---------------------------------------------------------------


def mixed(policy: str = "bidirectional") -> Story:
    """Two members of the classic protocol and one of the other."""
    story = begun("a", "b", config=COOPERATIVE, policy=policy)
    story.consumer("new", config=CONSUMER)
    story.run(12)
    assert shares(story, "a", "b", "new") == [2, 2, 2]
    return story


def test_when_the_last_one_of_the_consumer_protocol_leaves_the_others_rebalance_in_their_own_way():
    story = mixed()
    epoch = story.consumer_group().epoch
    story.act(Stop("new"))
    story.run(8)
    assert conversions(story)[-1] == ("classic", epoch)
    assert story.group().generation > epoch
    assert shares(story, "a", "b") == [3, 3]


def test_when_the_last_one_of_the_consumer_protocol_is_silent_its_group_goes_back_too():
    story = mixed()
    story.act(Freeze("new"))
    story.run(60)
    assert isinstance(story._group("pay"), Group)
    assert shares(story, "a", "b") == [3, 3]
    assert [one.reason for one in story.told(facts.MemberRemoved)][-1] == "was silent for its session timeout"


@pytest.mark.parametrize("policy", ["upgrade", "UPGRADE"])
def test_a_group_that_may_not_go_back_stays_what_it_is_for_members_of_the_classic_protocol(policy: str):
    story = mixed(policy)
    story.act(Stop("new"))
    story.run(8)
    assert all(one.classic is not None for one in story.consumer_group().members.values())
    assert shares(story, "a", "b") == [3, 3]
    story.consumer("c", config=COOPERATIVE)
    story.run(12)
    assert shares(story, "a", "b", "c") == [2, 2, 2]


@pytest.mark.parametrize("policy", ["disabled", "Disabled", "downgrade"])
def test_a_group_that_may_not_go_over_refuses_the_newcomer(policy: str):
    story = begun("a", config=EAGER, policy=policy)
    story.consumer("new", config=CONSUMER)
    story.run(6)
    assert [one.exception for one in story.told(facts.PollFailed)] == ["GroupIdNotFoundException"]
    assert shares(story, "a") == [6]


@pytest.mark.parametrize("policy", ["disabled", "upgrade"])
def test_members_of_the_classic_protocol_may_join_a_consumer_group_whatever_the_policy(policy: str):
    story = begun("new", config=CONSUMER, policy=policy)
    story.consumer("a", config=COOPERATIVE)
    story.run(15)
    assert shares(story, "new", "a") == [3, 3]


def test_a_classic_member_that_falls_silent_is_out_after_its_own_session():
    story = begun("new", config=CONSUMER)
    story.consumer("a", config=(*COOPERATIVE, *settings(session_timeout_ms=10_000)))
    story.run(15)
    story.act(Freeze("a"))
    story.run(8)
    assert len(story.consumer_group().members) == 2
    story.run(8)
    assert shares(story, "new") == [6]


def test_a_classic_member_whose_application_does_not_poll_leaves_by_itself():
    story = begun("a", config=(*COOPERATIVE, *settings(max_poll_interval_ms=20_000)))
    story.act(PauseConsumer("a"))
    story.run(2)
    story.consumer("new", config=CONSUMER)
    story.run(30)
    assert [one.reason for one in story.told(facts.MemberRemoved)] == ["max.poll.interval.ms exceeded"]
    assert shares(story, "new") == [6]


# --- static members -------------------------------------------------------------------------------


def test_static_members_take_each_others_place_across_the_protocols():
    static = settings(group_instance_id="one")
    story = begun("a", config=(*COOPERATIVE, *static), partitions=2)
    story.act(Stop("a"))
    story.run(1)
    story.consumer("b", config=(*CONSUMER, *static))
    story.run(8)
    assert [one.client_id for one in story.consumer_group().members.values()] == ["b"]
    assert shares(story, "b") == [2]
    story.act(Stop("b"))
    story.run(1)
    story.consumer("c", config=(*COOPERATIVE, *static))
    story.run(8)
    assert list(story.group().static_members) == ["one"]
    assert shares(story, "c") == [2]
    assert conversions(story) == [("consumer", 1), ("classic", 2)]
    assert story.ledger.group("pay").duplicates == 0


# --- the log --------------------------------------------------------------------------------------


def moved(story: Story) -> None:
    """The coordinator dies; another one reads the log."""
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(25)


def test_the_next_coordinator_knows_who_speaks_which_protocol():
    story = mixed()
    before = {one.member_id: one.classic for one in story.consumer_group().members.values()}
    moved(story)
    assert {one.member_id: one.classic for one in story.consumer_group().members.values()} == before
    assert shares(story, "a", "b", "new") == [2, 2, 2]


def test_a_coordinator_that_dies_while_the_group_goes_over_is_followed_by_one_that_goes_on():
    story = begun("a", "b", config=COOPERATIVE)
    story.consumer("new", config=CONSUMER)
    story.until(lambda: conversions(story))
    moved(story)
    story.run(20)
    assert story.consumer_group().state == "Stable"
    assert shares(story, "a", "b", "new") == [2, 2, 2]


def test_a_coordinator_that_dies_while_the_group_goes_back_is_followed_by_one_that_goes_on():
    story = mixed()
    story.act(Stop("new"))
    story.until(lambda: len(conversions(story)) == 2)
    story.run(0.1)
    assert story.group().state == "PreparingRebalance"
    moved(story)
    assert story.group().state == "Stable"
    assert shares(story, "a", "b") == [3, 3]
