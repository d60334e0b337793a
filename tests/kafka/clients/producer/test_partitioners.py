"""Where other clients and older ones put a record: the switch `flavour`, and `partitioner` (spec 6.1, 6.9, 10.14)."""

import itertools
import zlib
from collections import Counter

import pytest

from lab.kafka.clients.producer.partitioner import by_key
from lab.kafka.config.client import ProducerConfig
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.murmur import partition_for
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.producer.post import Post, Posted
from tests.kafka.clients.producer.test_producer_partitions import THREE, flushed
from tests.story import Story, orders, settings

SIX = (1, 2, 3, 1, 2, 3)
CUSTOMERS = [f"cust-{number}".encode() for number in range(1, 13)]


def places(flavour: str, count: int, **config: object) -> list[int | None]:
    chosen = ProducerConfig(settings(**config), flavour)
    return [by_key(chosen, key, count) for key in CUSTOMERS]


def test_spec_10_08_java_and_librdkafka_put_one_key_into_different_partitions():
    java = ProducerConfig()
    assert by_key(java, b"user-42", 12) == partition_for(b"user-42", 12)
    assert by_key(ProducerConfig((), "librdkafka"), b"user-42", 12) == zlib.crc32(b"user-42") % 12
    assert by_key(java, b"user-42", 12) != by_key(ProducerConfig((), "librdkafka"), b"user-42", 12)
    assert places("java-4", 12) != places("librdkafka", 12)


def test_spec_10_08_with_murmur2_random_they_agree_for_every_key():
    assert places("librdkafka", 12, partitioner="murmur2_random") == places("java-4", 12)
    assert places("java-2.3", 12) == places("kafka-python", 12) == places("java-4", 12)


def test_spec_10_08_two_clients_of_one_topic_part_a_customers_records():
    """The same twelve customers, each sent by both: only in some partitions do they meet."""
    story = Story(topics=orders(partitions=12))
    for flavour in ("java-4", "librdkafka"):
        story.producer(flavour, keys=",".join(key.decode() for key in CUSTOMERS), count=12, flavour=flavour)
    story.run(5)
    homes: dict[bytes, list[int]] = {}
    for at in range(12):
        for batch in read_all(story.replica(1, TopicPartition("orders", at)).log):
            for record in batch.records():
                homes.setdefault(record.key or b"", []).append(at)
    assert sorted(homes) == sorted(CUSTOMERS)
    moved = [key for key, where in homes.items() if where[0] != where[1]]
    assert moved == [key for key in homes if partition_for(key, 12) != zlib.crc32(key) % 12]
    assert len(moved) > 6


def test_spec_06_1_1_for_consistent_random_an_empty_key_is_none_and_for_murmur2_random_a_key():
    assert by_key(ProducerConfig((), "librdkafka"), b"", 6) is None
    chosen = ProducerConfig(settings(partitioner="murmur2_random"), "librdkafka")
    assert by_key(chosen, b"", 6) == partition_for(b"", 6)


# --- without a key --------------------------------------------------------------------------------


def spread(flavour: str, records: int, pause_ms: float) -> list[int]:
    """Where records without a key go, one each `pause_ms`, all answered at once."""
    post = Post(leaders=SIX, flavour=flavour)
    answered = 0
    for _ in range(records):
        post.write(size=100)
        post.run(pause_ms)
        while answered < len(post.posted):
            post.answer(post.posted[answered])
            answered += 1
    return flushed(post)


def test_before_2_4_records_without_a_key_take_turns():
    found = spread("java-2.3", 60, 2)
    first = found[0]
    assert found == [(first + at) % 6 for at in range(60)]


def test_before_2_4_a_partition_without_a_leader_is_passed_over():
    post = Post(leaders=(1, -1, 3), flavour="java-2.3", linger_ms=0)
    for _ in range(12):
        post.write("v")
        post.answer(post.posted[-1])
    assert Counter(flushed(post)) == {0: 6, 2: 6}


def test_kip_480_a_sticky_partition_changes_with_each_new_batch():
    """One record a batch, since nothing lingers: never twice the same, and not in turn either."""
    found = spread("java-2.4", 200, 2)
    assert all(one != another for one, another in itertools.pairwise(found))
    assert set(found) == set(range(6))
    assert found != [(found[0] + at) % 6 for at in range(200)]


def test_kip_480_records_of_one_batch_stay_together():
    post = Post(leaders=THREE, flavour="java-2.4", linger_ms=20, batch_size=16_384)
    post.write(*(str(at) for at in range(50)))
    assert len(set(flushed(post))) == 1
    assert len(post.posted) == 1


