"""Where a consumer reads: resets, seeks, pauses, and what one poll() and one fetch bring (spec 6.5, 6.6)."""

from itertools import pairwise

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Restart
from lab.cluster.actions.topics import DeleteRecords
from lab.kafka import facts
from lab.kafka.orders import PausePartitions, ResumePartitions, Seek
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.topics import TopicPartition
from tests.kafka.clients.consumer.shop import EARLIEST, events, resets, stock, write
from tests.story import ORDERS, Story, batch, orders, settings

SECOND = TopicPartition("orders", 1)


def reader(records: int = 100, **config: object) -> Story:
    """A consumer that has read everything there is, and waits for more."""
    story = stock(records, topics=orders())
    story.consumer("a", config=settings(**{"auto_offset_reset": "earliest", **config}))
    story.until(lambda: len(story.polled("a")) == records)
    return story


# --- where to begin -------------------------------------------------------------------------------


@pytest.mark.parametrize(("reset", "seen"), [("latest", [5, 6]), ("earliest", [0, 1, 2, 3, 4, 5, 6])])
def test_spec_06_12_without_a_commit_auto_offset_reset_decides(reset: str, seen: list[int]):
    story = stock(5, topics=orders())
    story.consumer("a", config=settings(auto_offset_reset=reset))
    story.until(lambda: resets(story, "a"))
    write(story, 2)
    story.run(1)
    assert story.polled("a") == seen
    assert resets(story, "a") == [(seen[0], reset)]


def test_spec_06_12_a_commit_counts_more_than_the_policy():
    story = reader(5, auto_commit_interval_ms=100)
    story.run(1)
    story.act(Crash("a"))
    story.consumer("b", config=EARLIEST)
    story.run(60)
    assert resets(story, "b") == [(5, "committed")]
    assert story.polled("b") == []


@pytest.mark.parametrize(("reset", "at", "seen"), [("earliest", 8, [8, 9]), ("latest", 10, [])])
def test_spec_06_13_a_commit_below_the_log_start_is_out_of_range_and_reset(reset: str, at: int, seen: list[int]):
    story = reader(3, auto_commit_interval_ms=100)
    story.run(1)
    story.act(Crash("a"))
    write(story, 7)
    story.act(DeleteRecords("orders-0", 8))
    story.consumer("b", config=settings(auto_offset_reset=reset))
    story.run(60)
    assert resets(story, "b") == [(3, "committed"), (3, "out of range"), (at, reset)]
    assert story.polled("b") == seen


# --- seek -----------------------------------------------------------------------------------------


def test_a_seek_back_reads_again_from_there():
    story = reader(10)
    story.order("a", Seek({ORDERS: 4}))
    story.run(1)
    assert story.polled("a")[10:] == [4, 5, 6, 7, 8, 9]


def test_a_seek_while_a_fetch_waits_does_not_take_that_fetchs_answer():
    """The fetch for offset 100 is answered first, after the seek to 0: its records are not what is wanted."""
    story = reader(100, fetch_max_wait_ms=5_000)
    story.run(1)
    assert story.app("a").fetcher.fetching
    story.order("a", Seek({ORDERS: 0}))
    write(story, 1)
    story.run(1)
    assert story.polled("a")[100:] == list(range(101))


def test_a_seek_beyond_the_end_is_out_of_range():
    story = reader(5)
    story.order("a", Seek({ORDERS: 50}))
    story.run(1)
    assert resets(story, "a")[1:] == [(50, "seek"), (50, "out of range"), (0, "earliest")]


# --- pause and resume -----------------------------------------------------------------------------


def test_spec_06_15_a_paused_partition_gives_nothing_and_goes_on_exactly_where_it_was():
    story = stock(5, 2, topics=orders(2))
    story.consumer("a", config=settings(auto_offset_reset="earliest", session_timeout_ms=6_000))
    story.until(lambda: len(story.polled("a")) == 10)
    story.order("a", PausePartitions((ORDERS,)))
    write(story, 3)
    write(story, 2, SECOND)
    story.run(30)
    seen = [(one.partition, one.offsets) for one in story.told(facts.RecordsPolled)][2:]
    assert seen == [(SECOND, (5, 6))]
    assert story.app("a").fetcher.positions[ORDERS].offset == 5
    assert story.owned("a") == {"a": [0, 1]}
    story.order("a", ResumePartitions((ORDERS,)))
    story.run(1)
    assert [(one.partition, one.offsets) for one in story.told(facts.RecordsPolled)][3:] == [(ORDERS, (5, 6, 7))]
    assert events(story, "a") == [("assigned", [0, 1])]


