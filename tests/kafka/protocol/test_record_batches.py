"""Record batches, byte for byte, against bytes the engine had no hand in (spec 1.1)."""

import itertools
import struct

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import (
    CONTROL,
    DELETE_HORIZON,
    HEADER_SIZE,
    LOG_APPEND_TIME,
    LOG_OVERHEAD,
    TRANSACTIONAL,
    Header,
    Record,
    RecordBatch,
    batches_in,
)
from tests.kafka.protocol import reference

SMALLEST_KEYED = bytes.fromhex(
    "0000000000000000"  # base offset
    "0000003a"  # 58 bytes follow
    "ffffffff"  # no leader has seen it
    "02"  # magic
    "716a6189"  # CRC-32C of the rest
    "0000"  # attributes
    "00000000"  # last offset delta
    "00000000000003e8"  # base timestamp 1000
    "00000000000003e8"  # max timestamp
    "ffffffffffffffff"  # no producer id
    "ffff"  # nor its epoch
    "ffffffff"  # nor a sequence
    "00000001"  # one record
    "10"  # a record of 8 bytes
    "00"  # its attributes
    "00"  # timestamp delta
    "00"  # offset delta
    "026b"  # key k
    "0276"  # value v
    "00"  # no headers
)

MS = 1_767_225_600_000
sizes = st.binary(max_size=40)
times = st.integers(min_value=0, max_value=(1 << 62))
headers = st.lists(st.builds(Header, st.text(max_size=8), st.none() | sizes), max_size=3).map(tuple)
records = st.builds(Record, st.just(0), times, st.none() | sizes, st.none() | sizes, headers)
batches = st.lists(records, min_size=1, max_size=6)
codecs = st.sampled_from(Compression)


def numbered(found: list[Record], base: int = 0) -> list[Record]:
    return [Record(base + at, one.timestamp_ms, one.key, one.value, one.headers) for at, one in enumerate(found)]


def drawn(found: list[Record], **fields: int) -> bytes:
    """The same records, by the reference."""
    base = found[0].timestamp_ms
    body = b"".join(
        reference.record(
            one.key, one.value, at, one.timestamp_ms - base, tuple((head.key, head.value) for head in one.headers)
        )
        for at, one in enumerate(found)
    )
    newest = max(one.timestamp_ms for one in found)
    return reference.Batch(body, len(found), base_timestamp=base, max_timestamp=newest, **fields).encoded()


def test_spec_01_1_1_the_crc_is_castagnolis():
    assert reference.castagnoli(b"123456789") == crc32c(b"123456789") == 0xE3069283


def test_spec_01_1_1_one_small_record_by_hand():
    built = RecordBatch.build([Record(0, 1_000, b"k", b"v")])
    assert built.data == SMALLEST_KEYED
    assert reference.Batch(
        reference.record(b"k", b"v"), base_timestamp=1_000, max_timestamp=1_000
    ).encoded() == SMALLEST_KEYED  # fmt: skip


def test_spec_10_11_the_smallest_record_has_7_bytes_and_a_header_61():
    built = RecordBatch.build([Record(0, 0, None, b"")])
    assert built.data[HEADER_SIZE:].hex() == "0c000000010000"
    assert (HEADER_SIZE, built.size) == (61, 68)


@given(
    batches,
    st.integers(-1, (1 << 63) - 1),
    st.integers(-1, (1 << 15) - 1),
    st.integers(-1, (1 << 31) - 1),
    st.integers(0, (1 << 62)),
    st.integers(-1, (1 << 31) - 1),
)
def test_spec_01_1_1_any_batch_is_written_as_the_spec_draws_it(
    found: list[Record], producer_id: int, producer_epoch: int, sequence: int, base: int, leader_epoch: int
):
    built = RecordBatch.build(
        found, producer_id=producer_id, producer_epoch=producer_epoch, base_sequence=sequence,
        base_offset=base, leader_epoch=leader_epoch,
    )  # fmt: skip
    assert built.data == drawn(
        found, producer_id=producer_id, producer_epoch=producer_epoch, base_sequence=sequence,
        base_offset=base, partition_leader_epoch=leader_epoch,
    )  # fmt: skip


