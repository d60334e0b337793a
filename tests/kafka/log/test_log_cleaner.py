"""One clean, step by step: what is dirty, the offset map, groups, crashes in the midst of it, transactions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.log.cleaner import COPY, DONE, FLUSH, MAP, SWAP
from lab.kafka.log.offset_map import OffsetMap
from lab.kafka.log.unified_log import read_all
from lab.kafka.protocol.control import Marker, marker_batch
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import FOLDER, MS, Folder, batch

SECOND = 1_000


def of_segments(*segments: str, each: int = 1, **config: object) -> Folder:
    """A closed segment of each of these strings of keys, and an empty active one."""
    folder = Folder(cleanup_policy="compact", **config)
    for keys in segments:
        pairs = [(key, f"{key}{at}") for at, key in enumerate(keys, folder.log.log_end_offset)]
        folder.append(*[batch(*pairs[at : at + each]) for at in range(0, len(pairs), each)])
        folder.roll()
    folder.commit()
    return folder


# --- what is cleanable ----------------------------------------------------------------------------


def test_spec_01_9_1_a_checkpoint_outside_the_log_counts_for_nothing():
    folder = of_segments("abc", "def")
    folder.log.set_log_start_offset(2)
    assert folder.dirtiness(1).first_dirty == 2, "below the log start"
    assert folder.dirtiness(7).first_dirty == 2, "beyond its end"
    assert folder.dirtiness(4).first_dirty == 4


def test_spec_01_9_1_a_segment_too_young_and_all_behind_it_are_left_alone():
    folder = Folder(cleanup_policy="compact", min_compaction_lag_ms=10 * SECOND)
    for age_s in (30, 5, 20):
        folder.append(batch(("a", "v"), ts=MS - age_s * SECOND))
        folder.roll()
    folder.commit()
    assert folder.dirtiness().first_uncleanable == 1
    assert folder.dirtiness(2).first_uncleanable == 3, "what is clean already does not count"
    folder.now_ms += 4_999
    assert folder.dirtiness().first_uncleanable == 1
    folder.now_ms += 1
    assert folder.dirtiness().first_uncleanable == 3


def test_spec_01_9_1_when_max_compaction_lag_is_over_a_little_dirt_is_enough():
    folder = of_segments("abcdefgh", max_compaction_lag_ms=10 * SECOND)
    folder.clean()
    folder.append(batch(("a", "v")))
    folder.roll()
    folder.commit()
    folder.now_ms += 10 * SECOND
    assert not folder.dirtiness(8).wants_cleaning(50)
    folder.now_ms += 1
    assert folder.dirtiness(8).wants_cleaning(50)
    assert not folder.dirtiness(9).wants_cleaning(50), "nothing is dirty"


def test_spec_01_9_1_the_ratio_is_of_all_that_may_be_cleaned():
    folder = of_segments("ab", "cd", "ef")
    found = folder.dirtiness(2)
    assert (found.clean_bytes, found.cleanable_bytes) == (found.cleanable_bytes // 2, 2 * found.clean_bytes)
    assert found.per_million == 666_666
    assert found.wants_cleaning(66)
    assert not found.wants_cleaning(67)


def test_spec_01_4_a_compacted_segment_is_closed_at_max_compaction_lag_too():
    for policy, bases in (("compact", [0, 1]), ("delete", [0])):
        folder = Folder(cleanup_policy=policy, max_compaction_lag_ms=SECOND)
        folder.append(batch(("a", "v"), ts=MS), batch(("a", "v"), ts=MS + SECOND + 1))
        assert folder.bases() == bases


# --- the offset map -------------------------------------------------------------------------------


def test_spec_01_9_the_map_has_room_for_nine_tenths_of_its_buffer_at_24_bytes_a_key():
    assert OffsetMap(134_217_728, -1).slots == 5_033_164
    assert OffsetMap(240, -1).slots == 9
    assert OffsetMap(24, -1).slots == 1, "never none"


def test_spec_01_9_2_a_full_map_ends_the_round_and_the_next_one_goes_on_there():
    folder = of_segments("abcdeabcde")
    assert folder.clean(buffer_bytes=96) == 3, "four slots, of which three may be used"
    assert folder.offsets() == list(range(10)), "of the first three keys nothing younger was seen"
    assert folder.clean(3, buffer_bytes=96) == 6
    assert folder.offsets() == [1, 2, 3, 4, 5, 6, 7, 8, 9], "a at 0 is replaced by a at 5"
    assert folder.clean(6, buffer_bytes=96) == 9
    assert folder.clean(9, buffer_bytes=96) == 10
    assert folder.offsets() == [5, 6, 7, 8, 9]


def test_spec_01_9_2_a_round_may_end_inside_a_batch():
    folder = of_segments("abcdabcd", each=8)
    assert folder.clean(buffer_bytes=96) == 3
    assert folder.clean(3, buffer_bytes=96) == 6
    assert folder.offsets() == [2, 3, 4, 5, 6, 7]


def test_spec_01_9_3_records_without_a_key_are_dropped():
    folder = Folder()
    folder.append(batch((None, "v"), ("a", "v")))
    folder.roll()
    folder.commit()
    folder.clean()
    assert folder.offsets() == [1], "they came before the topic was compacted"


# --- segments -------------------------------------------------------------------------------------


def test_spec_01_9_3_small_neighbours_become_one_segment():
    folder = of_segments("abc", "abc", "abc", "xyz")
    one = len(folder.file(".log", 0))
    folder.config = Folder(cleanup_policy="compact", segment_bytes=3 * one).config
    folder.log.config = folder.config
    folder.clean()
    assert folder.bases() == [0, 9, 12], "as many as fit by the size they had"
    assert folder.offsets() == [6, 7, 8, 9, 10, 11]
    folder.clean(9)
    assert folder.bases() == [0, 12], "and now they are smaller"


def test_spec_01_9_3_indexes_limit_a_group_too():
    folder = of_segments("abcdefgh", "abcdefgh", index_interval_bytes=1, segment_index_bytes=100)
    assert [len(folder.index(base)) for base in (0, 8)] == [7, 7]
    folder.clean()
    assert folder.bases() == [0, 8, 16]


def test_spec_01_4_a_full_index_closes_its_segment():
    folder = Folder(index_interval_bytes=1, segment_index_bytes=24)
    folder.append(*[batch("v", ts=MS + at) for at in range(8)])
    assert folder.bases() == [0, 2, 4, 6], "two time entries, one place of which is kept for the end"


def test_spec_01_9_3_files_that_were_replaced_wait_to_be_unlinked():
    folder = of_segments("ab", "ab", file_delete_delay_ms=SECOND)
    folder.clean()
    assert sorted(name for name in folder.names() if name.endswith(".log.deleted")) == [
        f"{0:020d}.log.deleted", f"{2:020d}.log.deleted",
    ]  # fmt: skip
    folder.log.purge_deleted(folder.now_ms + SECOND)
    assert not [name for name in folder.names() if name.endswith(".deleted")]
    assert folder.bases() == [0, 4]


def test_spec_01_9_3_the_end_of_the_round_keeps_an_empty_header():
    folder = Folder(cleanup_policy="compact", delete_retention_ms=0)
    folder.append(batch(("a", None)))
    folder.roll()
    folder.commit()
    folder.clean()
    folder.clean()
    assert folder.offsets() == []
    (empty,) = folder.log.read(0, 1_000, 1)  # type: ignore[misc]
    assert (empty.record_count, empty.last_offset, empty.delete_horizon_ms) == (0, 0, None)


def test_spec_01_9_3_a_compressed_batch_leaves_an_empty_header_that_can_be_read():
    folder = Folder(cleanup_policy="compact", compression_type="lz4")
    folder.append(batch(("a", "1" * 90), producer_id=7, producer_epoch=0, base_sequence=0), batch(("a", "2")))
    folder.roll()
    folder.commit()
    folder.clean()
    folder.clean()
    assert [one.records() for one in folder.log.read(0, 1_000, 1)] == [()]  # type: ignore[union-attr]


def test_spec_01_9_3_a_tombstone_beyond_the_end_of_the_map_gets_its_horizon_all_the_same():
    folder = of_segments("abc", delete_retention_ms=10)
    folder.append(batch(("d", "v")), batch(("a", None)), batch(("a", None)))
    folder.roll()
    folder.commit()
    assert folder.clean(buffer_bytes=96) == 3
    assert folder.offsets() == [0, 1, 2, 3, 4, 5], "what the map does not reach stays"
    held = read_all(folder.log)[4]
    assert held.delete_horizon_ms is None, "its segment has not been touched"
    assert folder.clean(3, buffer_bytes=48) == 4
    assert [one.delete_horizon_ms for one in read_all(folder.log)[3:]] == [None, folder.now_ms + 10, folder.now_ms + 10]


def test_spec_01_9_3_log_append_time_is_kept():
    folder = of_segments("ab", "a", message_timestamp_type="LogAppendTime", each=2)
    folder.clean()
    assert [(one.offset, one.timestamp_ms) for one in folder.stored()] == [(1, MS), (2, MS)]


# --- in the midst of it ---------------------------------------------------------------------------


def test_spec_01_9_one_step_does_no_more_than_it_may_and_readers_see_the_old_segments():
    folder = of_segments("abcd" * 20)
    size = folder.log.segments[0].size
    running = folder.cleaning()
    stages: list[str] = []
    while running.stage != DONE:
        stages.append(running.stage)
        before = running.bytes_done
        running.step(200, folder.now_ms)
        assert running.bytes_done - before <= 200 + 2 * size // 80
        if running.stage != DONE:
            assert folder.offsets() == list(range(80))
    assert list(dict.fromkeys(stages)) == [MAP, COPY, FLUSH, SWAP]
    assert running.bytes_done == running.bytes_all
    assert (running.seen, running.kept) == (80, 4)
    assert folder.offsets() == [76, 77, 78, 79]


def test_spec_01_19_a_crash_at_any_step_leaves_the_old_or_the_new_and_never_half():
    for steps in range(200):
        folder = of_segments("abab", "abca", "bc", segment_bytes=400)
        running = folder.cleaning()
        for _ in range(steps):
            if running.stage != DONE:
                running.step(1, folder.now_ms)
        if steps % 2:
            folder.lose_power()
        folder.reopen(clean=False, recovery_point=10, hw=10)
        newest = {record.key: (record.offset, record.value) for record in folder.stored()}
        assert newest == {b"a": (7, b"a7"), b"b": (8, b"b8"), b"c": (9, b"c9")}
        offsets = folder.offsets()
        assert offsets == sorted(dict.fromkeys(offsets))
        assert folder.log.log_end_offset == 10
        assert not [name for name in folder.names() if name.endswith((".swap", ".cleaned", ".deleted"))]
        if running.stage == DONE:
            assert offsets == [7, 8, 9]
            return
    raise AssertionError("it never came to an end")


def test_spec_01_19_a_swap_takes_the_place_of_all_its_sources():
    folder = of_segments("abab", "abca", "bc")
    running = folder.cleaning()
    while running.stage != SWAP:
        running.step(1_000, folder.now_ms)
    assert len([name for name in folder.names() if name.endswith(".log")]) == 4
    folder.reopen(clean=False, recovery_point=10, hw=10)
    assert (folder.bases(), folder.offsets()) == ([0, 10], [7, 8, 9])


def test_spec_01_5_a_swap_is_not_believed_when_an_older_clean_was_not_complete():
    folder = of_segments("abab")
    running = folder.cleaning()
    while running.stage != SWAP:
        running.step(1_000, folder.now_ms)
    folder.disk.write(f"{FOLDER}/{0:020d}.log.cleaned", b"half of it")
    folder.reopen(clean=False, recovery_point=4)
    assert folder.offsets() == [0, 1, 2, 3]


def test_spec_01_9_a_log_that_is_cut_gives_up_its_clean():
    folder = of_segments("abab", "abca")
    folder.append(batch(("a", "v")))
    running = folder.cleaning(4)
    while running.stage != SWAP:
        running.step(1_000, folder.now_ms)
    folder.log.truncate_to(6, folder.now_ms)
    compaction = folder.log.compaction
    assert compaction is not None
    assert (running.stage, compaction.running, compaction.checkpoint) == (DONE, None, 4)
    assert not [name for name in folder.names() if name.endswith((".swap", ".cleaned"))]
    folder.log.truncate_to(2, folder.now_ms)
    assert compaction.checkpoint == 2, "what comes in place of it has not been seen"
    assert folder.offsets() == [0, 1]


def test_spec_01_9_a_damaged_batch_is_not_copied():
    folder = of_segments("abab")
    folder.damage(0, 61 + 7)
    with pytest.raises(Malformed, match="CRC"):
        folder.clean()


keys = st.lists(st.text("abcd", min_size=1, max_size=6), min_size=1, max_size=5)


@given(keys, st.integers(1, 3), st.sampled_from([48, 96, 1 << 20]), st.integers(1, 500))
def test_spec_01_9_round_after_round_the_newest_of_each_key_is_left(
    segments: list[str], each: int, buffer_bytes: int, max_bytes: int
):
    folder = of_segments(*segments, each=each, segment_bytes=1_000)
    drawn = "".join(segments)
    end = 0
    for _ in range(len(drawn)):
        end = folder.clean(end, buffer_bytes, max_bytes)
        newest = {key: at for at, key in enumerate(drawn[:end])}
        found = [at for at in folder.offsets() if at < end]
        assert found == sorted(newest.values()), "below the checkpoint one of each key"
        assert folder.offsets()[len(found) :] == list(range(end, len(drawn)))
        if end == len(drawn):
            break
    assert end == len(drawn)
    assert folder.log.log_end_offset == len(drawn)


# --- transactions ---------------------------------------------------------------------------------

COMMIT, ABORT = Marker(True, 3), Marker(False, 3)


def of_transaction(*pairs: tuple[str, str | None], producer_id: int) -> RecordBatch:
    records = [Record(0, MS, key.encode(), None if value is None else value.encode()) for key, value in pairs]
    return RecordBatch.build(
        records, producer_id=producer_id, producer_epoch=0, base_sequence=0, transactional=True
    )  # fmt: skip


class Ended(Folder):
    """A log of transactions, as a coordinator writes them."""

    def write(self, one: RecordBatch) -> None:
        self.log.append_as_follower(one.placed(self.log.log_end_offset, 0), self.now_ms)

    def end(self, producer_id: int, marker: Marker) -> None:
        self.write(marker_batch(producer_id, 0, marker, MS))

    def forget(self) -> None:
        """The producers have expired: nothing has to be kept for their sake."""
        self.log.producers.entries.clear()

    def close(self) -> None:
        self.roll()
        self.commit()
        self.forget()


def ended(**config: object) -> Ended:
    return Ended(cleanup_policy="compact", **config)


def test_spec_01_9_3_what_was_aborted_is_dropped_and_is_not_the_newest_of_its_key():
    folder = ended()
    folder.write(of_transaction(("a", "committed"), producer_id=1))
    folder.end(1, COMMIT)
    folder.write(of_transaction(("a", "aborted"), ("b", "aborted"), producer_id=2))
    folder.end(2, ABORT)
    folder.close()
    folder.clean()
    assert [one.offset for one in folder.stored()] == [0, 1, 4], "a committed, and both markers"
    assert folder.disk.size(folder.log.segments[0].file(".txnindex")) == 34, "its data was met: its readers need it"


def test_spec_01_9_2_an_abort_that_was_over_where_a_round_begins_says_nothing_of_what_comes_later():
    folder = ended()
    folder.write(of_transaction(("b", "aborted"), producer_id=2))
    folder.end(2, ABORT)
    folder.close()
    checkpoint = folder.clean()
    for value in ("older", "newer"):
        folder.write(of_transaction(("a", value), producer_id=2))
        folder.end(2, COMMIT)
    folder.close()
    folder.clean(checkpoint)
    assert [one.value for one in folder.stored() if one.key == b"a"] == [b"newer"]


def test_spec_01_9_3_a_marker_goes_when_all_its_data_is_gone_and_its_horizon_is_over():
    folder = ended(delete_retention_ms=10)
    folder.write(of_transaction(("a", "aborted"), producer_id=2))
    folder.end(2, ABORT)
    folder.write(batch(("z", "v")))
    folder.close()
    folder.clean()
    assert folder.offsets() == [1, 2]
    folder.now_ms += 100
    folder.clean()
    (held, _) = folder.log.read(0, 1_000, 3)  # type: ignore[misc]
    assert held.delete_horizon_ms == folder.now_ms + 10, "nothing of it was met this time"
    assert folder.disk.size(folder.log.segments[0].file(".txnindex")) == 0
    folder.now_ms += 9
    folder.clean()
    assert folder.offsets() == [1, 2]
    folder.now_ms += 1
    folder.clean()
    assert folder.offsets() == [2]


def test_spec_01_9_3_a_commit_marker_stays_as_long_as_one_of_its_records_does():
    folder = ended(delete_retention_ms=0)
    folder.write(of_transaction(("a", "1"), ("b", "1"), producer_id=1))
    folder.end(1, COMMIT)
    folder.write(batch(("a", "2")))
    folder.close()
    for _ in range(3):
        folder.clean()
    assert folder.offsets() == [1, 2, 3]
    folder.append(batch(("b", "2")))
    folder.close()
    folder.clean()
    assert folder.offsets() == [2, 3, 4], "the data was met on the way to it"
    folder.clean()
    folder.clean()
    assert folder.offsets() == [3, 4]


def test_spec_01_9_3_a_marker_stays_as_long_as_the_header_of_its_data_must():
    folder = ended(delete_retention_ms=0)
    folder.write(of_transaction(("a", "aborted"), producer_id=2))
    folder.end(2, ABORT)
    folder.write(batch(("z", "v")))
    folder.roll()
    folder.commit()
    for _ in range(3):
        folder.clean()
    left = [(one.producer_id, one.record_count) for one in read_all(folder.log)]
    assert left == [(2, 0), (2, 1), (-1, 1)], "the producer may send its last batch again"
    folder.forget()
    for _ in range(3):
        folder.clean()
    assert folder.offsets() == [2]
