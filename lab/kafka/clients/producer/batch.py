"""ProducerBatch: records on their way to one partition, until they are acknowledged or have failed."""

from collections.abc import Sequence

from lab.env import Micros
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.records import SEQUENCES, Record, RecordBatch

RECORD_OVERHEAD = 21
BATCH_OVERHEAD = 61


class ProducerBatch:
    """One batch. `base_sequence` is given when it is first sent, and kept by its retries. `closed`: it is a half of one
    that was sent, and so takes no more records, as one that was sent itself: its sequences are given.
    """

    __slots__ = (
        "attempts",
        "base_sequence",
        "births",
        "bytes",
        "closed",
        "created_at",
        "encoded",
        "producer_epoch",
        "records",
        "retry_at",
    )

    def __init__(self, created_at: Micros) -> None:
        self.created_at = created_at
        self.records: list[Record] = []
        self.births: list[int] = []
        self.bytes = BATCH_OVERHEAD
        self.closed = False
        self.attempts = 0
        self.retry_at: Micros = 0
        self.base_sequence = -1
        self.producer_epoch = -1
        self.encoded: RecordBatch | None = None

    @property
    def count(self) -> int:
        """How many records it has."""
        return len(self.births)

    @property
    def numbers(self) -> Sequence[int]:
        """The births of its records."""
        return tuple(self.births)

    def append(self, record: Record, birth: int, size: int) -> None:
        """One more record."""
        self.records.append(record)
        self.births.append(birth)
        self.bytes += size

    def encode(
        self, producer_id: int, producer_epoch: int, compression: Compression, *, transactional: bool = False
    ) -> RecordBatch:
        """The bytes that go out; the same again for a retry in the same epoch."""
        if self.encoded is None or producer_epoch != self.producer_epoch:
            self.producer_epoch = producer_epoch
            self.encoded = self.build(producer_id, producer_epoch, compression, transactional=transactional)
        return self.encoded

    def build(
        self, producer_id: int, producer_epoch: int, compression: Compression, *, transactional: bool
    ) -> RecordBatch:
        """The batch as it goes out."""
        return RecordBatch.build(
            self.records, producer_id=producer_id, producer_epoch=producer_epoch, base_sequence=self.base_sequence,
            compression=compression, transactional=transactional,
        )  # fmt: skip

    def halves(self) -> "list[ProducerBatch]":
        """Two batches in place of one that was too large; together they have its sequences."""
        middle = len(self.records) // 2
        found: list[ProducerBatch] = []
        for part in (slice(0, middle), slice(middle, len(self.records))):
            half = ProducerBatch(self.created_at)
            for record, birth in zip(self.records[part], self.births[part], strict=True):
                half.append(record, birth, record_size(record))
            half.closed = True
            if self.base_sequence >= 0:
                half.base_sequence = (self.base_sequence + part.start) % SEQUENCES
            found.append(half)
        return found


def record_size(record: Record) -> int:
    """An upper bound of a record's bytes, as the accumulator reckons."""
    size = RECORD_OVERHEAD + len(record.key or b"") + len(record.value or b"")
    for header in record.headers:
        size += len(header.key) + len(header.value or b"") + 4
    return size
