"""Opening a log that an earlier process left, cleanly or not (spec 1.5, 1.13)."""

import pytest

from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.loader import load_log
from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.protocol.errors import ErrorCode
from lab.world.disk import SimDisk
from tests.kafka.log.folder import FOLDER, MS, ORDERS, Folder, batch, sized
from tests.kafka.log.test_appending import numbered

COUNT = 10


def of_segments(interval: int = 0) -> Folder:
    """Ten batches of 100 bytes, three a segment: 0, 3, 6 and 9."""
    folder = Folder(segment_bytes=300, index_interval_bytes=interval)
    for at in range(COUNT):
        folder.epoch = at // 4
        folder.append(sized(100))
    return folder


@pytest.mark.parametrize("clean", [True, False])
def test_spec_01_5_what_was_there_is_there_again(clean: bool):
    folder = of_segments()
    files = {name: folder.disk.read(f"{FOLDER}/{name}", 0, 1_000) for name in folder.names()}
    log = folder.reopen(clean=clean, hw=7)
    assert (folder.bases(), folder.offsets()) == ([0, 3, 6, 9], list(range(COUNT)))
    assert (log.log_start_offset, log.high_watermark, log.log_end_offset) == (0, 7, COUNT)
    assert log.epochs.entries == [(0, 0), (1, 4), (2, 8)]
    found = {name: folder.disk.read(f"{FOLDER}/{name}", 0, 1_000) for name in folder.names()}
    assert [name for name in found if name not in files] == [f"{9:020d}.timeindex", f"{COUNT:020d}.snapshot"]
    assert folder.time_index(9) == [(MS, 0)], "closing a segment gives its time index a last entry"
    assert {name: found[name] for name in files} == files
    assert folder.append(sized(100)) == [COUNT]


@pytest.mark.parametrize("left", [1, 11, 12, 16, 17, 60, 61, 99])
def test_spec_01_20_a_torn_last_batch_is_cut_off(left: int):
    folder = of_segments()
    folder.append(sized(100))
    folder.disk.truncate(f"{FOLDER}/{9:020d}.log", 100 + left)
    log = folder.reopen(clean=False, recovery_point=9)
    assert (log.log_end_offset, folder.offsets()) == (COUNT, list(range(COUNT)))
    assert len(folder.file(".log", 9)) == 100
    assert folder.append(sized(100), sized(100)) == [10, 11]
    assert folder.index(9) == [(1, 100), (2, 200)], "and its index was made anew"


def test_spec_01_20_with_the_clean_flag_nobody_looks():
    folder = of_segments()
    folder.damage(9, 80)
    log = folder.reopen(clean=True)
    assert log.log_end_offset == COUNT
    found = log.read(9, 1_000, COUNT)
    assert isinstance(found, tuple)
    assert not found[0].valid_crc()


def test_spec_01_20_below_the_recovery_point_nobody_looks():
    folder = of_segments()
    folder.damage(3, 80)
    assert folder.reopen(clean=False, recovery_point=9).log_end_offset == COUNT
    assert folder.reopen(clean=False, recovery_point=6).log_end_offset == COUNT
    assert folder.reopen(clean=False, recovery_point=5).log_end_offset == 3, "the segment that holds it is checked"


def test_spec_01_21_behind_a_corrupt_batch_all_later_segments_go():
    folder = of_segments()
    folder.damage(3, 150)
    log = folder.reopen(clean=False, recovery_point=0)
    assert (folder.bases(), folder.offsets()) == ([0, 3], [0, 1, 2, 3])
    assert (log.log_end_offset, log.recovery_point) == (4, 0)
    assert [name for name in folder.names() if name[18:20] in ("06", "09")] == []
    assert log.epochs.entries == [(0, 0)], "epochs that began in what is gone are gone"


def test_spec_01_5_an_empty_folder_begins_at_the_log_start_that_was_written_down():
    folder = Folder()
    log = folder.reopen(clean=False, log_start_offset=70)
    assert (folder.bases(), log.log_start_offset, log.log_end_offset) == ([70], 70, 70)
    assert folder.append(batch("a")) == [70]


def test_spec_01_5_a_new_log_has_nothing_to_recover():
    log = load_log(SimDisk(), ORDERS, TopicConfig({}), MS, log_start_offset=70)
    assert (log.log_start_offset, log.high_watermark, log.log_end_offset, log.recovery_point) == (70, 70, 70, 70)


def test_spec_01_5_a_log_that_ends_before_its_start_is_dropped():
    folder = of_segments()
    log = folder.reopen(clean=False, log_start_offset=50)
    assert (folder.bases(), folder.offsets(), log.log_start_offset, log.log_end_offset) == ([50], [], 50, 50)


def test_spec_01_5_no_epoch_begins_below_the_log_start():
    folder = of_segments()
    folder.disk.delete(f"{FOLDER}/leader-epoch-checkpoint")
    log = folder.reopen(clean=False, log_start_offset=5)
    assert log.epochs.entries == [(1, 5), (2, 8)]


def test_spec_01_5_after_a_clean_stop_everything_is_behind_the_recovery_point():
    folder = of_segments()
    folder.log.flush()
    assert folder.reopen(clean=True, recovery_point=4).recovery_point == COUNT
    assert folder.reopen(clean=False, recovery_point=4).recovery_point == 4
    assert folder.reopen(clean=False, recovery_point=99).recovery_point == COUNT


def test_spec_01_19_a_crash_after_the_swap_was_complete_leaves_the_new_once():
    folder = of_segments()
    path = f"{FOLDER}/{0:020d}.log"
    folder.disk.write(f"{path}.swap", folder.file(".log", 0)[100:])
    folder.reopen(clean=False)
    assert folder.offsets() == list(range(1, COUNT))
    assert not [name for name in folder.names() if name.endswith((".swap", ".cleaned"))]
    assert folder.read(0) == list(range(1, COUNT))


def test_spec_01_19_a_crash_before_leaves_the_old():
    folder = of_segments()
    folder.disk.write(f"{FOLDER}/{0:020d}.log.cleaned", b"half of it")
    folder.disk.replace(f"{FOLDER}/{3:020d}.index", f"{FOLDER}/{3:020d}.index.deleted")
    folder.reopen(clean=False)
    assert folder.offsets() == list(range(COUNT))
    assert not [name for name in folder.names() if name.endswith((".cleaned", ".deleted"))]


@pytest.mark.parametrize("clean", [True, False])
def test_spec_01_5_the_last_retry_is_still_known_after_a_restart_and_older_ones_are_not(clean: bool):
    folder = Folder(segment_bytes=200)
    folder.append(*[numbered(at) for at in range(6)])
    assert folder.offer(numbered(4)) == AppendInfo(4, 4, MS, None)
    folder.reopen(clean=clean)
    assert folder.offer(numbered(5)) == AppendInfo(5, 5, MS, None)
    assert folder.refused(numbered(4))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.append(numbered(6)) == [6]


def test_spec_01_5_what_was_flushed_outlives_a_power_loss_and_what_was_not_may_not():
    ends: list[int] = []
    folder = Folder()
    for _ in range(12):
        folder.append(*[sized(100)] * 3)
        folder.log.flush()
        safe = folder.log.log_end_offset
        folder.append(*[sized(100)] * 3)
        folder.lose_power()
        log = folder.reopen(clean=False, recovery_point=safe)
        assert safe <= log.log_end_offset <= safe + 3
        assert folder.offsets() == list(range(log.log_end_offset))
        ends.append(log.log_end_offset - safe)
    assert len(dict.fromkeys(ends)) > 1, "chance decides how much of it"
