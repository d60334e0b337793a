"""Groups that go over from the classic protocol to the consumer protocol, and back, while they are empty (spec 4.6)."""

from lab.cluster.actions.machines import Crash, Restart, Stop
from lab.kafka.coordinator.consumer_group import ConsumerGroup
from lab.kafka.coordinator.group import Group
from tests.story import Story, orders, settings

CLASSIC = settings(auto_offset_reset="earliest")
CONSUMER = settings(auto_offset_reset="earliest", group_protocol="consumer")


def emptied(first: tuple[tuple[str, str], ...]) -> Story:
    """A group in which somebody was, and is no more."""
    story = Story(topics=orders(partitions=2))
    story.producer("web", rate=20)
    story.consumer("one", config=first)
    story.run(12)
    story.act(Stop("one"))
    story.run(2)
    return story


def test_an_empty_group_goes_over_to_the_consumer_protocol_with_its_offsets():
    story = emptied(CLASSIC)
    assert isinstance(story.group(), Group)
    story.consumer("two", config=CONSUMER)
    story.run(12)
    assert story.consumer_group().epoch == 1
    assert story.owned("two") == {"two": [0, 1]}
    assert (story.ledger.group("pay").duplicates, story.ledger.group("pay").skipped()) == (0, 0)


def test_an_empty_group_goes_back_to_the_classic_protocol_with_its_offsets():
    story = emptied(CONSUMER)
    assert isinstance(story.consumer_group(), ConsumerGroup)
    story.consumer("two", config=CLASSIC)
    story.run(12)
    assert story.group().generation == 1
    assert (story.ledger.group("pay").duplicates, story.ledger.group("pay").skipped()) == (0, 0)


def test_the_next_coordinator_knows_which_protocol_came_last():
    story = emptied(CLASSIC)
    story.consumer("two", config=CONSUMER)
    story.run(12)
    coordinator = f"broker-{story.coordinator()}"
    story.act(Crash(coordinator))
    story.run(20)
    assert story.consumer_group().epoch == 1
    story.act(Stop("two"))
    story.run(2)
    story.consumer("three", config=CLASSIC)
    story.run(12)
    story.act(Restart(coordinator))
    story.run(10)
    story.act(Crash(f"broker-{story.coordinator()}"))
    story.run(20)
    assert story.group().state == "Stable"
    assert story.owned("three") == {"three": [0, 1]}
