"""Consumers of the consumer protocol in a whole cluster (spec 4.6, 6.15): every invariant listens."""

import pytest

from lab.cluster.actions.clients import PauseConsumer, ResumeConsumer
from lab.cluster.actions.machines import Crash, Freeze, Restart, Stop, Thaw
from lab.cluster.actions.network import CutLink, HealLink, SlowLink
from lab.cluster.actions.topics import AddPartitions
from lab.kafka import facts
from lab.kafka.config.client import ConsumerConfig
from lab.kafka.config.definition import InvalidConfig
from tests.story import Story, orders, settings


def modern(**more: object) -> tuple[tuple[str, str], ...]:
    return settings(auto_offset_reset="earliest", group_protocol="consumer", **more)


def three_of(*names: str, partitions: int = 6, **more: object) -> Story:
    """A stable group of these members, started four seconds apart."""
    story = Story(topics=orders(partitions=partitions), seed=1)
    story.producer("web", rate=60)
    for name in names:
        story.consumer(name, config=modern(**more))
        story.run(4)
    story.run(12)
    assert story.consumer_group().state == "Stable"
    return story


def clean(story: Story) -> bool:
    """Nothing done twice, nothing left out."""
    history = story.ledger.group("pay")
    return (history.duplicates, history.skipped()) == (0, 0)


def given_up(story: Story, member: str) -> list[int]:
    return [
        one.partition for fact in story.told(facts.PartitionsRevoked) if fact.member == member for one in fact.revoked
    ]


def test_spec_06_15_a_newcomer_takes_only_what_moves_and_nobody_else_stops():
    story = three_of("one", "two")
    assert story.owned("one", "two") == {"one": [0, 1, 2], "two": [3, 4, 5]}
    story.consumer("three", config=modern())
    story.run(16)
    assert story.owned("one", "two", "three") == {"one": [0, 1], "two": [3, 4], "three": [2, 5]}
    assert given_up(story, "one") == [3, 4, 5, 2]
    assert given_up(story, "two") == [5]
    assert clean(story)


def test_an_assignment_whose_answer_is_lost_is_asked_for_again():
    story = three_of("one", partitions=2, request_timeout_ms=3_000)
    story.consumer("two", config=modern(request_timeout_ms=3_000))
    story.until(lambda: story.app("two").membership.stage == "stable" and not story.owned("one")["one"][1:])
    assert story.owned("two") == {"two": []}, "the next answer gives it what the other has given up"
    coordinator = f"broker-{story.coordinator()}"
    story.act(SlowLink(coordinator, "two", 4_000))
    story.run(9)
    story.act(HealLink(coordinator, "two"))
    story.run(20)
    assert story.owned("one", "two") == {"one": [0], "two": [1]}
    assert clean(story)


def test_who_does_not_poll_delays_its_own_partitions_only():
    story = three_of("one", "two")
    story.act(PauseConsumer("two"))
    story.consumer("three", config=modern())
    story.run(16)
    assert story.owned("one", "two", "three") == {"one": [0, 1], "two": [3, 4, 5], "three": [2]}
    story.act(ResumeConsumer("two"))
    story.run(8)
    assert story.owned("two", "three") == {"two": [3, 4], "three": [2, 5]}
    assert clean(story)


def test_who_does_not_poll_for_too_long_leaves_and_comes_back_with_nothing():
    story = three_of("one", "two", max_poll_interval_ms=15_000)
    story.act(PauseConsumer("two"))
    story.run(25)
    assert [(one.member, one.reason) for one in story.told(facts.LeftGroup)] == [
        ("two", "max.poll.interval.ms exceeded")
    ]
    assert story.owned("one") == {"one": [0, 1, 2, 3, 4, 5]}
    story.act(ResumeConsumer("two"))
    story.run(16)
    assert [one.lost for one in story.told(facts.PartitionsRevoked) if one.member == "two"] == [True]
    assert sorted(len(mine) for mine in story.owned("one", "two").values()) == [3, 3]


def test_a_sleeper_that_was_thrown_out_loses_its_partitions_and_may_not_commit():
    story = three_of("one", "two")
    story.act(Freeze("one"))
    story.run(60)
    assert story.owned("two") == {"two": [3, 4, 5, 0, 1, 2]}
    story.act(Thaw("one"))
    story.run(20)
    assert any(one.member == "one" and one.lost for one in story.told(facts.PartitionsRevoked))
    assert story.consumer_group().state == "Stable"
    assert sorted(len(mine) for mine in story.owned("one", "two").values()) == [3, 3]


