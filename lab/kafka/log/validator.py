"""What a leader checks in a batch from a client before it is appended (spec 1.2)."""

from dataclasses import dataclass

from lab.kafka.config.topic import TopicConfig
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.records import COMPRESSION_MASK, CONTROL, HEADER_SIZE, LOG_APPEND_TIME, NO_TIME, RecordBatch

RECORD_MIN = 7
"""Bytes of the smallest record: its length, attributes, time, offset, null key, null value, no headers."""
CODEC_MAX = max(Compression).value
PACKED_MAX = 1 << 20
"""Records in a batch that is compressed; librdkafka's `batch.num.messages` ends at a million."""


@dataclass(slots=True)
class AppendRefused:
    """Nothing was appended, and why; `record_errors`: (index in the batch, what is wrong)."""

    error_code: ErrorCode
    message: str = ""
    record_errors: tuple[tuple[int, str], ...] = ()


def check_batch(batch: RecordBatch, config: TopicConfig, now_ms: int) -> AppendRefused | None:
    """The first thing that is wrong with a batch from a client, or None."""
    if batch.base_offset != 0:
        return AppendRefused(ErrorCode.INVALID_RECORD, f"a base offset of 0 wanted, {batch.base_offset} found")
    too_large = _too_large(batch, config)
    if too_large is not None:
        return too_large
    if not batch.valid_crc():
        return AppendRefused(ErrorCode.CORRUPT_MESSAGE, "the CRC does not match")
    return _check_header(batch) or _check_records(batch, config, now_ms)


def in_topic_codec(batch: RecordBatch, config: TopicConfig) -> RecordBatch | AppendRefused:
    """The batch as `compression.type` wants it stored; its limit holds for what is stored, too (spec 1.2.5)."""
    if config.compression_type == "producer":
        return batch
    name = "NONE" if config.compression_type == "uncompressed" else config.compression_type.upper()
    try:
        if batch.compression is Compression[name]:
            return batch
        recoded = batch.recompressed(Compression[name])
    except Malformed as wrong:
        return AppendRefused(ErrorCode.INVALID_RECORD, str(wrong))
    return _too_large(recoded, config) or recoded


def _too_large(batch: RecordBatch, config: TopicConfig) -> AppendRefused | None:
    if batch.size <= config.max_message_bytes:
        return None
    limit = f"max.message.bytes is {config.max_message_bytes}, the batch has {batch.size}"
    return AppendRefused(ErrorCode.MESSAGE_TOO_LARGE, limit)


def _check_header(batch: RecordBatch) -> AppendRefused | None:
    count = batch.next_offset - batch.base_offset
    if not 1 <= count == batch.record_count:
        return AppendRefused(ErrorCode.INVALID_RECORD, f"{batch.record_count} records, but {count} offsets")
    if batch.attributes & CONTROL:
        return AppendRefused(ErrorCode.INVALID_RECORD, "clients may not write control batches")
    codec = batch.attributes & COMPRESSION_MASK
    if codec > CODEC_MAX:
        return AppendRefused(ErrorCode.INVALID_RECORD, f"a codec of 0 to {CODEC_MAX} wanted, {codec} found")
    most = PACKED_MAX if codec else (batch.size - HEADER_SIZE) // RECORD_MIN
    if count > most:
        return AppendRefused(ErrorCode.INVALID_RECORD, f"{count} records, but room for {most}")
    if batch.producer_id >= 0 and batch.base_sequence < 0:
        return AppendRefused(ErrorCode.INVALID_RECORD, "a producer id without a sequence")
    return None


def _check_records(batch: RecordBatch, config: TopicConfig, now_ms: int) -> AppendRefused | None:
    """Only looks into the records when the topic's settings ask for it: that costs more than all the rest."""
    append_time = config.message_timestamp_type == "LogAppendTime"
    if batch.attributes & LOG_APPEND_TIME:
        return AppendRefused(ErrorCode.INVALID_TIMESTAMP, "the batch already claims LogAppendTime")
    latest = now_ms + config.message_timestamp_after_max_ms
    earliest = now_ms - config.message_timestamp_before_max_ms
    # The header tells the youngest of the records, but not the oldest.
    out_of_time = not append_time and (batch.max_timestamp_ms > latest or earliest >= 0)
    if not out_of_time and not config.compacted:
        return None
    try:
        records = batch.records()
    except Malformed as wrong:
        return AppendRefused(ErrorCode.INVALID_RECORD, str(wrong))
    keyless = tuple(
        (place, "a compacted topic wants a key") for place, record in enumerate(records)
        if config.compacted and record.key is None
    )  # fmt: skip
    mistimed = tuple(
        (place, f"timestamp {record.timestamp_ms} is out of range") for place, record in enumerate(records)
        if not append_time and record.timestamp_ms != NO_TIME and not earliest <= record.timestamp_ms <= latest
    )  # fmt: skip
    if mistimed:
        return AppendRefused(ErrorCode.INVALID_TIMESTAMP, "a timestamp out of range", (*keyless, *mistimed))
    if batch.max_timestamp_ms != max([record.timestamp_ms for record in records], default=NO_TIME):
        return AppendRefused(ErrorCode.INVALID_TIMESTAMP, f"{batch.max_timestamp_ms} is not the youngest record's time")
    if keyless:
        return AppendRefused(ErrorCode.INVALID_RECORD, "a record without a key", keyless)
    return None
