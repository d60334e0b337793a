"""Which old segments go, and what is left of them (spec 1.7, 1.13)."""

import itertools

import pytest

from lab.cluster.actions.machines import Crash
from lab.cluster.actions.network import CutLink, HealLink, Isolate, Rejoin
from lab.cluster.actions.settings import SetTopicConfig
from lab.kafka import facts
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.fetch import FetchPartition, FetchRequest
from lab.kafka.protocol.messages.list_offsets import EARLIEST, ListOffsetsRequest
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.messages.topics import DeleteRecordsRequest
from lab.kafka.protocol.records import RecordBatch
from tests.kafka.log.folder import FOLDER, MS, Folder, sized
from tests.story import ORDERS, Story, orders
from tests.story import batch as story_batch


def of_ages(*seconds: int, **config: object) -> Folder:
    """One segment for each date, the last one active; all committed."""
    folder = Folder(**config)
    for place, at in enumerate(seconds):
        if place:
            folder.roll()
        folder.append(sized(100, ts=MS + at * 1_000))
    folder.commit()
    return folder


def test_spec_01_12_segments_whose_youngest_record_is_too_old_go():
    folder = of_ages(10, 20, 30, 99, retention_ms=10_000)
    folder.now_ms = MS + 35_000
    assert folder.log.delete_old_segments(folder.now_ms) == "retention.ms"
    assert (folder.bases(), folder.log.log_start_offset) == ([2, 3], 2)
    assert folder.log.epochs.entries == [(0, 2)]
    assert folder.read(1) is ErrorCode.OFFSET_OUT_OF_RANGE
    assert folder.read(2) == [2, 3]


def test_spec_01_12_their_files_wait_60_seconds():
    folder = of_ages(10, 20, 30, 99, retention_ms=10_000)
    folder.now_ms = MS + 35_000
    folder.log.delete_old_segments(folder.now_ms)
    gone = [f"{base:020d}{suffix}.deleted" for base in (0, 1) for suffix in (".log", ".snapshot", ".timeindex")]
    gone.remove(f"{0:020d}.snapshot.deleted")
    assert [name for name in folder.names() if name.endswith(".deleted")] == gone
    folder.log.purge_deleted(folder.now_ms + 59_999)
    assert [name for name in folder.names() if name.endswith(".deleted")] == gone
    folder.log.purge_deleted(folder.now_ms + 60_000)
    assert [name for name in folder.names() if name.endswith(".deleted")] == []


def test_spec_01_7_a_segment_of_exactly_retention_ms_stays():
    folder = of_ages(10, 99, retention_ms=10_000)
    assert folder.log.delete_old_segments(MS + 20_000) == ""
    assert folder.log.delete_old_segments(MS + 20_001) == "retention.ms"


def test_spec_01_s12_one_record_of_the_future_keeps_its_segment_and_all_behind_it():
    folder = of_ages(10, 3_000, 30, 40, retention_ms=10_000)
    folder.log.delete_old_segments(MS + 100_000)
    assert folder.bases() == [1, 2, 3]


def test_spec_01_s12_when_all_is_old_the_log_is_empty_and_its_offsets_go_on():
    folder = of_ages(10, 20, retention_ms=10_000)
    folder.now_ms = MS + 100_000
    folder.log.delete_old_segments(folder.now_ms)
    assert (folder.bases(), folder.log.log_start_offset, folder.log.log_end_offset) == ([2], 2, 2)
    assert folder.append(sized(100)) == [2]
    assert folder.log.delete_old_segments(folder.now_ms) == "", "its date is old, but nobody has committed it"


def test_spec_01_7_an_empty_active_segment_stays():
    folder = of_ages(10, retention_ms=1)
    folder.log.delete_old_segments(MS + 100_000)
    assert folder.bases() == [1]
    assert folder.log.delete_old_segments(MS + 200_000) == ""
    assert folder.bases() == [1]


@pytest.mark.parametrize(("kept", "bases"), [(250, [0, 1, 2, 3]), (200, [1, 2, 3]), (199, [1, 2, 3]), (0, [3])])
def test_spec_01_13_at_least_retention_bytes_stay(kept: int, bases: list[int]):
    folder = of_ages(1, 1, 1, retention_bytes=kept)
    folder.roll()
    assert folder.log.size_bytes == 300
    folder.log.delete_old_segments(MS + 1_000)
    assert folder.bases() == bases


