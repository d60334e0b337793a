"""What a broker finds on its disk after its process or its power was gone (spec 1.5, 2.15)."""

from lab.cluster.actions.machines import Crash, PowerOff, Restart
from tests.story import ORDERS, Story, orders


def emptied() -> Story:
    """All ten records of a lone replica are too old, so the segment they were in is rolled and deleted."""
    topics = orders(replicas=1, retention_ms=3_000)
    story = Story(brokers=1, topics=topics, broker_config=(("log.retention.check.interval.ms", "5000"),))
    story.producer("web", rate=100, count=10)
    story.until(lambda: story.replica(1).log.log_end_offset == 10)
    story.until(lambda: not story.replica(1).log.size_bytes)
    return story


def serves(story: Story) -> bool:
    partition = story.broker(1).partitions.get(ORDERS)
    return partition is not None and partition.leading


def test_an_empty_log_ends_where_it_ended_after_a_crash():
    story = emptied()
    story.act(Crash("broker-1"), Restart("broker-1"))
    story.until(lambda: serves(story))
    log = story.replica(1).log
    assert (log.log_start_offset, log.log_end_offset) == (10, 10)


def test_an_empty_log_ends_where_it_ended_after_a_power_loss_and_no_offset_is_given_twice():
    story = emptied()
    story.act(PowerOff(("broker-1",)), Restart("broker-1"))
    story.until(lambda: serves(story))
    story.producer("shop", rate=100, count=1)
    story.run(2)
    assert story.ledger.partition(ORDERS).births[10] == "shop:0"
