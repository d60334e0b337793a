"""Cutting a log back, and which epoch began where (spec 1.6, 1.8, 1.13)."""

import pytest

from lab.kafka.log.leader_epochs import FILE
from lab.kafka.protocol.errors import ErrorCode
from tests.kafka.log.folder import FOLDER, Folder, batch, sized
from tests.kafka.log.test_appending import numbered


def of_epochs(*starts: tuple[int, int], end: int) -> Folder:
    """A log of single records in which these epochs began at these offsets."""
    folder = Folder()
    for at in range(end):
        folder.epoch = max(epoch for epoch, start in starts if start <= at)
        folder.append(batch("v"))
    return folder


@pytest.mark.parametrize(
    ("epoch", "ended"),
    [(0, (0, 10)), (1, (0, 10)), (2, (2, 20)), (4, (2, 20)), (5, (5, 30)), (6, (-1, -1)), (-1, (-1, -1))],
)
def test_spec_01_23_where_an_epoch_ended(epoch: int, ended: tuple[int, int]):
    folder = of_epochs((0, 0), (2, 10), (5, 20), end=30)
    assert folder.log.epochs.entries == [(0, 0), (2, 10), (5, 20)]
    assert folder.log.end_offset_for_epoch(epoch) == ended


def test_spec_01_6_before_the_first_known_epoch_nothing_was():
    folder = of_epochs((3, 0), end=5)
    assert folder.log.end_offset_for_epoch(1) == (1, 0)


def test_spec_01_6_the_file_of_epochs():
    folder = of_epochs((0, 0), (2, 10), end=12)
    assert folder.disk.read(f"{FOLDER}/{FILE}", 0, 100) == b"0\n2\n0 0\n2 10\n"
    assert folder.disk.flushed(f"{FOLDER}/{FILE}") == 13, "safe before the record is"


def test_spec_01_6_a_later_epoch_takes_the_place_of_those_that_got_no_further():
    log = Folder().log
    for epoch, start in ((0, 0), (1, 10), (2, 10)):
        log.epochs.assign(log.disk, epoch, start)
    assert log.epochs.entries == [(0, 0), (2, 10)]
    log.epochs.assign(log.disk, 2, 15)
    assert log.epochs.entries == [(0, 0), (2, 10)], "it is known to have begun before"
    log.epochs.assign(log.disk, 2, 5)
    assert log.epochs.entries == [(0, 0), (2, 5)]


def test_spec_01_6_cutting_epochs_at_either_end():
    log = of_epochs((0, 0), (2, 10), (5, 20), end=30).log
    log.epochs.truncate_from_start(log.disk, 15)
    assert log.epochs.entries == [(2, 15), (5, 20)]
    log.epochs.truncate_from_start(log.disk, 20)
    assert log.epochs.entries == [(5, 20)], "the epoch that ended there has no record left"
    log.epochs.assign(log.disk, 8, 25)
    log.epochs.truncate_from_end(log.disk, 25)
    assert log.epochs.entries == [(5, 20)]


def test_spec_01_6_a_new_leader_begins_its_epoch_where_its_log_ends():
    folder = of_epochs((0, 0), end=4)
    folder.log.begin_epoch(7)
    assert folder.log.epochs.entries == [(0, 0), (7, 4)]
    assert folder.log.end_offset_for_epoch(0) == (0, 4)


def test_spec_01_8_cutting_beyond_the_end_only_forgets_epochs_that_began_there():
    folder = of_epochs((0, 0), end=4)
    folder.log.begin_epoch(3)
    folder.log.truncate_to(4, folder.now_ms)
    assert (folder.log.log_end_offset, folder.log.epochs.entries) == (4, [(0, 0)])


def test_spec_01_8_whole_segments_above_go_and_the_high_watermark_follows():
    folder = Folder(segment_bytes=300)
    folder.append(*[sized(100)] * 10)
    folder.commit()
    assert folder.bases() == [0, 3, 6, 9]
    folder.log.truncate_to(4, folder.now_ms)
    assert folder.bases() == [0, 3]
    assert folder.offsets() == [0, 1, 2, 3]
    assert (folder.log.log_end_offset, folder.log.high_watermark, folder.log.recovery_point) == (4, 4, 4)
    assert [name for name in folder.names() if name.startswith("00000000000000000006")] == []
    assert folder.append(sized(100)) == [4]


def test_spec_01_8_indexes_are_cut_with_the_file():
    folder = Folder(index_interval_bytes=0)
    folder.append(*[sized(100)] * 6)
    folder.log.truncate_to(3, folder.now_ms)
    assert folder.index() == [(1, 100), (2, 200)]
    assert len(folder.file()) == 300


def test_spec_01_8_a_cut_at_a_segments_base_leaves_it_empty():
    folder = Folder(segment_bytes=300)
    folder.append(*[sized(100)] * 5)
    folder.log.truncate_to(3, folder.now_ms)
    assert folder.bases() == [0, 3]
    assert folder.append(sized(100)) == [3]
    assert folder.read(0) == [0, 1, 2, 3]


def test_spec_01_8_below_everything_the_log_begins_anew():
    folder = Folder()
    folder.append(*[sized(100)] * 5)
    folder.log.truncate_fully_and_start_at(40, folder.now_ms)
    assert (folder.bases(), folder.log.log_start_offset, folder.log.log_end_offset) == ([40], 40, 40)
    assert folder.log.epochs.entries == []
    folder.append(sized(100))
    folder.log.truncate_to(7, folder.now_ms)
    assert (folder.bases(), folder.log.log_start_offset, folder.log.log_end_offset) == ([7], 7, 7)


def test_spec_01_24_a_cut_inside_a_batch_takes_all_of_it_and_leaves_a_hole():
    folder = Folder()
    folder.append(batch(*"abcde"), batch(*"fghij"))
    folder.log.truncate_to(7, folder.now_ms)
    assert folder.offsets() == [0, 1, 2, 3, 4]
    assert folder.log.log_end_offset == 7
    assert folder.append(batch("k")) == [7]
    assert folder.read(5) == [7]


def test_spec_01_8_a_producers_sequences_are_what_is_left_of_them():
    folder = Folder()
    folder.append(*[numbered(at) for at in range(9)])
    folder.log.truncate_to(2, folder.now_ms)
    assert folder.refused(numbered(9))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(numbered(2)) == [2]
