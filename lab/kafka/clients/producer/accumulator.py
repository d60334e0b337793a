"""RecordAccumulator: records of one topic until they are settled, in batches, a queue a partition (spec 6.2)."""

from dataclasses import dataclass
from typing import NamedTuple

from lab.env import Env, Micros
from lab.kafka.clients.metadata import Metadata
from lab.kafka.clients.producer.batch import BATCH_OVERHEAD, ProducerBatch
from lab.kafka.clients.producer.partitioner import by_key, partitioner_for
from lab.kafka.config.client import ProducerConfig
from lab.kafka.config.definition import INT_MAX
from lab.kafka.protocol.records import Record
from lab.kafka.protocol.topics import TopicPartition

NEVER: Micros = 1 << 62


@dataclass(slots=True)
class Queue:
    """One partition that has any: batches waiting, batches out."""

    waiting: list[ProducerBatch]
    in_flight: list[ProducerBatch]

    def put_back(self, batch: ProducerBatch) -> None:
        """Where it was: records are numbered by their birth, batches made at one instant have one time."""
        older = sum(one.numbers[0] < batch.numbers[0] for one in self.waiting)
        self.waiting.insert(older, batch)


class Unplaced(NamedTuple):
    """A record that waits for metadata or for room, until `deadline`. `partition`: the one that was asked for."""

    record: Record
    birth: int
    size: int
    deadline: Micros
    partition: int | None


