"""What a leader takes from a client, what it makes of it and what it turns away (spec 1.2, 1.13)."""

import pytest

from lab.kafka.log.unified_log import AppendInfo
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import LOG_APPEND_TIME, Record, RecordBatch
from tests.kafka.log.folder import MS, Folder, batch, dated, records, sized
from tests.kafka.protocol import reference

HOUR_MS = 3_600_000


def test_spec_01_01_batches_of_2_1_and_4_records_begin_at_0_2_and_3():
    folder = Folder()
    assert folder.append(batch("a", "b"), batch("c"), batch("d", "e", "f", "g")) == [0, 2, 3]
    assert folder.log.log_end_offset == 7
    assert folder.offsets() == [0, 1, 2, 3, 4, 5, 6]


def test_spec_01_02_any_flipped_byte_from_21_on_is_a_corrupt_message():
    folder = Folder()
    sound = batch("one", "two")
    for at in range(21, sound.size):
        data = bytearray(sound.data)
        data[at] ^= 0x01
        assert folder.refused(RecordBatch(bytes(data))) == (ErrorCode.CORRUPT_MESSAGE, ())
    assert folder.append(sound) == [0]


def test_spec_01_03_a_base_offset_other_than_0_is_an_invalid_record():
    assert Folder().refused(batch("one", base_offset=5)) == (ErrorCode.INVALID_RECORD, ())


def test_spec_01_03_the_leader_writes_its_epoch_over_the_clients():
    folder = Folder()
    folder.epoch = 9
    folder.append(batch("one", leader_epoch=4))
    assert folder.file()[12:16] == b"\0\0\0\x09"
    assert folder.file()[16:] == batch("one").data[16:]


@pytest.mark.parametrize("codec", [Compression.GZIP, Compression.ZSTD])
def test_spec_01_04_max_message_bytes_limits_the_batch_as_it_is_sent(codec: Compression):
    folder = Folder(max_message_bytes=1_000)
    assert folder.refused(sized(1_001)) == (ErrorCode.MESSAGE_TOO_LARGE, ())
    assert folder.append(sized(1_000)) == [0]
    large = RecordBatch.build(records("forty-two " * 500), compression=codec)
    assert large.size < 1_000
    assert folder.append(large) == [1]


def test_spec_01_05_a_compacted_topic_names_each_record_without_a_key():
    folder = Folder(cleanup_policy="compact")
    assert folder.refused(batch(("a", "1"), (None, "2"), ("c", "3"))) == (ErrorCode.INVALID_RECORD, (1,))
    assert folder.refused(batch((None, "1"), ("b", "2"), (None, "3"))) == (ErrorCode.INVALID_RECORD, (0, 2))
    assert folder.append(batch(("", "an empty key is one"))) == [0]


def test_spec_01_06_log_append_time_is_the_date_of_every_record():
    folder = Folder(message_timestamp_type="LogAppendTime")
    folder.now_ms = MS + 77
    info = folder.offer(dated(5, 3, MS + HOUR_MS * 9))
    assert isinstance(info, AppendInfo)
    assert info.log_append_time_ms == MS + 77
    assert [one.timestamp_ms for one in folder.stored()] == [MS + 77] * 3
    assert info.batch is not None
    assert info.batch.attributes & LOG_APPEND_TIME
    assert info.batch.valid_crc()


def test_spec_01_2_4_create_time_is_answered_with_no_append_time():
    info = Folder().offer(dated(MS))
    assert isinstance(info, AppendInfo)
    assert info.log_append_time_ms == -1


def test_spec_01_2_3_a_client_may_not_claim_log_append_time_itself():
    folder = Folder(message_timestamp_type="LogAppendTime")
    assert folder.refused(batch("one").with_append_time(MS)) == (ErrorCode.INVALID_TIMESTAMP, ())


def test_spec_01_07_and_10_14_a_record_may_be_an_hour_ahead_and_no_more():
    folder = Folder()
    assert folder.refused(dated(MS + HOUR_MS + 1)) == (ErrorCode.INVALID_TIMESTAMP, (0,))
    assert folder.refused(dated(MS, MS + 2 * HOUR_MS, MS)) == (ErrorCode.INVALID_TIMESTAMP, (1,))
    assert folder.append(dated(MS + HOUR_MS)) == [0]


def test_spec_01_2_3_a_record_may_be_as_old_as_the_topic_says():
    folder = Folder(message_timestamp_before_max_ms=1_000)
    assert folder.refused(dated(MS - 1_001)) == (ErrorCode.INVALID_TIMESTAMP, (0,))
    assert folder.refused(dated(MS, MS - 1_001, MS)) == (ErrorCode.INVALID_TIMESTAMP, (1,))
    assert folder.append(dated(MS - 1_000), dated(-1)) == [0, 1]
    assert Folder().append(dated(0)) == [0], "by default as old as can be"


@pytest.mark.parametrize(
    ("codec", "number"), [("uncompressed", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)]
)
def test_spec_01_08_a_topics_codec_replaces_the_producers(codec: str, number: int):
    folder = Folder(compression_type=codec)
    sent = RecordBatch.build(
        records(("a", "1"), ("b", None)), compression=Compression.GZIP, producer_id=7, producer_epoch=2,
        base_sequence=40,
    )  # fmt: skip
    folder.append(batch("before"), sent)
    (_, stored) = folder.log.read(0, 1 << 20, 3)  # type: ignore[misc]
    assert stored.attributes & 7 == number
    assert stored.valid_crc()
    assert [(one.offset, one.key, one.value) for one in stored.records()] == [(1, b"a", b"1"), (2, b"b", None)]
    assert (stored.producer_id, stored.producer_epoch, stored.base_sequence) == (7, 2, 40)
    assert (stored.max_timestamp_ms, stored.record_count) == (sent.max_timestamp_ms, 2)


