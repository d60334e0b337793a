"""What a producer does when an answer is an error or does not come (spec 6.3, 6.13, 6.16, 5.2.2)."""

import pytest

from lab.cluster.actions.machines import Crash
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from tests.kafka.clients.producer.post import Post
from tests.story import Story, orders

RETRIABLE = ErrorCode.NOT_ENOUGH_REPLICAS


def sent(post: Post) -> list[str]:
    return ["".join(one.values) for one in post.posted]


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.LEADER_NOT_AVAILABLE, ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.FENCED_LEADER_EPOCH,
    ],
)  # fmt: skip
def test_spec_06_s13_errors_that_pass_are_tried_again(error: ErrorCode):
    post = Post()
    post.write("one")
    post.run(5)
    post.answer(post.posted[0], error)
    post.run(300)
    assert sent(post) == ["one", "one"]
    assert post.posted[1].batches[0].data == post.posted[0].batches[0].data, "the same bytes, the same sequence"
    post.answer(post.posted[1], base=7)
    assert (post.acked, post.failed) == ([(0,)], [])


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.INVALID_RECORD, ErrorCode.INVALID_TIMESTAMP, ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.INVALID_REQUIRED_ACKS, ErrorCode.INVALID_TOPIC_EXCEPTION,
    ],
)  # fmt: skip
def test_spec_06_s13_errors_that_stay_are_told_at_once(error: ErrorCode):
    post = Post()
    post.write("one", "two")
    post.run(5)
    post.answer(post.posted[0], error)
    post.run(1_000)
    assert sent(post) == ["onetwo"]
    assert post.failed == [((0, 1), error.name, False)]
    assert post.producer.accumulator.buffered == 0


def test_spec_05_2_after_a_batch_that_will_never_be_stored_sequences_begin_anew_in_the_next_epoch():
    post = Post()
    post.write("one", "two")
    post.run(5)
    post.answer(post.posted[0], ErrorCode.INVALID_RECORD)
    post.write("three")
    post.run(5)
    batch = post.posted[1].batches[0]
    assert (batch.producer_epoch, batch.base_sequence) == (1, 0)


def test_spec_06_3_a_duplicate_is_a_success():
    post = Post()
    post.write("one")
    post.run(5)
    post.answer(post.posted[0], ErrorCode.DUPLICATE_SEQUENCE_NUMBER, base=-1)
    assert (post.acked, post.failed) == ([(0,)], [])


def test_spec_06_3_pauses_double_from_100_ms_to_a_second_give_or_take_a_fifth():
    post = Post()
    post.write("one")
    post.run(5)
    pauses: list[float] = []
    for _ in range(7):
        answered = post.now / 1_000
        post.answer(post.posted[-1], RETRIABLE)
        post.run(1_500)
        pauses.append(post.posted[-1].at_ms - answered)
    for pause, middle in zip(pauses, [100, 200, 400, 800, 1_000, 1_000, 1_000], strict=True):
        assert middle * 0.8 <= pause <= middle * 1.2
    assert len(set(pauses)) > 1


def test_spec_06_08_without_idempotence_two_in_flight_change_places():
    post = Post(enable_idempotence=False, batch_size=0)
    post.write("a", "b")
    first, second = post.posted
    post.answer(first, RETRIABLE)
    post.answer(second)
    post.run(200)
    assert sent(post) == ["a", "b", "a"], "b is in the log before a"


