"""MetadataLog: where metadata records are committed. A quorum of one: what is flushed is committed."""

from collections.abc import Sequence

from lab.env import Disk
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.loader import load_log
from lab.kafka.metadata.records import MetadataRecord, decode, encode
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition

PARTITION = TopicPartition("__cluster_metadata", 0)
ALONE_EPOCH = 1
"""A controller that is alone leads in one epoch for ever."""


class MetadataLog:
    """The log of the metadata records, on the controller's disk."""

    __slots__ = ("log",)

    def __init__(self, disk: Disk, now_ms: int) -> None:
        self.log = load_log(disk, PARTITION, TopicConfig({"flush.messages": 1}), now_ms, clean=False)

    @property
    def committed_offset(self) -> int:
        """One past the last committed record."""
        return self.log.log_end_offset

    def append(self, records: Sequence[MetadataRecord], now_ms: int) -> int:
        """Write records as one atomic batch, and flush. Returns the first one's offset."""
        batch = RecordBatch.build([Record(0, now_ms, None, encode(record)) for record in records])
        info = self.log.append_as_leader(batch, ALONE_EPOCH, now_ms, from_client=False)
        self.log.set_high_watermark(self.log.log_end_offset)
        return info.base_offset  # type: ignore[union-attr]

    def read_all(self, from_offset: int) -> list[MetadataRecord]:
        """All committed records from `from_offset` on."""
        batches = self.log.read(from_offset, 1 << 40, self.log.log_end_offset)
        assert isinstance(batches, tuple), batches
        return [
            decode(record.value)
            for batch in batches
            for record in batch.records()
            if record.offset >= from_offset and record.value is not None
        ]
