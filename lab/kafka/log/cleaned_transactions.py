"""CleanedTransactions: which batches of transactions the cleaner may drop, as it walks over a log (spec 1.9.3).

All data of an aborted transaction goes. A marker may go when no data of its transaction was met on the way to it:
then there is nothing left that it decides about.
"""

from collections.abc import Sequence

from lab.env import Disk
from lab.kafka.log.segment import LogSegment
from lab.kafka.log.transaction_index import AbortedTransaction, read_aborted
from lab.kafka.protocol.control import read_marker
from lab.kafka.protocol.records import RecordBatch


class CleanedTransactions:
    """The transactions that are open where the cleaner is. It begins to read at `first`, or a little before:
    what was over by then says nothing of a producer's later transactions. `aborted`: those that begin further on.
    `dropping`: producer id -> the aborted one, and whether data of it was met.
    """

    __slots__ = ("aborted", "committing", "dropping")

    def __init__(self, disk: Disk, segments: Sequence[LogSegment], first: int = 0) -> None:
        found = [entry for one in segments for entry in read_aborted(disk, one.stem) if entry.last_offset >= first]
        self.aborted = sorted(found, key=lambda one: one.first_offset)
        self.dropping: dict[int, tuple[AbortedTransaction, bool]] = {}
        self.committing: dict[int, None] = {}

    def may_drop(self, batch: RecordBatch) -> bool:
        """Whether this batch, the next one of the log, holds nothing that anybody will ever want."""
        while self.aborted and self.aborted[0].first_offset <= batch.last_offset:
            aborted = self.aborted.pop(0)
            self.dropping.setdefault(aborted.producer_id, (aborted, False))
        if batch.is_control:
            return self._decides_nothing(batch)
        if not batch.is_transactional:
            return False
        if batch.producer_id in self.dropping:
            self.dropping[batch.producer_id] = self.dropping[batch.producer_id][0], True
            return True
        self.committing[batch.producer_id] = None
        return False

    def still_aborted(self, batch: RecordBatch) -> AbortedTransaction | None:
        """The index entry that has to stay with this marker, asked before `may_drop`: its data was met."""
        known = self.dropping.get(batch.producer_id) if batch.is_control else None
        return known[0] if known is not None and known[1] else None

    def _decides_nothing(self, batch: RecordBatch) -> bool:
        """Whether no data of a marker's transaction was met."""
        marker = read_marker(batch)
        if marker is None:
            return False
        if not marker.commit:
            known = self.dropping.pop(batch.producer_id, None)
            return known is None or not known[1]
        met = batch.producer_id in self.committing
        self.committing.pop(batch.producer_id, None)
        return not met