def test_spec_04_19_epochs_and_assignments_outlive_their_coordinator():
    story = three_of("one", "two")
    coordinator = f"broker-{story.coordinator()}"
    before = story.consumer_group()
    epochs = before.epoch, before.assignment_epoch, dict(before.members), dict(before.target)
    revoked = len(story.told(facts.PartitionsRevoked))
    story.act(Crash(coordinator))
    story.run(25)
    after = story.consumer_group()
    assert (after.epoch, after.assignment_epoch, after.members, after.target) == epochs
    assert len(story.told(facts.PartitionsRevoked)) == revoked
    assert clean(story)


def test_a_decision_that_the_log_does_not_take_has_not_been_made():
    story = three_of("one", partitions=2)
    epoch = story.consumer_group().epoch
    coordinator = f"broker-{story.coordinator()}"
    others = [f"broker-{at}" for at in (1, 2, 3) if f"broker-{at}" != coordinator]
    for other in others:
        story.act(CutLink(coordinator, other))
    story.consumer("two", config=modern(request_timeout_ms=3_000))
    story.run(3)
    assert story.owned("two") == {"two": []}
    for other in others:
        story.act(HealLink(coordinator, other))
    story.run(20)
    assert story.consumer_group().epoch == epoch + 1
    assert story.owned("one", "two") == {"one": [0], "two": [1]}


def test_a_static_member_that_restarts_has_its_partitions_again_in_the_same_epoch():
    story = Story(topics=orders(partitions=4), seed=1)
    story.producer("web", rate=40)
    for name in ("one", "two"):
        story.consumer(name, config=modern(group_instance_id=name))
    story.run(16)
    epoch, owned = story.consumer_group().epoch, story.owned("one", "two")
    story.act(Stop("one"))
    story.run(8)
    assert story.owned("two") == {"two": owned["two"]}
    story.act(Restart("one"))
    story.run(8)
    assert (story.consumer_group().epoch, story.owned("one", "two")) == (epoch, owned)
    assert clean(story)


def test_a_static_member_that_died_without_a_word_is_refused_until_its_session_is_over():
    story = Story(topics=orders(partitions=2), seed=1)
    story.consumer("one", config=modern(group_instance_id="one"))
    story.run(8)
    story.act(Crash("one"))
    story.run(2)
    story.act(Restart("one"))
    story.run(4)
    assert [one.exception for one in story.told(facts.PollFailed)] == ["UnreleasedInstanceIdException"]
    story.run(45)
    story.act(Restart("one"))
    story.run(6)
    assert story.owned("one") == {"one": [0, 1]}


def test_new_partitions_are_found_by_the_coordinator():
    story = three_of("one", partitions=2)
    story.act(AddPartitions("orders", 4))
    story.run(8)
    assert story.owned("one") == {"one": [0, 1, 2, 3]}


def test_an_asynchronous_commit_of_an_old_epoch_fails_and_the_next_one_does_not():
    story = Story(topics=orders(partitions=6), seed=1)
    story.producer("web", rate=150, keys="none")
    story.consumer("one", commit="async", work_us=5_000, config=modern(max_poll_records=1))
    story.run(5)
    story.act(SlowLink("one", f"broker-{story.coordinator()}", 200))
    story.run(3)
    story.consumer("two", config=modern())
    story.run(16)
    failed = [one.error for one in story.told(facts.CommitFailed)]
    assert failed
    assert set(failed) == {"STALE_MEMBER_EPOCH"}
    assert story.owned("one", "two") == {"one": [0, 1, 2], "two": [3, 4, 5]}
    assert story.ledger.group("pay").skipped() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_protocol": "consumer", "session_timeout_ms": 30_000},
        {"group_protocol": "consumer", "heartbeat_interval_ms": 1_000},
        {"group_protocol": "consumer", "partition_assignment_strategy": "range"},
        {"group_remote_assignor": "range"},
        {"group_protocol": "share"},
    ],
)
def test_spec_06_15_settings_of_the_other_protocol_are_refused(wrong: dict[str, object]):
    with pytest.raises(InvalidConfig):
        ConsumerConfig(settings(**wrong))


def test_a_member_may_prefer_the_range_assignor():
    story = Story(topics=orders(partitions=4), seed=1)
    for name in ("one", "two"):
        story.consumer(name, config=modern(group_remote_assignor="range"))
        story.run(4)
    story.run(12)
    assert story.consumer_group().protocol == "range"
    assert sorted(story.owned("one", "two").values()) == [[0, 1], [2, 3]]


def test_an_assignor_that_the_brokers_do_not_offer_is_thrown_by_poll():
    story = Story(topics=orders(), broker_config=settings(group_consumer_assignors="uniform"))
    story.consumer("one", config=modern(group_remote_assignor="range"))
    story.run(4)
    assert [one.exception for one in story.told(facts.PollFailed)] == ["UnsupportedAssignorException"]