def test_spec_01_2_5_by_default_the_producers_bytes_are_kept():
    folder = Folder()
    sent = RecordBatch.build(records("one"), compression=Compression.SNAPPY)
    folder.append(sent)
    assert folder.file()[16:] == sent.data[16:]


def test_spec_01_2_5_the_limit_holds_again_for_what_was_made_of_it():
    folder = Folder(compression_type="uncompressed", max_message_bytes=1_000)
    small = RecordBatch.build(records("forty-two " * 500), compression=Compression.GZIP)
    assert small.size < 1_000
    assert folder.refused(small) == (ErrorCode.MESSAGE_TOO_LARGE, ())


def test_spec_01_2_5_what_cannot_be_unpacked_is_an_invalid_record():
    folder = Folder(compression_type="zstd")
    lying = RecordBatch.parse(reference.Batch(b"not gzip at all", attributes=1).encoded())
    assert folder.refused(lying) == (ErrorCode.INVALID_RECORD, ())


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"records_count": 2, "last_offset_delta": 0}, "2 records, but 1 offsets"),
        ({"records_count": 1, "last_offset_delta": 3}, "1 records, but 4 offsets"),
        ({"records_count": 0, "last_offset_delta": 0}, "0 records, but 1 offsets"),
        ({"attributes": 32}, "control"),
        ({"producer_id": 7, "producer_epoch": 0}, "without a sequence"),
    ],
)
def test_spec_01_2_3_headers_no_client_may_send(fields: dict[str, int], why: str):
    found = Folder().offer(RecordBatch.parse(reference.Batch(reference.record(b"k", b"v"), **fields).encoded()))
    assert isinstance(found, AppendRefused)
    assert found.error_code is ErrorCode.INVALID_RECORD
    assert why in found.message


def test_spec_01_2_6_a_batch_larger_than_a_segment_fits_nowhere():
    folder = Folder(segment_bytes=500)
    assert folder.refused(sized(501)) == (ErrorCode.RECORD_LIST_TOO_LARGE, ())
    assert folder.append(sized(500), sized(500)) == [0, 1]


def test_spec_01_2_6_a_retry_is_answered_with_the_old_offsets_and_date_and_stored_once():
    folder = Folder(message_timestamp_type="LogAppendTime")
    sent = batch("one", "two", producer_id=7, producer_epoch=0, base_sequence=0)
    folder.append(batch("before"))
    folder.append(sent)
    folder.now_ms += 5_000
    again = folder.offer(sent)
    assert again == AppendInfo(1, 2, MS, None)
    assert folder.offsets() == [0, 1, 2]


def numbered(sequence: int, count: int = 1, epoch: int = 0) -> RecordBatch:
    return batch(*["v"] * count, producer_id=7, producer_epoch=epoch, base_sequence=sequence)


def test_spec_01_2_6_a_gap_and_an_old_epoch_are_turned_away():
    folder = Folder()
    folder.append(numbered(0, 3), numbered(3))
    assert folder.refused(numbered(5))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert folder.refused(numbered(0))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "not the same batch as 0 to 2"
    assert folder.refused(numbered(4, epoch=1))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    folder.append(numbered(0, epoch=1))
    assert folder.refused(numbered(4))[0] is ErrorCode.INVALID_PRODUCER_EPOCH


def test_spec_10_11_the_last_5_batches_of_a_producer_are_known():
    folder = Folder()
    folder.append(*[numbered(at) for at in range(7)])
    for at in range(2, 7):
        found = folder.offer(numbered(at))
        assert isinstance(found, AppendInfo)
        assert (found.base_offset, found.batch) == (at, None)
    assert folder.refused(numbered(1))[0] is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_spec_01_1_1_a_producers_sequence_goes_on_at_0_after_2147483647():
    folder = Folder()
    folder.append(numbered(2_147_483_646, 2), numbered(0, 2), numbered(2))
    assert folder.log.log_end_offset == 5


def test_spec_01_2_6_flush_messages_is_when_records_become_safe():
    folder = Folder(flush_messages=3)
    folder.append(batch("a"), batch("b"))
    assert folder.log.flushed_offset() == 0
    folder.append(batch("c", "d"))
    assert folder.log.flushed_offset() == folder.log.recovery_point == 4
    folder.append(batch("e"))
    assert folder.log.flushed_offset() == 4


def test_a_follower_writes_the_leaders_bytes():
    leader, follower = Folder(), Folder()
    leader.epoch = 3
    leader.append(batch("a", "b"), numbered(0), RecordBatch.build([Record(0, MS, b"k", None)]))
    found = leader.log.read(0, 1 << 20, 4)
    assert isinstance(found, tuple)
    for one in found:
        follower.log.append_as_follower(one, MS + 9)
    assert follower.file() == leader.file()
    assert follower.log.epochs.entries == leader.log.epochs.entries == [(3, 0)]
