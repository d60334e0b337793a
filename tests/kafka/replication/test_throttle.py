"""Throttled replication: replicas that are not in sync are copied no faster than allowed (spec 2.11)."""

import pytest

from lab.cluster.actions.replicas import Reassign, ThrottleReplication
from lab.cluster.build import image_of
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.configs import ALL_BROKERS, IncrementalAlterConfigsRequest, topic_resource
from tests.story import ORDERS, Story, orders, settings

GULP = settings(replica_fetch_max_bytes=4_096)


def filled(records: int = 300) -> Story:
    """Four brokers; orders-0 on 1, 2, 3 holds about `records` kB."""
    story = Story(brokers=4, topics=orders(), broker_config=GULP)
    story.producer("web", rate=1_000, value_bytes=1_000, count=records)
    story.run(5)
    assert story.ends()[1][1] == records
    return story


def copied_within_ms(story: Story) -> int:
    story.act(Reassign("orders-0", ("broker-1", "broker-2", "broker-4")))
    story.until(lambda: bool(image_of(story.world).reassignments))
    return story.until(lambda: not image_of(story.world).reassignments)


def test_spec_02_11_without_a_throttle_a_replica_is_copied_as_fast_as_it_goes():
    assert copied_within_ms(filled()) < 2_000


@pytest.mark.parametrize("side", ["leader", "follower"])
def test_spec_02_11_each_side_of_the_throttle_keeps_the_rate(side: str):
    story = filled()
    rate, replicas = f"{side}.replication.throttled.rate", f"{side}.replication.throttled.replicas"
    body = IncrementalAlterConfigsRequest({topic_resource("orders"): {replicas: "*"}, ALL_BROKERS: {rate: "50000"}})
    assert [error for error, _ in story.ask("broker-1", body).resources.values()] == [ErrorCode.NONE, ErrorCode.NONE]
    story.run(1)
    took = copied_within_ms(story)
    size = story.replica(1).log.size_bytes
    assert size * 1_000 // 50_000 * 9 // 10 <= took <= size * 1_000 // 50_000 * 2


def test_spec_02_11_a_follower_in_sync_is_never_throttled():
    story = filled(10)
    story.act(ThrottleReplication(1_000))
    story.run(2)
    story.producer("more", rate=100, value_bytes=1_000, count=200, config=(("acks", "all"),))
    story.run(4)
    assert len(story.ledger.producer("more").acked) == 200, "a hundred times the rate"
    assert story.state().isr == (1, 2, 3)


def test_a_throttle_that_is_taken_away_lets_go_at_once():
    story = filled()
    story.act(ThrottleReplication(2_000))
    story.run(1)
    story.act(Reassign("orders-0", ("broker-1", "broker-2", "broker-4")))
    story.run(20)
    assert image_of(story.world).reassignments, "it would take two and a half minutes"
    story.act(ThrottleReplication(0))
    assert story.until(lambda: not image_of(story.world).reassignments) < 3_000
    assert not [one for one in story.told(facts.Truncated) if one.partition == ORDERS]


@pytest.mark.parametrize("named", ["1", "a:b", "0:1,", "0:1;0:2"])
def test_a_list_of_replicas_that_is_none_is_refused(named: str):
    story = Story(topics=orders())
    orders_topic = topic_resource("orders")
    body = IncrementalAlterConfigsRequest({orders_topic: {"leader.replication.throttled.replicas": named}})
    assert story.ask("broker-1", body).resources[orders_topic][0] is ErrorCode.INVALID_CONFIG


def test_a_rate_below_one_is_refused():
    story = Story(topics=orders())
    body = IncrementalAlterConfigsRequest({ALL_BROKERS: {"leader.replication.throttled.rate": "0"}})
    assert story.ask("broker-1", body).resources[ALL_BROKERS][0] is ErrorCode.INVALID_REQUEST


def test_a_rate_in_server_properties_holds_from_the_start():
    story = Story(topics=orders(), broker_config=settings(leader_replication_throttled_rate=50_000))
    throttle = story.broker(1).replicas.throttle
    assert throttle is not None
    assert throttle.leader_rate == 50_000
