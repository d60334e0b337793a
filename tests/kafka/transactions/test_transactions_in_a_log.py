"""Sequences, markers, the last stable offset and the index of what was aborted, in one log (spec 5.2, 5.5, 5.9)."""

from lab.kafka.log.transaction_index import read_aborted
from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.control import Marker, marker_batch, read_marker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import SEQUENCES, RecordBatch
from tests.kafka.log.folder import MS, Folder, records

P, Q = 7, 8
"""Two producer ids."""


def write(
    sequence: int, count: int = 1, *, producer_id: int = P, epoch: int = 0, transactional: bool = True
) -> RecordBatch:  # fmt: skip
    values = [str(one) for one in range(count)]
    return RecordBatch.build(
        records(*values), producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence,
        transactional=transactional,
    )  # fmt: skip


def end(
    folder: Folder, commit: bool, *, producer_id: int = P, epoch: int = 0, coordinator_epoch: int = 0
) -> int | ErrorCode:
    """The marker of a coordinator: its offset, or why it was refused."""
    batch = marker_batch(producer_id, epoch, Marker(commit, coordinator_epoch), folder.now_ms)
    info = folder.log.append_as_leader(batch, folder.epoch, folder.now_ms, from_client=False)
    return info.error_code if isinstance(info, AppendRefused) else info.base_offset


def offsets_of(folder: Folder, *batches: RecordBatch) -> list[tuple[int, bool]]:
    """Of each offer that must be taken: its base offset, and whether it was a duplicate."""
    found: list[tuple[int, bool]] = []
    for one in batches:
        info = folder.offer(one)
        assert isinstance(info, AppendInfo), info
        found.append((info.base_offset, info.batch is None))
    return found


def stable(folder: Folder) -> int:
    folder.commit()
    return folder.log.last_stable_offset


# --- sequences ------------------------------------------------------------------------------------


def test_spec_05_01_a_batch_sent_twice_is_answered_with_its_old_offset():
    folder = Folder()
    assert offsets_of(folder, write(0, 5), write(0, 5)) == [(0, False), (0, True)]
    assert folder.log.log_end_offset == 5


def test_spec_05_02_five_batches_are_remembered_and_no_more():
    folder = Folder()
    folder.append(*(write(one) for one in range(6)))
    assert folder.refused(write(0))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert offsets_of(folder, write(1)) == [(1, True)]


def test_spec_05_03_the_next_sequence_is_taken_and_no_other():
    folder = Folder()
    folder.append(write(0, 5))
    assert folder.refused(write(6))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(write(5)) == [5]


def test_spec_05_04_of_an_unknown_producer_any_sequence_is_taken_but_a_new_epoch_begins_at_zero():
    folder = Folder()
    assert folder.append(write(7)) == [0]
    assert folder.refused(write(7, epoch=1))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(write(0, epoch=1)) == [1]


def test_spec_05_05_an_older_epoch_is_refused():
    folder = Folder()
    folder.append(write(0, epoch=3))
    assert folder.refused(write(0, epoch=2))[0] is ErrorCode.INVALID_PRODUCER_EPOCH


def test_spec_05_08_sequences_wrap():
    folder = Folder()
    folder.append(write(SEQUENCES - 2, 3))
    assert folder.refused(write(2))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(write(1)) == [3]


def test_a_producer_is_forgotten_after_its_time_unless_its_transaction_is_open():
    folder = Folder()
    folder.append(write(0), write(0, producer_id=Q, transactional=False))
    folder.log.producers.expire(MS + 1)
    assert list(folder.log.producers.entries) == [P]
    assert end(folder, True) == 2
    folder.log.producers.expire(MS + 1)
    assert list(folder.log.producers.entries) == []


# --- markers --------------------------------------------------------------------------------------


