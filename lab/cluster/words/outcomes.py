"""Words of outcomes: what read-process-write applications have made, and made again."""

from collections import Counter
from functools import lru_cache

from lab.cluster.lookup.parts import replica_at
from lab.cluster.words.word import Value, word
from lab.kafka.clients.consumer.isolation import aborted_batches
from lab.kafka.clients.processor.outcomes import source_of
from lab.kafka.log.transaction_index import read_aborted
from lab.kafka.log.unified_log import UnifiedLog
from lab.kafka.protocol.records import RecordBatch
from lab.kafka.protocol.topics import TopicPartition
from lab.world.world import World

Source = tuple[TopicPartition, int]
"""A record that was read: its partition and offset."""


@word(1, 2)
def outcomes(world: World, partition: Value, isolation: Value = "read_uncommitted") -> Value:
    """How many records of a partition were made by a read-process-write application, as a reader of this isolation
    level finds them.
    """
    return sum(_sources(replica_at(world, partition).log, str(isolation)).values())


@word(1, 2)
def repeated_outcomes(world: World, partition: Value, isolation: Value = "read_uncommitted") -> Value:
    """How many of these are one too many: made from a record that another one before it was made from already."""
    found = _sources(replica_at(world, partition).log, str(isolation))
    return sum(count - 1 for count in found.values())


def _sources(log: UnifiedLog, isolation: str) -> Counter[Source]:
    """How often each record that was read (its partition and offset) has an outcome in what is replicated."""
    committed = isolation == "read_committed"
    end = log.last_stable_offset if committed else log.high_watermark
    batches = log.read(log.log_start_offset, 1 << 40, end)
    if not isinstance(batches, tuple):
        return Counter()
    entries = [one for segment in log.segments for one in read_aborted(log.disk, segment.stem)] if committed else []
    hidden = aborted_batches(batches, tuple((one.producer_id, one.first_offset) for one in entries))
    return Counter(
        source
        for batch in batches if not batch.is_control and batch.base_offset not in hidden
        for source in _sources_in(batch.data)
    )  # fmt: skip


@lru_cache(maxsize=1 << 12)
def _sources_in(data: bytes) -> tuple[Source, ...]:
    """What the records of a batch were made from. Remembered: a lesson asks for a whole log ten times a second."""
    return tuple(source for record in RecordBatch(data).readable() if (source := source_of(record)) is not None)
