"""When a batch leaves and what is in it (spec 6.2, 6.3, 6.14, 6.16)."""

import pytest

from lab.kafka import facts
from lab.kafka.clients.producer.batch import record_size
from lab.kafka.orders import SendRecords, Shutdown
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import Header, Record, encode_record
from tests.kafka.clients.producer.post import PRODUCER_ID, WALL_MS, Post
from tests.story import Story, orders, settings


def test_spec_06_04_one_record_waits_for_linger_ms():
    post = Post(linger_ms=50)
    post.write("one")
    post.run(49.9)
    assert post.posted == []
    post.run(0.1)
    assert [(one.at_ms, one.values) for one in post.posted] == [(50, ["one"])]


def test_spec_10_10_by_default_5_ms_and_without_linger_at_once():
    post = Post()
    post.write("one")
    post.run(100)
    assert [one.at_ms for one in post.posted] == [5]
    old = Post(linger_ms=0)
    old.write("one")
    assert [one.at_ms for one in old.posted] == [0]


def test_spec_06_04_linger_counts_from_the_first_record_of_a_batch():
    post = Post(linger_ms=50)
    post.write("one")
    post.run(30)
    post.write("two")
    post.run(20)
    assert [(one.at_ms, one.values) for one in post.posted] == [(50, ["one", "two"])]


def test_spec_06_04_a_full_batch_leaves_at_once():
    post = Post(linger_ms=50, batch_size=1_000)
    post.write(size=500)
    assert post.posted == []
    post.write(size=500)
    assert [one.at_ms for one in post.posted] == [0], "the second did not fit, so the first batch is full"
    post.run(50)
    assert [one.at_ms for one in post.posted] == [0, 50]


def test_spec_06_s14_at_a_record_a_millisecond_a_batch_holds_about_5():
    post = Post()
    for _ in range(40):
        post.write(size=1_000)
        post.run(1)
    assert [len(one.values) for one in post.posted[:5]] == [5, 5, 5, 5, 5]


def test_spec_06_s14_with_more_linger_batches_are_bound_by_their_size():
    post = Post(linger_ms=100)
    for _ in range(80):
        post.write(size=1_000)
        post.run(1)
    sizes = [len(one.values) for one in post.posted]
    assert all(15 <= one <= 16 for one in sizes)


def test_spec_06_2_a_batch_size_of_0_gives_each_record_its_own():
    post = Post(batch_size=0)
    post.write("a", "b", "c")
    post.run(10)
    assert [one.values for one in post.posted] == [["a"], ["b"], ["c"]]


def test_spec_06_3_one_batch_of_each_partition_in_a_request_to_their_leader():
    post = Post(leaders=(1, 2, 1))
    for partition in (0, 1, 2, 0):
        post.write(f"p{partition}", partition=partition)
    post.run(5)
    assert [(one.host, list(one.batches)) for one in post.posted] == [("broker-1", [0, 2]), ("broker-2", [1])]
    assert post.posted[0].values == ["p0", "p0", "p2"]


def test_spec_06_3_five_requests_may_be_in_flight_and_the_sixth_waits():
    post = Post(batch_size=0)
    post.write(*"abcdefgh")
    assert [one.values for one in post.posted] == [["a"], ["b"], ["c"], ["d"], ["e"]]
    post.answer(post.posted[0])
    assert [one.values for one in post.posted[5:]] == [["f"]]
    for one in post.posted[1:6]:
        post.answer(one)
    assert [one.values for one in post.posted[6:]] == [["g"], ["h"]]


def test_spec_06_3_a_request_is_no_larger_than_max_request_size():
    post = Post(leaders=(1, 1, 1), max_request_size=2_000, batch_size=900)
    for partition in (0, 1, 2):
        post.write("x" * 800, partition=partition)
    post.run(5)
    assert [list(one.batches) for one in post.posted] == [[0, 1], [2]]


def test_spec_06_1_1_1_what_leaves_has_no_offset_no_epoch_and_the_date_of_the_send():
    post = Post(acks="all", compression_type="lz4")
    post.run(7)
    post.write("one")
    post.run(5)
    batch = post.posted[0].batches[0]
    assert (batch.base_offset, batch.leader_epoch, batch.compression) == (0, -1, Compression.LZ4)
    assert batch.records()[0].timestamp_ms == WALL_MS + 7
    assert (post.posted[0].request.acks, post.posted[0].request.timeout_ms) == (-1, 30_000)


def test_spec_05_2_sequences_are_dense_for_each_partition():
    post = Post(leaders=(1, 2))
    for values in ("abc", "de"):
        post.write(*values, partition=0)
        post.write(*values[:1], partition=1)
        post.run(5)
    sent = [(at, batch.producer_id, batch.producer_epoch, batch.base_sequence) for one in post.posted
            for at, batch in one.batches.items()]  # fmt: skip
    assert sent == [(0, PRODUCER_ID, 0, 0), (1, PRODUCER_ID, 0, 0), (0, PRODUCER_ID, 0, 3), (1, PRODUCER_ID, 0, 1)]


