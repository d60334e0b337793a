"""When a produce request is answered, and what stands on the disks by then (spec 2.4, 2.7)."""

import pytest

from lab.cluster.actions.machines import Crash, Freeze, Thaw
from lab.cluster.actions.network import CutLink, HealLink
from lab.cluster.actions.settings import SetTopicConfig
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest, FetchResponse
from lab.kafka.protocol.messages.find_coordinator import FindCoordinatorRequest
from lab.kafka.protocol.messages.list_offsets import LATEST, ListOffsetsRequest
from lab.kafka.protocol.messages.produce import PartitionProduceResponse, ProduceRequest
from tests.story import ORDERS, Story, batch, orders


def produce(acks: int, value: str = "one", timeout_ms: int = 30_000) -> ProduceRequest:
    return ProduceRequest(acks, timeout_ms, {ORDERS: batch(value)})


def answer_to(story: Story, request: ProduceRequest) -> PartitionProduceResponse:
    return story.ask("broker-1", request).responses[ORDERS]


def consumer_sees(story: Story) -> int:
    """How many records a consumer is given."""
    request = FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: FetchPartition(0, 1 << 20)})
    answer = story.ask("broker-1", request)
    assert isinstance(answer, FetchResponse)
    return sum(one.record_count for found in answer.responses.values() for one in found.records)


def isr_of_one() -> Story:
    """Three replicas, min.insync.replicas 2, and only the leader in sync."""
    story = Story(topics=orders(min_insync_replicas=2))
    story.act(Crash("broker-2"), Crash("broker-3"))
    story.until(lambda: story.replica(1).in_sync_replicas == (1,))
    return story


def test_spec_02_01_acks_all_is_answered_when_both_followers_have_fetched_past_the_record():
    story = Story(topics=orders(min_insync_replicas=2))
    story.act(CutLink("broker-3", "broker-1"))
    sent = story.send("broker-1", produce(-1))
    story.run(1)
    assert story.answer(sent) is None
    assert story.ends() == {1: (0, 1), 2: (0, 1), 3: (0, 0)}
    story.act(HealLink("broker-3", "broker-1"))
    story.until(lambda: story.answer(sent) is not None)
    assert story.answer(sent).responses[ORDERS] == PartitionProduceResponse(ErrorCode.NONE, 0, -1, 0)
    assert story.ends()[1] == (1, 1)
    assert {end for _, end in story.ends().values()} == {1}


def test_spec_02_01_a_follower_learns_the_high_watermark_one_fetch_later():
    story = Story(topics=orders(min_insync_replicas=2))
    answer_to(story, produce(-1))
    assert story.ends() == {1: (1, 1), 2: (0, 1), 3: (0, 1)}
    assert consumer_sees(story) == 1
    story.run(0.4)
    assert story.ends() == {1: (1, 1), 2: (0, 1), 3: (0, 1)}, "their next fetch waits for more at the leader"
    story.run(0.2)
    assert story.ends() == {1: (1, 1), 2: (1, 1), 3: (1, 1)}, "it comes back after replica.fetch.wait.max.ms"


def test_spec_02_02_a_follower_that_stops_fetching_stalls_acks_all_until_the_isr_shrinks():
    story = Story(topics=orders())
    story.act(CutLink("broker-3", "broker-1"))
    sent = story.send("broker-1", produce(-1, timeout_ms=60_000))
    story.run(29)
    assert story.answer(sent) is None
    story.until(lambda: story.answer(sent) is not None)
    assert 30_000 <= story.answered_at(sent) <= 45_100
    assert story.answer(sent).responses[ORDERS].error_code is ErrorCode.NONE
    assert story.state().isr == (1, 2)
    assert story.state().leader_epoch == 0, "an ISR change begins no leader epoch"


def test_spec_02_02_a_dead_follower_stalls_acks_all_only_until_it_is_fenced():
    story = Story(topics=orders())
    story.act(Crash("broker-3"))
    sent = story.send("broker-1", produce(-1))
    story.until(lambda: story.answer(sent) is not None)
    assert 7_000 <= story.answered_at(sent) <= 9_600, "the session is 9 s from its last heartbeat"
    assert story.state().isr == (1, 2)


def test_spec_02_03_below_min_isr_acks_all_is_refused_and_nothing_is_written():
    story = isr_of_one()
    found = answer_to(story, produce(-1))
    assert found.error_code is ErrorCode.NOT_ENOUGH_REPLICAS
    assert story.ends() == {1: (0, 0)}


