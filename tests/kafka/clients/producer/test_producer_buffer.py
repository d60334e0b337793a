"""What a producer holds back, and for how long (spec 6.2, 6.16, 10.14)."""

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.produce import ProduceRequest
from tests.kafka.clients.producer.post import Post
from tests.story import ORDERS, Story, batch, orders

MIB = 1_048_576


def test_spec_06_05_a_full_buffer_blocks_and_fails_after_max_block_ms():
    post = Post(buffer_memory=65_536, max_block_ms=2_000)
    for _ in range(70):
        post.write(size=1_000)
    assert post.producer.accumulator.buffered <= 65_536
    blocked = len(post.producer.accumulator.unplaced)
    assert 5 <= blocked <= 12
    post.run(1_999)
    assert post.failed == []
    post.run(1)
    assert post.failed == [((at,), "max.block.ms", False) for at in range(70 - blocked, 70)]


def test_spec_06_05_room_that_becomes_free_goes_to_who_waited_longest():
    post = Post(buffer_memory=40_000, max_block_ms=2_000)
    for _ in range(50):
        post.write(size=1_000)
    waiting = [birth for _, birth, *_ in post.producer.accumulator.unplaced]
    post.answer(post.posted[0])
    left = [birth for _, birth, *_ in post.producer.accumulator.unplaced]
    assert left == waiting[len(waiting) - len(left) :]
    assert len(left) < len(waiting)


def test_spec_06_2_when_the_buffer_is_full_nobody_lingers():
    post = Post(buffer_memory=5_000, batch_size=16_384, linger_ms=10_000)
    for _ in range(6):
        post.write(size=900)
    assert [one.at_ms for one in post.posted] == [0]


def test_spec_06_06_and_10_04_a_record_larger_than_max_request_size_never_leaves():
    post = Post()
    post.write(size=MIB + 1)
    assert post.failed == [((0,), "RecordTooLargeException", False)]
    post.run(1_000)
    assert post.posted == []


def test_spec_06_2_its_size_is_reckoned_from_above_with_the_batch_around_it():
    """61 bytes of a batch's header, at most 21 of a record's."""
    post = Post()
    post.write(size=MIB - 61 - 21)
    assert post.failed == []
    post.write(size=MIB - 61 - 21 + 1)
    assert post.failed == [((1,), "RecordTooLargeException", False)]


def test_spec_06_2_a_record_larger_than_the_whole_buffer_never_fits():
    post = Post(buffer_memory=10_000)
    post.write(size=10_000)
    assert post.failed == [((0,), "RecordTooLargeException", False)]


def test_spec_06_2_a_record_larger_than_a_batch_gets_one_of_its_own():
    post = Post()
    post.write("a")
    post.write(size=20_000)
    post.write("b")
    post.run(5)
    assert [len(one.values) for one in post.posted] == [1, 1, 1]


def test_spec_10_04_with_a_larger_max_request_size_the_broker_refuses():
    story = Story(brokers=1, topics=orders(replicas=1))
    story.producer("web", rate=1, count=1, value_bytes=MIB + 1, config=(("max.request.size", "2097152"),))
    story.run(3)
    (truth,) = story.ledger.producers.values()
    assert len(truth.failed) == 1
    assert story.ends()[1] == (0, 0)


def test_spec_10_05_a_batch_of_exactly_max_message_bytes_is_taken():
    story = Story(brokers=1, topics=orders(replicas=1))
    head = batch(size=1_000_000).size - 1_000_000
    answers = [
        story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: batch(size=size - head)})).responses[ORDERS]
        for size in (1_048_588, 1_048_589)
    ]
    assert [one.error_code for one in answers] == [ErrorCode.NONE, ErrorCode.MESSAGE_TOO_LARGE]


def test_spec_06_10_records_for_an_unknown_topic_fail_after_max_block_ms():
    post = Post(topic_known=False)
    post.write("one")
    post.run(30_000)
    post.write("two")
    post.run(29_999)
    assert post.failed == []
    post.run(1)
    assert post.failed == [((0,), "max.block.ms", False)]
    post.run(30_000)
    assert post.failed[1:] == [((1,), "max.block.ms", False)]
    assert 800 <= len(post.metadata_asked) <= 1_000, "asked for every retry.backoff.ms"


def test_spec_06_10_a_topic_that_is_made_meanwhile_gets_them():
    post = Post(topic_known=False)
    post.write("one")
    post.run(10_000)
    post.topic_known = True
    post.run(200)
    assert [one.values for one in post.posted] == [["one"]]