def slow_share(flavour: str) -> int:
    """The per cent of bytes without a key that go to broker-2, which answers only every 100 ms; the others at once."""
    post = Post(leaders=THREE, flavour=flavour, linger_ms=2, batch_size=2_000, acks="1", enable_idempotence=False)
    looked = 0
    unanswered: list[Posted] = []
    for at in range(1, 3_001):
        post.write(size=100)
        post.run(1)
        for one in post.posted[looked:]:
            if one.host == "broker-2":
                unanswered.append(one)
            else:
                post.answer(one)
        looked = len(post.posted)
        if at % 100 == 0:
            for one in unanswered:
                post.answer(one)
            unanswered = []
    shares = Counter(flushed(post))
    return shares[1] * 100 // sum(shares.values())


def test_kip_794_under_kip_480_a_slow_broker_gets_more_and_since_3_3_it_does_not():
    """Why KIP-480 was mended (spec 6.1.2): what waits at the slow broker grows to whole batches, others leave soon."""
    assert slow_share("java-2.4") > 45
    assert slow_share("java-3") <= 34


def test_spec_10_9_librdkafka_stays_with_a_random_partition_for_10_ms():
    found = spread("librdkafka", 200, 1)
    runs = [1]
    for one, another in itertools.pairwise(found):
        if one == another:
            runs[-1] += 1
        else:
            runs.append(1)
    assert max(runs[1:-1]) >= 10
    assert all(length % 10 == 0 for length in runs[1:-1]), "ten records of one a millisecond, or twice that by chance"


def test_spec_10_9_kafka_python_throws_dice_for_each_record():
    found = spread("kafka-python", 600, 1)
    shares = Counter(found)
    assert all(70 <= shares[at] <= 130 for at in range(6))
    repeated = sum(one == another for one, another in itertools.pairwise(found))
    assert 60 <= repeated <= 140, "one in six"


# --- other habits of a producer -------------------------------------------------------------------


def test_spec_06_9_librdkafkas_batch_is_full_with_10000_records():
    post = Post(flavour="librdkafka", linger_ms=10_000, batch_num_messages=10)
    post.write(*(str(at) for at in range(25)))
    assert [one.batches[0].record_count for one in post.posted] == [10, 10]


def test_spec_06_9_librdkafkas_full_queue_refuses_at_once_and_java_waits():
    post = Post(leaders=(-1,), flavour="librdkafka", queue_buffering_max_messages=5)
    post.write(*(str(at) for at in range(7)))
    assert post.failed == [((5,), "QUEUE_FULL", False), ((6,), "QUEUE_FULL", False)]
    post = Post(leaders=(-1,), buffer_memory=16_384)
    post.write(size=10_000)
    post.write(size=10_000)
    assert post.failed == []


def test_spec_06_9_librdkafka_waits_for_an_unknown_topic_as_long_as_for_a_delivery():
    post = Post(topic_known=False, flavour="librdkafka")
    post.write("v")
    post.run(299_000)
    assert post.failed == []
    post.run(2_000)
    assert post.failed == [((0,), "max.block.ms", False)]


def test_spec_06_9_librdkafka_puts_everything_in_flight_at_once_unless_it_is_idempotent():
    assert len(sent_at_once("librdkafka", idempotent=False)) == 40
    assert len(sent_at_once("librdkafka", idempotent=True)) == 5
    assert len(sent_at_once("java-4", idempotent=True)) == 5


def test_an_idempotent_kafka_python_has_one_batch_a_partition_in_flight():
    assert len(sent_at_once("kafka-python", idempotent=True)) == 1
    assert len(sent_at_once("kafka-python", idempotent=False)) == 5


def sent_at_once(flavour: str, idempotent: bool) -> list[Posted]:
    """Requests to one broker before any answer, of forty batches."""
    post = Post(flavour=flavour, batch_size=1, enable_idempotence=idempotent)
    post.write(*(str(at) for at in range(40)))
    return post.posted


@pytest.mark.parametrize(("flavour", "left_ms"), [("java-4", 5), ("java-3", 0), ("librdkafka", 5), ("kafka-python", 0)])
def test_spec_10_10_a_single_record_lingers_as_long_as_its_client_does(flavour: str, left_ms: int):
    post = Post(flavour=flavour)
    post.write("v")
    post.run(50)
    assert [one.at_ms for one in post.posted] == [left_ms]


def test_librdkafka_does_not_split_a_batch_that_is_too_large():
    for flavour, failed in (("java-4", []), ("librdkafka", [((0, 1), "MESSAGE_TOO_LARGE", False)])):
        post = Post(flavour=flavour)
        post.write("a", "b")
        post.run(10)
        post.answer(post.posted[0], ErrorCode.MESSAGE_TOO_LARGE)
        assert post.failed == failed
