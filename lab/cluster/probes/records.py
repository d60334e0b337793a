"""Records: a page of a log, down to the bytes of its batches."""

from dataclasses import dataclass

from lab.cluster.actions.topics import partition_of
from lab.cluster.build import image_of
from lab.cluster.lookup.parts import broker_at
from lab.cluster.probes.views import RecordRow, RecordsView
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import Record, RecordBatch
from lab.world.world import World

ROWS_MAX = 500
PIECE_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class Records:
    """`count` records from `from_offset` on (the last ones, with None), as a broker (or the leader, with "") has them.

    Only the batches of those are read: a log may be long.
    """

    partition: str
    broker: str = ""
    from_offset: int | None = 0
    count: int = 100

    def __call__(self, world: World) -> RecordsView:
        """The answer; without rows when that broker has no running replica."""
        name = partition_of(self.partition)
        state = image_of(world).partition(name) if name is not None else None
        node = self.broker or (f"broker-{state.leader_id}" if state is not None else "")
        broker = broker_at(world, node)
        partition = broker.partitions.get(name) if broker is not None and name is not None else None
        if partition is None:
            return RecordsView(self.partition, node, 0, 0, 0, ())
        log = partition.log
        wanted = log.log_end_offset - self.count if self.from_offset is None else self.from_offset
        rows = _page(log, max(wanted, log.log_start_offset), min(self.count, ROWS_MAX))
        return RecordsView(
            self.partition,
            node,
            log.log_start_offset,
            log.log_end_offset,
            log.high_watermark,
            rows,
        )


def _page(log: UnifiedLog, start: int, count: int) -> tuple[RecordRow, ...]:
    """`count` records from an offset on, read in pieces until there are so many."""
    rows: list[RecordRow] = []
    at = start
    while len(rows) < count and at < log.log_end_offset:
        batches = log.read(at, PIECE_BYTES, log.log_end_offset)
        if not isinstance(batches, tuple) or not batches:
            break
        for batch in batches:
            if len(rows) < count:
                rows += [row for row in _rows(batch) if row.offset >= start]
        at = batches[-1].last_offset + 1
    return tuple(rows[:count])


def _rows(batch: RecordBatch) -> list[RecordRow]:
    corrupt, records = not batch.valid_crc(), batch.readable()
    if corrupt and not records:
        records = (Record(batch.base_offset, batch.base_timestamp_ms, b"", b"cannot be read"),)
    return [
        RecordRow(
            record.offset, record.timestamp_ms, _text(record.key), _text(record.value),
            tuple((header.key, _text(header.value)) for header in record.headers),
            (batch.base_offset, batch.last_offset), batch.leader_epoch, batch.producer_id,
            batch.base_sequence + place if batch.base_sequence >= 0 else -1, batch.size, batch.data, corrupt,
        )
        for place, record in enumerate(records)
    ]  # fmt: skip


def _text(data: bytes | None) -> str:
    return "∅" if data is None else data.decode("utf-8", "replace")
