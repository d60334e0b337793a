"""Storage: a broker's background work on its logs: checkpoints, retention, the cleaner."""

from typing import Protocol

from lab.env import Env, Timer, millis
from lab.kafka import facts
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.log.cleaner import cleanable, compact
from lab.kafka.protocol.topics import TopicPartition

HIGH_WATERMARK, RECOVERY_POINT, RETENTION, PURGE, CLEANER = (
    "hw",
    "recovery",
    "retention",
    "purge",
    "cleaner",
)


class Keeper(Protocol):
    """What Storage needs of the broker it belongs to."""

    replicas: ReplicaManager
    partitions: dict[TopicPartition, Partition]


class Storage:
    """Timers of the log dir, and how far the cleaner has come in each log."""

    __slots__ = ("cleaned_to", "config")

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.cleaned_to: dict[TopicPartition, int] = {}

    def start(self, env: Env) -> None:
        """Set the timers."""
        config = self.config
        env.set_timer(HIGH_WATERMARK, env.now + millis(config.replica_high_watermark_checkpoint_interval_ms))
        env.set_timer(RECOVERY_POINT, env.now + millis(config.log_flush_offset_checkpoint_interval_ms))
        env.set_timer(RETENTION, env.now + millis(config.log_initial_task_delay_ms))
        env.set_timer(CLEANER, env.now + millis(config.log_cleaner_backoff_ms))

    def wake(self, broker: Keeper, env: Env, timer: Timer) -> None:
        """One of the timers."""
        config = self.config
        match timer:
            case "hw":
                broker.replicas.checkpoint_high_watermarks(env)
                env.set_timer(timer, env.now + millis(config.replica_high_watermark_checkpoint_interval_ms))
            case "recovery":
                broker.replicas.checkpoint_recovery_points(env)
                env.set_timer(timer, env.now + millis(config.log_flush_offset_checkpoint_interval_ms))
            case "retention":
                self._retain(broker, env)
                env.set_timer(timer, env.now + millis(config.log_retention_check_interval_ms))
            case "purge":
                self._purge(broker, env)
            case "cleaner":
                self._clean(broker, env)
                env.set_timer(timer, env.now + millis(config.log_cleaner_backoff_ms))
            case _:
                raise AssertionError(timer)

    def _retain(self, broker: Keeper, env: Env) -> None:
        """Delete old segments, forget silent producers. Followers do so by themselves."""
        expired_before_ms = env.wall_time_ms - self.config.producer_id_expiration_ms
        for partition in broker.partitions.values():
            partition.log.producers.expire(expired_before_ms)
            reason = partition.log.delete_old_segments(env.wall_time_ms)
            if reason:
                partition.log_start_moved(env, reason)
        self._purge_by(broker, env)

    def _purge_by(self, broker: Keeper, env: Env) -> None:
        due = [one.unlink_at_ms for partition in broker.partitions.values() for one in partition.log.deleted]
        if due:
            env.set_timer(PURGE, env.now + millis(max(0, min(due) - env.wall_time_ms)))

    def _purge(self, broker: Keeper, env: Env) -> None:
        for partition in broker.partitions.values():
            partition.log.purge_deleted(env.wall_time_ms)
        self._purge_by(broker, env)

    def _clean(self, broker: Keeper, env: Env) -> None:
        """Compact the dirtiest log that is dirty enough: more than min.cleanable.dirty.ratio, by however little."""
        dirtiest: tuple[int, Partition] | None = None
        for name, partition in broker.partitions.items():
            if not partition.config.compacted:
                continue
            dirty, total = cleanable(partition.log, self.cleaned_to.get(name, 0))
            enough = dirty * 100 > total * partition.config.min_cleanable_dirty_ratio_percent
            per_million = dirty * 1_000_000 // max(total, 1)
            if enough and (dirtiest is None or per_million > dirtiest[0]):
                dirtiest = per_million, partition
        if dirtiest is not None:
            partition = dirtiest[1]
            report = compact(partition.log, env.wall_time_ms)
            self.cleaned_to[partition.partition] = report.end_offset
            env.tell(facts.Compacted(partition.partition, report.end_offset, report.seen, report.kept))
