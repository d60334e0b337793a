"""One partition's folder on a disk, without a broker: open it, write to it, take the power away, open it again."""

import struct

from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.cleaner import DONE, Cleaning
from lab.kafka.log.compaction import Compaction, Dirtiness, dirtiness
from lab.kafka.log.loader import load_log
from lab.kafka.log.unified_log import AppendInfo, UnifiedLog, read_all
from lab.kafka.log.validator import AppendRefused
from lab.kafka.protocol.compression import Compression
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.dice import Stream
from lab.world.disk import SimDisk
from tests.story import settings

MS = 1_767_225_600_000
ORDERS = TopicPartition("orders", 0)
FOLDER = "logs/orders-0"


def records(*found: str | tuple[str | None, str | None], ts: int = MS) -> list[Record]:
    """Values, or (key, value); all of one time."""
    pairs = [one if isinstance(one, tuple) else (None, one) for one in found]
    return [
        Record(0, ts, None if key is None else key.encode(), None if value is None else value.encode())
        for key, value in pairs
    ]


def batch(*found: str | tuple[str | None, str | None], ts: int = MS, **fields: int) -> RecordBatch:
    return RecordBatch.build(records(*found, ts=ts), **fields)  # type: ignore[arg-type]


def dated(*times: int) -> RecordBatch:
    """A batch of records with these timestamps."""
    return RecordBatch.build([Record(0, one, None, b"v") for one in times])


def sized(size: int, ts: int = MS, codec: Compression = Compression.NONE) -> RecordBatch:
    """A batch of exactly so many bytes."""
    for length in range(size - 61 - 7, -1, -1):
        found = RecordBatch.build([Record(0, ts, None, bytes(length))], compression=codec)
        if found.size <= size:
            assert found.size == size, f"no batch has {size} bytes"
            return found
    raise AssertionError(size)


class Folder:
    """The log of orders-0; settings with `_` for `.`."""

    def __init__(self, **config: object) -> None:
        self.disk = SimDisk()
        self.config = TopicConfig(settings(**config))
        self.now_ms = MS
        self.epoch = 0
        self.dice = Stream("folder")
        self.log = self._load(clean=True)

    def _load(self, *, clean: bool, recovery_point: int = 0, log_start_offset: int = 0, hw: int = 0) -> UnifiedLog:
        return load_log(
            self.disk, ORDERS, self.config, self.now_ms, clean=clean, recovery_point=recovery_point,
            log_start_offset=log_start_offset, high_watermark=hw,
        )  # fmt: skip

    # --- writing ----------------------------------------------------------------------------------

    def offer(self, one: RecordBatch) -> AppendInfo | AppendRefused:
        """What the leader does with a batch from a client."""
        return self.log.append_as_leader(one, self.epoch, self.now_ms)

    def append(self, *batches: RecordBatch) -> list[int]:
        """Append batches that must be taken. Returns their base offsets."""
        found: list[int] = []
        for one in batches:
            info = self.offer(one)
            assert isinstance(info, AppendInfo), info
            found.append(info.base_offset)
        return found

    def refused(self, one: RecordBatch) -> tuple[ErrorCode, tuple[int, ...]]:
        """The error of a batch that must not be taken, and the records it names; nothing is written by it."""
        before = self.log.log_end_offset, self.file()
        info = self.offer(one)
        assert isinstance(info, AppendRefused), info
        assert (self.log.log_end_offset, self.file()) == before
        return info.error_code, tuple(index for index, _ in info.record_errors)

    def commit(self, offset: int | None = None) -> None:
        """Everything, or all below an offset, is replicated."""
        self.log.set_high_watermark(self.log.log_end_offset if offset is None else offset)

    def roll(self) -> None:
        """Close the active segment, as one that is too old is."""
        self.log._roll(self.log.log_end_offset, self.now_ms)

    # --- cleaning ---------------------------------------------------------------------------------

    def dirtiness(self, checkpoint: int = 0) -> Dirtiness:
        return dirtiness(self.log, checkpoint, self.now_ms)

    def cleaning(self, checkpoint: int = 0, buffer_bytes: int = 1 << 20) -> Cleaning:
        """A clean that has just begun; the log knows of it, as that of a broker does."""
        found = self.dirtiness(checkpoint)
        self.log.compaction = Compaction(checkpoint)
        running = Cleaning(self.log, found.first_dirty, found.first_uncleanable, self.now_ms, buffer_bytes)
        self.log.compaction.running = running
        return running

    def clean(self, checkpoint: int = 0, buffer_bytes: int = 1 << 20, max_bytes: int = 1 << 20) -> int:
        """A whole clean. Returns up to where the log is clean."""
        running = self.cleaning(checkpoint, buffer_bytes)
        while running.stage != DONE:
            running.step(max_bytes, self.now_ms)
        assert self.log.compaction is not None
        self.log.compaction.running = None
        return running.end_offset

    # --- stopping and starting --------------------------------------------------------------------

    def reopen(self, *, clean: bool, recovery_point: int = 0, log_start_offset: int = 0, hw: int = 0) -> UnifiedLog:
        """The next process finds the files as they are; if it is to think so, the last one has ended cleanly."""
        if clean:
            self.log.close()
        self.log = self._load(
            clean=clean, recovery_point=recovery_point, log_start_offset=log_start_offset, hw=hw
        )  # fmt: skip
        return self.log

    def lose_power(self) -> None:
        """What was never flushed is gone, but for a part of it."""
        self.disk.lose_power(self.dice)

    # --- what is there ----------------------------------------------------------------------------

    def file(self, suffix: str = ".log", base: int | None = None) -> bytes:
        """The bytes of one of a segment's files; of the active segment, unless another is named."""
        base = self.log.active.base_offset if base is None else base
        path = f"{FOLDER}/{base:020d}{suffix}"
        return self.disk.read(path, 0, self.disk.size(path)) if self.disk.exists(path) else b""

    def damage(self, base: int, at: int) -> None:
        """Turn one byte of a segment's file into another."""
        path = f"{FOLDER}/{base:020d}.log"
        data = bytearray(self.disk.read(path, 0, self.disk.size(path)))
        data[at] ^= 0xFF
        self.disk.write(path, bytes(data))

    def names(self) -> list[str]:
        return [path.removeprefix(f"{FOLDER}/") for path in self.disk.list(FOLDER)]

    def bases(self) -> list[int]:
        return [segment.base_offset for segment in self.log.segments]

    def index(self, base: int = 0) -> list[tuple[int, ...]]:
        """(relative offset, position) of each entry."""
        return list(struct.iter_unpack(">ii", self.file(".index", base)))

    def time_index(self, base: int = 0) -> list[tuple[int, ...]]:
        """(timestamp, relative offset) of each entry."""
        return list(struct.iter_unpack(">qi", self.file(".timeindex", base)))

    def stored(self) -> list[Record]:
        """Every record in the files."""
        return [record for one in read_all(self.log) for record in one.records()]

    def offsets(self) -> list[int]:
        return [record.offset for record in self.stored()]

    def read(self, offset: int, up_to: int | None = None, max_bytes: int = 1 << 30) -> list[int] | ErrorCode:
        """The base offsets of the batches a fetch is given."""
        end = self.log.log_end_offset if up_to is None else up_to
        found = self.log.read(offset, max_bytes, end)
        return found if isinstance(found, ErrorCode) else [one.base_offset for one in found]
