"""What poll() throws: the application has no handler for it, closes its consumer and ends (spec 4.4.1, 6.13)."""

import pytest

from lab.cluster.actions.machines import Crash, Restart
from lab.cluster.actions.topics import DeleteRecords
from lab.kafka import facts
from lab.kafka.orders import Seek
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.consumer.shop import EARLIEST, events, resets, stock, write
from tests.story import ORDERS, Story, orders, settings

NONE = settings(auto_offset_reset="none")


def exceptions(story: Story, member: str) -> list[str]:
    return [one.exception for one in story.told(facts.PollFailed) if one.member == member]


def ended(story: Story, member: str) -> bool:
    return story.world.hosts[member].state == "down"


def test_spec_06_12_without_a_commit_and_without_a_policy_poll_throws():
    story = stock(5, topics=orders())
    story.consumer("a", config=NONE)
    story.run(10)
    assert exceptions(story, "a") == ["NoOffsetForPartitionException: orders-0"]
    assert ended(story, "a")
    assert story.group().state == "Empty", "it closed, and so left"
    assert story.polled("a") == []


def committed_at_five(config: tuple[tuple[str, str], ...] = NONE) -> Story:
    """Without a policy a group begins only where somebody has committed."""
    story = stock(5, topics=orders(1, 2, unclean_leader_election_enable="true"))
    story.consumer("first", config=EARLIEST)
    story.run(10)
    story.act(Crash("first"))
    story.consumer("a", config=config)
    story.run(50)
    assert resets(story, "a") == [(5, "committed")]
    return story


def test_spec_06_13_out_of_range_without_a_policy_is_thrown():
    story = committed_at_five()
    story.order("a", Seek({ORDERS: 99}))
    story.run(1)
    assert exceptions(story, "a") == ["OffsetOutOfRangeException: orders-0"]
    assert ended(story, "a")


def test_spec_06_13_records_deleted_under_a_consumer_without_a_policy_are_thrown():
    story = committed_at_five()
    story.act(Crash("a"))
    write(story, 5)
    story.act(DeleteRecords("orders-0", 8))
    story.run(50)
    story.act(Restart("a"))
    story.run(10)
    assert exceptions(story, "a") == ["OffsetOutOfRangeException: orders-0"]


def test_spec_06_18_a_truncation_without_a_policy_is_thrown():
    story = committed_at_five()
    story.act(Crash("broker-2"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    write(story, 2)
    story.run(1)
    assert story.polled("a") == [5, 6]
    story.act(Crash("broker-1"), Restart("broker-2"))
    story.until(lambda: story.state().leader_id == 2)
    story.run(3)
    assert exceptions(story, "a") == ["LogTruncationException: orders-0"]


def test_spec_06_23_of_two_processes_with_one_instance_id_the_older_is_fenced():
    story = stock(5, topics=orders())
    instance = settings(auto_offset_reset="earliest", group_instance_id="till-1")
    story.consumer("old", config=instance)
    story.run(10)
    story.consumer("new", config=instance)
    story.run(3.5)
    assert exceptions(story, "old") == ["FencedInstanceIdException"], "with its next heartbeat"
    assert ended(story, "old")
    assert events(story, "old") == [("assigned", [0]), ("lost", [0])]
    story.run(60)
    assert story.owned("new") == {"new": [0]}
    assert exceptions(story, "new") == []
    assert story.group().generation == 1, "it took the older one's place, without a rebalance"


def test_spec_04_13_a_member_without_a_common_assignor_is_refused_and_ends():
    story = Story(topics=orders())
    story.consumer("a", config=settings(partition_assignment_strategy="range"))
    story.run(10)
    story.consumer("b", config=settings(partition_assignment_strategy="roundrobin"))
    story.run(10)
    assert exceptions(story, "b") == ["InconsistentGroupProtocolException"]
    assert ended(story, "b")
    assert (story.group().generation, list(story.owned("a").values())) == (1, [[0]])


@pytest.mark.parametrize(
    ("broker", "consumer", "exception"),
    [
        ({"group_max_size": 1}, {}, "GroupMaxSizeReachedException"),
        ({}, {"session_timeout_ms": 5_999, "heartbeat_interval_ms": 1_000}, "InvalidSessionTimeoutException"),
    ],
)
def test_spec_04_16_04_17_what_the_coordinator_refuses_for_good_is_thrown(
    broker: dict[str, int], consumer: dict[str, int], exception: str
):
    story = Story(topics=orders(), broker_config=settings(**broker))
    story.consumer("a")
    story.run(10)
    story.consumer("b", config=settings(**consumer))
    story.run(10)
    assert exceptions(story, "b") == [exception]
    assert ended(story, "b")
    assert exceptions(story, "a") == []


def test_an_application_that_has_ended_so_can_be_started_again():
    story = Story(topics=orders())
    story.consumer("a", config=settings(partition_assignment_strategy="range"))
    story.run(10)
    story.consumer("b", config=settings(partition_assignment_strategy="roundrobin"))
    story.run(5)
    story.act(Crash("a"))
    story.run(50)
    story.act(Restart("b"))
    story.run(10)
    assert story.owned("b") == {"b": [0]}


def test_who_only_seeks_where_no_position_is_yet_is_not_heard():
    story = stock(5, topics=orders())
    story.consumer("a", config=EARLIEST)
    story.order("a", Seek({ORDERS: 3, TopicPartition("orders", 7): 1}))
    story.run(10)
    assert resets(story, "a") == [(0, "earliest")]
