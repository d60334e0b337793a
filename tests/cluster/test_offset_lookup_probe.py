"""The way from an offset to its batch, as it is shown: the engine's own answer, and each step that leads to it."""

from lab.cluster.actions.topics import DeleteRecords
from lab.cluster.probes import OffsetLookup, Segments
from lab.cluster.probes.offset_lookup import AT_END, BELOW, BEYOND, FOUND, NO_LOG, LookupView
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import MS
from tests.kafka.log.test_cleaner_at_work import cleaned, compacting, counted, write
from tests.story import ORDERS, Story


def indexed() -> Story:
    """Files of six batches of 300 bytes, with an entry after every second batch."""
    story = compacting(cleanup_policy="delete", segment_bytes=2_000, index_interval_bytes=500)
    write(story, counted("abcdefghijkl"))
    return story


def log_of(story: Story) -> UnifiedLog:
    return story.replica(1).log


def one_batch(log: UnifiedLog, offset: int) -> RecordBatch:
    """What the log itself gives for an offset."""
    batches = log.read(offset, 1, log.log_end_offset)
    assert isinstance(batches, tuple)
    (batch,) = batches
    return batch


def found(story: Story, offset: int) -> LookupView:
    return OffsetLookup("orders-0", "", offset)(story.world)


def test_a_segment_is_chosen_by_its_base_offset_a_start_by_the_index_and_the_batch_by_a_scan():
    story = indexed()
    size = log_of(story).segments[0].size // 6
    view = found(story, 9)
    assert (view.outcome, view.broker, view.segment, view.passed) == (FOUND, "broker-1", 6, ())
    assert (view.entries, view.entry, view.start) == (2, (8, 2 * size), 2 * size)
    assert [(one.base_offset, one.position) for one in view.scanned] == [(8, 2 * size), (9, 3 * size)]
    assert view.batch == view.scanned[-1]


def test_below_the_first_entry_of_the_index_the_scan_begins_with_the_file():
    view = found(indexed(), 7)
    assert (view.entry, view.start) == (None, 0)
    assert [one.base_offset for one in view.scanned] == [6, 7]


def test_every_offset_is_found_where_the_engine_finds_it():
    story = indexed()
    one = RecordBatch.build([Record(0, MS, b"k", b"v") for _ in range(5)])
    story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one}))
    log = log_of(story)
    for offset in range(log.log_end_offset):
        view = found(story, offset)
        segment = next(one for one in log.segments if one.base_offset == view.segment)
        assert view.batch is not None
        assert view.batch.position == segment.position_for(log.disk, offset)
        stored = one_batch(log, offset)
        assert (view.batch.base_offset, view.batch.size_bytes) == (stored.base_offset, stored.size)


def test_what_compaction_took_leads_to_the_next_that_is_left_in_another_file_if_need_be():
    story = compacting()
    write(story, counted("abc"))
    write(story, counted("abcd"))
    cleaned(story)
    log = log_of(story)
    first = one_batch(log, 0)
    view = found(story, 0)
    assert view.batch is not None
    assert view.batch.base_offset == first.base_offset > 0
    assert view.passed == tuple(one.base_offset for one in log.segments if one.base_offset < view.segment) != ()


def test_outside_of_the_log_nothing_is_searched():
    story = indexed()
    story.act(DeleteRecords("orders-0", 3))
    story.run(1)
    outcomes = [found(story, offset).outcome for offset in (2, 3, 11, 12, 13)]
    assert outcomes == [BELOW, FOUND, FOUND, AT_END, BEYOND]
    assert OffsetLookup("orders-0", "broker-9", 3)(story.world).outcome == NO_LOG
    assert found(story, 2).batch is None


def test_a_part_of_a_file_is_shown_without_reading_the_rest():
    story = indexed()
    size = log_of(story).segments[0].size // 6
    part = Segments("orders-0", "", 0, (2 * size + 10, 4 * size))(story.world).segments[0]
    assert [one.base_offset for one in part.batches] == [2, 3]
    assert part.holes == (), "what lies before and after was not asked for"


def test_files_set_aside_wait_with_the_time_that_is_left_to_them():
    story = compacting(cleanup_policy="delete", file_delete_delay_ms=20_000)
    write(story, counted("abcdef"))
    story.act(DeleteRecords("orders-0", 3))
    story.until(lambda: Segments("orders-0")(story.world).set_aside)
    (aside,) = Segments("orders-0")(story.world).set_aside
    assert (aside.base_offset, aside.left_ms) == (0, 20_000)
    story.run(5)
    assert Segments("orders-0")(story.world).set_aside[0].left_ms == 15_000
    story.until(lambda: not Segments("orders-0")(story.world).set_aside)
