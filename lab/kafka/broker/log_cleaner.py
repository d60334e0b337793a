"""LogCleaner: chooses the dirtiest log, and cleans it a little at a time (spec 1.9, one cleaner thread).

Between two steps the broker serves whoever waits. How long it pauses is the disk's pace, or less when
log.cleaner.io.max.bytes.per.second says so.
"""

from typing import Protocol

from lab.env import Env, Micros, millis
from lab.kafka import facts
from lab.kafka.broker import checkpoints
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.retention import retain
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.log.cleaner import DONE, Cleaning
from lab.kafka.log.compaction import Compaction, Dirtiness, dirtiness
from lab.kafka.protocol.primitives import Malformed
from lab.kafka.protocol.topics import TopicPartition

CLEANER = "cleaner"
DISK_BYTES_PER_S = 500_000_000
"""Old segments are in no page cache."""
STEPS_PER_S = 10
"""With a small budget the work is spread evenly."""


class Housekeeper(Protocol):
    """What the cleaner needs of the broker it belongs to."""

    partitions: dict[TopicPartition, Partition]


RECONFIGURABLE = (
    "log.cleaner.backoff.ms",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
)
"""Settings that may change while the cleaner runs (Kafka's `LogCleaner.ReconfigurableConfigs`)."""


class LogCleaner:
    """The cleaner of a broker. `current`: the log that is being cleaned. `written`: what its checkpoint file says."""

    __slots__ = ("config", "current", "written")

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.current: TopicPartition | None = None
        self.written: dict[TopicPartition, int] | None = None

    def start(self, env: Env) -> None:
        """Set the timer."""
        if self.config.log_cleaner_enable:
            env.set_timer(CLEANER, env.now + millis(self.config.log_cleaner_backoff_ms))

    def reconfigured(self, env: Env) -> None:
        """Its settings have changed. A cleaner that sleeps looks at once, and one that works goes on with the new ones;
        Kafka stops its threads and starts others, which begin the log at hand again.
        """
        if self.config.log_cleaner_enable and self.current is None:
            env.set_timer(CLEANER, env.now)

    def wake(self, broker: Housekeeper, env: Env) -> None:
        """Go on with the log at hand, or look for one. Sleeps when nothing is dirty enough."""
        running = self._running(broker)
        if running is None:
            self._retain(broker, env)
            running = self._begin(broker, env)
        if running is None:
            env.set_timer(CLEANER, env.now + millis(self.config.log_cleaner_backoff_ms))
        else:
            env.set_timer(CLEANER, env.now + self._step(env, running))
        if running is None or running.running is None:
            self._checkpoint(broker, env)

    def _retain(self, broker: Housekeeper, env: Env) -> None:
        """Compacted logs have their retention from the cleaner, so that the two never meet in one log."""
        for partition in broker.partitions.values():
            if partition.log.config.compacted:
                retain(env, partition)

    def _running(self, broker: Housekeeper) -> Compaction | None:
        """What is being cleaned, unless it was given up meanwhile: cut, moved away, deleted."""
        partition = broker.partitions.get(self.current) if self.current is not None else None
        compaction = partition.log.compaction if partition is not None else None
        return compaction if compaction is not None and compaction.running is not None else None

    # --- choosing ---------------------------------------------------------------------------------

    def _begin(self, broker: Housekeeper, env: Env) -> Compaction | None:
        """The log of which most is dirty, if it is dirty enough."""
        now_ms = env.wall_time_ms
        best: tuple[Dirtiness, Partition, Compaction] | None = None
        for partition in broker.partitions.values():
            config = partition.log.config
            if not config.compacted:
                continue
            compaction = self._compaction(env, partition)
            found = dirtiness(partition.log, compaction.checkpoint, now_ms)
            compaction.checkpoint = found.first_dirty
            if compaction.uncleanable or not found.wants_cleaning(config.min_cleanable_dirty_ratio_percent):
                continue
            if best is None or found.per_million > best[0].per_million:
                best = found, partition, compaction
        if best is None:
            self.current = None
            return None
        found, partition, compaction = best
        self.current = partition.partition
        buffer_bytes = self.config.log_cleaner_dedupe_buffer_size
        compaction.running = Cleaning(partition.log, found.first_dirty, found.first_uncleanable, now_ms, buffer_bytes)
        env.tell(
            facts.CleaningStarted(
                self.current, found.first_dirty, found.first_uncleanable, found.clean_bytes, found.cleanable_bytes
            )
        )
        return compaction

    def _compaction(self, env: Env, partition: Partition) -> Compaction:
        """What is known of a log's cleaning; at first what the last process wrote down."""
        found = partition.log.compaction
        if found is None:
            if self.written is None:
                self.written = checkpoints.read_offsets(env.disk, checkpoints.CLEANER_OFFSETS)
            found = partition.log.compaction = Compaction(self.written.get(partition.partition, 0))
        return found

    # --- cleaning ---------------------------------------------------------------------------------

    def _step(self, env: Env, compaction: Compaction) -> Micros:
        """Some work on the log at hand. Returns how long it takes at the pace that is allowed."""
        running, name = compaction.running, self.current
        assert running is not None
        assert name is not None
        bytes_per_s = min(DISK_BYTES_PER_S, self.config.log_cleaner_io_max_bytes_per_second)
        before = running.bytes_done
        try:
            swapped = running.step(
                min(self.config.log_cleaner_io_buffer_size, bytes_per_s // STEPS_PER_S), env.wall_time_ms
            )
        except Malformed as wrong:
            compaction.uncleanable = str(wrong)
            compaction.abort()
            env.tell(facts.CleaningFailed(name, compaction.uncleanable))
            return 1
        if swapped is not None:
            env.tell(
                facts.SegmentsCleaned(
                    name,
                    swapped.base_offsets,
                    swapped.next_offset,
                    running.end_offset,
                    swapped.bytes_before,
                    swapped.bytes_after,
                )
            )
        if running.stage == DONE:
            compaction.running = None
            compaction.checkpoint = running.end_offset
            env.tell(facts.Compacted(name, running.end_offset, running.seen, running.kept))
        return 1 + (running.bytes_done - before) * 1_000_000 // bytes_per_s

    def _checkpoint(self, broker: Housekeeper, env: Env) -> None:
        """Write down how far each log is clean, if that has changed."""
        found = {
            name: one.log.compaction.checkpoint
            for name, one in broker.partitions.items() if one.log.compaction is not None
        }  # fmt: skip
        if found != (self.written or {}):
            self.written = found
            checkpoints.write_offsets(env.disk, checkpoints.CLEANER_OFFSETS, found)
