"""LoadApp: an application under load. Its records are equal but for their number, and are made a batch at a time.

The bytes of a batch are built once, as a template; what changes from one to the next is the number of its first
record, twelve digits that stand in each record's birth header. So a batch costs a copy and a CRC and not a thousand
records. All behind it (accumulator, retries, idempotence, the whole cluster) is as for any other producer.
"""

from collections.abc import Sequence
from functools import lru_cache

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.clients.births import BIRTH
from lab.kafka.clients.keys import KeyPattern
from lab.kafka.clients.producer.app import MAKE, ProducerApp
from lab.kafka.clients.producer.batch import BATCH_OVERHEAD, ProducerBatch
from lab.kafka.config.client import ProducerConfig
from lab.kafka.protocol.compression import Compression, compress, decompress
from lab.kafka.protocol.records import (
    COMPRESSION_MASK,
    HEADER_SIZE,
    SEQUENCES,
    TRANSACTIONAL,
    Header,
    Record,
    RecordBatch,
    decode_record,
    encode_record,
)
from lab.kafka.protocol.topics import TopicPartition

DIGITS = 12
TEMPLATES = 16
PLACE = b"#" * DIGITS
"""Stands in the template where the number of the first record comes."""
AGAIN: Micros = millis(1)
"""send() blocks while there is no room or no metadata; then the application comes back so soon."""


@lru_cache(maxsize=TEMPLATES)
def template(source: str, count: int, value_bytes: int) -> tuple[int, tuple[bytes, ...]]:
    """The encoded records of a batch: how many bytes they have, and what stands between the numbers of the first."""
    value = b"." * value_bytes
    whole = b"".join(
        encode_record(Record(0, 0, None, value, (Header(BIRTH, b"%s:%s+%d" % (source.encode(), PLACE, at)),)), at, 0)
        for at in range(count)
    )
    return len(whole), tuple(whole.split(PLACE))


class LoadBatch(ProducerBatch):
    """So many records from the one numbered `first` on; only their numbers are kept."""

    __slots__ = ("births_made", "source", "value_bytes", "wall_time_ms")

    def __init__(self, created_at: Micros, source: str, births: range, value_bytes: int, wall_time_ms: int) -> None:
        super().__init__(created_at)
        self.source = source
        self.births_made = births
        self.value_bytes = value_bytes
        self.wall_time_ms = wall_time_ms
        self.bytes = BATCH_OVERHEAD + template(source, len(births), value_bytes)[0]

    @property
    def count(self) -> int:
        """See ProducerBatch."""
        return len(self.births_made)

    @property
    def numbers(self) -> Sequence[int]:
        """See ProducerBatch."""
        return self.births_made

    def build(
        self, producer_id: int, producer_epoch: int, compression: Compression, *, transactional: bool
    ) -> RecordBatch:
        """See ProducerBatch."""
        first = b"%012d" % self.births_made.start
        _, parts = template(self.source, self.count, self.value_bytes)
        body = first.join(parts)
        return RecordBatch.assembled(
            compression | (TRANSACTIONAL if transactional else 0), self.count - 1, self.wall_time_ms,
            self.wall_time_ms, producer_id, producer_epoch, self.base_sequence, self.count,
            compress(compression, body) if compression else body, 0, -1,
        )  # fmt: skip

    def halves(self) -> list[ProducerBatch]:
        """See ProducerBatch."""
        births, middle = self.births_made, self.count // 2
        found: list[ProducerBatch] = []
        for start, part in ((0, births[:middle]), (middle, births[middle:])):
            half = LoadBatch(self.created_at, self.source, part, self.value_bytes, self.wall_time_ms)
            if self.base_sequence >= 0:
                half.base_sequence = (self.base_sequence + start) % SEQUENCES
            found.append(half)
        return found


class LoadApp(ProducerApp):
    """A producer that makes `load` records at a time. Its keys are null, its batches go to each partition in turn."""

    def __init__(
        self, name: str, topic: str, config: ProducerConfig, bootstrap: tuple[str, ...], rate: int, value_bytes: int,
        count: int | None, load: int,
    ) -> None:  # fmt: skip
        super().__init__(name, topic, config, bootstrap, rate, KeyPattern(), value_bytes, count, None, 100)
        self.load = load
        self.sent = 0

    def _next_count(self) -> int:
        return self.load if self.count is None else min(self.load, self.count - self.made)

    def _schedule_next(self, env: Env) -> None:
        at = self._due_at(self.made_since + max(0, self._next_count() - 1))
        if at is not None:
            env.set_timer(MAKE, max(at, env.now))

    def _make_due(self, env: Env) -> None:
        while (at := self._due_at(self.made_since + max(0, self._next_count() - 1))) is not None and at <= env.now:
            if not self._make(env, self._next_count()):
                env.set_timer(MAKE, env.now + AGAIN)
                return
        self._schedule_next(env)

    def _make(self, env: Env, count: int) -> bool:
        """One batch. Returns whether there was room for it."""
        producer = self.producer
        partitions = producer.metadata.counts.get(self.topic, 0)
        if not partitions:
            producer.metadata.needed = True
            return False
        births = range(self.made, self.made + count)
        batch = LoadBatch(env.now, self.source, births, self.value_bytes, env.wall_time_ms)
        if producer.accumulator.buffered + batch.bytes - BATCH_OVERHEAD > producer.config.buffer_memory:
            return False
        env.tell(facts.RecordsBorn(self.source, births, self.topic))
        producer.accumulator.put(batch, TopicPartition(self.topic, self.sent % partitions))
        self.made += count
        self.made_since += count
        self.sent += 1
        return True


def load_in(batch: RecordBatch) -> tuple[str, range] | None:
    """The producer and the births of a batch of equal records; None for any other batch. Raises Malformed."""
    if not batch.record_count:
        return None
    payload = batch.data[HEADER_SIZE:]
    if batch.attributes & COMPRESSION_MASK:
        payload = decompress(batch.compression, payload)
    record, _ = decode_record(payload, 0, batch.base_offset, batch.base_timestamp_ms)
    birth = next((one.value for one in record.headers if one.key == BIRTH), None) or b""
    source, _, number = birth.rpartition(b":")
    digits, plus, _ = number.partition(b"+")
    if not plus or len(digits) != DIGITS:
        return None
    if not digits.isdigit() or payload.count(b"%s:%s+" % (source, digits)) != batch.record_count:
        return None
    return source.decode("utf-8", "replace"), range(int(digits), int(digits) + batch.record_count)
