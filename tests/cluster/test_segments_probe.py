"""What a person can see of the files of a log, and the words that ask about them."""

from lab.cluster.actions.topics import DeleteRecords
from lab.cluster.probes import Segments
from lab.cluster.probes.segments import SegmentsView
from lab.cluster.words import WORDS
from lab.kafka import facts
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import MS
from tests.kafka.log.test_cleaner_at_work import cleaned, compacting, counted, write
from tests.story import ORDERS, Story, orders


def seen(story: Story, batches_of: int = -1) -> SegmentsView:
    return Segments("orders-0", "", batches_of)(story.world)


def asked(story: Story, word: str, *arguments: object) -> object:
    return WORDS[word](story.world, "orders-0", *arguments)  # type: ignore[arg-type]


def test_a_log_is_its_files_with_index_entries_and_batches():
    story = compacting(cleanup_policy="delete", index_interval_bytes=500)
    write(story, counted("abcdef"))
    story.run(1)
    view = seen(story, 0)
    assert [(one.base_offset, one.next_offset, one.active) for one in view.segments] == [(0, 3, False), (3, 6, True)]
    first = view.segments[0]
    assert [name for name, _ in first.files] == [f"{0:020d}{kind}" for kind in (".log", ".index", ".timeindex")]
    assert first.files[0][1] == first.size_bytes == first.flushed_bytes
    places = [(one.base_offset, one.position, one.missing) for one in first.batches]
    size = first.size_bytes // 3
    assert places == [(0, 0, 0), (1, size, 0), (2, 2 * size, 0)]
    assert first.index == ((2, 2 * size),)
    assert first.time_index[-1][1] == 2, "the closing entry"
    assert view.segments[1].batches == (), "only those asked for"
    assert view.cleaner is None
    assert [name for name, _ in view.others] == ["leader-epoch-checkpoint", "partition.metadata"]


def test_holes_and_horizons_are_seen_after_a_clean():
    story = compacting()
    one = RecordBatch.build([Record(0, MS, key.encode(), None) for key in "ab"])
    write(story, "a=0 b=1 a=2 c=3")
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one}))
    write(story, "a=6 c=7 z=8")
    cleaned(story)
    story.run(1)
    first = seen(story, 0).segments[0]
    assert (first.cleaned, first.size_bytes, first.holes) == (True, 0, ((0, 3),)), "all of it was written again"
    view = seen(story, 3)
    second = view.segments[1]
    (marked,) = [batch for batch in second.batches if batch.horizon_ms is not None]
    assert (marked.base_offset, marked.last_offset, marked.records, marked.missing) == (4, 5, 1, 1)
    assert second.holes == ((3, 4),)
    assert view.cleaner is not None
    assert (view.cleaner.checkpoint, view.cleaner.stage, view.cleaner.dirty_bytes) == (second.next_offset, "", 0)
    assert asked(story, "tombstones") == 1, "a was written again"
    assert (asked(story, "cleaned"), asked(story, "dirty")) == (second.next_offset, 0)
    assert [asked(story, "records", key) for key in "abc"] == [1, 1, 1]
    assert (asked(story, "newest", "b"), asked(story, "newest", "x")) == (5, -1)
    assert (asked(story, "holds", 0), asked(story, "holds", 5)) == (False, True)
    assert asked(story, "set_aside") > 0  # type: ignore[operator]
    assert any(name.endswith(".deleted") for name, _ in view.others)


def test_a_clean_that_is_going_on_tells_how_far_it_is():
    story = compacting(broker={"log_cleaner_io_max_bytes_per_second": 1_000})
    write(story, counted("abcabcabcabcabc"))
    story.until(lambda: story.told(facts.CleaningStarted))
    stages: list[str] = []
    before = 0
    while not story.told(facts.Compacted):
        cleaner = seen(story).cleaner
        assert cleaner is not None
        if cleaner.stage:
            stages.append(cleaner.stage)
            assert before <= cleaner.done_bytes <= cleaner.all_bytes
            before = cleaner.done_bytes
        story.run(0.1)
    assert list(dict.fromkeys(stages))[:2] == ["map", "copy"]


def test_a_log_start_inside_a_batch_is_seen():
    story = Story(brokers=1, topics=orders(replicas=1))
    write(story, "a=1")
    one = RecordBatch.build([Record(0, MS, b"k", b"v")] * 5)
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one}))
    assert not seen(story).torn_start
    story.act(DeleteRecords("orders-0", 3))
    story.run(1)
    view = seen(story)
    assert (view.log_start_offset, view.torn_start) == (3, True)
    assert asked(story, "records") == 3


def test_a_replica_that_does_not_run_has_no_files_to_show():
    story = Story(brokers=1, topics=orders(replicas=1))
    assert Segments("orders-0", "broker-9")(story.world).segments == ()
    assert Segments("nothing-0")(story.world).segments == ()