def test_spec_01_14_nothing_above_the_high_watermark_goes():
    folder = of_ages(10, 20, 30, 40, retention_ms=1)
    for mark, bases in ((0, [0, 1, 2, 3]), (1, [1, 2, 3]), (3, [3])):
        folder.commit(mark)
        folder.log.delete_old_segments(MS + 10_000_000)
        assert folder.bases() == bases


def test_spec_01_7_minus_one_keeps_for_ever():
    folder = of_ages(10, 20, 30, retention_ms=-1, retention_bytes=-1)
    assert folder.log.delete_old_segments(MS * 2) == ""


def test_spec_01_7_a_compacted_log_has_no_retention_by_time_or_size():
    folder = of_ages(10, 20, 30, retention_ms=1, retention_bytes=1)
    both = Folder(cleanup_policy="compact,delete", retention_ms=1)
    folder.log.config = Folder(cleanup_policy="compact", retention_ms=1, retention_bytes=1).config
    assert folder.log.delete_old_segments(MS * 2) == ""
    folder.log.config = both.config
    assert folder.log.delete_old_segments(MS * 2) == "retention.ms"


@pytest.mark.parametrize("policy", ["delete", "compact"])
def test_spec_01_7_segments_wholly_below_the_log_start_go_whatever_the_policy(policy: str):
    folder = of_ages(10, 20, 30, retention_ms=-1)
    folder.log.config = Folder(cleanup_policy=policy).config
    folder.log.set_log_start_offset(1)
    assert folder.log.delete_old_segments(MS) == "log start"
    assert folder.bases() == [1, 2]


def test_spec_01_7_the_active_segment_does_not_go_for_the_log_start():
    folder = of_ages(10, 20, retention_ms=-1)
    folder.log.set_log_start_offset(2)
    folder.log.delete_old_segments(MS)
    assert folder.bases() == [1]
    assert len(folder.file()) == 100


# --- of a whole cluster ---------------------------------------------------------------------------


def filled(count: int, policy: str = "delete") -> Story:
    """As many single records in orders-0."""
    story = Story(brokers=2, topics=orders(replicas=2, cleanup_policy=policy))
    for at in range(count):
        answer = story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: story_batch(f"{at}")}))
        assert answer.responses[ORDERS].error_code is ErrorCode.NONE
    return story


def deleted(story: Story, offset: int) -> tuple[ErrorCode, int]:
    return story.ask("broker-1", DeleteRecordsRequest({ORDERS: offset})).partitions[ORDERS]


def fetched(story: Story, offset: int) -> ErrorCode | list[bytes | None]:
    asked = FetchRequest(-1, 0, 1, 1 << 20, {ORDERS: FetchPartition(offset, 1 << 20)})
    found = story.ask("broker-1", asked).responses[ORDERS]
    return found.error_code or [one.value for part in found.records for one in part.records()]


def test_spec_01_15_records_are_deleted_by_raising_the_log_start():
    story = filled(8)
    assert deleted(story, 5) == (ErrorCode.NONE, 5)
    listed = story.ask("broker-1", ListOffsetsRequest(-1, {ORDERS: (EARLIEST, -1)}))
    assert listed.partitions[ORDERS].offset == 5
    assert fetched(story, 4) is ErrorCode.OFFSET_OUT_OF_RANGE
    assert fetched(story, 5) == [b"5", b"6", b"7"]
    story.run(1)
    assert story.replica(2).log.log_start_offset == 5, "followers take it over"


def test_spec_01_15_the_log_start_never_goes_back_and_never_beyond_what_is_committed():
    story = filled(8)
    assert deleted(story, 5) == (ErrorCode.NONE, 5)
    assert deleted(story, 3) == (ErrorCode.NONE, 5)
    assert deleted(story, 9)[0] is ErrorCode.OFFSET_OUT_OF_RANGE
    assert deleted(story, -2)[0] is ErrorCode.OFFSET_OUT_OF_RANGE
    assert deleted(story, -1) == (ErrorCode.NONE, 8)


def test_spec_01_15_a_topic_that_is_only_compacted_forbids_it():
    assert deleted(filled(2, "compact"), 1)[0] is ErrorCode.POLICY_VIOLATION