def test_spec_02_03_below_min_isr_acks_1_is_written_but_not_committed_until_the_isr_grows():
    story = isr_of_one()
    assert answer_to(story, produce(1)).error_code is ErrorCode.NONE
    assert story.ends() == {1: (0, 1)}
    assert consumer_sees(story) == 0
    story.world.boot("broker-2")
    story.until(lambda: story.ends()[1] == (1, 1))
    assert story.state().isr == (1, 2)
    assert consumer_sees(story) == 1


def test_spec_02_04_acks_0_is_never_answered():
    story = Story(topics=orders())
    sent = story.send("broker-1", produce(0))
    story.run(40)
    assert story.answer(sent) is None
    assert story.ends() == {1: (1, 1), 2: (1, 1), 3: (1, 1)}


@pytest.mark.parametrize("acks", [2, -2])
def test_spec_02_05_other_acks_are_invalid(acks: int):
    story = Story(topics=orders())
    assert answer_to(story, produce(acks)).error_code is ErrorCode.INVALID_REQUIRED_ACKS
    assert story.ends()[1] == (0, 0)


def test_spec_02_06_a_produce_that_times_out_leaves_its_record_which_appears_later():
    story = Story(topics=orders())
    story.act(Freeze("broker-2"))
    begun = story.now
    sent = story.send("broker-1", produce(-1, timeout_ms=100))
    story.until(lambda: story.answer(sent) is not None)
    assert story.answer(sent).responses[ORDERS].error_code is ErrorCode.REQUEST_TIMED_OUT
    assert 100 <= story.answered_at(sent) - begun <= 102
    assert consumer_sees(story) == 0
    story.act(Thaw("broker-2"))
    story.run(0.1)
    assert consumer_sees(story) == 1


def test_spec_02_07_7_an_internal_topic_takes_no_client_records():
    story = Story(topics=orders())
    request = ProduceRequest(-1, 1_000, {ORDERS._replace(topic="__consumer_offsets"): batch("no")})
    (found,) = story.ask("broker-1", request).responses.values()
    assert found.error_code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION  # nobody has asked for a coordinator yet
    story.ask("broker-1", FindCoordinatorRequest("readers"))
    story.run(1)
    (found,) = story.ask("broker-1", request).responses.values()
    assert found.error_code is ErrorCode.INVALID_TOPIC_EXCEPTION


def test_a_follower_names_the_leader_it_knows():
    story = Story(topics=orders())
    found = story.ask("broker-2", produce(-1)).responses[ORDERS]
    assert found.error_code is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert found.current_leader == (1, 0)


def test_one_record_of_more_than_a_megabyte_is_too_large_for_a_topic_and_fits_after_a_change():
    story = Story(topics=orders())
    large = ProduceRequest(-1, 30_000, {ORDERS: batch(size=1_048_600)})
    assert story.ask("broker-1", large).responses[ORDERS].error_code is ErrorCode.MESSAGE_TOO_LARGE
    assert story.ends()[1] == (0, 0)
    exact = 1_048_588
    head = batch(size=1_000_000).size - 1_000_000
    assert batch(size=exact - head).size == exact
    fits = ProduceRequest(-1, 30_000, {ORDERS: batch(size=exact - head)})
    assert story.ask("broker-1", fits).responses[ORDERS].error_code is ErrorCode.NONE
    over = ProduceRequest(-1, 30_000, {ORDERS: batch(size=exact - head + 1)})
    assert story.ask("broker-1", over).responses[ORDERS].error_code is ErrorCode.MESSAGE_TOO_LARGE
    story.run(1)
    assert {end for _, end in story.ends().values()} == {1}, "a record of 1 MiB is replicated too"


def test_a_topic_may_allow_larger_batches_while_it_runs():
    story = Story(topics=orders(max_message_bytes=1_000))
    large = ProduceRequest(-1, 30_000, {ORDERS: batch(size=1_500)})
    assert story.ask("broker-1", large).responses[ORDERS].error_code is ErrorCode.MESSAGE_TOO_LARGE
    story.act(SetTopicConfig("orders", "max.message.bytes", "2000"))
    story.run(1)
    assert story.ask("broker-1", large).responses[ORDERS].error_code is ErrorCode.NONE


def test_an_offset_beyond_the_high_watermark_is_not_the_latest_for_a_consumer():
    story = Story(topics=orders())
    story.act(CutLink("broker-3", "broker-1"))
    answer_to(story, produce(1))
    listed = story.ask("broker-1", ListOffsetsRequest(-1, {ORDERS: (LATEST, -1)}))
    assert listed.partitions[ORDERS].offset == 0
