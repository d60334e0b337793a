"""Settings of a topic (spec 10.2)."""

from functools import lru_cache
from typing import ClassVar

from lab.env import Sealed
from lab.kafka.config.definition import INT_MAX, LONG_MAX, Config, InvalidConfig, Setting, table


class TopicConfig(Config, Sealed):
    """A topic's settings."""

    cleanup_policy: str
    compression_type: str
    delete_retention_ms: int
    file_delete_delay_ms: int
    flush_messages: int
    flush_ms: int
    follower_replication_throttled_replicas: str
    index_interval_bytes: int
    leader_replication_throttled_replicas: str
    max_compaction_lag_ms: int
    max_message_bytes: int
    message_timestamp_after_max_ms: int
    message_timestamp_before_max_ms: int
    message_timestamp_type: str
    min_cleanable_dirty_ratio_percent: int
    min_compaction_lag_ms: int
    min_insync_replicas: int
    retention_bytes: int
    retention_ms: int
    segment_bytes: int
    segment_index_bytes: int
    segment_ms: int
    unclean_leader_election_enable: bool

    settings: ClassVar = table(
        Setting(
            "cleanup.policy", "delete", "what becomes of old records", choices=("delete", "compact", "compact,delete")
        ),
        Setting(
            "compression.type",
            "producer",
            "keep the producer's codec, or store in this one",
            choices=("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"),
        ),
        Setting("delete.retention.ms", 86_400_000, "how long a tombstone stays after the cleaner saw it"),
        Setting("file.delete.delay.ms", 60_000, "how long a deleted segment's files stay on the disk"),
        Setting(
            "flush.messages", LONG_MAX, "fsync after this many records; by default never: safety is replication", 1
        ),
        Setting("flush.ms", LONG_MAX, "fsync after this long, as often as log.flush.scheduler.interval.ms looks"),
        Setting("follower.replication.throttled.replicas", "", "followers copied at the throttled rate: 0:4,1:4 or *"),
        Setting("index.interval.bytes", 4_096, "at most one index entry for this many bytes of log", 0, INT_MAX),
        Setting("leader.replication.throttled.replicas", "", "leaders that give at the throttled rate: 0:1,1:2 or *"),
        Setting("max.compaction.lag.ms", LONG_MAX, "clean a log at the latest when a record is so old", 1),
        Setting("max.message.bytes", 1_048_588, "the largest record batch, as it is stored (compressed)", 0, INT_MAX),
        Setting(
            "message.timestamp.after.max.ms",
            3_600_000,
            "how far in the future a record may claim to be",
            history=(("4.0", LONG_MAX),),
        ),
        Setting("message.timestamp.before.max.ms", LONG_MAX, "how far in the past a record may claim to be"),
        Setting(
            "message.timestamp.type",
            "CreateTime",
            "whose date a record carries",
            choices=("CreateTime", "LogAppendTime"),
        ),
        # Kafka's min.cleanable.dirty.ratio is a float (0.5); the engine has none, so it is a percentage.
        Setting(
            "min.cleanable.dirty.ratio.percent", 50, "clean only logs with more than this share of dirty bytes", 0, 100
        ),
        Setting("min.compaction.lag.ms", 0, "leave records alone that are younger than this"),
        Setting("min.insync.replicas", 1, "acks=all fails with fewer in-sync replicas than this", 1, INT_MAX),
        Setting("retention.bytes", -1, "keep this much a partition; -1: no limit", -1),
        Setting("retention.ms", 604_800_000, "keep records this long; -1: for ever", -1),
        # Apache Kafka 4.0 wants at least 1 MiB; a class wants to see segments roll.
        Setting("segment.bytes", 1_073_741_824, "a segment file is closed at this size", 14, INT_MAX),
        Setting("segment.index.bytes", 10_485_760, "a segment file is closed when an index has this size", 24, INT_MAX),
        Setting("segment.ms", 604_800_000, "a segment file is closed at this age, in message time", 1),
        Setting("unclean.leader.election.enable", False, "rather lose records than wait for an in-sync replica"),
        dynamic=True,
    )

    def check(self) -> None:
        """Lists of throttled replicas name partitions and brokers. Raises InvalidConfig."""
        for setting in ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas"):
            named = str(self.overrides.get(setting, ""))
            for one in named.split(",") if named not in ("", "*") else ():
                partition, sign, broker = one.partition(":")
                if not (sign and partition.isdecimal() and broker.isdecimal()):
                    raise InvalidConfig(f"{setting}: wanted * or partition:broker,…, found {named[:60]!r}")

    @property
    def compacted(self) -> bool:
        """Whether the cleaner keeps only the newest record of each key."""
        return "compact" in self.cleanup_policy

    @property
    def deletes(self) -> bool:
        """Whether retention deletes old segments."""
        return "delete" in self.cleanup_policy


@lru_cache(maxsize=1 << 10)
def topic_config(overrides: tuple[tuple[str, object], ...]) -> TopicConfig:
    """The settings with these overrides; for equal ones the same object, since each replica holds its topic's."""
    return TopicConfig(overrides)
