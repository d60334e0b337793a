"""What a log knows of its producers, written down and read back (spec 1.3, 1.5)."""

import pytest

from lab.kafka.log.transactions import TransactionState
from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import RecordBatch
from tests.kafka.log.folder import FOLDER, MS, Folder, batch, sized
from tests.kafka.log.test_appending import numbered
from tests.kafka.transactions.test_transactions_in_a_log import P, Q, end, write


def path(offset: int) -> str:
    return f"{FOLDER}/{offset:020d}.snapshot"


def snapshots(folder: Folder) -> list[int]:
    return [int(name[:20]) for name in folder.names() if name.endswith(".snapshot")]


def retried(folder: Folder, one: RecordBatch) -> int | None:
    """The offset a retry was stored at before; None if it is unknown."""
    info = folder.offer(one)
    return info.base_offset if isinstance(info, AppendInfo) and info.batch is None else None


def of_one(size: int, producer_id: int, sequence: int) -> RecordBatch:
    return batch("v" * size, producer_id=producer_id, producer_epoch=0, base_sequence=sequence)


def two_segments(**config: object) -> Folder:
    """Producer 7 in the first segment (0 to 2) and never again, producer 8 in the second (3)."""
    folder = Folder(segment_bytes=300, **config)
    folder.append(*[of_one(25, 7, at) for at in range(3)])
    folder.append(of_one(25, 8, 0))
    assert folder.bases() == [0, 3]
    return folder


# --- the file -------------------------------------------------------------------------------------


def test_spec_01_3_the_layout_of_a_snapshot():
    folder = Folder()
    folder.append(numbered(0, 3), numbered(3, 2))
    folder.log.close()
    assert folder.disk.read(path(5), 0, 1_000).hex() == (
        "0001800612d900000001"
         f"{7:016x}" + "0000" + f"{4:08x}" + f"{4:016x}" + f"{1:08x}" + f"{MS:016x}" + "ffffffff" + "f" * 16
    ), "version, CRC, count; id, epoch, last sequence and offset, delta, date, no coordinator, no more"  # fmt: skip


def test_spec_01_3_a_snapshot_tells_of_markers_and_of_where_a_transaction_began():
    folder = Folder()
    folder.append(write(0, 2), write(0, 1, producer_id=Q))
    folder.now_ms += 5
    end(folder, True, coordinator_epoch=9)
    folder.log.close()
    data = folder.disk.read(path(4), 0, 1_000)[10:]
    assert data.hex() == (
        f"{P:016x}" + "0000" + f"{1:08x}" + f"{1:016x}" + f"{1:08x}" + f"{MS + 5:016x}" + f"{9:08x}" + "f" * 16
        + f"{Q:016x}" + "0000" + f"{0:08x}" + f"{2:016x}" + f"{0:08x}" + f"{MS:016x}" + "f" * 8 + f"{2:016x}"
    )  # fmt: skip


# --- when it is written, and when it goes ---------------------------------------------------------


def test_spec_01_4_a_snapshot_is_taken_at_each_roll_and_at_a_clean_end_and_is_safe():
    folder = two_segments()
    assert snapshots(folder) == [3]
    folder.log.close()
    assert snapshots(folder) == [3, 4]
    assert [folder.disk.flushed(path(at)) for at in (3, 4)] == [10 + 46, 10 + 2 * 46]
    folder.lose_power()
    folder.reopen(clean=False, recovery_point=4)
    assert snapshots(folder) == [3, 4]


def test_spec_01_5_only_where_segments_begin_and_behind_them_snapshots_are_kept():
    folder = two_segments()
    folder.reopen(clean=True)
    folder.append(of_one(25, 8, 1))
    folder.reopen(clean=True)
    assert snapshots(folder) == [3, 5], "that of the first stop is of no use"


def test_spec_01_7_a_snapshot_goes_with_the_segment_that_begins_there():
    folder = two_segments(retention_bytes=0)
    folder.append(*[of_one(25, 8, at) for at in range(1, 6)])
    assert (folder.bases(), snapshots(folder)) == ([0, 3, 6], [3, 6])
    folder.commit()
    folder.log.delete_old_segments(folder.now_ms)
    assert folder.bases() == [9], "the last one rolled and went too"
    assert (snapshots(folder), path(3).rsplit("/", 1)[1] + ".deleted" in folder.names()) == ([9], True)
    folder.log.purge_deleted(folder.now_ms + 60_000)
    assert not [name for name in folder.names() if name.endswith(".deleted")]


def test_spec_01_9_where_a_cleaned_segment_still_begins_its_snapshot_stays():
    folder = Folder(segment_bytes=300, cleanup_policy="compact", min_cleanable_dirty_ratio_percent=1)
    folder.append(*[
        batch((key, "v" * 20), producer_id=7, producer_epoch=0, base_sequence=at) for at, key in enumerate("ababababc")
    ])  # fmt: skip
    folder.commit()
    assert (folder.bases(), snapshots(folder)) == ([0, 3, 6], [3, 6])
    kept = folder.disk.read(path(3), 0, 1_000)
    clean_to = folder.clean()
    assert (folder.bases(), snapshots(folder)) == ([0, 3, 6], [3, 6])
    assert folder.disk.read(path(3), 0, 1_000) == kept
    folder.append(batch(("a", "v")))
    folder.roll()
    folder.commit()
    folder.clean(clean_to)
    assert (folder.bases(), snapshots(folder)) == ([0, 6, 9, 10], [6, 9, 10]), "the first two became one"