def test_spec_01_7_the_first_check_comes_after_30_s_and_then_every_5_minutes():
    story = Story(brokers=1, topics=orders(replicas=1, retention_ms=1_000, segment_bytes=200))
    story.producer("web", rate=1)
    story.run(700)
    moved = [one.time // 1_000_000 for one in story.heard(facts.LogStartMoved, partition=ORDERS)]
    assert len(moved) == 3
    assert 18 <= moved[0] <= 30, "the broker started in the ten seconds before time zero"
    assert [later - one for one, later in itertools.pairwise(moved)] == [300, 300]


def test_spec_01_12_the_files_are_gone_from_the_disk_a_minute_later():
    story = Story(brokers=1, topics=orders(replicas=1, retention_ms=1_000, segment_bytes=200))
    story.producer("web", rate=1, count=20)
    disk = story.world.hosts["broker-1"].disk

    def waiting() -> int:
        return sum(path.endswith(".deleted") for path in disk.list(FOLDER))

    story.until(lambda: waiting() > 0)
    story.run(59)
    assert waiting() > 0
    story.run(2)
    assert waiting() == 0


def test_spec_01_7_a_shorter_retention_is_heard_at_the_next_check():
    story = Story(brokers=1, topics=orders(replicas=1, segment_bytes=200))
    story.producer("web", rate=1)
    story.run(100)
    assert not list(story.heard(facts.LogStartMoved, partition=ORDERS))
    story.act(SetTopicConfig("orders", "retention.ms", "1000"))
    story.run(300)
    assert len(list(story.heard(facts.LogStartMoved, partition=ORDERS))) == 1


def test_spec_01_s12_a_log_start_may_stand_inside_a_batch():
    story = Story(brokers=2, topics=orders(replicas=2))
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: story_batch(*"abcde")}))
    assert deleted(story, 3) == (ErrorCode.NONE, 3)
    found = story.replica(1).log.read(3, 1 << 20, 5)
    assert isinstance(found, tuple)
    assert [RecordBatch(one.data).base_offset for one in found] == [0], "whoever reads it drops the first three"


# --- DeleteRecords waits --------------------------------------------------------------------------


def cut_off(story: Story) -> None:
    """broker-2 lives, and does not hear its leader."""
    story.act(CutLink("broker-2", "broker-1"))


def test_spec_01_15_it_is_answered_when_the_followers_have_deleted_too():
    story = filled(8)
    cut_off(story)
    number = story.send("broker-1", DeleteRecordsRequest({ORDERS: 5}))
    story.run(2)
    assert story.answer(number) is None
    assert [story.replica(one).log.log_start_offset for one in (1, 2)] == [5, 0], "the leader has done it at once"
    story.act(HealLink("broker-2", "broker-1"))
    story.until(lambda: story.answer(number) is not None)
    assert story.answer(number).partitions[ORDERS] == (ErrorCode.NONE, 5)
    assert story.replica(2).log.log_start_offset == 5


def test_spec_01_15_it_times_out_where_a_follower_does_not_and_tells_how_far_all_are():
    story = filled(8)
    cut_off(story)
    asked = story.now
    answer = story.ask("broker-1", DeleteRecordsRequest({ORDERS: 5}, timeout_ms=3_000))
    assert answer.partitions[ORDERS] == (ErrorCode.REQUEST_TIMED_OUT, 0)
    assert 3_000 <= story.now - asked <= 3_010
    assert story.replica(1).log.log_start_offset == 5, "what is deleted stays deleted"


def test_spec_01_15_a_follower_that_is_dead_is_not_waited_for():
    story = filled(8)
    story.act(Crash("broker-2"))
    number = story.send("broker-1", DeleteRecordsRequest({ORDERS: 5}))
    story.run(5)
    assert story.answer(number) is None, "nobody has missed it yet"
    story.run(10)
    assert story.ask("broker-1", DeleteRecordsRequest({ORDERS: 6})).partitions[ORDERS] == (ErrorCode.NONE, 6)


def test_spec_01_15_a_leader_that_is_replaced_says_so():
    story = Story(brokers=3, topics=orders(replicas=2))
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: story_batch(*"abcde")}))
    leader, follower = story.state().replicas
    story.act(CutLink(f"broker-{follower}", f"broker-{leader}"))
    number = story.send(f"broker-{leader}", DeleteRecordsRequest({ORDERS: 2}))
    story.run(1)
    story.act(Isolate(f"broker-{leader}"))
    story.run(15)
    story.act(Rejoin(f"broker-{leader}"))
    story.until(lambda: story.answer(number) is not None)
    assert story.answer(number).partitions[ORDERS] == (ErrorCode.NOT_LEADER_OR_FOLLOWER, -1)
