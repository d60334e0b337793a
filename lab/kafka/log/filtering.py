"""What the cleaner leaves of one batch: which records stay, and the bytes of what is left (spec 1.9.3, KIP-534)."""

from dataclasses import dataclass

from lab.kafka.log.offset_map import OffsetMap
from lab.kafka.protocol.compression import compress
from lab.kafka.protocol.extents import Extent, extents_in, payload_of
from lab.kafka.protocol.records import (
    COMPRESSION_MASK,
    DELETE_HORIZON,
    LOG_APPEND_TIME,
    NO_TIME,
    RecordBatch,
    encode_record,
)


@dataclass(slots=True)
class Rule:
    """What goes for all batches of one clean. `now_ms` is when it began."""

    newest: OffsetMap
    now_ms: int
    delete_retention_ms: int


def filtered(
    rule: Rule, batch: RecordBatch, *, droppable: bool = False, keep_empty: bool = False
) -> tuple[RecordBatch | None, int]:
    """What is left of a batch, and how many records. `droppable`: its transaction leaves nothing behind.
    `keep_empty`: at least its header must stay. Raises Malformed.
    """
    horizon = batch.delete_horizon_ms
    expired = horizon is not None and horizon <= rule.now_ms
    if batch.is_control:
        stay = 0 if droppable and expired else batch.record_count
        if stay and droppable and horizon is None:
            return with_horizon(batch, rule.now_ms + rule.delete_retention_ms), stay
        return _left(batch, stay, keep_empty), stay
    if droppable or not batch.record_count:
        return _left(batch, 0, keep_empty), 0
    payload = payload_of(batch)
    extents = extents_in(payload, batch.record_count)
    kept = _survivors(rule.newest, batch.base_offset, extents, tombstones_stay=not expired)
    if not kept:
        return _left(batch, 0, keep_empty), 0
    if len(kept) < len(extents):
        batch = _of_some(batch, payload, kept)
    if horizon is None and not all(one[3] for one in kept):
        batch = with_horizon(batch, rule.now_ms + rule.delete_retention_ms)
    return batch, len(kept)


def _survivors(newest: OffsetMap, base: int, extents: list[Extent], *, tombstones_stay: bool) -> list[Extent]:
    """The records that no younger one of their key replaces, and all that the map does not reach."""
    offsets, latest = newest.offsets, newest.latest_offset
    if base + extents[-1][0] <= latest:
        get = offsets.get
        return [
            one for one in extents
            if (one[3] or tombstones_stay) and one[2] is not None and base + one[0] >= get(one[2], -1)
        ]  # fmt: skip
    return [
        one for one in extents
        if base + one[0] > latest
        or ((one[3] or tombstones_stay) and one[2] is not None and base + one[0] >= offsets.get(one[2], -1))
    ]  # fmt: skip


def _left(batch: RecordBatch, count: int, keep_empty: bool) -> RecordBatch | None:
    """All of a batch, or nothing, or a header that only tells of its offsets and the producer's sequences."""
    if count:
        return batch
    if not keep_empty:
        return None
    attributes = batch.attributes & ~(COMPRESSION_MASK | DELETE_HORIZON)
    return _with(batch, b"", 0, NO_TIME, batch.max_timestamp_ms, attributes)


def _of_some(batch: RecordBatch, payload: bytes, kept: list[Extent]) -> RecordBatch:
    """The batch with only these records: offsets stay, holes appear, and each record keeps its bytes."""
    newest = batch.max_timestamp_ms
    if not batch.attributes & LOG_APPEND_TIME:
        newest = batch.base_timestamp_ms + max([one[1] for one in kept])
    body = b"".join([payload[one[4] : one[5]] for one in kept])
    return _with(batch, compress(batch.compression, body), len(kept), batch.base_timestamp_ms, newest, batch.attributes)


def with_horizon(batch: RecordBatch, horizon_ms: int) -> RecordBatch:
    """The batch with its delete horizon where the base timestamp was; its records' dates are told from there."""
    body = b"".join(
        [encode_record(one, one.offset - batch.base_offset, horizon_ms) for one in batch.records()],
    )
    return _with(
        batch, compress(batch.compression, body), batch.record_count, horizon_ms, batch.max_timestamp_ms,
        batch.attributes | DELETE_HORIZON,
    )  # fmt: skip


def _with(
    batch: RecordBatch, body: bytes, count: int, base_timestamp_ms: int, max_timestamp_ms: int, attributes: int
) -> RecordBatch:
    return RecordBatch.assembled(
        attributes, batch.last_offset - batch.base_offset, base_timestamp_ms, max_timestamp_ms, batch.producer_id,
        batch.producer_epoch, batch.base_sequence, count, body, batch.base_offset, batch.leader_epoch,
    )  # fmt: skip