# --- reading it back ------------------------------------------------------------------------------


def test_spec_01_5_what_retention_has_deleted_is_still_known():
    folder = two_segments(retention_bytes=0)
    folder.commit(3)
    folder.log.set_log_start_offset(3)
    folder.log.delete_old_segments(folder.now_ms)
    assert folder.bases() == [3]
    folder.reopen(clean=True, log_start_offset=3, hw=3)
    assert retried(folder, of_one(25, 7, 2)) == 2
    folder.disk.delete(path(4))
    folder.reopen(clean=False, log_start_offset=3, hw=3)
    assert retried(folder, of_one(25, 7, 2)) is None, "no snapshot, and the log has nothing of it any more"


def test_spec_01_5_the_records_behind_the_newest_snapshot_are_read_and_no_others():
    folder = two_segments()
    forged = folder.disk.read(path(3), 0, 1_000)
    other = Folder(segment_bytes=300)
    other.append(*[of_one(25, 7, at) for at in (40, 41, 42)], of_one(25, 8, 0))
    folder.disk.write(path(3), other.disk.read(path(3), 0, 1_000))
    folder.reopen(clean=False, recovery_point=4)
    assert retried(folder, of_one(25, 7, 42)) == 2, "the snapshot is believed"
    assert retried(folder, of_one(25, 8, 0)) == 3, "and what stands behind it was read"
    assert len(forged) == folder.disk.size(path(3))


@pytest.mark.parametrize("left", [0, 5, 9, 40, 55])
def test_spec_01_5_a_torn_snapshot_is_removed_and_the_next_older_one_read(left: int):
    folder = two_segments()
    folder.append(*[of_one(25, 8, at) for at in (1, 2, 3)])
    assert snapshots(folder) == [3, 6]
    folder.disk.truncate(path(6), left)
    folder.reopen(clean=False, recovery_point=7)
    assert snapshots(folder) == [3, 6, 7], "and written anew, while what stands behind the older one is read"
    assert folder.disk.size(path(6)) == 10 + 2 * 46
    assert (retried(folder, of_one(25, 7, 2)), retried(folder, of_one(25, 8, 3))) == (2, 6)


def test_spec_01_5_a_damaged_snapshot_is_not_believed():
    folder = two_segments()
    folder.log.close()
    data = bytearray(folder.disk.read(path(4), 0, 1_000))
    data[30] ^= 1
    folder.disk.write(path(4), bytes(data))
    folder.reopen(clean=False, recovery_point=4)
    assert (retried(folder, of_one(25, 7, 2)), retried(folder, of_one(25, 8, 0))) == (2, 3)


def test_spec_01_8_after_a_cut_the_producers_are_as_the_snapshot_below_it_and_the_rest_of_the_log_tell():
    folder = two_segments()
    folder.append(*[of_one(25, 8, at) for at in range(1, 6)])
    assert snapshots(folder) == [3, 6]
    folder.log.truncate_to(5, folder.now_ms)
    assert snapshots(folder) == [3, 5], "what knew more than is left is gone; one is taken at the cut"
    assert retried(folder, of_one(25, 7, 1)) is None, "of producer 7 the snapshot has the last batch only"
    assert (retried(folder, of_one(25, 7, 2)), retried(folder, of_one(25, 8, 1))) == (2, 4)
    assert folder.refused(of_one(25, 8, 3))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(of_one(25, 8, 2)) == [5]


def test_spec_01_8_a_log_that_begins_anew_has_no_snapshots():
    folder = two_segments()
    folder.log.truncate_fully_and_start_at(40, folder.now_ms)
    assert snapshots(folder) == []
    folder.reopen(clean=True, log_start_offset=40)
    assert folder.log.producers.entries == {}


@pytest.mark.parametrize("clean", [True, False])
def test_spec_01_5_an_open_transaction_is_known_by_its_snapshot(clean: bool):
    folder = Folder()
    folder.append(write(0), write(0, producer_id=Q))
    folder.roll()
    folder.append(sized(100))
    folder.commit()
    folder.reopen(clean=clean, recovery_point=2, hw=3)
    producers = folder.log.producers
    assert isinstance(producers, TransactionState)
    assert list(producers.open.items()) == [(P, 0), (Q, 1)]
    assert folder.log.last_stable_offset == 0
    end(folder, False)
    folder.commit()
    assert folder.log.last_stable_offset == 1
    assert folder.log.aborted_transactions(0, 1) == ((P, 0),)


def test_spec_01_5_what_was_aborted_is_known_though_its_producer_is_forgotten():
    folder = Folder()
    folder.append(write(0))
    end(folder, False)
    folder.commit()
    folder.log.producers.expire(MS + 1)
    folder.reopen(clean=True, hw=2)
    assert folder.log.producers.entries == {}
    assert folder.log.aborted_transactions(0, 2) == ((P, 0),)
