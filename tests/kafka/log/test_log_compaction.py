"""Of each key the newest record stays (spec 1.9, 1.13)."""

from hypothesis import given
from hypothesis import strategies as st

from lab.kafka import facts
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.messages.produce import ProduceRequest
from lab.kafka.protocol.records import Record, RecordBatch
from tests.kafka.log.folder import FOLDER, MS, Folder, batch
from tests.story import ORDERS, Story, orders

DAY_MS = 86_400_000


def of_keys(*keys: str, each: int = 1) -> Folder:
    """A closed segment with a record of each of these keys, `each` a batch."""
    folder = Folder(cleanup_policy="compact")
    pairs = [(key, f"{key}{at}") for at, key in enumerate(keys)]
    for at in range(0, len(pairs), each):
        folder.append(batch(*pairs[at : at + each]))
    folder.roll()
    folder.commit()
    return folder


def cleaned(folder: Folder, now_ms: int = MS) -> list[int]:
    folder.now_ms = now_ms
    folder.clean()
    return folder.offsets()


def test_spec_01_16_of_a_b_a_c_a_the_offsets_1_3_and_4_remain():
    folder = of_keys(*"abaca")
    assert cleaned(folder) == [1, 3, 4]
    assert folder.log.log_end_offset == 5
    assert folder.read(0) == [1, 3, 4]
    assert [one.value for one in folder.stored()] == [b"b1", b"c3", b"a4"]


def test_spec_01_9_3_what_is_left_of_a_batch_keeps_its_offsets_and_its_sequences():
    folder = Folder(cleanup_policy="compact")
    pairs = [("a", "0"), ("b", "1"), ("a", "2"), ("c", "3")]
    folder.append(batch(*pairs, producer_id=7, producer_epoch=1, base_sequence=50), batch(("c", "4")))
    folder.roll()
    folder.commit()
    assert cleaned(folder) == [1, 2, 4]
    (first, _) = folder.log.read(0, 1 << 20, 5)  # type: ignore[misc]
    assert (first.base_offset, first.last_offset, first.record_count) == (0, 3, 2)
    assert (first.base_sequence, first.last_sequence, first.producer_id) == (50, 53, 7)
    assert first.valid_crc()


def test_spec_01_9_3_a_batch_that_loses_nothing_is_copied_as_it_is():
    folder = of_keys(*"abcd", each=2)
    before = folder.file(".log", 0)
    cleaned(folder)
    assert folder.file(".log", 0) == before


def test_spec_01_9_3_a_compressed_batch_stays_compressed():
    folder = Folder(cleanup_policy="compact")
    both = [Record(0, MS, b"a", b"1" * 100), Record(0, MS, b"b", b"2" * 100)]
    folder.append(RecordBatch.build(both, compression=Compression.LZ4), batch(("a", "3")))
    folder.roll()
    folder.commit()
    assert cleaned(folder) == [1, 2]
    (first, _) = folder.log.read(0, 1 << 20, 3)  # type: ignore[misc]
    assert first.compression is Compression.LZ4


def test_spec_01_9_1_the_active_segment_is_never_touched():
    folder = of_keys(*"ab")
    folder.append(batch(("a", "new")), batch(("c", "1")), batch(("c", "2")))
    folder.commit()
    assert cleaned(folder) == [0, 1, 2, 3, 4], "not even a, whose newer record is in the active one"


def test_spec_01_9_1_nothing_above_the_high_watermark_is_touched():
    folder = of_keys(*"aa")
    folder.append(batch(("a", "2")), batch(("a", "3")))
    folder.roll()
    assert cleaned(folder) == [1, 2, 3]
    folder.commit()
    assert cleaned(folder) == [3]


def with_a_tombstone(**config: object) -> Folder:
    """k, its tombstone, and another key."""
    folder = Folder(cleanup_policy="compact", **config)
    folder.append(batch(("k", "v")), batch(("k", None), ts=MS - 1_000 * DAY_MS), batch(("other", "v")))
    folder.roll()
    folder.commit()
    return folder


def test_spec_01_17_a_tombstone_stays_for_delete_retention_ms_from_when_the_cleaner_first_saw_it():
    folder = with_a_tombstone()
    assert cleaned(folder, MS + 5) == [1, 2], "however old its own timestamp is"
    assert cleaned(folder, MS + 5 + DAY_MS - 1) == [1, 2]
    assert cleaned(folder, MS + 5 + DAY_MS) == [2]


