"""When a leader answers a fetch, and with how much (spec 2.8)."""

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest, FetchResponse
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.topics import TopicPartition
from tests.story import ORDERS, Story, batch, orders, settings

MIB = 1 << 20


def fetch(
    *partitions: TopicPartition, offset: int = 0, min_bytes: int = 1, wait_ms: int = 0, max_bytes: int = MIB,
    partition_bytes: int = MIB,
) -> FetchRequest:  # fmt: skip
    asked = {one: FetchPartition(offset, partition_bytes) for one in partitions or (ORDERS,)}
    return FetchRequest(-1, wait_ms, min_bytes, max_bytes, asked)


def store(story: Story, *sizes: int, partition: TopicPartition = ORDERS) -> None:
    for size in sizes:
        request = ProduceRequest(-1, 30_000, {partition: batch(size=size)})
        assert story.ask("broker-1", request).responses[partition].error_code is ErrorCode.NONE


def counts(answer: FetchResponse) -> dict[int, int]:
    """Of the partitions that have something; a full answer names the others too."""
    return {one.partition: len(found.records) for one, found in answer.responses.items() if found.records}


def test_spec_02_19_a_fetch_that_wants_more_is_answered_at_max_wait_with_what_is_there():
    story = Story(topics=orders())
    store(story, 1_000)
    begun = story.now
    sent = story.send("broker-1", fetch(min_bytes=100_000, wait_ms=500))
    story.run(0.2)
    store(story, 1_000, 1_000)
    story.until(lambda: story.answer(sent) is not None)
    assert 500 <= story.answered_at(sent) - begun <= 502
    assert counts(story.answer(sent)) == {0: 3}


def test_spec_02_19_enough_bytes_end_the_wait():
    story = Story(topics=orders())
    sent = story.send("broker-1", fetch(min_bytes=2_000, wait_ms=5_000))
    store(story, 1_000)
    assert story.answer(sent) is None
    store(story, 1_000)
    story.run(0.01)
    assert counts(story.answer(sent)) == {0: 2}


def test_spec_02_19_a_segment_that_rolls_in_between_ends_the_wait():
    story = Story(topics=orders(segment_bytes=3_000))
    sent = story.send("broker-1", fetch(min_bytes=100_000, wait_ms=5_000))
    store(story, 1_000, 1_000)
    story.run(0.01)
    assert story.answer(sent) is None
    store(story, 1_000)
    story.run(0.01)
    assert counts(story.answer(sent)) == {0: 2}, "those of the segment that is closed"


def test_spec_02_20_a_batch_beyond_every_limit_is_given_whole_for_the_first_partition_only():
    story = Story(brokers=1, topics=orders(3, 1))
    parts = [TopicPartition("orders", index) for index in range(3)]
    for one in parts[1:]:
        store(story, 10_000, 10_000, partition=one)
    answer = story.ask("broker-1", fetch(*parts, max_bytes=1, partition_bytes=1))
    assert counts(answer) == {1: 1}
    assert sum(one.size for one in answer.responses[parts[1]].records) > 10_000


def test_spec_02_20_one_partition_may_not_take_more_than_its_share():
    story = Story(brokers=1, topics=orders(2, 1))
    parts = [TopicPartition("orders", index) for index in range(2)]
    for one in parts:
        store(story, 1_000, 1_000, 1_000, partition=one)
    assert counts(story.ask("broker-1", fetch(*parts, partition_bytes=2_500))) == {0: 2, 1: 2}
    assert counts(story.ask("broker-1", fetch(*parts, max_bytes=4_500))) == {0: 3, 1: 1}


def test_a_fetch_of_an_unknown_partition_is_answered_at_once():
    story = Story(topics=orders())
    nowhere = TopicPartition("nowhere", 0)
    begun = story.now
    answer = story.ask("broker-1", fetch(nowhere, wait_ms=5_000))
    assert answer.responses[nowhere].error_code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert story.now - begun < 10


def test_spec_02_21_a_consumer_and_followers_live_with_it_when_every_session_is_declined():
    story = Story(topics=orders(3), broker_config=settings(max_incremental_fetch_session_cache_slots=0))
    story.producer("web", rate=50, count=200)
    story.consumer("a", config=(("auto.offset.reset", "earliest"),))
    story.run(20)
    assert len(story.done()) == 200
    assert not story.broker(1).sessions.sessions
