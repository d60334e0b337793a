"""Which offset a date means (spec 1.10, 1.13)."""

from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import Folder, batch, dated


def test_spec_01_22_the_first_record_at_least_so_young():
    folder = Folder()
    folder.epoch = 4
    folder.append(dated(5, 3, 9, 7))
    assert folder.log.offset_for_timestamp(6, 4) == (9, 2, 4)
    assert folder.log.offset_for_timestamp(3, 4) == (5, 0, 4)
    assert folder.log.offset_for_timestamp(10, 4) is None
    assert folder.log.offset_of_max_timestamp() == (9, 2, 4)


def test_spec_01_s10_what_consumers_may_not_read_yet_is_not_found():
    folder = Folder()
    folder.append(dated(5), dated(9))
    assert folder.log.offset_for_timestamp(9, 2) == (9, 1, 0)
    assert folder.log.offset_for_timestamp(9, 1) is None


def test_spec_01_s10_what_is_below_the_log_start_is_not_found():
    folder = Folder()
    folder.append(dated(5, 6, 7))
    folder.commit()
    folder.log.set_log_start_offset(2)
    assert folder.log.offset_for_timestamp(5, 3) == (7, 2, 0)


def test_spec_01_s10_an_empty_log_has_no_youngest_record():
    folder = Folder()
    assert folder.log.offset_of_max_timestamp() is None
    assert folder.log.offset_for_timestamp(0, 0) is None


def test_spec_01_s10_after_compaction_the_youngest_is_the_youngest_that_is_left():
    folder = Folder(cleanup_policy="compact")
    folder.append(batch(("a", "1"), ts=900), batch(("b", "2"), ts=500), batch(("a", "3"), ts=400))
    folder.roll()
    folder.commit()
    folder.clean()
    assert folder.log.offset_of_max_timestamp() == (500, 1, 0)


def test_spec_01_s10_after_compaction_of_half_a_batch_too():
    folder = Folder(cleanup_policy="compact")
    both = [Record(0, 900, b"a", b"1"), Record(0, 500, b"b", b"2")]
    folder.append(RecordBatch.build(both), batch(("a", "3"), ts=400))
    folder.roll()
    folder.commit()
    folder.clean()
    assert folder.log.offset_of_max_timestamp() == (500, 1, 0)
    assert folder.log.offset_for_timestamp(450, 3) == (500, 1, 0)


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4), min_size=1, max_size=14),
    st.sampled_from([0, 90, 300]),
    st.sampled_from([200, 1_000]),
)
def test_spec_01_s10_as_a_walk_over_all_records_finds_it(times: list[list[int]], interval: int, segment_bytes: int):
    folder = Folder(index_interval_bytes=interval, segment_bytes=segment_bytes)
    folder.append(*[dated(*some) for some in times])
    every = [one for some in times for one in some]
    for wanted in range(14):
        walked = next(((ts, at, 0) for at, ts in enumerate(every) if ts >= wanted), None)
        assert folder.log.offset_for_timestamp(wanted, len(every)) == walked
    assert folder.log.offset_of_max_timestamp() == (max(every), every.index(max(every)), 0)