def test_spec_05_2_without_idempotence_nobody_asks_for_an_id():
    post = Post(enable_idempotence=False)
    post.write("one")
    post.run(5)
    batch = post.posted[0].batches[0]
    assert (post.ids, batch.producer_id, batch.producer_epoch, batch.base_sequence) == (0, -1, -1, -1)


def test_spec_06_11_acks_0_is_done_when_it_is_written_and_knows_no_offset():
    post = Post(acks="0")
    post.write("one", "two")
    post.run(5)
    (done,) = [one for one in post.told if isinstance(one, facts.RecordsAcked)]
    assert (done.births, done.base_offset, done.acks) == ((0, 1), -1, 0)
    assert post.producer.accumulator.buffered == 0


def test_spec_06_04_a_producer_that_closes_does_not_linger():
    story = Story(topics=orders())
    story.producer("web", rate=0, config=settings(linger_ms=40_000))
    story.run(1)
    story.order("web", SendRecords(((None, b"last words"),)))
    story.run(1)
    story.order("web", Shutdown())
    story.run(1)
    assert story.ends()[1] == (1, 1)
    assert story.world.hosts["web"].state == "down"


def test_spec_06_3_a_batch_too_large_for_the_broker_is_halved_and_no_attempt_counted():
    post = Post(retries=1)
    post.write(*"abcde")
    post.run(5)
    post.answer(post.posted[0], ErrorCode.MESSAGE_TOO_LARGE)
    halves = post.posted[1:]
    assert [one.values for one in halves] == [["a", "b"], ["c", "d", "e"]]
    assert [batch.base_sequence for one in halves for batch in one.batches.values()] == [0, 2]
    for one in halves:
        post.answer(one)
    assert post.acked == [(0, 1), (2, 3, 4)]
    assert post.failed == []


def test_spec_06_3_half_of_a_batch_takes_no_more_records():
    post = Post(max_in_flight_requests_per_connection=1)
    post.write(*"abcde")
    post.run(5)
    post.answer(post.posted[0], ErrorCode.MESSAGE_TOO_LARGE)
    post.write("f")
    post.answer(post.posted[1])
    post.answer(post.posted[2])
    post.run(5)
    assert [one.values for one in post.posted[1:]] == [["a", "b"], ["c", "d", "e"], ["f"]]
    assert [one.batches[0].base_sequence for one in post.posted[1:]] == [0, 2, 5]


def test_spec_06_3_what_was_sent_behind_a_halved_batch_keeps_its_sequences():
    post = Post(batch_size=300)
    post.write(*["v" * 40] * 9)
    first, second = post.posted[:2]
    assert [one.batches[0].base_sequence for one in post.posted] == [0, 3]
    post.run(5)
    post.answer(first, ErrorCode.MESSAGE_TOO_LARGE)
    post.answer(second, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    done = 2
    while post.waiting or done < len(post.posted):
        post.run(200)
        while done < len(post.posted):
            post.answer(post.posted[done])
            done += 1
    sequences = [(one.batches[0].base_sequence, len(one.values)) for one in post.posted[2:]]
    assert sorted(sequences) == [(0, 1), (1, 2), (3, 3), (6, 3)]
    assert all(one.batches[0].producer_epoch == 0 for one in post.posted)


def test_spec_06_3_a_single_record_too_large_for_the_broker_has_failed():
    post = Post()
    post.write("one")
    post.run(5)
    post.answer(post.posted[0], ErrorCode.MESSAGE_TOO_LARGE)
    assert post.failed == [((0,), "MESSAGE_TOO_LARGE", False)]
    assert post.producer.accumulator.buffered == 0


def test_spec_06_06_ten_records_that_do_not_fit_together_all_arrive_in_order():
    story = Story(brokers=1, topics=orders(replicas=1, max_message_bytes=400))
    story.producer("web", rate=0)
    story.run(1)
    story.order("web", SendRecords(tuple((None, f"{at}".encode() * 60) for at in range(10))))
    story.run(2)
    log = story.replica(1).log
    found = log.read(0, 1 << 20, log.log_end_offset)
    assert isinstance(found, tuple)
    assert [int((one.value or b"")[:1]) for batch in found for one in batch.records()] == list(range(10))
    assert len(found) > 2
    assert story.ledger.producers["web"].acked.count(0, 10) == 10


@pytest.mark.parametrize("key", [None, b"", b"k" * 300])
def test_the_size_of_a_record_is_reckoned_from_above(key: bytes | None):
    for value in (None, b"", b"v" * 70_000):
        record = Record(0, WALL_MS, key, value, (Header("birth", b"web:1"), Header("x", None)))
        assert len(encode_record(record, 2_000_000_000, 0)) <= record_size(record)
