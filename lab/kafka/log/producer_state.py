"""ProducerState: what a log knows of each producer id, so that a retry is never stored twice (spec 5.2)."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from lab.env import Packed
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import SEQUENCES, RecordBatch

WINDOW = 5
"""Batches remembered a producer: as many as may be in flight."""


class Remembered(NamedTuple):
    """What is left of a producer when it is written down: its epoch, its last batch alone, and its transaction. -1 is
    what it has none of; `offset_delta` is one less than the batch had records.
    """

    producer_id: int
    producer_epoch: int
    last_sequence: int
    last_offset: int
    offset_delta: int
    timestamp_ms: int
    coordinator_epoch: int = -1
    first_offset: int = -1


class ProducerEntry(Packed):
    """One producer id: its epoch and its last batches as (first sequence, last sequence, base offset, last
    offset, timestamp), oldest first.
    """

    __slots__ = ("batches", "producer_epoch")

    def __init__(self, producer_epoch: int) -> None:
        self.producer_epoch = producer_epoch
        self.batches: tuple[tuple[int, int, int, int, int], ...] = ()


class ProducerState(Packed):
    """All producers of one log."""

    __slots__ = ("entries",)

    transactional: ClassVar[bool] = False
    """Whether any of them ever wrote in a transaction; `TransactionState` takes the place of this one then."""

    def __init__(self) -> None:
        self.entries: dict[int, ProducerEntry] = {}

    @property
    def first_unstable_offset(self) -> int | None:
        """Where the oldest transaction begins that is not decided yet; None if there is none."""
        return None

    def has_open(self, producer_id: int, producer_epoch: int) -> bool:
        """Whether a producer has a transaction open here in that epoch."""
        return False

    def duplicate_of(self, batch: RecordBatch) -> tuple[int, int, int, int, int] | None:
        """The stored batch that this one is a retry of."""
        entry = self.entries.get(batch.producer_id)
        if entry is None or entry.producer_epoch != batch.producer_epoch:
            return None
        first, last = batch.base_sequence, batch.last_sequence
        for one in entry.batches:
            if one[0] == first and one[1] == last:
                return one
        return None

    def refusal(self, batch: RecordBatch) -> ErrorCode:
        """Why a batch that is no duplicate may not be appended; NONE if it may. A coordinator's has no sequence."""
        entry = self.entries.get(batch.producer_id)
        if entry is None:
            return ErrorCode.NONE  # no state at all: any sequence is accepted
        if batch.producer_epoch < entry.producer_epoch:
            return ErrorCode.INVALID_PRODUCER_EPOCH
        if batch.base_sequence < 0:
            return ErrorCode.NONE
        if batch.producer_epoch > entry.producer_epoch:
            wanted = 0
        else:
            wanted = (entry.batches[-1][1] + 1) % SEQUENCES if entry.batches else 0
        return ErrorCode.NONE if batch.base_sequence == wanted else ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER

    def update(self, batch: RecordBatch) -> None:
        """A batch was appended."""
        if batch.producer_id < 0:
            return
        entry = self.entries.get(batch.producer_id)
        if entry is None or entry.producer_epoch != batch.producer_epoch:
            entry = self.entries[batch.producer_id] = ProducerEntry(batch.producer_epoch)
        stored = (batch.base_sequence, batch.last_sequence, batch.base_offset, batch.last_offset,
                  batch.max_timestamp_ms)  # fmt: skip
        entry.batches = (*entry.batches[1 - WINDOW :], stored) if entry.batches else (stored,)

    def replicated(self, high_watermark: int) -> None:
        """The high watermark has moved; only transactions wait for that."""

    def is_last(self, batch: RecordBatch) -> bool:
        """Whether a batch is all that tells of its producer: the cleaner must leave its header (spec 1.9.3)."""
        entry = self.entries.get(batch.producer_id)
        if entry is None:
            return False
        if not entry.batches:
            return batch.is_control and batch.producer_epoch == entry.producer_epoch
        return entry.batches[-1][3] == batch.last_offset

    def remembered(self) -> list[Remembered]:
        """All of them, to be written down. In Kafka they stand in the order of a hash table."""
        return [self._last_of(producer_id) for producer_id in sorted(self.entries)]

    def _last_of(self, producer_id: int) -> Remembered:
        entry = self.entries[producer_id]
        if not entry.batches:
            return Remembered(producer_id, entry.producer_epoch, -1, -1, 0, -1)
        _, last_sequence, base_offset, last_offset, timestamp_ms = entry.batches[-1]
        return Remembered(
            producer_id, entry.producer_epoch, last_sequence, last_offset, last_offset - base_offset, timestamp_ms
        )

    def recall(self, remembered: Iterable[Remembered]) -> None:
        """Know what was written down, and no more: of each producer one batch."""
        for one in remembered:
            entry = self.entries[one.producer_id] = ProducerEntry(one.producer_epoch)
            if one.last_offset >= 0:
                first = (one.last_sequence - one.offset_delta) % SEQUENCES if one.last_sequence >= 0 else -1
                entry.batches = (
                    (first, one.last_sequence, one.last_offset - one.offset_delta, one.last_offset, one.timestamp_ms),
                )

    def expire(self, before_ms: int) -> tuple[int, ...]:
        """Forget producers whose last record is older (producer.id.expiration.ms). Returns their ids."""
        silent = tuple([pid for pid in self.entries if self._is_silent(pid, before_ms)])
        for producer_id in silent:
            del self.entries[producer_id]
        return silent

    def _is_silent(self, producer_id: int, before_ms: int) -> bool:
        return self._last_of(producer_id).timestamp_ms < before_ms