@given(batches, codecs, st.integers(0, (1 << 40)))
def test_spec_01_1_2_what_is_written_is_read_again(found: list[Record], codec: Compression, base: int):
    built = RecordBatch.build(found, compression=codec, base_offset=base)
    read = RecordBatch.parse(built.data)
    assert read.records() == tuple(numbered(found, base))
    assert read.compression is codec
    assert (read.base_offset, read.last_offset, read.record_count) == (base, base + len(found) - 1, len(found))
    assert read.valid_crc()


def test_spec_01_1_3_each_bit_of_the_attributes():
    one = [Record(0, MS, b"k", b"v")]
    assert RecordBatch.build(one, transactional=True).data[21:23] == struct.pack(">h", 0b0001_0000)
    assert RecordBatch.build(one, control=True).data[21:23] == struct.pack(">h", 0b0010_0000)
    for codec in Compression:
        assert RecordBatch.build(one, compression=codec).data[21:23] == struct.pack(">h", codec.value)
    assert (LOG_APPEND_TIME, TRANSACTIONAL, CONTROL, DELETE_HORIZON) == (8, 16, 32, 64)


def test_spec_01_1_5_a_leader_places_a_batch_without_touching_what_the_crc_covers():
    built = RecordBatch.build([Record(0, MS, b"k", b"v")], compression=Compression.ZSTD)
    placed = built.placed(70_000_000_000, 12)
    assert placed.data[:8] == struct.pack(">q", 70_000_000_000)
    assert placed.data[12:16] == struct.pack(">i", 12)
    assert placed.data[8:12] + placed.data[16:] == built.data[8:12] + built.data[16:]
    assert placed.valid_crc()


def test_spec_01_1_5_an_append_time_changes_what_the_crc_covers():
    built = RecordBatch.build([Record(0, 5, b"k", b"v"), Record(0, 9, b"k", b"w")])
    dated = built.with_append_time(MS)
    assert dated.data == reference.Batch(
        reference.record(b"k", b"v") + reference.record(b"k", b"w", 1, 4), 2,
        attributes=8, base_timestamp=5, max_timestamp=MS,
    ).encoded()  # fmt: skip
    assert [one.timestamp_ms for one in dated.records()] == [MS, MS]


def test_spec_01_1_1_sequences_wrap_from_2147483647_to_0():
    def last(base: int, count: int) -> int:
        return RecordBatch.build([Record(0, MS, None, b"v")] * count, producer_id=1, base_sequence=base).last_sequence

    assert last(2_147_483_647, 1) == 2_147_483_647
    assert last(2_147_483_647, 2) == 0
    assert last(2_147_483_640, 12) == 3
    assert RecordBatch.build([Record(0, MS, None, b"v")]).last_sequence == -1


@given(batches, st.integers(0, 7))
def test_spec_01_1_1_a_part_of_a_batch_at_the_end_is_left_out(found: list[Record], salt: int):
    one, two = RecordBatch.build(found), RecordBatch.build(found, base_offset=len(found))
    stream = one.data + two.data
    for cut in range(len(stream) - salt, len(one.data) - 1, -7):
        whole = [one.data, two.data] if cut >= len(stream) else [one.data]
        assert [batch.data for batch in batches_in(stream[:cut])] == whole


@pytest.mark.parametrize("length", [-13, -1, 0, 48])
def test_spec_01_1_1_a_length_too_small_for_a_header_is_malformed(length: int):
    data = bytearray(SMALLEST_KEYED)
    data[8:12] = struct.pack(">i", length)
    with pytest.raises(Malformed, match="at least 61 bytes wanted"):
        batches_in(bytes(data))


@pytest.mark.parametrize("magic", [0, 1, 3, 255])
def test_spec_01_1_1_only_magic_2_is_read(magic: int):
    data = bytearray(SMALLEST_KEYED)
    data[16] = magic
    with pytest.raises(Malformed, match=f"magic 2 wanted, {magic} found"):
        RecordBatch.parse(bytes(data))


def test_spec_01_1_1_any_flipped_bit_the_crc_covers_is_seen_and_no_other():
    for at, bit in itertools.product(range(len(SMALLEST_KEYED)), range(8)):
        data = bytearray(SMALLEST_KEYED)
        data[at] ^= 1 << bit
        try:
            sound = RecordBatch.parse(bytes(data)).valid_crc()
        except Malformed:
            continue
        assert sound == (at < 17), f"bit {bit} of byte {at}"


