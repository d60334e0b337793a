"""compaction: records a second that the cleaner gets through, of which most are outdated."""

from collections.abc import Iterator
from statistics import median

from lab.bench.measurement import Figure, Say, at_least, group, told
from lab.bench.processor import cpu_seconds, undisturbed
from lab.kafka.config.topic import TopicConfig
from lab.kafka.log.cleaner import DONE, Cleaning
from lab.kafka.log.compaction import dirtiness
from lab.kafka.log.loader import load_log
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import Record, RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.dice import Stream
from lab.world.disk import SimDisk

RECORDS = 200_000
BATCH = 100
KEYS = 20_000
VALUE = b"." * 100
DATE_MS = 1_767_225_600_000
STEP_BYTES = 524_288
BUFFER_BYTES = 134_217_728
TIMES = 3


@group("compaction")
def measure(say: Say) -> Iterator[Figure]:
    """One clean of a dirty log: reading it for the map of keys, copying what stays, swapping."""
    say(f"{RECORDS:,} records of {KEYS:,} keys")
    rates: list[float] = []
    kept = 0
    for number in range(TIMES):
        log = _dirty_log(number)
        with undisturbed():
            cleaning = _begin(log)
            spent = cpu_seconds(lambda cleaning=cleaning: _run(cleaning))
        rates.append(cleaning.seen / spent)
        kept = cleaning.kept
    yield at_least("records cleaned", "1/CPU s", median(rates), 300_000)
    yield told("of which stay", "%", 100 * kept / RECORDS)


def _dirty_log(number: int) -> UnifiedLog:
    config = TopicConfig({"cleanup.policy": "compact", "segment.bytes": 1 << 22})
    log = load_log(SimDisk(), TopicPartition("users", 0), config, DATE_MS)
    dice = Stream(f"bench/compaction/{number}")
    for _ in range(RECORDS // BATCH):
        records = [Record(0, DATE_MS, f"user-{dice.below(KEYS)}".encode(), VALUE) for _ in range(BATCH)]
        log.append_as_follower(RecordBatch.build(records, base_offset=log.log_end_offset, leader_epoch=0), DATE_MS)
    log.begin_segment(log.log_end_offset, DATE_MS)
    log.set_high_watermark(log.log_end_offset)
    return log


def _begin(log: UnifiedLog) -> Cleaning:
    found = dirtiness(log, 0, DATE_MS)
    return Cleaning(log, found.first_dirty, found.first_uncleanable, DATE_MS, BUFFER_BYTES)


def _run(cleaning: Cleaning) -> None:
    while cleaning.stage != DONE:
        cleaning.step(STEP_BYTES, DATE_MS)