def test_spec_01_17_the_horizon_stands_in_the_header_and_the_records_keep_their_dates():
    folder = with_a_tombstone()
    cleaned(folder, MS + 5)
    (marked, other) = folder.log.read(1, 1 << 20, 3)  # type: ignore[misc]
    assert (marked.delete_horizon_ms, marked.base_timestamp_ms) == (MS + 5 + DAY_MS, MS + 5 + DAY_MS)
    assert marked.attributes & 0x40
    assert marked.valid_crc()
    assert [one.timestamp_ms for one in marked.records()] == [MS - 1_000 * DAY_MS]
    assert marked.max_timestamp_ms == MS - 1_000 * DAY_MS
    assert other.delete_horizon_ms is None
    cleaned(folder, MS + 50)
    (again, _) = folder.log.read(1, 1 << 20, 3)  # type: ignore[misc]
    assert again.data == marked.data, "the first time counts"


def test_spec_01_17_without_any_retention_a_tombstone_still_takes_two_passes():
    folder = with_a_tombstone(delete_retention_ms=0)
    assert cleaned(folder) == [1, 2]
    assert cleaned(folder) == [2]


def test_spec_01_17_a_tombstone_that_shares_its_batch_leaves_the_others():
    folder = Folder(cleanup_policy="compact", delete_retention_ms=10)
    folder.append(batch(("k", None), ("other", "v"), ts=MS + 7))
    folder.roll()
    folder.commit()
    assert cleaned(folder, MS + 1) == [0, 1]
    assert cleaned(folder, MS + 11) == [1]
    assert [one.timestamp_ms for one in folder.stored()] == [MS + 7]


def test_spec_01_25_the_last_batch_of_a_producer_leaves_an_empty_header():
    folder = Folder(cleanup_policy="compact")
    folder.append(batch(("a", "0"), ("a", "1"), ts=MS + 5, producer_id=7, producer_epoch=2, base_sequence=30))
    folder.append(batch(("a", "2")))
    folder.roll()
    folder.commit()
    assert cleaned(folder) == [2]
    (empty, _) = folder.log.read(0, 1 << 20, 3)  # type: ignore[misc]
    assert (empty.record_count, empty.size, empty.base_offset, empty.last_offset) == (0, 61, 0, 1)
    assert (empty.producer_id, empty.producer_epoch, empty.last_sequence) == (7, 2, 31)
    assert (empty.base_timestamp_ms, empty.max_timestamp_ms) == (-1, MS + 5)
    folder.reopen(clean=False, hw=3)
    again = batch(("a", "0"), ("a", "1"), ts=MS + 5, producer_id=7, producer_epoch=2, base_sequence=30)
    info = folder.offer(again)
    assert (info.base_offset, info.batch) == (0, None)  # type: ignore[union-attr]
    folder.append(batch(("z", "3"), producer_id=7, producer_epoch=2, base_sequence=32))
    folder.roll()
    folder.commit()
    cleaned(folder)
    assert folder.read(0) == [2, 3], "it has written again"


def test_spec_01_9_3_indexes_are_made_anew_and_end_with_the_youngest():
    folder = Folder(cleanup_policy="compact", index_interval_bytes=0)
    folder.append(*[batch((key, "v"), ts=MS + at) for at, key in enumerate("abababc")])
    folder.roll()
    folder.commit()
    assert cleaned(folder) == [4, 5, 6]
    size = len(folder.file(".log", 0)) // 3
    assert folder.index(0) == [(5, size), (6, 2 * size)]
    assert folder.time_index(0) == [(MS + 5, 5), (MS + 6, 6)]


def test_spec_01_19_what_the_cleaner_wrote_is_safe_before_it_takes_the_old_ones_place():
    folder = of_keys(*"abaca")
    cleaned(folder)
    folder.lose_power()
    folder.reopen(clean=False, recovery_point=5)
    assert folder.offsets() == [1, 3, 4]
    assert not [name for name in folder.names() if name.endswith((".swap", ".cleaned"))]


def dirty_of(folder: Folder, checkpoint: int = 0) -> tuple[int, int]:
    """Clean and cleanable bytes."""
    found = folder.dirtiness(checkpoint)
    return found.clean_bytes, found.cleanable_bytes


