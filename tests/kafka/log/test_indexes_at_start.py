"""Indexes that an earlier process left: which are believed, which are made anew (spec 1.3, 1.5)."""

import struct

import pytest

from tests.kafka.log.folder import FOLDER, MS, Folder, batch, sized
from tests.kafka.log.test_log_recovery import COUNT, of_segments
from tests.kafka.transactions.test_transactions_in_a_log import P, Q, end, write


def path(base: int, kind: str) -> str:
    return f"{FOLDER}/{base:020d}{kind}"


def dated_segments() -> Folder:
    """Ten batches of 100 bytes, three a segment, each a millisecond younger than the one before."""
    folder = Folder(segment_bytes=300, index_interval_bytes=0)
    folder.append(*[sized(100, ts=MS + at) for at in range(COUNT)])
    folder.commit()
    return folder


def shortened(folder: Folder, base: int, kind: str, by: int) -> bytes:
    """An index that lacks its last bytes, as if it had never been written back."""
    folder.disk.truncate(path(base, kind), folder.disk.size(path(base, kind)) - by)
    return folder.file(kind, base)


def whole(folder: Folder) -> None:
    """Every offset and every date is found."""
    assert [folder.read(at) for at in range(COUNT)] == [list(range(at, COUNT)) for at in range(COUNT)]
    for at in range(COUNT):
        assert folder.log.offset_for_timestamp(MS + at, COUNT) == (MS + at, at, 0)


def test_spec_01_5_after_a_clean_end_indexes_are_taken_as_they_are_and_reading_does_without_what_they_lack():
    folder = dated_segments()
    folder.log.close()
    index, times = shortened(folder, 3, ".index", 8), shortened(folder, 6, ".timeindex", 12)
    folder.reopen(clean=True, hw=COUNT)
    assert (folder.file(".index", 3), folder.file(".timeindex", 6)) == (index, times)
    whole(folder)


def test_spec_01_5_indexes_below_the_recovery_point_are_believed_and_others_made_anew():
    folder = dated_segments()
    below, above = shortened(folder, 3, ".index", 8), shortened(folder, 6, ".index", 8)
    folder.reopen(clean=False, recovery_point=7, hw=COUNT)
    assert folder.file(".index", 3) == below
    assert folder.file(".index", 6)[:-8] == above
    whole(folder)


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (".index", struct.pack(">ii", 1, 100) + b"torn"),
        (".index", struct.pack(">iiii", 2, 200, 1, 100)),
        (".index", struct.pack(">ii", -1, 0)),
        (".index", struct.pack(">iiii", 1, 100, 2, 900)),
        (".index", struct.pack(">iiii", 1, 100, 2, 130)),
        (".index", struct.pack(">iiii", 1, 100, 7, 200)),
        (".timeindex", struct.pack(">qi", MS + 3, 0) + b"torn"),
        (".timeindex", struct.pack(">qiqi", MS + 5, 2, MS + 3, 0)),
        (".timeindex", struct.pack(">qi", MS + 3, -1)),
        (".timeindex", struct.pack(">qi", MS + 99, 1)),
        (".timeindex", struct.pack(">qi", MS + 3, 77)),
        (".index", b""),
        (".timeindex", b""),
    ],
)
def test_spec_01_5_indexes_that_are_missing_or_cannot_be_right_are_made_anew(kind: str, wrong: bytes, clean: bool):
    folder = dated_segments()
    folder.log.close()
    right = folder.index(3), folder.time_index(3)
    folder.disk.write(path(3, kind), wrong)
    folder.reopen(clean=clean, recovery_point=COUNT, hw=COUNT)
    assert (folder.index(3), folder.time_index(3)) == right
    whole(folder)


def test_spec_01_5_an_index_without_a_log_is_removed():
    folder = of_segments()
    folder.disk.write(path(40, ".index"), struct.pack(">ii", 1, 100))
    folder.disk.write(path(40, ".timeindex"), b"")
    folder.reopen(clean=True)
    assert not [name for name in folder.names() if name.startswith(f"{40:020d}")]


def test_spec_01_5_a_short_segment_has_no_offset_index_and_is_not_made_anew_for_that():
    folder = Folder()
    folder.append(batch("a"), batch("b"))
    folder.log.close()
    folder.damage(0, folder.log.active.size - 2)
    assert folder.reopen(clean=True).log_end_offset == 2, "nobody has looked at the batches"


def test_spec_01_4_the_indexes_of_a_closed_segment_outlive_a_power_loss():
    folder = dated_segments()
    files = {(base, kind): folder.file(kind, base) for base in (0, 3, 6) for kind in (".index", ".timeindex")}
    folder.lose_power()
    assert {(base, kind): folder.file(kind, base) for base, kind in files} == files
    assert folder.disk.flushed(path(9, ".log")) == folder.disk.size(path(9, ".log")) < 101


@pytest.mark.parametrize("clean", [True, False])
def test_spec_01_5_after_a_start_the_index_goes_on_where_it_was(clean: bool):
    """In Kafka it counts the bytes since the last entry from nothing again."""
    straight, stopped = Folder(index_interval_bytes=150), Folder(index_interval_bytes=150)
    for folder in (straight, stopped):
        folder.append(*[sized(100)] * 5)
    stopped.reopen(clean=clean)
    for folder in (straight, stopped):
        folder.append(*[sized(100)] * 5)
    assert stopped.index() == straight.index() == [(2, 200), (4, 400), (6, 600), (8, 800)]


@pytest.mark.parametrize("wrong", [b"torn", b"\x00\x09" + bytes(32), bytes(34)])
def test_spec_01_5_an_index_of_aborts_that_is_wrong_is_made_anew_from_the_snapshot_below_it(wrong: bytes):
    folder = Folder()
    folder.append(write(0), write(0, producer_id=Q), sized(100))
    folder.roll()
    end(folder, False)
    end(folder, False, producer_id=Q)
    folder.roll()
    right = folder.file(".txnindex", 3)
    assert len(right) == 2 * 34
    folder.disk.write(path(3, ".txnindex"), wrong)
    folder.commit()
    folder.reopen(clean=True, hw=5)
    assert folder.file(".txnindex", 3) == right
    assert folder.log.aborted_transactions(0, 5) == ((P, 0), (Q, 1))
