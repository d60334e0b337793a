"""Storage: a broker's background work on its logs: checkpoints, retention, the cleaner."""

from typing import Protocol

from lab.env import Env, Timer, millis
from lab.kafka import facts
from lab.kafka.broker.log_cleaner import LogCleaner
from lab.kafka.broker.partition import Partition
from lab.kafka.broker.replica_manager import ReplicaManager
from lab.kafka.broker.retention import retain
from lab.kafka.config.broker import BrokerConfig
from lab.kafka.config.definition import LONG_MAX
from lab.kafka.protocol.topics import TopicPartition

HIGH_WATERMARK, RECOVERY_POINT, RETENTION, PURGE, FLUSH = "hw", "recovery", "retention", "purge", "flush"


class Keeper(Protocol):
    """What Storage needs of the broker it belongs to."""

    replicas: ReplicaManager
    partitions: dict[TopicPartition, Partition]


class Storage:
    """Timers of the log dir. `flushed`: where each log's recovery point was when flush.ms was last looked at, and
    since when.
    """

    __slots__ = ("cleaner", "config", "flushed")

    def __init__(self, config: BrokerConfig) -> None:
        self.config = config
        self.cleaner = LogCleaner(config)
        self.flushed: dict[TopicPartition, tuple[int, int]] | None = None

    def start(self, env: Env) -> None:
        """Set the timers."""
        config = self.config
        env.set_timer(HIGH_WATERMARK, env.now + millis(config.replica_high_watermark_checkpoint_interval_ms))
        env.set_timer(RECOVERY_POINT, env.now + millis(config.log_flush_offset_checkpoint_interval_ms))
        env.set_timer(RETENTION, env.now + millis(config.log_initial_task_delay_ms))
        if config.log_flush_scheduler_interval_ms < LONG_MAX:
            env.set_timer(FLUSH, env.now + millis(config.log_flush_scheduler_interval_ms))
        self.cleaner.start(env)

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
            case "flush":
                self._flush(broker, env)
                env.set_timer(timer, env.now + millis(config.log_flush_scheduler_interval_ms))
            case "cleaner":
                self.cleaner.wake(broker, env)
                self._purge_by(broker, env)
            case _:
                raise AssertionError(timer)

    def _retain(self, broker: Keeper, env: Env) -> None:
        """Delete old segments (of compacted logs the cleaner does), forget silent producers."""
        expired_before_ms = env.wall_time_ms - self.config.producer_id_expiration_ms
        for partition in broker.partitions.values():
            forgotten = partition.log.producers.expire(expired_before_ms)
            if forgotten:
                env.tell(facts.ProducersForgotten(partition.partition, forgotten))
            if not partition.log.config.compacted:
                retain(env, partition)
        self._purge_by(broker, env)

    def _flush(self, broker: Keeper, env: Env) -> None:
        """fsync the logs that were not for flush.ms."""
        now_ms = env.now // 1_000
        before = self.flushed or {}
        self.flushed = {}
        for name, partition in broker.partitions.items():
            log = partition.log
            point, since_ms = before.get(name, (log.recovery_point, now_ms))
            if point != log.recovery_point or log.recovery_point == log.log_end_offset:
                since_ms = now_ms
            elif now_ms - since_ms >= log.config.flush_ms:
                log.flush()
                since_ms = now_ms
            self.flushed[name] = log.recovery_point, since_ms

    def _purge_by(self, broker: Keeper, env: Env) -> None:
        due = [one.unlink_at_ms for partition in broker.partitions.values() for one in partition.log.deleted]
        if due:
            env.set_timer(PURGE, env.now + millis(max(0, min(due) - env.wall_time_ms)))

    def _purge(self, broker: Keeper, env: Env) -> None:
        for partition in broker.partitions.values():
            partition.log.purge_deleted(env.wall_time_ms)
        self._purge_by(broker, env)