def test_spec_06_08_with_idempotence_they_keep_their_order():
    """The broker refuses b, whose sequence comes too early, and both are sent again, a first."""
    post = Post(batch_size=0)
    post.write("a", "b")
    first, second = post.posted
    assert [one.batches[0].base_sequence for one in (first, second)] == [0, 1]
    post.answer(first, RETRIABLE)
    post.answer(second, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    post.run(300)
    post.answer(post.posted[2])
    post.run(300)
    post.answer(post.posted[3])
    assert sent(post) == ["a", "b", "a", "b"]
    assert [one.batches[0].base_sequence for one in post.posted] == [0, 1, 0, 1]
    assert [one.batches[0].producer_epoch for one in post.posted] == [0, 0, 0, 0]
    assert post.acked == [(0,), (1,)]


def test_spec_06_08_whichever_of_their_answers_comes_first():
    post = Post(batch_size=0)
    post.write("a", "b", "c")
    first, second, third = post.posted
    for one in (third, second):
        post.answer(one, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    post.answer(first, RETRIABLE)
    for at in (3, 4, 5):
        post.run(1_500)
        post.answer(post.posted[at])
    assert sent(post)[3:] == ["a", "b", "c"]
    assert [one.batches[0].base_sequence for one in post.posted[3:]] == [0, 1, 2]
    assert post.acked == [(0,), (1,), (2,)]


def test_spec_05_2_a_sequence_that_is_refused_though_nothing_is_before_it_needs_a_new_epoch():
    post = Post(batch_size=0)
    post.write("a")
    post.answer(post.posted[0])
    post.write("b")
    post.answer(post.posted[1], ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    post.run(300)
    batch = post.posted[2].batches[0]
    assert (batch.producer_epoch, batch.base_sequence) == (1, 0)


def test_spec_06_3_with_one_in_flight_nothing_can_overtake():
    post = Post(enable_idempotence=False, batch_size=0, max_in_flight_requests_per_connection=1)
    post.write("a", "b")
    post.answer(post.posted[0], RETRIABLE)
    post.run(300)
    assert sent(post) == ["a", "a"]
    post.answer(post.posted[1])
    assert sent(post) == ["a", "a", "b"]


def test_spec_06_3_a_lost_connection_is_a_network_exception_and_tried_again():
    post = Post()
    post.write("one")
    post.run(5)
    post.lose("broker-1")
    (retried,) = [one for one in post.told if isinstance(one, facts.BatchRetried)]
    assert retried.error == "NETWORK_EXCEPTION"
    post.run(200)
    assert sent(post) == ["one", "one"]


def test_spec_06_3_a_request_without_an_answer_is_given_up_after_30_s():
    post = Post()
    post.write("one")
    post.run(30_004)
    assert sent(post) == ["one"]
    post.run(200)
    assert sent(post) == ["one", "one"]
    assert [one.error for one in post.told if isinstance(one, facts.BatchRetried)] == ["REQUEST_TIMED_OUT"]
    post.answer(post.posted[0])
    assert post.acked == [], "an answer nobody waits for any more"


def test_spec_06_09_a_refusal_that_names_the_new_leader_is_followed_at_once():
    post = Post()
    post.write("one")
    post.run(5)
    asked = len(post.metadata_asked)
    post.answer(post.posted[0], ErrorCode.NOT_LEADER_OR_FOLLOWER, current_leader=(3, 1))
    assert [(one.at_ms, one.host) for one in post.posted] == [(5, "broker-1"), (5, "broker-3")]
    assert len(post.metadata_asked) == asked


@pytest.mark.parametrize("named", [None, (1, 0), (2, 0), (-1, 4), (9, 4)])
def test_spec_06_09_one_that_names_nobody_new_sends_the_producer_for_metadata(named: tuple[int, int] | None):
    post = Post()
    post.write("one")
    post.run(5)
    post.leaders, post.leader_epoch = (2,), 1
    asked = len(post.metadata_asked)
    post.answer(post.posted[0], ErrorCode.NOT_LEADER_OR_FOLLOWER, current_leader=named)
    assert len(post.metadata_asked) == asked + 1
    assert [one.host for one in post.posted] == ["broker-1", "broker-2"]


def test_spec_06_4_a_leader_of_an_older_epoch_is_not_believed():
    post = Post()
    post.leader_epoch = 5
    post.run(300_001)
    post.leaders, post.leader_epoch = (2,), 4
    post.run(300_001)
    post.write("one")
    post.run(5)
    assert post.posted[0].host == "broker-1"


def test_spec_06_3_retries_are_counted():
    post = Post(retries=2)
    post.write("one")
    post.run(5)
    for at in range(3):
        post.answer(post.posted[at], RETRIABLE)
        post.run(1_000)
    assert sent(post) == ["one"] * 3
    assert post.failed == [((0,), "NOT_ENOUGH_REPLICAS", True)]
    assert post.producer.accumulator.buffered == 0


def test_spec_06_07_whoever_waits_for_an_answer_is_told_after_delivery_timeout_ms():
    post = Post(delivery_timeout_ms=40_000)
    post.write("one")
    post.run(10_000)
    post.write("two", "three")
    post.run(29_999)
    assert post.failed == []
    post.run(1)
    assert post.failed == [((0,), "delivery.timeout.ms", True)]
    post.run(10_000)
    assert post.failed[1:] == [((1, 2), "delivery.timeout.ms", True)]
    assert post.producer.accumulator.buffered == 0


def test_spec_06_07_a_batch_that_never_left_has_failed_for_certain():
    post = Post(leaders=(-1,), delivery_timeout_ms=40_000)
    post.write("one", partition=0)
    post.run(40_000)
    assert post.posted == []
    assert post.failed == [((0,), "delivery.timeout.ms", False)]


def test_spec_06_07_with_all_brokers_down_every_record_fails_at_120_s():
    story = Story(brokers=1, topics=orders(replicas=1))
    story.producer("web", rate=1, count=30)
    story.run(10.5)
    story.act(Crash("broker-1"))
    story.run(160)
    failed = list(story.heard(facts.RecordsFailed, producer="web"))
    births = [birth for one in failed for birth in one.fact.births]
    acked = [birth for one in story.told(facts.RecordsAcked) for birth in one.births]
    assert sorted(births + acked) == list(range(30))
    assert len(births) > 15
    for one in failed:
        assert one.fact.error == "delivery.timeout.ms"
        assert 119_999 <= one.time // 1_000 - one.fact.births[0] * 1_000 <= 121_100


def test_spec_06_3_a_new_leader_is_asked_at_once_whatever_the_backoff():
    """KIP-951: what the old leader refused has waited long enough."""
    post = Post(retry_backoff_ms=1_000)
    post.write("one")
    post.run(5)
    post.leaders, post.leader_epoch = (2,), 1
    post.answer(post.posted[0], ErrorCode.NOT_ENOUGH_REPLICAS)
    assert [one.host for one in post.posted] == ["broker-1", "broker-2"]


def test_news_of_the_same_leader_shortens_no_backoff():
    post = Post(retry_backoff_ms=1_000)
    post.write("one")
    post.run(5)
    asked = len(post.metadata_asked)
    post.answer(post.posted[0], ErrorCode.NOT_ENOUGH_REPLICAS)
    assert len(post.metadata_asked) == asked + 1
    post.run(500)
    assert [one.host for one in post.posted] == ["broker-1"]