def test_spec_01_9_1_dirty_is_what_the_cleaner_has_not_seen():
    folder = of_keys(*"abaca")
    size = len(folder.file(".log", 0))
    assert dirty_of(folder) == (0, size)
    folder.append(*[batch((key, f"{key}9")) for key in "xy"])
    folder.roll()
    folder.commit()
    clean, dirty = (len(folder.file(".log", base)) for base in (0, 5))
    assert dirty_of(folder, 5) == (clean, dirty)
    assert dirty_of(folder, 7) == (clean + dirty, 0)


def test_spec_01_9_1_what_is_not_committed_is_not_dirty_yet():
    folder = of_keys(*"ab")
    folder.append(batch(("c", "1")))
    folder.roll()
    first = len(folder.file(".log", 0))
    assert dirty_of(folder) == (0, first)


keys = st.lists(st.sampled_from("abcd"), min_size=1, max_size=25)


@given(keys, st.integers(1, 4), st.sampled_from([200, 400, 1 << 20]))
def test_spec_01_9_of_closed_segments_the_newest_of_each_key_is_left_in_order(
    drawn: list[str], each: int, segment_bytes: int
):
    folder = Folder(cleanup_policy="compact", segment_bytes=segment_bytes)
    pairs = [(key, f"{at}") for at, key in enumerate(drawn)]
    folder.append(*[batch(*pairs[at : at + each]) for at in range(0, len(pairs), each)])
    folder.commit()
    border = folder.log.active.base_offset
    newest = {key: at for at, key in enumerate(drawn) if at < border}
    wanted = [at for at, key in enumerate(drawn) if at >= border or newest[key] == at]
    assert cleaned(folder) == wanted
    assert cleaned(folder) == wanted, "a second pass finds nothing more"
    assert folder.log.log_end_offset == len(drawn)
    folder.reopen(clean=False)
    assert folder.offsets() == wanted


# --- of a whole cluster ---------------------------------------------------------------------------


def compacting(percent: int) -> Story:
    config = {
        "cleanup_policy": "compact", "segment_bytes": 1_000, "min_cleanable_dirty_ratio_percent": percent,
    }  # fmt: skip
    return Story(brokers=1, topics=orders(replicas=1, **config))


def write(story: Story, *sizes: int) -> None:
    for size in sizes:
        head = RecordBatch.build([Record(0, MS, b"k", b"")]).size
        one = RecordBatch.build([Record(0, MS, b"k", b"v" * (size - head - 2))])
        assert abs(one.size - size) <= 2
        story.ask("broker-1", ProduceRequest(-1, 30_000, {ORDERS: one}))


def test_spec_01_18_half_dirty_is_not_dirty_enough_for_a_ratio_of_a_half():
    """A cleaned segment of 900 bytes, then a dirty one of as many, then one more."""
    story = compacting(50)
    write(story, 900, 900)
    story.until(lambda: story.told(facts.Compacted))
    assert story.told(facts.Compacted)[-1].end_offset == 1
    sizes = [segment.size for segment in story.replica(1).log.segments]
    write(story, 900)
    story.run(40)
    assert [segment.size for segment in story.replica(1).log.segments][:2] == [sizes[0], sizes[0]]
    assert len(story.told(facts.Compacted)) == 1, "exactly a half"
    write(story, 900)
    story.until(lambda: len(story.told(facts.Compacted)) == 2, 20)


def test_spec_01_18_a_little_more_than_half_is():
    story = compacting(50)
    write(story, 900, 910)
    story.until(lambda: story.told(facts.Compacted))
    write(story, 900)
    story.until(lambda: len(story.told(facts.Compacted)) == 2, 20)


def test_spec_01_9_the_cleaner_looks_every_15_s():
    story = compacting(50)
    story.run(1)
    write(story, 900, 900)
    begun = story.now
    story.until(lambda: story.told(facts.Compacted))
    assert story.now - begun <= 15_000
    assert story.world.hosts["broker-1"].disk.list(FOLDER)


def test_spec_01_s12_the_last_records_of_a_quiet_topic_are_never_compacted():
    story = compacting(0)
    write(story, 300, 300)
    story.run(600)
    assert not story.told(facts.Compacted)
    assert [one.base_offset for one in story.replica(1).log.segments] == [0]