class RecordAccumulator:
    """`queues` has only partitions there is something for: a producer of a thousand looks at no other. `buffered`: the
    bytes of all records in them.
    """

    def __init__(self, topic: str, config: ProducerConfig, metadata: Metadata) -> None:
        self.topic = topic
        self.config = config
        self.metadata = metadata
        self.partitioner = partitioner_for(config)
        self.queues: dict[TopicPartition, Queue] = {}
        self.unplaced: list[Unplaced] = []
        self.buffered = 0
        self.expires_from: Micros = 0

    # --- taking records ---------------------------------------------------------------------------

    def is_full(self, size: int) -> bool:
        """Whether there is no room for a record of `size` bytes."""
        if self.buffered + size > self.config.buffer_memory:
            return True
        most = self.config.queue_buffering_max_messages
        return most < INT_MAX and self.unsettled() >= most

    def unsettled(self) -> int:
        """How many records are not settled. Counted, not kept: only who has a limit asks, and has few batches."""
        batches = [len(one.births) for queue in self.queues.values() for one in (*queue.waiting, *queue.in_flight)]
        return len(self.unplaced) + sum(batches)

    def place_all(self, env: Env) -> list[TopicPartition]:
        """Move records into batches, in order, as far as metadata and memory allow. Returns where they are now."""
        count = self.metadata.counts.get(self.topic, 0)
        found: list[TopicPartition] = []
        while self.unplaced and count:
            one = self.unplaced[0]
            if one.partition is not None and one.partition >= count:
                self.metadata.needed = True  # it may be there by and by
                break
            if self.buffered + one.size > self.config.buffer_memory:
                break
            del self.unplaced[0]
            found.append(self._place(env, one, count))
        if self.unplaced and not count:
            self.metadata.needed = True
        return found

    def _place(self, env: Env, one: Unplaced, count: int) -> TopicPartition:
        config = self.config
        number = one.partition
        if number is None:
            number = by_key(config, one.record.key, count)
        if number is None:
            number = self.partitioner.choose(self, env, one.size, count)
        partition = TopicPartition(self.topic, number)
        queue = self._queue(partition)
        batch = queue.waiting[-1] if queue.waiting else None
        if (
            batch is None or batch.attempts or batch.closed or batch.bytes + one.size > config.batch_size
            or len(batch.births) >= config.batch_num_messages
        ):  # fmt: skip
            batch = ProducerBatch(env.now)
            queue.waiting.append(batch)
        batch.append(one.record, one.birth, one.size)
        self.buffered += one.size
        return partition

    def put(self, batch: ProducerBatch, partition: TopicPartition) -> None:
        """Take a whole batch, behind all that wait for its partition."""
        self._queue(partition).waiting.append(batch)
        self.buffered += batch.bytes - BATCH_OVERHEAD

    def _queue(self, partition: TopicPartition) -> Queue:
        found = self.queues.get(partition)
        if found is None:
            found = self.queues[partition] = Queue([], [])
        return found

    # --- what a partitioner asks ------------------------------------------------------------------

    def last_batch(self, partition: int) -> ProducerBatch | None:
        """The batch of a partition that records are added to."""
        queue = self.queues.get(TopicPartition(self.topic, partition))
        return queue.waiting[-1] if queue is not None and queue.waiting else None

    def waiting(self, partition: int) -> int:
        """How many batches of a partition wait."""
        queue = self.queues.get(TopicPartition(self.topic, partition))
        return len(queue.waiting) if queue is not None else 0

    def is_led(self, partition: int) -> bool:
        """Whether a leader of a partition is known."""
        return self.metadata.leader_of(TopicPartition(self.topic, partition)) is not None

    # --- giving them up ---------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether every record is settled."""
        return not self.unplaced and not self.queues

    def settle(self, partition: TopicPartition, batch: ProducerBatch) -> None:
        """A batch that was out is no more: with its queue, if that was all."""
        queue = self.queues[partition]
        queue.in_flight.remove(batch)
        self._release(batch)
        self._drop_if_empty(partition, queue)

    def take_waiting(self, *, unsent: bool = False) -> list[tuple[TopicPartition, ProducerBatch]]:
        """All batches that wait, or only those that were never sent, with nobody to send them any more."""
        found: list[tuple[TopicPartition, ProducerBatch]] = []
        for partition, queue in list(self.queues.items()):
            for batch in [one for one in queue.waiting if one.base_sequence < 0 or not unsent]:
                queue.waiting.remove(batch)
                self._release(batch)
                found.append((partition, batch))
            self._drop_if_empty(partition, queue)
        return found

    def take_unplaced(self) -> list[Unplaced]:
        """All records that have no partition."""
        found, self.unplaced = self.unplaced, []
        return found

    def take_impatient(self, now: Micros) -> list[Unplaced]:
        """Records that have waited too long to be placed."""
        found: list[Unplaced] = []
        while self.unplaced and self.unplaced[0].deadline <= now:
            found.append(self.unplaced.pop(0))
        return found

    def take_expired(self, now: Micros) -> list[tuple[TopicPartition, ProducerBatch, bool]]:
        """Batches past delivery.timeout.ms, and whether they were ever sent. Until `expires_from`, when the oldest of
        the rest is too old, there is no need to look again: what comes later is younger.
        """
        found: list[tuple[TopicPartition, ProducerBatch, bool]] = []
        timeout = self.config.delivery_timeout_us
        oldest_left = now
        for partition, queue in list(self.queues.items()):
            for batches in (queue.in_flight, queue.waiting):
                for batch in list(batches):
                    if batch.created_at > now - timeout:
                        oldest_left = min(oldest_left, batch.created_at)
                        continue
                    batches.remove(batch)
                    self._release(batch)
                    found.append((partition, batch, batch.attempts > 0 or batches is queue.in_flight))
            self._drop_if_empty(partition, queue)
        self.expires_from = oldest_left + timeout
        return found

    def split(self, partition: TopicPartition, batch: ProducerBatch) -> None:
        """Too large for the broker: two halves in its place, which share its sequences."""
        queue = self.queues[partition]
        queue.in_flight.remove(batch)
        for half in batch.halves():
            queue.put_back(half)

    def forget_sequences(self) -> None:
        """What waits is numbered anew when it is sent."""
        for queue in self.queues.values():
            for batch in queue.waiting:
                batch.base_sequence = -1

    def forget_backoff(self, partition: TopicPartition, now: Micros) -> None:
        """What waits was refused by a leader that leads no more: the new one is asked at once (KIP-951, spec 6.3)."""
        if partition in self.queues:
            for batch in self.queues[partition].waiting:
                batch.retry_at = min(batch.retry_at, now)

    def _release(self, batch: ProducerBatch) -> None:
        self.buffered -= batch.bytes - BATCH_OVERHEAD

    def _drop_if_empty(self, partition: TopicPartition, queue: Queue) -> None:
        if not queue.waiting and not queue.in_flight:
            del self.queues[partition]

    # --- time -------------------------------------------------------------------------------------

    def next_deadline(self, now: Micros) -> Micros:
        """When a batch lingers no longer, has paused long enough, or is too old; NEVER if there is none. Asked in every
        turn.
        """
        first = NEVER
        linger, timeout = self.config.linger_us, self.config.delivery_timeout_us
        for queue in self.queues.values():
            if queue.waiting:
                batch = queue.waiting[0]
                ready = batch.created_at + linger
                if ready < batch.retry_at:
                    ready = batch.retry_at
                if now < ready < first:
                    first = ready
                if now < batch.created_at + timeout < first:
                    first = batch.created_at + timeout
            for batch in queue.in_flight:
                if now < batch.created_at + timeout < first:
                    first = batch.created_at + timeout
        if self.unplaced and now < self.unplaced[0].deadline < first:
            first = self.unplaced[0].deadline
        return first