def test_a_marker_is_a_control_batch_of_one_record_byte_for_byte():
    batch = marker_batch(P, 3, Marker(True, 9), MS)
    record = batch.records()[0]
    assert (record.key, record.value) == (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00\x00\x09")
    assert (batch.is_control, batch.is_transactional, batch.base_sequence, batch.producer_epoch) == (True, True, -1, 3)
    assert read_marker(batch) == Marker(True, 9)
    assert marker_batch(P, 3, Marker(False, 9), MS).records()[0].key == b"\x00\x00\x00\x00"


def test_clients_may_not_write_markers():
    folder = Folder()
    refused = folder.offer(marker_batch(P, 0, Marker(True, 0), MS))
    assert isinstance(refused, AppendRefused)
    assert refused.error_code is ErrorCode.INVALID_RECORD


def test_spec_05_2_1_while_a_transaction_is_open_its_producer_writes_nothing_outside_of_it():
    folder = Folder()
    folder.append(write(0))
    assert folder.refused(write(1, transactional=False))[0] is ErrorCode.INVALID_TXN_STATE
    assert end(folder, True) == 1
    assert folder.append(write(1, transactional=False)) == [2]


def test_spec_05_3_3_a_marker_with_a_raised_epoch_fences_at_the_partition():
    folder = Folder()
    folder.append(write(0))
    assert end(folder, False, epoch=1) == 1
    assert folder.refused(write(1))[0] is ErrorCode.INVALID_PRODUCER_EPOCH
    assert end(folder, True) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert folder.append(write(0, epoch=1)) == [2]


def test_spec_05_19_a_marker_of_an_older_coordinator_is_refused():
    folder = Folder()
    folder.append(write(0))
    assert end(folder, True, coordinator_epoch=4) == 1
    folder.append(write(1))
    assert end(folder, False, coordinator_epoch=3) is ErrorCode.TRANSACTION_COORDINATOR_FENCED
    assert folder.log.producers.first_unstable_offset == 0 or stable(folder) == 2


# --- the last stable offset -----------------------------------------------------------------------


def test_spec_05_9_the_worked_example():
    folder = Folder()
    seen: list[int] = []
    for one in (write(0), RecordBatch.build(records("n")), write(1)):
        folder.append(one)
        seen.append(stable(folder))
    assert end(folder, True) == 3
    before_it_is_replicated = folder.log.last_stable_offset
    assert (seen, before_it_is_replicated, stable(folder)) == ([0, 0, 0], 0, 4)


def test_spec_05_13_what_stands_behind_an_open_transaction_is_not_stable():
    folder = Folder()
    folder.append(*(RecordBatch.build(records(str(one))) for one in range(10)))
    folder.append(write(0))
    folder.append(*(RecordBatch.build(records(str(one))) for one in range(10)))
    assert (stable(folder), folder.log.high_watermark) == (10, 21)
    assert folder.read(0, folder.log.last_stable_offset) == list(range(10))
    assert end(folder, True) == 21
    assert folder.log.last_stable_offset == 10, "the marker is not replicated yet"
    assert stable(folder) == 22


def test_two_transactions_the_older_one_decides():
    folder = Folder()
    folder.append(write(0), write(0, producer_id=Q))
    assert end(folder, False) == 2
    assert stable(folder) == 1
    assert [one.last_stable_offset for one in read_aborted(folder.disk, folder.log.active.stem)] == [1]
    assert end(folder, True, producer_id=Q) == 3
    assert stable(folder) == 4


def test_spec_05_24_of_two_that_interleave_only_the_aborted_one_is_listed():
    folder = Folder()
    folder.append(write(0, 5), write(0, producer_id=Q), write(5, 5), write(1, producer_id=Q))
    assert end(folder, False) == 12
    assert end(folder, True, producer_id=Q) == 13
    folder.commit()
    assert folder.log.aborted_transactions(0, folder.log.last_stable_offset) == ((P, 0),)
    assert folder.log.aborted_transactions(13, 14) == ()


def test_the_index_of_aborted_transactions_has_kafkas_layout():
    folder = Folder()
    folder.append(write(0, 2))
    end(folder, False)
    entry = folder.file(".txnindex")
    assert entry.hex() == (
        "0000" + f"{P:016x}" + f"{0:016x}" + f"{2:016x}" + f"{3:016x}"
    ), "version, producer id, first offset, marker, last stable offset"  # fmt: skip


def test_a_commit_leaves_no_index_file():
    folder = Folder()
    folder.append(write(0))
    end(folder, True)
    assert ".txnindex" not in "".join(folder.names())


# --- the next process, and truncation -------------------------------------------------------------


def test_a_restarted_broker_knows_what_is_open_and_what_was_aborted():
    folder = Folder()
    folder.append(write(0), write(0, producer_id=Q))
    end(folder, False)
    folder.append(write(1))
    folder.commit()
    for clean in (True, False):
        folder.reopen(clean=clean, hw=4)
        assert folder.log.last_stable_offset == 1
        assert folder.log.aborted_transactions(0, 4) == ((P, 0),)
    assert len(read_aborted(folder.disk, folder.log.active.stem)) == 1


def test_a_marker_that_is_cut_off_leaves_its_transaction_open():
    folder = Folder()
    folder.append(write(0))
    folder.commit(1)
    end(folder, False)
    folder.log.truncate_to(1, MS)
    assert (stable(folder), folder.log.aborted_transactions(0, 1)) == (0, ())
    assert end(folder, True) == 1
    assert stable(folder) == 2


def test_records_that_are_cut_off_leave_no_transaction():
    folder = Folder()
    folder.append(RecordBatch.build(records("n")), write(0))
    folder.log.truncate_to(1, MS)
    assert stable(folder) == 1


def test_the_index_goes_with_its_segment():
    folder = Folder(segment_bytes=200, retention_bytes=0)
    folder.append(write(0))
    end(folder, False)
    folder.append(*(RecordBatch.build(records("x" * 60)) for _ in range(4)))
    folder.commit()
    assert folder.log.aborted_transactions(0, 2) == ((P, 0),)
    folder.log.delete_old_segments(MS)
    assert folder.log.aborted_transactions(folder.log.log_start_offset, 6) == ()
    assert all(name.endswith(".deleted") for name in folder.names() if ".txnindex" in name)