def test_spec_06_15_what_was_fetched_before_a_pause_is_kept_for_after_it():
    story = stock(30, topics=orders())
    story.consumer("a", work_us=100_000, config=settings(auto_offset_reset="earliest", max_poll_records=10))
    story.until(lambda: len(story.polled("a")) == 10)
    story.order("a", PausePartitions((ORDERS,)))
    story.run(5)
    assert story.polled("a") == list(range(10))
    assert len(story.app("a").fetcher.buffered) == 1
    story.order("a", ResumePartitions((ORDERS,)))
    assert story.until(lambda: len(story.polled("a")) == 20) <= 1, "without asking a broker"


# --- one poll, one fetch --------------------------------------------------------------------------


def test_spec_06_14_max_poll_records_cuts_what_is_returned_but_not_what_is_fetched():
    story = stock(1_000, topics=orders())
    story.consumer("a", work_us=1_000, config=settings(auto_offset_reset="earliest", max_poll_records=10))
    story.until(lambda: len(story.polled("a")) == 10)
    for _ in range(900):
        story.run(0.001)
        assert not story.app("a").fetcher.fetching
    story.until(lambda: len(story.polled("a")) == 1_000)
    assert [len(one.offsets) for one in story.told(facts.RecordsPolled)] == [10] * 100
    assert story.polled("a") == list(range(1_000))


def test_spec_06_20_a_fetch_waits_for_fetch_min_bytes_no_longer_than_fetch_max_wait():
    story = reader(1, fetch_min_bytes=1_000_000, fetch_max_wait_ms=500)
    story.producer("web", rate=100)
    story.run(3)
    times = [one.time // 1_000 for one in story.heard(facts.RecordsPolled, member="a")]
    gaps = [later - earlier for earlier, later in pairwise(times)][1:]
    assert gaps
    assert all(500 <= gap <= 505 for gap in gaps), gaps


def test_spec_06_20_a_fetch_is_answered_as_soon_as_there_are_fetch_min_bytes():
    story = reader(1, fetch_min_bytes=2_000, fetch_max_wait_ms=60_000, request_timeout_ms=90_000)
    story.run(1)
    written = story.now
    story.ask("broker-1", ProduceRequest(-1, 5_000, {ORDERS: batch(size=1_000)}))
    story.run(2)
    assert len(story.polled("a")) == 1
    story.ask("broker-1", ProduceRequest(-1, 5_000, {ORDERS: batch(size=1_000)}))
    assert story.until(lambda: len(story.polled("a")) == 3) < 10
    assert story.now - written < 3_000


def test_partitions_take_turns_and_each_is_in_order():
    story = stock(20, 2, topics=orders(2))
    story.consumer("a", work_us=1_000, config=settings(auto_offset_reset="earliest", max_poll_records=8))
    story.until(lambda: len(story.polled("a")) == 40)
    parts = [(one.partition, one.offsets) for one in story.told(facts.RecordsPolled)]
    for partition in (ORDERS, SECOND):
        assert [offset for name, offsets in parts for offset in offsets if name == partition] == list(range(20))


# --- leaders --------------------------------------------------------------------------------------


def test_a_consumer_finds_the_new_leader_and_misses_nothing():
    story = Story(topics=orders(min_insync_replicas=2))
    story.producer("web", rate=50)
    story.consumer("a", config=EARLIEST)
    story.run(5)
    story.act(Crash("broker-1"))
    story.run(25)
    seen = story.polled("a")
    assert seen == list(range(len(seen)))
    assert len(seen) > 1_000


def test_a_broker_that_does_not_answer_is_asked_again_after_the_request_timeout():
    story = reader(5, request_timeout_ms=2_000)
    story.run(1)
    story.act(Freeze("broker-1"))
    story.elected(2)
    write(story, 3)
    story.until(lambda: len(story.polled("a")) == 8, limit_s=10)


def test_spec_06_18_a_consumer_beyond_a_truncation_goes_back_to_where_the_logs_part():
    story = Story(topics=orders(1, 2, unclean_leader_election_enable="true"))
    write(story, 4)
    story.consumer("a", config=EARLIEST)
    story.run(5)
    story.act(Crash("broker-2"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    write(story, 2)
    story.run(1)
    story.act(Crash("broker-1"), Restart("broker-2"))
    story.until(lambda: story.state().leader_id == 2)
    story.run(3)
    write(story, 3)
    story.run(3)
    assert resets(story, "a") == [(0, "earliest"), (4, "truncated")]
    assert story.polled("a") == [0, 1, 2, 3, 4, 5, 4, 5, 6]