@pytest.mark.parametrize(
    ("body", "count", "why"),
    [
        (reference.record(b"k", b"v")[:-1], 1, "8 bytes wanted, 7 left"),
        (reference.record(b"k", b"v") + b"\0", 1, "1 records wanted, 1 bytes left over"),
        (reference.record(b"k", b"v"), 2, "1 more byte wanted, 0 left"),
        (reference.zigzag(-5) + b"\0" * 8, 1, "-5 bytes wanted"),
        (bytes.fromhex("12000000026b02760000"), 1, "9 bytes wanted, 8 used"),
        (bytes.fromhex("10000000026b027603"), 1, "a count of 0 to 0 wanted, -2 found"),
        (bytes.fromhex("10000000026b02760a"), 1, "a count of 0 to 0 wanted, 5 found"),
        (bytes.fromhex("0c000000010102"), 1, "a count of 0 to 0 wanted, 1 found"),
        (bytes.fromhex("10000000010102" + "0101"), 1, "a name wanted, null found"),
        (bytes.fromhex("1200000001010202ff01"), 1, "UTF-8 wanted"),
        (bytes.fromhex("ffffffffff0f"), 1, "at most 5 bytes wanted"),
    ],
)  # fmt: skip
def test_spec_01_1_2_records_that_do_not_fit_their_lengths_are_malformed(body: bytes, count: int, why: str):
    batch = RecordBatch.parse(reference.Batch(body, count).encoded())
    assert batch.valid_crc(), "whoever wrote it meant it"
    with pytest.raises(Malformed, match=why):
        batch.records()


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_spec_01_1_3_a_codec_that_does_not_exist_is_malformed(codec: int):
    batch = RecordBatch.parse(reference.Batch(reference.record(b"k", b"v"), attributes=codec).encoded())
    with pytest.raises(Malformed, match=f"a codec of 0 to 4 wanted, {codec} found"):
        batch.records()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_malformed(data: bytes):
    for read in (RecordBatch.parse, batches_in):
        said = "wanted: nothing"
        try:
            read(data)
        except Malformed as wrong:
            said = str(wrong)
        assert "wanted" in said


@given(st.binary(max_size=80), st.integers(0, 15), st.integers(-3, 90))
def test_any_bytes_behind_a_sound_header_are_records_or_malformed(body: bytes, attributes: int, count: int):
    batch = RecordBatch.parse(
        reference.Batch(body, count, attributes=attributes, last_offset_delta=max(count, 0)).encoded()
    )
    try:
        found = batch.records()
    except Malformed:
        return
    assert len(found) == max(count, 0)


@given(batches)
def test_a_placed_batch_is_read_back_at_any_length_of_stream(found: list[Record]):
    data = b"".join(RecordBatch.build(found).placed(at * len(found), 3).data for at in range(3))
    assert [one.base_offset for one in batches_in(data)] == [0, len(found), 2 * len(found)]
    assert all(one.size == one.data[8:12][3] + LOG_OVERHEAD for one in batches_in(data) if one.size < 200)


@pytest.mark.parametrize("codec", list(Compression))
@pytest.mark.parametrize("count", [1, 7, 8, 9, 500])
def test_the_newest_records_are_found_without_decoding_the_rest(codec: Compression, count: int):
    many = [Record(0, MS + at, b"k%d" % at, b"v" * at, (Header("h", b"x"),)) for at in range(count)]
    batch = RecordBatch.build(many, base_offset=40, compression=codec)
    assert batch.newest(8) == batch.records()[-8:]


def test_no_newest_records_are_told_of_what_is_no_batch():
    batch = RecordBatch.build([Record(0, MS, None, b"v")])
    for body in (b"", b"\x01" * 10, b"\xff" * 10, b"\x7e\x00"):
        torn = RecordBatch.assembled(0, 0, MS, MS, -1, -1, -1, 1 << 30, body, 0, 0)
        assert torn.newest(8) == ()
    assert batch.newest(8) == batch.records()
