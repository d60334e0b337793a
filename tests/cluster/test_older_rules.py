"""An older rule of truncation excuses what it cut, and nothing beside it."""

import pytest

from lab.kafka import facts
from lab.kafka.broker.broker import Broker
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.truncation import FENCED_EPOCH, HIGH_WATERMARK, LAST_EPOCH
from tests.cluster.test_invariants import ORDERS, Story, violated

LACKS = "every committed record"


def following(rule: str = HIGH_WATERMARK) -> Story:
    """Three records on all three, all committed; broker-3 knows that of two. broker-1 dies, and it follows broker-2."""
    story = Story()
    for number in (1, 2, 3):
        config = BrokerConfig({"replica.truncation.rule": rule})
        story.world.hosts[f"broker-{number}"].node = Broker(number, ("controller-1",), config, False)
    story.committed(2)
    story.append(1, 2, leading=True)
    story.append(2, 2)
    story.append(3, 2)
    story.commit(1, 3)
    story.elect(2, 1, (2, 3))
    story.tell("broker-3", facts.BecameFollower(ORDERS, 1, 2, 3))
    return story


def test_what_was_cut_at_the_high_watermark_may_be_missing_and_it_is_said_why():
    story = following()
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 3, 2))
    story.elect(3, 2, (3,))
    assert (story.fate.lost_from, story.fate.lost_until) == (2, 3)
    assert story.fate.committed.end == 2
    assert story.fate.older is not None
    assert story.fate.older.said == [
        "broker-3 cut orders-0 at its own high watermark 2 of 3, as Kafka did before KIP-101"
    ]
    story.append(3, 2, 2, "instead", leading=True)


@pytest.mark.parametrize("rule", [LAST_EPOCH, FENCED_EPOCH])
def test_by_a_later_rule_nobody_cuts_there(rule: str):
    story = following(rule)
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 3, 2))
    with violated(LACKS):
        story.elect(3, 2, (3,))


def test_a_cut_anywhere_else_is_no_excuse():
    story = following()
    story.tell("broker-3", facts.Truncated(ORDERS, 1, 3, 2))
    with violated(LACKS):
        story.elect(3, 2, (3,))


def test_nobody_cuts_by_the_rule_who_follows_already():
    story = following()
    story.append(2, 3, 1, leading=True)
    story.append(3, 3, 1)
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 4, 2))
    with violated(LACKS):
        story.elect(3, 2, (3,))


def test_what_was_copied_again_may_not_be_missing():
    story = following()
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 3, 2))
    story.append(3, 2, 0, own=1)
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 3, 3))
    with violated(LACKS):
        story.elect(3, 2, (3,))


def test_what_was_committed_after_the_cut_may_not_be_missing():
    story = following()
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 3, 2))
    story.append(2, 3, 1, leading=True)
    with violated("every in-sync replica has what its leader committed"):
        story.commit(2, 4, 1)


def test_an_old_leader_that_commits_late_what_was_cut_is_excused():
    story = following()
    story.append(1, 3, leading=True)
    story.append(3, 3)
    story.tell("broker-3", facts.BecameFollower(ORDERS, 1, 2, 4))
    story.tell("broker-3", facts.Truncated(ORDERS, 2, 4, 2))
    story.elect(3, 2, (3,))
    story.commit(1, 4)
    assert story.fate.lost_until == 4
    assert story.fate.committed.end == 2
