"""Control batches: the markers that end a transaction in a log (spec 1.1.4)."""

import struct
from typing import NamedTuple

from lab.kafka.protocol.records import Record, RecordBatch

ABORT, COMMIT = 0, 1
_KEY = struct.Struct(">hh")
_VALUE = struct.Struct(">hi")
VERSION = 0


class Marker(NamedTuple):
    """What a marker says: whether the producer's transaction is committed, and by a coordinator of which epoch."""

    commit: bool
    coordinator_epoch: int


def marker_batch(
    producer_id: int, producer_epoch: int, marker: Marker, timestamp_ms: int
) -> RecordBatch:  # fmt: skip
    """The batch that ends a producer's transaction: one record, transactional, without a sequence."""
    key = _KEY.pack(VERSION, COMMIT if marker.commit else ABORT)
    value = _VALUE.pack(VERSION, marker.coordinator_epoch)
    return RecordBatch.build(
        [Record(0, timestamp_ms, key, value)], producer_id=producer_id, producer_epoch=producer_epoch,
        transactional=True, control=True,
    )  # fmt: skip


def read_marker(batch: RecordBatch) -> Marker | None:
    """The marker that a control batch is; None for another kind of control record, which readers ignore. Of a newer
    version only the known prefix is read.
    """
    if not batch.record_count:
        return None  # compaction has left its header
    record = batch.records()[0]
    assert record.key is not None
    _, kind = _KEY.unpack_from(record.key)
    if kind not in (ABORT, COMMIT):
        return None
    assert record.value is not None
    return Marker(kind == COMMIT, _VALUE.unpack_from(record.value)[1])
