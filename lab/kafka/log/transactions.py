"""TransactionState: the producers of a log that has transactions, and which of these are not decided (spec 5.5)."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from lab.kafka.log.producer_state import ProducerEntry, ProducerState, Remembered
from lab.kafka.log.transaction_index import AbortedTransaction
from lab.kafka.protocol.control import Marker, read_marker
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import CONTROL, TRANSACTIONAL, RecordBatch

IN_TRANSACTION = TRANSACTIONAL | CONTROL


class UnreplicatedTransaction(NamedTuple):
    """A transaction whose marker is not replicated yet: its first record, and its marker."""

    first_offset: int
    marker_offset: int


class TransactionState(ProducerState):
    """`open`: producer id -> where its transaction begins, oldest first. `decided`: what a marker has ended that is
    not below the high watermark. `marked`: producer id -> (epoch of the coordinator, time) of its newest marker.
    """

    __slots__ = ("decided", "marked", "open")

    transactional: ClassVar[bool] = True

    def __init__(self, entries: dict[int, ProducerEntry]) -> None:
        super().__init__()
        self.entries = entries
        self.open: dict[int, int] = {}
        self.decided: list[UnreplicatedTransaction] = []
        self.marked: dict[int, tuple[int, int]] = {}

    @property
    def first_unstable_offset(self) -> int | None:
        """Where the oldest transaction begins that is open, or decided by a marker that is not replicated."""
        first = next(iter(self.open.values()), None)
        for one in self.decided:
            first = one.first_offset if first is None else min(first, one.first_offset)
        return first

    def has_open(self, producer_id: int, producer_epoch: int) -> bool:
        """Whether a producer has a transaction open here in that epoch."""
        return producer_id in self.open and self.entries[producer_id].producer_epoch == producer_epoch

    def refusal(self, batch: RecordBatch) -> ErrorCode:
        """As for any producer; a marker must not be older than the newest one, and while a transaction is open here
        its producer writes nothing outside of it.
        """
        if batch.is_control:
            return self._marker_refusal(batch)
        error = super().refusal(batch)
        if error:
            return error
        outside = batch.producer_id in self.open and not batch.is_transactional
        return ErrorCode.INVALID_TXN_STATE if outside else ErrorCode.NONE

    def _marker_refusal(self, batch: RecordBatch) -> ErrorCode:
        entry = self.entries.get(batch.producer_id)
        if entry is not None and batch.producer_epoch < entry.producer_epoch:
            return ErrorCode.INVALID_PRODUCER_EPOCH
        marker, before = read_marker(batch), self.marked.get(batch.producer_id)
        if marker is not None and before is not None and marker.coordinator_epoch < before[0]:
            return ErrorCode.TRANSACTION_COORDINATOR_FENCED
        return ErrorCode.NONE

    def update(self, batch: RecordBatch) -> None:
        """A batch outside of any transaction, or one within."""
        if batch.is_control:
            self.end(batch)
            return
        if batch.is_transactional and batch.producer_id not in self.open:
            self.open[batch.producer_id] = batch.base_offset
        super().update(batch)

    def end(self, batch: RecordBatch) -> AbortedTransaction | None:
        """A marker was appended: what it aborts, to be indexed. Its epoch fences whoever has an older one."""
        marker: Marker | None = read_marker(batch)
        if marker is None:
            return None
        entry = self.entries.get(batch.producer_id)
        if entry is None or entry.producer_epoch != batch.producer_epoch:
            self.entries[batch.producer_id] = ProducerEntry(batch.producer_epoch)
        self.marked[batch.producer_id] = marker.coordinator_epoch, batch.max_timestamp_ms
        first = self.open.pop(batch.producer_id, None)
        if first is None:
            return None  # nothing of the transaction is here, or an earlier marker has ended it
        self.decided.append(UnreplicatedTransaction(first, batch.last_offset))
        if marker.commit:
            return None
        stable = next(iter(self.open.values()), batch.next_offset)
        return AbortedTransaction(batch.producer_id, first, batch.last_offset, stable)

    def replicated(self, high_watermark: int) -> None:
        """Markers below the high watermark hold for good."""
        if self.decided:
            self.decided = [one for one in self.decided if one.marker_offset >= high_watermark]

    def _last_of(self, producer_id: int) -> Remembered:
        found = super()._last_of(producer_id)
        coordinator_epoch, marked_ms = self.marked.get(producer_id, (-1, -1))
        first = self.open.get(producer_id, -1)
        # A marker is the last thing its producer has here, unless the next transaction has begun.
        last_ms = found.timestamp_ms if first >= 0 or coordinator_epoch < 0 else marked_ms
        return found._replace(timestamp_ms=last_ms, coordinator_epoch=coordinator_epoch, first_offset=first)

    def recall(self, remembered: Iterable[Remembered]) -> None:
        """As for any producer. What is decided is taken for replicated, as in Kafka, which does not write it down."""
        known = sorted(remembered, key=lambda one: one.first_offset)
        super().recall(known)
        for one in known:
            if one.first_offset >= 0:
                self.open[one.producer_id] = one.first_offset
            if one.coordinator_epoch >= 0:
                self.marked[one.producer_id] = one.coordinator_epoch, one.timestamp_ms

    def expire(self, before_ms: int) -> tuple[int, ...]:
        """Whose transaction is open is never forgotten, and a marker counts as well as a record."""
        silent = super().expire(before_ms)
        for producer_id in silent:
            self.marked.pop(producer_id, None)
        return silent

    def _is_silent(self, producer_id: int, before_ms: int) -> bool:
        return producer_id not in self.open and super()._is_silent(producer_id, before_ms)
