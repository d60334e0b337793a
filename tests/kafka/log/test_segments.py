"""A log's files: names, indexes, and when the next segment begins (spec 1.3, 1.4, 1.13)."""

import pytest

from lab.kafka.log.segment import LogSegment
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import Record, RecordBatch
from lab.world.disk import SimDisk
from tests.kafka.log.folder import MS, Folder, batch, dated, sized

MIB = 1 << 20


def test_spec_01_09_a_segment_that_would_grow_too_large_is_closed():
    folder = Folder(segment_bytes=MIB)
    for at in range(3):
        folder.append(sized(MIB // 2, ts=MS + at))
    assert folder.bases() == [0, 2]
    assert "00000000000000000002.log" in folder.names()
    assert len(folder.file(".log", 0)) == MIB
    assert folder.time_index(0)[-1] == (MS + 1, 1), "its time index ends with its newest record"
    assert folder.time_index(2) == []


def test_spec_01_4_a_segment_of_exactly_segment_bytes_is_not_too_large():
    folder = Folder(segment_bytes=1_000)
    folder.append(sized(600), sized(400), sized(100))
    assert folder.bases() == [0, 2]


def test_spec_01_10_a_segment_ages_in_the_time_of_its_records():
    folder = Folder(segment_ms=1_000)
    folder.append(dated(MS), dated(MS + 1_000))
    assert folder.bases() == [0]
    folder.append(dated(MS + 1_001))
    assert folder.bases() == [0, 2]


def test_spec_01_10_a_log_nobody_writes_to_does_not_roll():
    folder = Folder(segment_ms=1_000)
    folder.append(dated(MS))
    folder.now_ms += 3_600_000
    folder.commit()
    assert folder.log.delete_old_segments(folder.now_ms) == ""
    folder.append(dated(MS + 1_000))
    assert folder.bases() == [0], "an hour late, and by its own date only a second"


def test_spec_01_4_records_without_a_date_age_by_the_clock():
    folder = Folder(segment_ms=1_000)
    folder.append(dated(-1))
    folder.now_ms += 1_000
    folder.append(dated(-1))
    assert folder.bases() == [0]
    folder.now_ms += 1
    folder.append(dated(-1))
    assert folder.bases() == [0, 2]


def test_spec_01_11_the_index_is_sparse_and_names_the_last_offset_of_an_append():
    folder = Folder(index_interval_bytes=4_096)
    folder.append(*[sized(1_000, ts=MS + at) for at in range(18)])
    assert folder.index() == [(5, 5_000), (10, 10_000), (15, 15_000)]
    assert folder.time_index() == [(MS + 5, 5), (MS + 10, 10), (MS + 15, 15)]


def test_spec_01_3_an_index_entry_is_8_bytes_and_a_time_entry_12():
    folder = Folder(index_interval_bytes=0)
    folder.append(batch("a", "b"), batch("c", "d", ts=MS + 7))
    at = batch("a", "b").size
    assert folder.file(".index") == (3).to_bytes(4, "big") + at.to_bytes(4, "big")
    assert folder.file(".timeindex") == (MS + 7).to_bytes(8, "big") + (3).to_bytes(4, "big")


def test_spec_01_3_index_offsets_are_relative_to_the_segment():
    folder = Folder(index_interval_bytes=0)
    folder.append(*[batch("a")] * 5)
    folder.roll()
    folder.append(batch("b", "c"), batch("d"))
    assert folder.index(5) == [(2, batch("b", "c").size)]


def test_spec_01_3_the_time_index_only_moves_forward():
    folder = Folder(index_interval_bytes=0)
    folder.append(*[dated(MS + at) for at in (5, 3, 9, 9, 4, 11)])
    assert folder.time_index() == [(MS + 5, 0), (MS + 9, 2), (MS + 11, 5)]


def test_spec_01_3_of_two_equally_young_records_the_time_index_names_the_first():
    folder = Folder(index_interval_bytes=200)
    folder.append(*[sized(100, ts=MS) for _ in range(8)])
    assert folder.index() == [(3, 300), (6, 600)]
    assert folder.time_index() == [(MS, 0)]


def test_spec_01_4_closing_a_segment_flushes_it_and_moves_the_recovery_point():
    folder = Folder(segment_bytes=200)
    folder.append(sized(150), sized(150))
    assert folder.log.recovery_point == 1
    folder.lose_power()
    assert len(folder.file(".log", 0)) == 150


@pytest.mark.parametrize("interval", [0, 100, 4_096])
def test_spec_01_3_every_offset_is_found_whatever_the_index_holds(interval: int):
    folder = Folder(segment_bytes=1_000, index_interval_bytes=interval)
    folder.append(*[batch(*["v" * (at % 40)] * (1 + at % 3)) for at in range(40)])
    end = folder.log.log_end_offset
    assert len(folder.bases()) > 3
    holders = [
        one.base_offset for segment in folder.log.segments for _, one in segment.batches(folder.disk)
        for _ in range(one.record_count)
    ]  # fmt: skip
    folder.log.tail = ()
    for offset in range(end):
        found = folder.read(offset)
        assert isinstance(found, list)
        assert found[0] == holders[offset]


def test_spec_01_s11_reading_at_the_end_is_empty_and_beyond_it_an_error():
    folder = Folder()
    folder.append(batch("a", "b", "c"), batch("d"))
    assert folder.read(4) == []
    assert folder.read(5) is ErrorCode.OFFSET_OUT_OF_RANGE
    assert folder.read(-1) is ErrorCode.OFFSET_OUT_OF_RANGE
    assert folder.read(3, up_to=3) == [], "between what may be read and the end: nothing yet, and no error"


def test_spec_01_s11_a_fetch_begins_with_the_batch_that_holds_its_offset():
    folder = Folder()
    folder.append(batch("a", "b", "c"), batch("d"), batch("e"))
    assert folder.read(2) == [0, 3, 4]
    assert folder.read(2, up_to=4) == [0, 3]


def test_spec_01_3_a_fetch_is_cut_by_bytes_but_not_below_one_batch():
    folder = Folder()
    folder.append(*[sized(100)] * 5)
    assert folder.read(0, max_bytes=250) == [0, 1]
    assert folder.read(1, max_bytes=10) == [1], "so a small max.partition.fetch.bytes still moves on"
    assert folder.log.read(1, 10, 5, min_one=False) == ()


def test_a_byte_position_is_looked_for_from_the_nearest_index_entry():
    disk = SimDisk()
    segment = LogSegment("logs/orders-0", 0, MS)
    segment.create(disk)
    for offset in range(40):
        one = RecordBatch.build([Record(0, MS, b"k", b"v" * 100)], base_offset=offset, leader_epoch=0)
        segment.append(disk, one, 500)
    size = segment.size // 40
    assert segment.indexed_before(disk, 0) == 0
    found = segment.indexed_before(disk, 20 * size)
    assert 20 * size - 600 - 2 * size <= found <= 20 * size
    assert segment.batch_at(disk, found).base_offset == found // size
